# SPDX-License-Identifier: BSD-3-Clause
"""
Complete descriptions of atomic environments, and fits of energies, forces and virials on them.

    using Ternion
    train = Dataset("train.extxyz")
    model = fit("ridge", train; descriptor = "power_spectrum", cutoff = 5.0)
    save(model, "silicon.tern")
    dimer = System([14, 14], [0 0; 0 0; 0 2.35])
    energy, forces, virial = predict(model, dimer)

Lengths are in Angstrom, energies in eV, forces in eV/Angstrom, virials (`-dE/dstrain`) in eV; species are atomic
numbers; atoms, rows and structures count from 1. Positions and forces are `3 x n`, cells `3 x 3` with the vectors as
columns: the library reads and writes the memory of `Float64` arrays directly. `Ternion.options(kind)` lists what can be
set. Any number of Julia threads may compute and predict with one descriptor or model together.
"""
module Ternion

export Dataset, System, Descriptor, Model, Frame, Reader, Writer, TernionError,
       fit, save, predict, predict_atoms, predict_vectors, predict_tensor, set_tensor!, tensor,
       uncertainty, distance_ratios, set_vectors!, vectors,
       compute, compute!, pullback, pushforward, jacobian, rows, labels, neighbours, compare, sensitivity, info

include("raw.jl")
include("library.jl")
include("json.jl")
include("options.jl")
include("progress.jl")
include("system.jl")
include("dataset.jl")
include("streams.jl")
include("descriptor.jl")
include("model.jl")
include("analysis.jl")

end
