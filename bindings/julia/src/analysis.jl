# SPDX-License-Identifier: BSD-3-Clause

"""
    compare(first, second; options...)

Are two structures without periodic directions the same but for a rotation, a translation, a relabelling of equal atoms
and (option `group = "o3"`, the default) a reflection? A named tuple: `same`; `rmsd` (Angstrom; `nothing` when the
species do not match); `rotation` (`3 x 3`, takes the second onto the first about their centroids); `permutation` (the
atom of the second that lies on each atom of the first). Options: `tolerance` (Angstrom), `group`.

    compare(left, right; tolerance = 0.01).same
"""
function compare(first::System, second::System; options...)
    same, rmsd = Ref{Int32}(0), Ref{Float64}(-1)
    rotation, permutation = zeros(3, 3), zeros(Int64, length(first))
    with_options(options) do chosen
        check(Raw.compare(first, second, chosen, same, rmsd, rotation, permutation))
    end
    rmsd[] < 0 && return (same = false, rmsd = nothing, rotation = nothing, permutation = nothing)
    return (same = same[] == 1, rmsd = rmsd[], rotation = turn!(rotation, 1), permutation = permutation .+ 1)
end

"""
    sensitivity(descriptor, system; center = nothing, progress = nothing, options...)

What a descriptor sees to first order: the singular values of its derivative with respect to all moves of atoms but the
rigid ones, of a whole structure or, with `center`, of one environment, whose neighbours move about the centre. A named
tuple: `singular_values`, falling, 1/Angstrom, one for each independent move that changes the shape; `vectors`
(`3 x n x directions`), these moves, of length 1; `seen`, how many singular values are not zero beside the largest. The
descriptor is blind along `vectors[:, :, seen + 1:end]`. Option: `threshold`.
"""
function sensitivity(descriptor::Descriptor, system::System; center = nothing, progress = nothing, options...)
    center === nothing || center >= 1 || throw(ArgumentError("center is $center, but centres are numbered from 1"))
    number = center === nothing ? -1 : Int(center) - 1
    directions = count_of(count -> Raw.sensitivity_shape(descriptor, system, number, count, C_NULL))
    values, vectors = Vector{Float64}(undef, directions), Array{Float64}(undef, 3, length(system), directions)
    seen = Ref{Int64}(0)
    with_options(options) do chosen
        with_progress(progress) do callback, context
            Raw.sensitivity(descriptor, system, number, chosen, seen, values, vectors, callback, context)
        end
    end
    return (singular_values = values, vectors = vectors, seen = Int(seen[]))
end
