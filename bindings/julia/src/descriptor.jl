# SPDX-License-Identifier: BSD-3-Clause

"""
    Descriptor(kind; options...)
    Descriptor(path)

A description of atomic environments: of a kind such as `"power_spectrum"` (`Ternion.kinds()` lists them), or read from a file
that `save` wrote. Without the option `species` it has to see a data set first: `fit(descriptor, dataset)`.

    frames = Descriptor("frames"; species = [14], cutoff = 5.0)
    values = compute(frames, System([14, 14], [0 0; 0 0; 0 2.35]))
"""
mutable struct Descriptor <: Owner
    handle::Ptr{Cvoid}
    Descriptor(handle::Ptr{Cvoid}) = finalizer(descriptor -> release(descriptor, Raw.descriptor_free), new(handle))
end

function Descriptor(kind::Union{AbstractString,Symbol}; options...)
    isempty(options) && is_stored(kind) && return Descriptor(create(handle -> Raw.descriptor_load(handle, kind)))
    return Descriptor(with_options(chosen -> create(handle -> Raw.descriptor_new(handle, string(kind), chosen)), options))
end

# A kind is one word of the library; whatever else is a path.
is_stored(name::Symbol) = false
is_stored(name) = !any(kind -> kind.name == name, kinds()) && (isfile(name) || occursin(r"[./\\]", name))

Base.show(io::IO, descriptor::Descriptor) = print(io, "Descriptor ", get(info(descriptor), "kind", ""))

"""
    fit(descriptor, dataset; progress = nothing)

Lets a descriptor learn from a data set what its options leave open, such as the species; returns the descriptor.
"""
function fit(descriptor::Descriptor, dataset::Dataset; progress = nothing)
    with_progress((callback, context) -> Raw.descriptor_fit(descriptor, dataset, callback, context), progress)
    return descriptor
end

save(descriptor::Descriptor, path::AbstractString) = check(Raw.descriptor_save(descriptor, path))
info(descriptor::Descriptor) = parse_json(text((arguments...) -> Raw.descriptor_info(descriptor, arguments...)))

"""
    labels(descriptor)

What each feature is: a vector with one `Dict{String,Any}` a feature, holding `"parity"` and whatever of `"nu"`, `"n"`, `"l"`,
`"m"` and `"species"` applies.
"""
labels(descriptor::Descriptor) = parse_json(text((arguments...) -> Raw.descriptor_labels(descriptor, arguments...)))

"Size of the features of a system in Julia's order: `(features, rows)`."
function shape(descriptor, system)
    rows, features = Ref{Int64}(0), Ref{Int64}(0)
    check(Raw.descriptor_shape(descriptor, system, rows, features))
    return Int(features[]), Int(rows[])
end

"""
    compute(descriptor, system)
    compute!(values, descriptor, system)

The features of every row (centre, pair or triplet) of a system: a `features x rows` matrix, in the second form the given one.
"""
compute(descriptor::Descriptor, system::System) =
    compute!(Matrix{Float64}(undef, shape(descriptor, system)...), descriptor, system)

"See [`compute`](@ref)."
function compute!(values::Matrix{Float64}, descriptor::Descriptor, system::System)
    check_shape("values", values, shape(descriptor, system))
    check(Raw.descriptor_compute(descriptor, system, values))
    return values
end

"""
    rows(descriptor, system)

What each row stands for: a matrix with one column a row, holding the structure (1), the centre and, for triplets, the two tags.
"""
function rows(descriptor::Descriptor, system::System)
    index_size = count_of(count -> Raw.descriptor_index_size(descriptor, count))
    indices = Matrix{Int64}(undef, index_size, shape(descriptor, system)[2])
    check(Raw.descriptor_rows(descriptor, system, indices))
    return indices .+= 1
end

"""
    pullback(descriptor, system, weights) -> gradient, strain

Vector-Jacobian product: the gradient of `sum(weights .* values)`, where `weights` is `features x rows` like the values, with
respect to the positions (`3 x n`, 1/Angstrom, ghosts included) and to a strain of positions and cell (`3 x 3`; element `[a, b]`
for `r[a] += strain[a, b] * r[b]`).
"""
function pullback(descriptor::Descriptor, system::System, weights::AbstractMatrix)
    check_shape("weights", weights, shape(descriptor, system))
    gradient, strain = Matrix{Float64}(undef, 3, length(system)), Matrix{Float64}(undef, 3, 3)
    check(Raw.descriptor_pullback(descriptor, system, as_memory(Float64, weights), gradient, strain))
    return gradient, turn!(strain, 1)
end

"""
    pushforward(descriptor, system; positions = nothing, strain = nothing)

Jacobian-vector product: how the features (`features x rows`) change along a direction of the positions (`3 x n`, Angstrom) and of
the strain (`3 x 3`; `r[a] += strain[a, b] * r[b]`).
"""
function pushforward(descriptor::Descriptor, system::System; positions = nothing, strain = nothing)
    positions === nothing || check_shape("positions", positions, (3, length(system)))
    strain === nothing || check_shape("strain", strain, (3, 3))
    derivative = Matrix{Float64}(undef, shape(descriptor, system)...)
    check(Raw.descriptor_pushforward(descriptor, system, positions === nothing ? C_NULL : as_memory(Float64, positions),
                                     strain === nothing ? C_NULL : Matrix{Float64}(permutedims(strain)), derivative))
    return derivative
end

"""
    jacobian(descriptor, system) -> indices, values, strain

The explicit Jacobian as blocks that are not zero: `indices` (`2 x blocks`) names row and atom of each block, `values` (`features x
3 x blocks`, 1/Angstrom) has the derivatives with respect to that atom's position, `strain` (`features x 3 x 3 x rows`) those with
respect to the strain, element `[:, a, b, row]` for `r[a] += strain[a, b] * r[b]`.
"""
function jacobian(descriptor::Descriptor, system::System)
    features, rows = shape(descriptor, system)
    blocks = count_of(count -> Raw.descriptor_jacobian_shape(descriptor, system, count))
    indices, values = Matrix{Int64}(undef, 2, blocks), Array{Float64}(undef, features, 3, blocks)
    strain = Array{Float64}(undef, features, 3, 3, rows)
    check(Raw.descriptor_jacobian(descriptor, system, indices, values, strain))
    indices .+= 1
    return indices, values, turn!(strain, 2)
end

"""
    Ternion.describe(descriptor, dataset, path; progress = nothing)

Writes the features of a whole data set, with rows and labels, as safetensors, or the values alone as `.npy` when the name ends so.
"""
describe(descriptor::Descriptor, dataset::Dataset, path::AbstractString; progress = nothing) =
    with_progress((callback, context) -> Raw.descriptor_write(descriptor, dataset, path, callback, context), progress)
