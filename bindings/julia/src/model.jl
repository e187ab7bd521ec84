# SPDX-License-Identifier: BSD-3-Clause

"""
    Model(path)

A fitted model: what [`fit`](@ref) returns, or read from a file that `save` wrote.
"""
mutable struct Model <: Owner
    handle::Ptr{Cvoid}
    Model(handle::Ptr{Cvoid}) = finalizer(model -> release(model, Raw.model_free), new(handle))
end

Model(path::AbstractString) = Model(create(handle -> Raw.model_load(handle, path)))

Base.show(io::IO, model::Model) = print(io, "Model ", get(info(model), "kind", ""))

"""
    fit(kind, dataset; progress = nothing, options...)

Fits a model of a kind such as `"ridge"` to the energies, forces and virials of a data set; `Ternion.options(kind)`
lists the options. Returns a [`Model`](@ref), whose `info(model)` has the report of the fit.

`progress` is called with a named tuple `(stage, done, total, loss)` a few times a second at most; `loss` is `nothing`
when there is none. When it returns `false` the fit is cancelled with a [`TernionError`](@ref); an exception that it
throws comes through.

    fit("ridge", train; cutoff = 5.0, progress = p -> (println(p.stage, ' ', p.done, '/', p.total); true))
"""
function fit(kind::Union{AbstractString,Symbol}, dataset::Dataset; progress = nothing, options...)
    handle = Ref{Ptr{Cvoid}}(C_NULL)
    with_options(options) do chosen
        with_progress(progress) do callback, context
            Raw.model_fit(handle, string(kind), dataset, chosen, callback, context)
        end
    end
    return Model(handle[])
end

save(model::Model, path::AbstractString) = check(Raw.model_save(model, path))
info(model::Model) = parse_json(text((arguments...) -> Raw.model_info(model, arguments...)))

"""
    predict(model, system; forces = true, virial = true) -> energy, forces, virial

Energy (eV), forces (`3 x n`, eV/Angstrom, ghosts included) and virial `-dE/dstrain` (`3 x 3`, eV) of a system, as a
named tuple. What is not wanted costs nothing and comes as `nothing`.

    predict(model, dataset; forces = true, virial = true)

The same for every structure of a data set, as a vector.
"""
function predict(model::Model, system::System; forces::Bool = true, virial::Bool = true)
    energy = Ref{Float64}(0)
    force_values = forces ? Matrix{Float64}(undef, 3, length(system)) : nothing
    virial_values = virial ? Matrix{Float64}(undef, 3, 3) : nothing
    check(Raw.model_predict(model, system, energy, something(force_values, C_NULL), something(virial_values, C_NULL)))
    virial && turn!(virial_values, 1)
    return (energy = energy[], forces = force_values, virial = virial_values)
end

predict(model::Model, dataset::Dataset; keywords...) = [predict(model, frame.system; keywords...) for frame in dataset]

"""
    predict_atoms(model, system) -> energies, virials

Energy (eV) and virial (`3 x 3`, eV) of each owned atom, which sum to those of [`predict`](@ref): a vector and a
`3 x 3 x n` array whose `[a, b, i]` is `-sum_j dE_i/dr_ij[a] r_ij[b]`, as the heat flux needs it.
"""
function predict_atoms(model::Model, system::System)
    owned = owned_atoms(system)
    energies, virials = Vector{Float64}(undef, owned), Array{Float64}(undef, 3, 3, owned)
    check(Raw.model_predict_atoms(model, system, energies, virials))
    return (energies = energies, virials = turn!(virials, 1))
end

"""
    Ternion.target_order(model)

The order of the tensor that the model predicts; -1 when it predicts energies or vectors of centres.
"""
function target_order(model::Model)
    order = Ref{Int32}(0)
    check(Raw.model_target_order(model, order))
    return Int(order[])
end

"""
    predict_tensor(model, system)

The tensor of a system, from a model that was fitted with `target = "dipole"` or the like: a number or an array with as
many dimensions, 3 each, as the tensor has indices. Of a data set, a vector of them.
"""
predict_tensor(model::Model, system::System) =
    tensor_values(max(target_order(model), 0), values -> Raw.model_predict_tensor(model, system, values))

predict_tensor(model::Model, dataset::Dataset) = [predict_tensor(model, frame.system) for frame in dataset]

"""
    uncertainty(model, system) -> deviation, scores

Standard deviation of the energy (eV) and the extrapolation score of each owned atom: above 1 it is outside of what the
model was trained on. Needs a model that was not fitted with `uncertainty = "none"`.
"""
function uncertainty(model::Model, system::System)
    deviation, scores = Ref(0.0), Vector{Float64}(undef, owned_atoms(system))
    check(Raw.model_predict_uncertainty(model, system, deviation, scores))
    return (deviation = deviation[], scores = scores)
end

"""
    distance_ratios(model, system)

For each owned atom its distance from a neighbour over the shortest one of these two species in the data that the model
was fitted on, the least of all its neighbours; 1 where all are farther. Below 1 a prediction is a guess.
"""
function distance_ratios(model::Model, system::System)
    ratios = Vector{Float64}(undef, owned_atoms(system))
    check(Raw.model_distance_ratios(model, system, ratios))
    return ratios
end

"""
    predict_vectors(model, system) -> centers, values

Of a model that was fitted with `target`: the atoms that are centres and their vectors, `width x n_centers`.
"""
function predict_vectors(model::Model, system::System)
    n_centers, width = Ref{Int64}(0), Ref{Int64}(0)
    check(Raw.model_vectors_shape(model, system, n_centers, width))
    centers, values = Vector{Int64}(undef, n_centers[]), Matrix{Float64}(undef, width[], n_centers[])
    check(Raw.model_predict_vectors(model, system, centers, values))
    return (centers = centers .+ 1, values = values)
end

"""
    target(model)

What the model predicts: `"energy"`, or the name of the tensor or of the vectors that it was fitted on.
"""
target(model::Model) = text((arguments...) -> Raw.model_target(model, arguments...))

"""
    Descriptor(model)

A descriptor whose features are the vectors that a model predicts, a row for each centre. Energies are fitted on them
with `descriptor = "learned", learned = "the model's file"`.
"""
Descriptor(model::Model) = Descriptor(create(handle -> Raw.descriptor_from_model(handle, model)))
