# SPDX-License-Identifier: BSD-3-Clause

"""
    compare(first, second; options...)

Are two structures without periodic directions the same but for a rotation, a translation, a relabelling of equal atoms and
(option `group = "o3"`, the default) a reflection? A named tuple: `same`; `rmsd` (Angstrom; `nothing` when the species do not match);
`rotation` (`3 x 3`, takes the second onto the first about their centroids); `permutation` (the atom of the second that lies on
each atom of the first). Options: `tolerance` (Angstrom), `group`.

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
