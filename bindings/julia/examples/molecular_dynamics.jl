# SPDX-License-Identifier: BSD-3-Clause
# Molecular dynamics with the forces of a fitted model, by the velocity Verlet scheme: the total energy has to stay.
#
# The model learns four silicon atoms that a pair potential holds together.

using Ternion
using LinearAlgebra, Printf, Random

const MASS = 28.085 * 103.642697  # of silicon, in eV fs^2 / Angstrom^2
const SHAPE = [0 2.3 1.1 1.1; 0 0 2.0 0.7; 0 0 0 1.9]

"Energy (eV) and forces (eV/Angstrom) of a Morse potential between all pairs."
function pair_potential(positions)
    energy, forces = 0.0, zero(positions)
    for j in axes(positions, 2), i in 1:j-1
        vector = positions[:, i] - positions[:, j]
        decay = exp(-1.5 * (norm(vector) - 2.35))
        energy += 2 * (decay^2 - 2 * decay)
        pull = 6 * (decay - decay^2) / norm(vector) * vector
        forces[:, i] -= pull
        forces[:, j] += pull
    end
    return energy, forces
end

function training_set(count)
    random, dataset = MersenneTwister(1), Dataset()
    for _ in 1:count
        positions = SHAPE + 0.15 * randn(random, 3, 4)
        energy, forces = pair_potential(positions)
        push!(dataset, System(fill(14, 4), positions); energy = energy, forces = forces)
    end
    return dataset
end

"Runs `steps` of `step` femtoseconds from rest; returns the total energies (eV) and writes the path of the atoms."
function simulate(model, positions, steps, step)
    velocities, totals = zero(positions), Float64[]
    energy, forces = predict(model, System(fill(14, 4), positions))
    Writer("trajectory.extxyz") do writer
        for _ in 1:steps
            velocities += step / 2MASS * forces
            positions += step * velocities
            system = System(fill(14, 4), positions)
            energy, forces = predict(model, system; virial = false)
            velocities += step / 2MASS * forces
            push!(totals, energy + MASS / 2 * sum(abs2, velocities))
            push!(writer, system; energy = energy, forces = forces)
        end
    end
    return totals
end

model = fit("ridge", training_set(200); cutoff = 5.0, n_max = 6, l_max = 4,
            progress = report -> (report.done == report.total && println("  ", report.stage, " done"); true))
totals = simulate(model, SHAPE .* 1.04, 1000, 1.0)
@printf("total energy %.6f eV, largest change %.2e eV over %d fs\n", totals[1], maximum(abs, totals .- totals[1]),
        length(totals))
last_frames = Dataset("trajectory.extxyz")[901:1000]
truth = [pair_potential(frame.system.positions)[1] for frame in last_frames]
@printf("the model is off by %.1f meV on the last 100 steps\n",
        1e3 * maximum(abs, [frame.energy for frame in last_frames] .- truth))
maximum(abs, totals .- totals[1]) < 5e-3 || error("the energy drifts")
