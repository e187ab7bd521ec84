"""A made-up training set: small structures of two species with the energies,
forces and virials of a smooth pair potential."""
import random
from mpmath import mp, mpf
from systems import NO_CELL, System

RANGE = 3.0
DEPTH = {(1, 1): (0.8, 1.1), (1, 6): (2.1, 1.2), (6, 6): (1.6, 1.6)}  # eV, Angstrom
ATOM_ENERGY = {1: -1.3, 6: -4.2}
# A methyl-like test molecule and a triclinic test cell, neither in the training set.
TEST = [
    System([6, 1, 1, 6], [[0, 0, 0], [1.05, 0.2, -0.1], [-0.4, 0.95, 0.5], [-0.6, -1.1, 0.9]]),
    System([1, 6], [[0.1, -0.2, 0.4], [1.3, 1.2, 1.5]],
           [[2.5, 0.3, 0], [-0.2, 2.7, 0.5], [0.4, -0.3, 2.9]], (1, 1, 1))]
MOLECULES = [[1, 6], [1, 1, 6], [6, 6, 1], [1, 1, 1, 6], [6, 1, 6, 1], [1, 1, 6, 6, 1], [6, 6, 6]]
CRYSTALS = [[6], [1, 6], [6, 1], [6, 6], [1, 1, 6]]


def pair_energy(a, b, r):
    depth, bond = DEPTH[min(a, b), max(a, b)]
    x = mp.exp(-2 * (r - mpf(bond)))
    return mpf(depth) * (x * x - 2 * x) * (1 - (r / mpf(RANGE)) ** 2) ** 3


def pair_slope(a, b, r):
    step = mpf(10) ** -15
    return (pair_energy(a, b, r + step) - pair_energy(a, b, r - step)) / (2 * step)


class Labelled:
    """A structure with energy, forces and (in a crystal) virial, as doubles."""

    def __init__(self, system):
        self.system = system
        energy = mp.fsum(mpf(ATOM_ENERGY[s]) for s in system.species)
        forces = [[mpf(0)] * 3 for _ in system.species]
        virial = [[mpf(0)] * 3 for _ in range(3)]
        for i, kind in enumerate(system.species):
            for j, vector in system.neighbours(i, RANGE):
                r = mp.norm(vector)
                energy += pair_energy(kind, system.species[j], r) / 2
                slope = pair_slope(kind, system.species[j], r)
                for x in range(3):
                    forces[i][x] += slope * vector[x] / r
                    for y in range(3):
                        virial[x][y] -= slope * vector[x] * vector[y] / r / 2
        self.energy, self.forces = short(energy), [[short(x) for x in f] for f in forces]
        self.virial = [[short(x) for x in row] for row in virial] if any(system.periodic) else None


def short(x):
    """A double with few decimals, so that the file and the fit see the same number."""
    return float(mp.nstr(mp.nint(x * 10 ** 8) / 10 ** 8, 15)) + 0.0


def distances(system):
    return [mp.norm(v) for i in range(len(system.species)) for _, v in system.neighbours(i, RANGE)]


def structures():
    source, found = random.Random(2), []
    for crystal, lists in ((False, MOLECULES), (True, CRYSTALS)):
        for species in lists:
            system = None
            while system is None or min(distances(system)) < 0.9:
                system = random_system(source, species, crystal)
            found.append(Labelled(system))
    return found


def random_system(source, species, crystal):
    def decimals(low, high):
        return round(low + (high - low) * source.random(), 3)
    if not crystal:
        return System(species, [[decimals(0, 2) for _ in range(3)] for _ in species])
    cell = [[decimals(-0.4, 0.4) + (2.6 if a == b else 0) for b in range(3)] for a in range(3)]
    cell = [[round(x, 3) for x in row] for row in cell]
    return System(species, [[decimals(0, 2.6) for _ in range(3)] for _ in species], cell, (1, 1, 1))


SYMBOL = {1: "H", 6: "C"}


def extxyz(labelled):
    """Text of the training set; keys energy, forces, virial."""
    frames = []
    for item in labelled:
        keys = []
        if item.system.cell is not NO_CELL:
            keys.append('Lattice="' + " ".join(repr(float(x)) for row in item.system.cell for x in row) + '"')
        keys.append("Properties=species:S:1:pos:R:3:forces:R:3")
        keys.append(f"energy={item.energy!r}")
        if item.virial:
            keys.append('virial="' + " ".join(repr(x) for row in item.virial for x in row) + '"')
        keys.append('pbc="T T T"' if any(item.system.periodic) else 'pbc="F F F"')
        frames.append(f"{len(item.system.species)}\n" + " ".join(keys) + "\n")
        for kind, position, force in zip(item.system.species, item.system.positions, item.forces):
            numbers = " ".join(repr(float(x)) for x in [*position, *force])
            frames.append(f"{SYMBOL[kind]} {numbers}\n")
    return "".join(frames)
