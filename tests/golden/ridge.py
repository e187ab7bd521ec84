"""Ridge regression on power spectra, one weight vector per species of the centre.

    E = sum_i e0(species_i) + w_(species_i) . x_i
    minimise |A w - b|^2 + regularization * trace(A^T A) / columns * |w|^2
"""
from mpmath import mp, mpf
from descriptors import power_spectrum, power_spectrum_derivatives


class Features:
    """Features of a structure, summed over the centres of each species, and
    their derivatives; columns [species of the centre][feature]."""

    def __init__(self, basis, system):
        self.basis, self.system = basis, system
        self.rows = power_spectrum(basis, system)
        self.positions, self.strain = power_spectrum_derivatives(basis, system)
        self.width = len(self.rows[0])

    def spread(self, i, values):
        """One centre's values in the block of its species."""
        row = [mpf(0)] * (self.width * len(self.basis.species))
        first = self.basis.species.index(self.system.species[i]) * self.width
        row[first:first + self.width] = values
        return row

    def total(self, parts):
        spread = [self.spread(i, part) for i, part in enumerate(parts)]
        return [mp.fsum(column) for column in zip(*spread)]

    def energy_row(self):
        return self.total(self.rows)

    def force_row(self, atom, x):
        return self.total([[-d[atom][x] for d in row] for row in self.positions])

    def virial_row(self, x, y):
        return self.total([[-d[x][y] for d in row] for row in self.strain])


def counts(basis, system):
    return [system.species.count(s) for s in basis.species]


def least_squares_e0(basis, labelled):
    """Energies per atom of each species; the compositions have full rank."""
    A = mp.matrix([counts(basis, item.system) for item in labelled])
    b = mp.matrix([mpf(item.energy) for item in labelled])
    return list(mp.lu_solve(A.T * A, A.T * b))


def design(features, labelled, e0, energy_weight, force_weight, virial_weight):
    """Rows of A and b, each with its weight; a weight of 0 leaves its rows out."""
    A, b = [], []

    def add(weight, row, target):
        A.append([mpf(weight) * x for x in row])
        b.append(mpf(weight) * target)

    for item, f in zip(labelled, features):
        atoms = len(item.system.species)
        if energy_weight:
            base = mp.fdot(counts(f.basis, item.system), e0)
            add(energy_weight / mp.sqrt(atoms), f.energy_row(), mpf(item.energy) - base)
        if force_weight:
            for k in range(atoms):
                for x in range(3):
                    add(force_weight, f.force_row(k, x), mpf(item.forces[k][x]))
        if virial_weight and item.virial:
            for x in range(3):
                for y in range(3):
                    add(virial_weight / mp.sqrt(atoms), f.virial_row(x, y), mpf(item.virial[x][y]))
    return A, b


def solve(A, b, regularization):
    """Weights by the normal equations, which 50 digits can afford."""
    columns = list(zip(*A))
    n = len(columns)
    gram = mp.matrix(n, n)
    for i in range(n):
        for j in range(i + 1):
            gram[i, j] = gram[j, i] = mp.fdot(columns[i], columns[j])
    ridge = mpf(regularization) * mp.fsum(gram[i, i] for i in range(n)) / n
    for i in range(n):
        gram[i, i] += ridge
    return list(mp.cholesky_solve(gram, mp.matrix([mp.fdot(column, b) for column in columns])))


def predict(f, e0, weights):
    """Energies and virials [3][3] of the atoms, forces [atom][3]."""
    blocks = range(len(f.basis.species))
    of_species = [weights[k * f.width:(k + 1) * f.width] for k in blocks]
    energies, virials = [], []
    atoms = range(len(f.system.species))
    forces = [[mpf(0)] * 3 for _ in atoms]
    for i in atoms:
        kind = f.basis.species.index(f.system.species[i])
        w = of_species[kind]
        energies.append(e0[kind] + mp.fdot(w, f.rows[i]))
        virials.append([[-mp.fdot(w, [d[x][y] for d in f.strain[i]]) for y in range(3)]
                        for x in range(3)])
        for k in atoms:
            for x in range(3):
                forces[k][x] -= mp.fdot(w, [d[k][x] for d in f.positions[i]])
    return energies, forces, virials
