# SPDX-License-Identifier: BSD-3-Clause
"""Writes clusters.extxyz: silicon clusters with the energies and forces of a Morse pair potential, for examples and
tests."""
import math
import os
import random

DEPTH, WIDTH, LENGTH = 1.5, 1.4, 2.35  # eV, 1/A, A


def pair(r):
    """Energy and its derivative."""
    x = math.exp(-WIDTH * (r - LENGTH))
    return DEPTH * (x * x - 2 * x), 2 * DEPTH * WIDTH * (x - x * x)


def cluster(rng, n):
    """Positions that keep a distance of 1.9 A from each other and touch."""
    atoms = [[0.0, 0.0, 0.0]]
    while len(atoms) < n:
        place = [c + rng.uniform(-3, 3) for c in rng.choice(atoms)]
        if 1.9 < min(math.dist(place, a) for a in atoms) < 2.8:
            atoms.append(place)
    return atoms


def targets(atoms):
    energy, forces = 0.0, [[0.0] * 3 for _ in atoms]
    for i in range(len(atoms)):
        for j in range(i):
            r = math.dist(atoms[i], atoms[j])
            e, slope = pair(r)
            energy += e
            for k in range(3):
                f = -slope * (atoms[i][k] - atoms[j][k]) / r
                forces[i][k] += f
                forces[j][k] -= f
    return energy, forces


def main():
    rng = random.Random(7)
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "clusters.extxyz"), "w") as out:
        for frame in range(40):
            atoms = cluster(rng, 2 + frame % 5)
            energy, forces = targets(atoms)
            out.write(f'{len(atoms)}\nProperties=species:S:1:pos:R:3:forces:R:3 energy={energy:.8f} pbc="F F F"\n')
            for place, force in zip(atoms, forces):
                out.write("Si " + " ".join(f"{x:.8f}" for x in place + force) + "\n")


if __name__ == "__main__":
    main()
