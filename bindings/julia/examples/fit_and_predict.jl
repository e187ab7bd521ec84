# SPDX-License-Identifier: BSD-3-Clause
# Fits a model to structures with known energies and forces, stores it, and predicts.
#
# The training structures are silicon clusters that a pair potential holds together; put your own extended XYZ file in
# the place of train.extxyz.

using Ternion
using LinearAlgebra, Printf, Random

"Energy (eV) and forces (eV/Angstrom) of a Morse potential between all pairs."
function pair_potential(positions; depth = 2.0, stiffness = 1.5, distance = 2.35)
    energy, forces = 0.0, zero(positions)
    for j in axes(positions, 2), i in 1:j-1
        vector = positions[:, i] - positions[:, j]
        decay = exp(-stiffness * (norm(vector) - distance))
        energy += depth * (decay^2 - 2 * decay)
        pull = 2 * depth * stiffness * (decay - decay^2) / norm(vector) * vector
        forces[:, i] -= pull
        forces[:, j] += pull
    end
    return energy, forces
end

"Writes shaken clusters of two to four atoms with their energies and forces."
function write_clusters(path, count, seed)
    random = MersenneTwister(seed)
    shape = [0 2.3 1.1 1.1; 0 0 2.0 0.7; 0 0 0 1.9]
    Writer(path) do writer
        for index in 1:count
            atoms = 2 + index % 3
            positions = shape[:, 1:atoms] + 0.12 * randn(random, 3, atoms)
            energy, forces = pair_potential(positions)
            push!(writer, System(fill(14, atoms), positions); energy = energy, forces = forces)
        end
    end
end

write_clusters("train.extxyz", 150, 1)
write_clusters("test.extxyz", 30, 2)

train = Dataset("train.extxyz")
println(train)
# The energies are relative to free atoms; without e0 the energy of an atom is estimated from the data.
model = fit("ridge", train; descriptor = "power_spectrum", cutoff = 5.0, e0 = Dict("Si" => 0.0))
save(model, "silicon.tern")
errors = info(model)["report"]["errors"]
@printf("training error %.2g meV/atom, %.2g eV/A\n", 1e3 * errors["energy_per_atom"]["rmse"], errors["forces"]["rmse"])

dimer = System([14, 14], [0 0; 0 0; 0 2.35])
energy, forces, virial = predict(model, dimer)
@printf("dimer: %.4f eV (%.4f eV in truth)\n", energy, pair_potential(dimer.positions)[1])

model = Model("silicon.tern")  # in another program, or later
test = Dataset("test.extxyz")
wrong = [predict(model, frame.system).energy - frame.energy for frame in test]
rms(values) = norm(values) / sqrt(length(values))
spread = rms([frame.energy for frame in test] .- sum(frame.energy for frame in test) / length(test))
@printf("test error %.2g meV of a spread of %.0f meV\n", 1e3 * rms(wrong), 1e3 * spread)
rms(wrong) < 0.02 * spread || error("the model is worse than it should be")
