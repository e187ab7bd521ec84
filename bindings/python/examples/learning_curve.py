# SPDX-License-Identifier: BSD-3-Clause
"""How the error falls with the number of training structures, and how the descriptor answers to a move of the atoms.

    python learning_curve.py [file.extxyz]

Without a file it makes silicon clusters that a pair potential holds together.
"""

import sys

import numpy

import ternion

OPTIONS = {"cutoff": 5.0, "n_max": 6, "l_max": 4}


def clusters(count, seed):
    """A data set of shaken clusters with the energies (eV) of a Morse potential between all pairs."""
    random = numpy.random.default_rng(seed)
    shape = numpy.array([[0, 0, 0], [2.3, 0, 0], [1.1, 2.0, 0], [1.1, 0.7, 1.9], [3.3, 1.9, 0.4]])
    dataset = ternion.Dataset()
    for _ in range(count):
        positions = shape + random.normal(scale=0.15, size=shape.shape)
        lengths = numpy.linalg.norm(positions[:, None] - positions[None], axis=2)[numpy.triu_indices(len(shape), 1)]
        decay = numpy.exp(-1.5 * (lengths - 2.35))
        dataset.append(ternion.System([14] * len(shape), positions), energy=2.0 * (decay**2 - 2 * decay).sum())
    return dataset


def error(model, test):
    """Root mean square error of the energies, eV."""
    found = [model.predict(frame.system, forces=False, virial=False).energy for frame in test]
    return numpy.sqrt(numpy.mean([(energy - frame.energy) ** 2 for energy, frame in zip(found, test)]))


def check_pullback(system):
    """The gradient of a random combination of features, against finite differences."""
    descriptor = ternion.Descriptor("power_spectrum", species=sorted(set(system.species.tolist())), **OPTIONS)
    random = numpy.random.default_rng(0)
    weights = random.normal(size=descriptor.shape(system))
    gradient, _ = descriptor.pullback(system, weights)
    direction = random.normal(size=gradient.shape)
    step, cell = 1e-4, (system.cell, system.periodic) if system.cell.any() else ()
    moved = [ternion.System(system.species, system.positions + sign * step * direction, *cell) for sign in (1, -1)]
    plus, minus = ((weights * descriptor.compute(other)).sum() for other in moved)
    return (gradient * direction).sum(), (plus - minus) / (2 * step)


dataset = ternion.Dataset(sys.argv[1]) if len(sys.argv) > 1 else clusters(400, seed=3)
test, pool = dataset[: len(dataset) // 4], dataset[len(dataset) // 4 :]
print("structures   error (meV)")
curve = []
size = 10
while size <= len(pool):
    curve.append(error(ternion.fit("ridge", pool[:size], **OPTIONS), test))
    print(f"{size:10d}   {1e3 * curve[-1]:11.3f}  {'#' * max(1, int(12 + 10 * numpy.log10(curve[-1])))}")
    size *= 2
assert curve[-1] < curve[0]

exact, difference = check_pullback(dataset[0].system)
print(f"pullback {exact:.8f}, finite difference {difference:.8f}")
assert abs(exact - difference) < 1e-6 * max(1.0, abs(exact))
