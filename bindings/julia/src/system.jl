# SPDX-License-Identifier: BSD-3-Clause

"""
    System(species, positions; cell = nothing, periodic = nothing)
    System(species; pairs, vectors, cutoff, owned = length(species))

A structure: atomic numbers and positions (`3 x n`, Angstrom), for a crystal with a `cell` (`3 x 3`, the vectors as
columns, Angstrom) that is periodic in all directions unless `periodic`, such as `(true, true, false)`, says otherwise.

The second form takes the neighbour list of a host program: `pairs` (`2 x n_pairs`, centre and neighbour, from 1),
`vectors` (`3 x n_pairs`, neighbour minus centre, Angstrom), complete up to `cutoff`. The first `owned` atoms are
centres, the rest ghosts.

`system.species`, `system.positions`, `system.cell` and `system.periodic` give back what was put in.
"""
mutable struct System <: Owner
    handle::Ptr{Cvoid}
    System(handle::Ptr{Cvoid}) = finalizer(system -> release(system, Raw.system_free), new(handle))
end

function System(species::AbstractVector, positions::AbstractMatrix; cell = nothing, periodic = nothing)
    atoms = length(species)
    check_shape("positions", positions, (3, atoms))
    cell === nothing || check_shape("cell", cell, (3, 3))
    directions = periodic === nothing ? C_NULL : Int32[flag for flag in periodic]
    periodic === nothing || check_shape("periodic", directions, (3,))
    return System(create(handle -> Raw.system_new(handle, atoms, as_memory(Int32, species),
                                                  as_memory(Float64, positions),
                                                  cell === nothing ? C_NULL : as_memory(Float64, cell), directions)))
end

function System(species::AbstractVector; pairs, vectors, cutoff, owned = length(species))
    check_shape("pairs", pairs, (2, size(vectors, 2)))
    check_shape("vectors", vectors, (3, size(pairs, 2)))
    from_zero = Int64.(pairs) .- 1
    return System(create(handle -> Raw.system_new_from_pairs(handle, owned, length(species), as_memory(Int32, species),
                                                             size(pairs, 2), from_zero, as_memory(Float64, vectors),
                                                             cutoff)))
end

"Number of atoms, ghosts included."
Base.length(system::System) = count_of(count -> Raw.system_size(system, count, C_NULL))

function owned_atoms(system)
    owned = Ref{Int64}(0)
    check(Raw.system_size(system, Ref{Int64}(0), owned))
    return Int(owned[])
end

function Base.getproperty(system::System, name::Symbol)
    name === :species && return filled(values -> Raw.system_species(system, values), Int32, length(system))
    name === :positions && return filled(values -> Raw.system_positions(system, values), Float64, 3, length(system))
    name === :cell && return cell_of(system)[1]
    name === :periodic && return cell_of(system)[2]
    return getfield(system, name)
end

Base.propertynames(::System) = (:species, :positions, :cell, :periodic)
Base.show(io::IO, system::System) = print(io, "System of ", length(system), " atoms")

"The array that a getter fills: `getter(values)`."
function filled(getter, type, shape...)
    values = Array{type}(undef, shape...)
    check(getter(values))
    return values
end

function cell_of(system)
    cell, periodic = Matrix{Float64}(undef, 3, 3), Vector{Int32}(undef, 3)
    check(Raw.system_cell(system, cell, periodic))
    return cell, Tuple(periodic .!= 0)
end

"""
    neighbours(system, cutoff) -> pairs, vectors

The neighbour pairs within `cutoff` (Angstrom), both orders and periodic images included: `2 x n` centres and
neighbours, and `3 x n` vectors from centre to neighbour (Angstrom), sorted by centre.
"""
function neighbours(system::System, cutoff::Real)
    count = count_of(count -> Raw.system_pairs_count(system, cutoff, count))
    pairs, vectors = Matrix{Int64}(undef, 2, count), Matrix{Float64}(undef, 3, count)
    check(Raw.system_pairs(system, cutoff, pairs, vectors))
    pairs .+= 1
    return pairs, vectors
end
