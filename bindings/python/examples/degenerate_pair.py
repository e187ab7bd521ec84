# SPDX-License-Identifier: BSD-3-Clause
"""Two different structures that share every correlation of an atom with up to three neighbours, and what tells them
apart.

Seven of eight boron atoms are common to both; the last lies above the others in one structure and below in the other.
J. Nigam et al., APL Mach. Learn. 2, 016110 (2024), describe the family.
"""

import numpy

import ternion

ABOVE = numpy.array([
    [0, 0, 0],
    [1.599296086168019, 0, 0.7060335853575548],
    [0.957339572573, 1.281112373689, 0.7060335853575548],
    [-1.579425610692, 0.251321928055, 0.7060335853575548],
    [-0.510970726388, 1.515472496618, -0.7060335853575548],
    [-1.519833059821, 0.497850822543, -0.7060335853575548],
    [0.266472722277, -1.576940157240, -0.7060335853575548],
    [0, 0, 1.684341693074819],
])
OPTIONS = {"species": ["B"], "centers": 0, "cutoff": 2.0, "cutoff_width": 0.1, "n_max": 6, "l_max": 3, "sigma": 0.2}

above = ternion.System([5] * 8, ABOVE)
below = ternion.System([5] * 8, numpy.vstack([ABOVE[:7], ABOVE[7] * [1, 1, -1]]))
match = ternion.compare(above, below)
print(f"the best superposition leaves {match.rmsd:.2f} A: the structures are "
      f"{'the same' if match.same else 'different'}")


def difference(name, first, second):
    """Prints and returns the largest difference of two feature vectors, relative to the largest feature."""
    largest = abs(first - second).max() / max(abs(first).max(), abs(second).max())
    print(f"{name:40s} {first.size:5d} features, they differ by {largest:.0e}")
    return largest


blind = []
for nu in (2, 3):
    correlations = ternion.Descriptor("correlations", nu_min=nu, nu_max=nu, **OPTIONS)
    blind.append(difference(f"atom 0 and {nu} neighbours (nu = {nu})",
                            *(correlations.compute(s)[0] for s in (above, below))))

# Triplets have no order, so a function of each is summed over all of them: here the square, with weights that let a
# neighbour leave smoothly. (The plain sum is nu = 3 again.)
frames = ternion.Descriptor("frames", **OPTIONS)
sums = [frames.weights(system) @ frames.compute(system) ** 2 for system in (above, below)]
seen = difference("triplet frames, squared and summed", *sums)

most = numpy.argsort(-abs(sums[0] - sums[1]))[:5]
for column in most:
    print(f"  {sums[0][column]:10.5f} {sums[1][column]:10.5f}   {frames.labels[column]}")
assert max(blind) < 1e-10 < 1e-4 < seen
