# SPDX-License-Identifier: BSD-3-Clause

"""
    Descriptor(kind; options...)
    Descriptor(path)

A description of atomic environments: of a kind such as `"power_spectrum"` (`Ternion.kinds()` lists them), or read from
a file that `save` wrote. Without the option `species` it has to see a data set first: `fit(descriptor, dataset)`.

    frames = Descriptor("frames"; species = [14], cutoff = 5.0)
    values = compute(frames, System([14, 14], [0 0; 0 0; 0 2.35]))
"""
mutable struct Descriptor <: Owner
    handle::Ptr{Cvoid}
    Descriptor(handle::Ptr{Cvoid}) = finalizer(descriptor -> release(descriptor, Raw.descriptor_free), new(handle))
end

function Descriptor(kind::Union{AbstractString,Symbol}; options...)
    isempty(options) && is_stored(kind) && return Descriptor(create(handle -> Raw.descriptor_load(handle, kind)))
    return Descriptor(with_options(chosen -> create(handle -> Raw.descriptor_new(handle, string(kind), chosen)),
                                   options))
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

What each feature is: a vector with one `Dict{String,Any}` a feature, holding `"parity"` and whatever of `"nu"`, `"n"`,
`"l"`, `"m"` and `"species"` applies.
"""
labels(descriptor::Descriptor) = parse_json(text((arguments...) -> Raw.descriptor_labels(descriptor, arguments...)))

"""
    Ternion.centers(descriptor, system)

Number of centres of a system. The keyword `centers = 1:100` of the functions below takes some of them, so that memory
is bounded.
"""
centers(descriptor::Descriptor, system::System) = count_of(count -> Raw.descriptor_centers(descriptor, system, count))

# First centre (from 0) and number of centres.
span(descriptor, system, ::Nothing) = 0, centers(descriptor, system)
span(descriptor, system, chosen::AbstractUnitRange{<:Integer}) = Int(first(chosen)) - 1, length(chosen)
span(descriptor, system, chosen) =
    throw(ArgumentError("centers has to be a range of consecutive centres, such as 1:100, not $(repr(chosen))"))

"Size of the features of a system, or of a range of its centres, in Julia's order: `(features, rows)`."
function shape(descriptor, system; centers = nothing)
    rows, features = Ref{Int64}(0), Ref{Int64}(0)
    check(Raw.descriptor_shape_range(descriptor, system, span(descriptor, system, centers)..., rows, features, C_NULL))
    return Int(features[]), Int(rows[])
end

# Memory for a result.
function room(shape...)
    try
        return Array{Float64}(undef, shape...)
    catch error
        error isa Union{OutOfMemoryError,ArgumentError} || rethrow()
        throw(TernionError(Raw.ERROR_MEMORY,
                           "$(8 * prod(big.(shape))) bytes for an array of the size $shape are not to be had; " *
                           "use fewer features, or a range of centres, such as centers = 1:100"))
    end
end

"""
    compute(descriptor, system; centers = nothing)
    compute!(values, descriptor, system; centers = nothing)

The features of every row (centre, pair or triplet) of a system, or of a range of its centres such as `centers = 1:100`:
a `features x rows` matrix, in the second form the given one.
"""
compute(descriptor::Descriptor, system::System; centers = nothing) =
    compute!(room(shape(descriptor, system; centers)...), descriptor, system; centers)

"See [`compute`](@ref)."
function compute!(values::Matrix{Float64}, descriptor::Descriptor, system::System; centers = nothing)
    check_shape("values", values, shape(descriptor, system; centers))
    check(Raw.descriptor_compute_range(descriptor, system, span(descriptor, system, centers)..., values))
    return values
end

"""
    rows(descriptor, system; centers = nothing)

What each row stands for: a matrix with one column a row, holding the structure (1), the centre and, for pairs and
triplets, the tags; 0 for a tag that is the centre itself, not one of its periodic images.
"""
function rows(descriptor::Descriptor, system::System; centers = nothing)
    index_size = count_of(count -> Raw.descriptor_index_size(descriptor, count))
    indices = Matrix{Int64}(undef, index_size, shape(descriptor, system; centers)[2])
    check(Raw.descriptor_rows_range(descriptor, system, span(descriptor, system, centers)..., indices))
    return indices .+= 1
end

"""
    pullback(descriptor, system, weights; centers = nothing) -> gradient, strain

Vector-Jacobian product: the gradient of `sum(weights .* values)`, where `weights` is `features x rows` like the values,
with respect to the positions (`3 x n`, 1/Angstrom, ghosts included) and to a strain of positions and cell (`3 x 3`;
element `[a, b]` for `r[a] += strain[a, b] * r[b]`). With `centers`, a range, the sum is over the rows of these centres.
"""
function pullback(descriptor::Descriptor, system::System, weights::AbstractMatrix; centers = nothing)
    check_shape("weights", weights, shape(descriptor, system; centers))
    return gradient_of(Raw.descriptor_pullback_range, descriptor, system, centers, weights)
end

function gradient_of(call, descriptor, system, centers, weights)
    gradient, strain = Matrix{Float64}(undef, 3, length(system)), Matrix{Float64}(undef, 3, 3)
    check(call(descriptor, system, span(descriptor, system, centers)..., as_memory(Float64, weights), gradient, strain))
    return gradient, turn!(strain, 1)
end

"""
    pushforward(descriptor, system; positions = nothing, strain = nothing, centers = nothing)

Jacobian-vector product: how the features (`features x rows`) change along a direction of the positions (`3 x n`,
Angstrom) and of the strain (`3 x 3`; `r[a] += strain[a, b] * r[b]`).
"""
function pushforward(descriptor::Descriptor, system::System; positions = nothing, strain = nothing, centers = nothing)
    positions === nothing || check_shape("positions", positions, (3, length(system)))
    strain === nothing || check_shape("strain", strain, (3, 3))
    derivative = room(shape(descriptor, system; centers)...)
    check(Raw.descriptor_pushforward_range(descriptor, system, span(descriptor, system, centers)...,
                                           positions === nothing ? C_NULL : as_memory(Float64, positions),
                                           strain === nothing ? C_NULL : Matrix{Float64}(permutedims(strain)),
                                           derivative))
    return derivative
end

"""
    jacobian(descriptor, system; centers = nothing) -> indices, values, strain

The explicit Jacobian as blocks that are not zero: `indices` (`2 x blocks`) names row and atom of each block, `values`
(`features x 3 x blocks`, 1/Angstrom) has the derivatives with respect to that atom's position, `strain`
(`features x 3 x 3 x rows`) those with respect to the strain, element `[:, a, b, row]` for
`r[a] += strain[a, b] * r[b]`. With `centers`, a range, only the rows of these centres, counted from the first of them.
"""
function jacobian(descriptor::Descriptor, system::System; centers = nothing)
    chosen = span(descriptor, system, centers)
    rows, features, blocks = Ref{Int64}(0), Ref{Int64}(0), Ref{Int64}(0)
    check(Raw.descriptor_shape_range(descriptor, system, chosen..., rows, features, blocks))
    indices, values = Matrix{Int64}(undef, 2, blocks[]), room(features[], 3, blocks[])
    strain = room(features[], 3, 3, rows[])
    check(Raw.descriptor_jacobian_range(descriptor, system, chosen..., indices, values, strain))
    indices .+= 1
    return indices, values, turn!(strain, 2)
end

"""
    Ternion.weights(descriptor, system; centers = nothing)

Weights of rows: the cutoff function with `tag_cutoff` and `tag_width` of each of a row's tags, multiplied. Sums over
rows of weight times any function of the features are smooth. All 1 for kinds without tags.
"""
function weights(descriptor::Descriptor, system::System; centers = nothing)
    values = room(shape(descriptor, system; centers)[2])
    check(Raw.descriptor_weights_range(descriptor, system, span(descriptor, system, centers)..., values))
    return values
end

"""
    Ternion.weights_pullback(descriptor, system, slopes; centers = nothing) -> gradient, strain

The gradient of `sum(slopes .* weights)`, as [`pullback`](@ref) gives it.
"""
function weights_pullback(descriptor::Descriptor, system::System, slopes::AbstractVector; centers = nothing)
    check_shape("slopes", slopes, shape(descriptor, system; centers)[2:2])
    return gradient_of(Raw.descriptor_weights_pullback_range, descriptor, system, centers, slopes)
end

"""
    Ternion.describe(descriptor, dataset, path; progress = nothing)

Writes the features of a whole data set, with rows and labels, as safetensors, or the values alone as `.npy` when the
name ends so.
"""
describe(descriptor::Descriptor, dataset::Dataset, path::AbstractString; progress = nothing) =
    with_progress((callback, context) -> Raw.descriptor_write(descriptor, dataset, path, callback, context), progress)
