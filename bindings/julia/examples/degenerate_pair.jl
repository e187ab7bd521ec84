# SPDX-License-Identifier: BSD-3-Clause
# Two different structures that share every correlation of an atom with up to three neighbours, and what tells them
# apart.
#
# Seven of eight boron atoms are common to both; the last lies above the others in one structure and below in the other.
# J. Nigam et al., APL Mach. Learn. 2, 016110 (2024), describe the family.

using Ternion
using Printf

const above_positions = [
    0 1.599296086168019 0.957339572573 -1.579425610692 -0.510970726388 -1.519833059821 0.266472722277 0
    0 0 1.281112373689 0.251321928055 1.515472496618 0.497850822543 -1.576940157240 0
    0 [1 1 1 -1 -1 -1] .* 0.7060335853575548 1.684341693074819
]
const options = (species = "B", centers = 0, cutoff = 2.0, cutoff_width = 0.1, n_max = 6, l_max = 3, sigma = 0.2)

below_positions = copy(above_positions)
below_positions[3, 8] = -below_positions[3, 8]
above, below = System(fill(5, 8), above_positions), System(fill(5, 8), below_positions)
match = compare(above, below)
@printf("the best superposition leaves %.2f A: the structures are %s\n", match.rmsd,
        match.same ? "the same" : "different")

"Prints and returns the largest difference of two feature vectors, relative to the largest feature."
function difference(name, first, second)
    largest = maximum(abs.(first - second)) / max(maximum(abs.(first)), maximum(abs.(second)))
    @printf("%-40s %5d features, they differ by %.0e\n", name, length(first), largest)
    return largest
end

blind = map((2, 3)) do nu
    correlations = Descriptor("correlations"; nu_min = nu, nu_max = nu, options...)
    difference("atom 0 and $nu neighbours (nu = $nu)", vec(compute(correlations, above)),
               vec(compute(correlations, below)))
end

# Triplets have no order, so a function of each is summed over all of them: here the square, with weights that let a
# neighbour leave smoothly. (The plain sum is nu = 3 again.)
frames = Descriptor("frames"; options...)
sums = [compute(frames, system) .^ 2 * Ternion.weights(frames, system) for system in (above, below)]
seen = difference("triplet frames, squared and summed", sums...)

names = labels(frames)
for column in sortperm(abs.(sums[1] - sums[2]); rev = true)[1:5]
    @printf("  %10.5f %10.5f   %s\n", sums[1][column], sums[2][column], names[column])
end
maximum(blind) < 1e-10 && seen > 1e-4 || error("the pair is not told apart as it should be")
