"""Linear models of tensors: equivariant correlations, one weight vector per species of the centre and channel.

    T_lm = sum_i t_l(species_i) + w_(species_i) . F_lm(i)
    minimise |A w - b|^2 + regularization * trace(A^T A) / columns * |w|^2 for each channel (l, sigma)
"""
from mpmath import mp, mpf

import blocks
import training
from clebsch_gordan import couple
from correlations import Correlations, parity
from descriptors import Basis
from ridge import counts, solve
from systems import System
from training import short

AXES = [1, 2, 0]  # of m = -1, 0, 1
OPTIONS = dict(cutoff=3.0, cutoff_width=0.5, n_max=2, l_max=2, sigma=0.4)
MOLECULES = [[1, 6], [6, 1, 1], [1, 6, 6], [1, 1, 6, 6], [6, 1, 6, 1], [6, 6, 1, 1, 1], [6, 1, 6, 1, 6], [1, 1, 1]]


def made_up(system, order):
    """A smooth tensor: bonds weighted by distance and species, antisymmetric parts by triples."""
    total = [mpf(0)] * 3 ** order
    atoms = range(len(system.species))
    vector = [[[mpf(b) - mpf(a) for a, b in zip(system.positions[i], system.positions[j])] for j in atoms]
              for i in atoms]
    for i in atoms:
        if order == 2:
            for a in range(3):
                total[4 * a] += mpf(system.species[i]) / 10
        for j in atoms:
            if i == j:
                continue
            weight = mp.exp(-mp.norm(vector[i][j])) * (1 + mpf(system.species[i]) / 5)
            for k in range(3 ** order):
                total[k] += weight * (vector[i][j][k] if order == 1 else vector[i][j][k // 3] * vector[i][j][k % 3])
            for k in atoms if order == 2 else ():
                u, v = vector[i][j], vector[i][k]
                turn = mp.exp(-2 * mp.norm(u) - mp.norm(v)) if k not in (i, j) else mpf(0)
                for a in range(3):
                    for b in range(3):
                        total[3 * a + b] += turn * (u[a] * v[b] - u[b] * v[a])
    return [short(x) for x in total]


def channels(order):
    """{(lambda, sigma): rows of the orthogonal matrix that takes Cartesian numbers, row by row, to spherical ones}."""
    def unit(axis):
        return [mpf(AXES[m] == axis) for m in range(3)]
    if order == 1:
        return {(1, 1): [[unit(axis)[m] for axis in range(3)] for m in range(3)]}
    return {(l, (-1) ** l): [[couple(unit(a), unit(b), l)[m] for a in range(3) for b in range(3)]
                             for m in range(2 * l + 1)]
            for l in range(3)}


class Features:
    """[channel][centre][m]: the features of a structure."""

    def __init__(self, correlations, system):
        self.system, self.basis = system, correlations.basis
        self.rows = {}
        values = correlations.values(system, range(len(system.species)))
        first = 0
        for _, items, path in correlations.columns:
            ls = [l for l, _ in items]
            l, sigma = path[-1] if path else ls[0], parity(ls, path)
            for i, row in enumerate(values):
                of = self.rows.setdefault((l, sigma), [[[] for _ in range(2 * l + 1)] for _ in values])
                for m in range(2 * l + 1):
                    of[i][m].append(row[first + m])
            first += 2 * l + 1

    def design(self, channel):
        """[m][species of the centre][feature], flat, summed over the centres."""
        width = len(self.rows[channel][0][0])
        design = [[mpf(0)] * (width * len(self.basis.species)) for _ in range(2 * channel[0] + 1)]
        for i, of in enumerate(self.rows[channel]):
            begin = width * self.basis.species.index(self.system.species[i])
            for m, row in enumerate(of):
                for k, x in enumerate(row):
                    design[m][begin + k] += x
        return design


def spherical(rows, values):
    return [mp.fdot(row, values) for row in rows]


def fit_channel(channel, rows, structures, values, regularization):
    """(constants of the species, weights)."""
    basis = structures[0].basis
    targets = [spherical(rows, [mpf(x) for x in tensor]) for tensor in values]
    constants = [mpf(0)] * len(basis.species)
    if channel == (0, 1):
        A = mp.matrix([counts(basis, f.system) for f in structures])
        b = mp.matrix([target[0] for target in targets])
        constants = list(mp.lu_solve(A.T * A, A.T * b))
        targets = [[target[0] - mp.fdot(counts(basis, f.system), constants)] for f, target in zip(structures, targets)]
    A = [row for f in structures for row in f.design(channel)]
    return constants, solve(A, [x for target in targets for x in target], regularization)


def predict(order, fits, structure):
    tensor = [mpf(0)] * 3 ** order
    for channel, rows in channels(order).items():
        constants, weights = fits[channel]
        of = [mp.fdot(row, weights) for row in structure.design(channel)]
        if channel == (0, 1):
            of[0] += mp.fdot(counts(structure.basis, structure.system), constants)
        for m, x in enumerate(of):
            for k, entry in enumerate(rows[m]):
                tensor[k] += entry * x
    return tensor


def extxyz(systems, tensors):
    frames = []
    for k, system in enumerate(systems):
        keys = [f'{name}="' + " ".join(repr(x) for x in values[k]) + '"' for name, values in tensors.items()]
        frames.append(f"{len(system.species)}\nProperties=species:S:1:pos:R:3 " + " ".join(keys) + ' pbc="F F F"\n')
        for kind, position in zip(system.species, system.positions):
            frames.append(" ".join([training.SYMBOL[kind], *(repr(float(x)) for x in position)]) + "\n")
    return "".join(frames)


def train_systems():
    import random
    source, found = random.Random(7), []
    for species in 2 * MOLECULES:
        system = None
        while system is None or min(training.distances(system)) < 0.9:
            system = training.random_system(source, species, False)
        found.append(system)
    return found


def tensor_file(name, order, structures, values, tests, regularization):
    fits = {channel: fit_channel(channel, rows, structures, values, regularization)
            for channel, rows in channels(order).items()}
    options = dict(tests[0].basis.options, nu_max=2, target=name, regularization=regularization)
    del options["species"]
    parts = [blocks.text("train", ["tensor_train.extxyz"]),
             blocks.text("options", [f"{key} {value}" for key, value in options.items()])]
    for k, test in enumerate(tests, 1):
        system = test.system
        parts += [blocks.real(f"test{k}_species", system.species), blocks.real(f"test{k}_positions", system.positions),
                  blocks.real(f"test{k}_cell", system.cell), blocks.real(f"test{k}_periodic", list(system.periodic)),
                  blocks.real(f"test{k}_tensor", predict(order, fits, test), [3] * order)]
    return "".join(parts)


def tensor_files():
    basis, systems = Basis([1, 6], **OPTIONS), train_systems()
    correlations = Correlations(basis, 1, 2, 2, "so3")
    structures = [Features(correlations, system) for system in systems]
    tests = [Features(correlations, system) for system in training.TEST]
    tensors = {name: [made_up(system, order) for system in systems] for name, order in (("dipole", 1), ("response", 2))}
    return {"tensor_train.extxyz": extxyz(systems, tensors),
            "tensor_dipole.txt": tensor_file("dipole", 1, structures, tensors["dipole"], tests, 1e-4),
            "tensor_response.txt": tensor_file("response", 2, structures, tensors["response"], tests, 1e-4)}
