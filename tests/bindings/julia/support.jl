# SPDX-License-Identifier: BSD-3-Clause
# What the tests share: the golden data, and structures with the energies of a simple pair potential.

using Ternion
using LinearAlgebra
using Random
using Test

const GOLDEN = ENV["TERNION_GOLDEN"]
const SMALL = (cutoff = 4.0, n_max = 3, l_max = 2)

"The blocks of a golden file by name, dimensions reversed; see tests/golden/README.md."
function golden(name)
    blocks = Dict{String,Any}()
    open(joinpath(GOLDEN, name)) do file
        while !eof(file)
            block, kind, _, shape = split(readline(file); limit = 4)
            dims = parse.(Int, split(shape))
            kind == "text" && (blocks[block] = [readline(file) for _ in 1:dims[1]]; continue)
            values = Float64[]
            while length(values) < prod(dims)
                append!(values, parse.(Float64, split(readline(file))))
            end
            blocks[block] = reshape(values, reverse(dims)...)
        end
    end
    return blocks
end

"The options of a golden file as keywords."
golden_options(blocks) = [Symbol(key) => value for (key, value) in split.(blocks["options"], ' '; limit = 2)]

"A system of a golden file."
function golden_system(blocks, prefix = "")
    names = ("species", "positions", "cell", "periodic")
    species, positions, cell, periodic = (blocks[prefix * name] for name in names)
    any(!iszero, cell) || return System(species, positions)
    return System(species, positions; cell = cell, periodic = periodic)
end

"Do the shapes agree, and the numbers relative to the largest?"
function close_to(found, expected, tolerance)
    size(found) == size(expected) || return false
    isempty(expected) && return true
    scale = maximum(abs, expected)
    return maximum(abs, found .- expected) <= tolerance * (scale == 0 ? 1 : scale)
end

"Energy (eV) and forces (eV/Angstrom) of atoms that attract each other in pairs."
function morse(positions; depth = 2.0, stiffness = 1.5, distance = 2.35)
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

"A data set of silicon clusters with energies and forces."
function clusters(count; seed = 1)
    random, dataset = MersenneTwister(seed), Dataset()
    ideal = [0 2.3 1.1 1.1 3.3; 0 0 2.0 0.7 1.9; 0 0 0 1.9 0.4]
    for _ in 1:count
        positions = ideal + 0.15 * randn(random, 3, 5)
        energy, forces = morse(positions)
        push!(dataset, System(fill(14, 5), positions); energy = energy, forces = forces)
    end
    return dataset
end

"The exception that an action throws."
function thrown(action)
    try
        action()
    catch exception
        return exception
    end
    return nothing
end
