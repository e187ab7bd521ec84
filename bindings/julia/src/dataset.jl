# SPDX-License-Identifier: BSD-3-Clause

"""
    Frame

A structure of a data set with its targets: `system`, `energy` (eV), `forces` (`3 x n`, eV/Angstrom) and `virial`
(`3 x 3`, eV); a target that is not known is `nothing`.
"""
struct Frame
    system::System
    energy::Union{Nothing,Float64}
    forces::Union{Nothing,Matrix{Float64}}
    virial::Union{Nothing,Matrix{Float64}}
end

"""
    Dataset(path; options...)
    Dataset()

Structures with their targets, read from extended XYZ (plain or gzip) or empty. A data set is a collection: `length`,
`dataset[3]` is a [`Frame`](@ref), `dataset[1:10]` a data set that shares memory, and it can be iterated.
`push!(dataset, system; energy, forces, virial)` and `push!(dataset, frame)` add to it, `save(dataset, path)` writes it,
`Ternion.counts(dataset)` says how many structures carry each target. `Ternion.options("dataset")` lists the options.
"""
mutable struct Dataset <: Owner
    handle::Ptr{Cvoid}
    Dataset(handle::Ptr{Cvoid}) = finalizer(dataset -> release(dataset, Raw.dataset_free), new(handle))
end

Dataset() = Dataset(create(Raw.dataset_new))

function Dataset(path::AbstractString; options...)
    return Dataset(with_options(chosen -> create(handle -> Raw.dataset_read(handle, path, chosen)), options))
end

Base.length(dataset::Dataset) = count_of(count -> Raw.dataset_size(dataset, count))
Base.firstindex(::Dataset) = 1
Base.lastindex(dataset::Dataset) = length(dataset)
Base.eltype(::Type{Dataset}) = Frame
Base.iterate(dataset::Dataset, index = 1) = index > length(dataset) ? nothing : (dataset[index], index + 1)
Base.checkbounds(::Type{Bool}, dataset::Dataset, index::Integer) = 1 <= index <= length(dataset)

function Base.show(io::IO, dataset::Dataset)
    carried = counts(dataset)
    print(io, "Dataset of ", length(dataset), " structures (", carried.energy, " energies, ", carried.forces,
          " forces, ", carried.virial, " virials)")
end

function Base.getindex(dataset::Dataset, index::Integer)
    checkbounds(Bool, dataset, index) || throw(BoundsError(dataset, index))
    system = System(create(handle -> Raw.dataset_system(dataset, index - 1, handle)))
    energy = target(dataset, index, TARGET_ENERGY, 1)
    virial = target(dataset, index, TARGET_VIRIAL, 3, 3)
    return Frame(system, energy === nothing ? nothing : energy[1],
                 target(dataset, index, TARGET_FORCES, 3, length(system)),
                 virial === nothing ? nothing : turn!(virial, 1))
end

function target(dataset, index, number, shape...)
    values = Array{Float64}(undef, shape...)
    status = Raw.dataset_target(dataset, index - 1, number, values)
    status == ERROR_MISSING && return nothing
    check(status)
    return values
end

function Base.getindex(dataset::Dataset, indices::AbstractVector{<:Integer})
    for index in indices
        checkbounds(Bool, dataset, index) || throw(BoundsError(dataset, index))
    end
    from_zero = Int64.(indices) .- 1
    return Dataset(create(handle -> Raw.dataset_subset(dataset, length(from_zero), from_zero, handle)))
end

Base.getindex(dataset::Dataset, chosen::AbstractVector{Bool}) =
    dataset[findall(check_shape("selection", chosen, (length(dataset),)))]
Base.getindex(dataset::Dataset, ::Colon) = dataset[1:length(dataset)]

# Targets as the library takes them: addresses that are NULL where nothing is known.
function target_memory(system, energy, forces, virial)
    forces === nothing || check_shape("forces", forces, (3, length(system)))
    virial === nothing || check_shape("virial", virial, (3, 3))
    return (energy === nothing ? C_NULL : Float64[energy], forces === nothing ? C_NULL : as_memory(Float64, forces),
            virial === nothing ? C_NULL : Matrix{Float64}(permutedims(virial)))
end

function Base.push!(dataset::Dataset, system::System; energy = nothing, forces = nothing, virial = nothing)
    check(Raw.dataset_append(dataset, system, target_memory(system, energy, forces, virial)...))
    return dataset
end

Base.push!(dataset::Dataset, frame::Frame) =
    push!(dataset, frame.system; energy = frame.energy, forces = frame.forces, virial = frame.virial)

"""
    set_vectors!(dataset, index, name, values)

Gives a vector (a column of the `width x n` matrix) to each atom of a structure under a name such as `"features"`. They
are a column of files that `save` writes, read again with `target = name`, and what
`fit("triplet", dataset; target = name)` fits; those of atoms that are no centres of a model do not matter.
"""
function set_vectors!(dataset::Dataset, index::Integer, name::AbstractString, values::AbstractMatrix{<:Real})
    checkbounds(Bool, dataset, index) || throw(BoundsError(dataset, index))
    atoms = length(dataset[index].system)
    size(values, 2) == atoms ||
        throw(DimensionMismatch("vectors of $(size(values, 2)) atoms for a structure of $atoms"))
    check(Raw.dataset_set_vectors(dataset, index - 1, name, size(values, 1), convert(Matrix{Float64}, values)))
    return dataset
end

"""
    vectors(dataset, index, name)

The vectors of a structure's atoms under a name, `width x n`.
"""
function vectors(dataset::Dataset, index::Integer, name::AbstractString)
    checkbounds(Bool, dataset, index) || throw(BoundsError(dataset, index))
    width = count_of(count -> Raw.dataset_vectors_width(dataset, index - 1, name, count))
    values = Matrix{Float64}(undef, width, length(dataset[index].system))
    check(Raw.dataset_vectors(dataset, index - 1, name, values))
    return values
end

function Base.append!(dataset::Dataset, frames)
    foreach(frame -> push!(dataset, frame), frames)
    return dataset
end

"""
    set_tensor!(dataset, index, name, values)

Gives a structure a Cartesian tensor under a name, such as `"dipole"`: a number, a vector of 3, a `3 x 3` or `3 x 3 x 3`
array.
"""
function set_tensor!(dataset::Dataset, index::Integer, name, values)
    checkbounds(Bool, dataset, index) || throw(BoundsError(dataset, index))
    order = ndims(values)
    order == 0 || check_shape(string(name), values, ntuple(_ -> 3, order))
    numbers = order == 0 ? [Float64(values[])] : vec(from_rows(Float64.(values)))
    check(Raw.dataset_set_tensor(dataset, index - 1, string(name), order, numbers))
    return dataset
end

"""
    tensor(dataset, index, name)

A structure's tensor of that name, a number or an array with as many dimensions as it has indices.
"""
function tensor(dataset::Dataset, index::Integer, name)
    checkbounds(Bool, dataset, index) || throw(BoundsError(dataset, index))
    order = Ref{Int32}(0)
    check(Raw.dataset_tensor_order(dataset, index - 1, string(name), order))
    return tensor_values(order[], values -> Raw.dataset_tensor(dataset, index - 1, string(name), values))
end

# The library has the last index fastest, Julia the first one.
from_rows(values::AbstractArray) = permutedims(values, ndims(values):-1:1)

function tensor_values(order, getter)
    values = Array{Float64}(undef, ntuple(_ -> 3, order))
    check(getter(values))
    return order == 0 ? values[] : order == 1 ? values : from_rows(values)
end

"""
    save(model, path)
    save(descriptor, path)
    save(dataset, path)

Writes a model or a descriptor, which `Model(path)` and `Descriptor(path)` read again bit for bit, or a data set as
extended XYZ (gzip when the name ends in `.gz`). The file appears whole or not at all.
"""
save(dataset::Dataset, path::AbstractString) = check(Raw.dataset_write(dataset, path))

"""
    Ternion.counts(dataset)

How many structures carry each target: a named tuple `(energy, forces, virial)`.
"""
counts(dataset::Dataset) = map(number -> count_of(count -> Raw.dataset_count(dataset, number, count)),
                               (energy = TARGET_ENERGY, forces = TARGET_FORCES, virial = TARGET_VIRIAL))
