# SPDX-License-Identifier: BSD-3-Clause
"""Writes counterexamples.extxyz: pairs of CH4-like environments of a carbon (atom 0) that are not congruent but have
the same distances and the same multiset of H-C-H angles, so that no correlation of two neighbours tells them apart
(S. N. Pozdnyakov, M. J. Willatt, A. P. Bartok, C. Ortner, G. Csanyi, M. Ceriotti, Phys. Rev. Lett. 125, 166001 (2020)).
Consecutive frames 2k, 2k+1 are a pair.

circle, cone: hydrogens at {0,1,3,4} and {0,1,2,5} times 45 degrees on a circle of latitude. Both sets have the
differences {1,1,2,3,3,4}, and an angle between two points of a circle depends on their difference only. The latitude is
free.

swap: no symmetry. Unit vectors 0..3 with the cosines G_ij; the partner has G_01 and G_02 exchanged. That changes det G
by (G_01 - G_02) (G_13 - G_23) h with h = 2 G_03 (1 + G_12) - (G_01 + G_02) (G_13 + G_23). So where h = 0 the exchanged
cosines belong to vectors, too: a manifold of pairs, reached here by turning vector 3.
"""
import math
import os
import random

LENGTH = 1.1  # A
LARGEST_COSINE = 0.75  # between two hydrogens
LEAST_DIFFERENCE = 0.2  # of the cosines that must differ


def circle(places, polar):
    return [[math.sin(polar) * math.cos(k * math.pi / 4), math.sin(polar) * math.sin(k * math.pi / 4), math.cos(polar)]
            for k in places]


def dot(a, b):
    return math.fsum(x * y for x, y in zip(a, b))


def cosines(vectors):
    return [[dot(a, b) for b in vectors] for a in vectors]


def turned(vector, angle):
    """About z."""
    x, y, z = vector
    return [x * math.cos(angle) - y * math.sin(angle), x * math.sin(angle) + y * math.cos(angle), z]


def mismatch(vectors):
    G = cosines(vectors)
    return 2 * G[0][3] * (1 + G[1][2]) - (G[0][1] + G[0][2]) * (G[1][3] + G[2][3])


def matching_angle(vectors):
    """The first turn of vector 3 that makes `mismatch` vanish, or None."""
    def at(angle):
        return mismatch(vectors[:3] + [turned(vectors[3], angle)])
    steps = [2 * math.pi * k / 64 for k in range(65)]
    for low, high in zip(steps, steps[1:]):
        if at(low) * at(high) < 0:
            for _ in range(60):
                middle = (low + high) / 2
                low, high = (middle, high) if at(low) * at(middle) > 0 else (low, middle)
            return low
    return None


def triangular(G):
    """Vectors with these cosines (Cholesky; the fourth has no fourth component), or None."""
    L = [[1.0, 0.0, 0.0]]
    for i in range(1, 4):
        row = [0.0, 0.0, 0.0]
        for k in range(min(i, 3)):
            row[k] = (G[i][k] - dot(row[:k], L[k][:k])) / L[k][k]
        if i < 3:
            rest = 1 - dot(row, row)
            if rest < 0.05:  # flat, or impossible
                return None
            row[i] = math.sqrt(rest)
        L.append(row)
    return L


def swap_pair(rng):
    while True:
        vectors = []
        for _ in range(4):
            v = [rng.gauss(0, 1) for _ in range(3)]
            vectors.append([x / math.sqrt(dot(v, v)) for x in v])
        angle = matching_angle(vectors)
        if angle is None:
            continue
        vectors[3] = turned(vectors[3], angle)
        G = cosines(vectors)
        partner = [row[:] for row in G]
        partner[0][1] = partner[1][0] = G[0][2]
        partner[0][2] = partner[2][0] = G[0][1]
        other = triangular(partner)
        apart = max(G[i][j] for i in range(4) for j in range(i)) < LARGEST_COSINE
        differ = min(abs(G[0][1] - G[0][2]), abs(G[1][3] - G[2][3])) > LEAST_DIFFERENCE
        if other and apart and differ:
            return vectors, other


def frame(name, vectors):
    lines = ["5", f'Properties=species:S:1:pos:R:3 pair={name} pbc="F F F"', "C 0.0 0.0 0.0"]
    return lines + [" ".join(["H", *(repr(LENGTH * x) for x in v)]) for v in vectors]


def pairs():
    for name, degrees in (("circle", 90), ("cone", 75), ("cone", 55)):
        polar = math.radians(degrees)
        yield name, circle((0, 1, 3, 4), polar), circle((0, 1, 2, 5), polar)
    rng = random.Random(2020)
    for _ in range(5):
        yield "swap", *swap_pair(rng)


def main():
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "counterexamples.extxyz"), "w") as out:
        for name, *both in pairs():
            for vectors in both:
                out.write("\n".join(frame(name, vectors)) + "\n")


if __name__ == "__main__":
    main()
