# SPDX-License-Identifier: BSD-3-Clause
"""Fits a model to structures with known energies and forces, stores it, and predicts.

The training structures are silicon clusters that a pair potential holds together; put your own extended XYZ file in the
place of train.extxyz.
"""

import numpy

import ternion


def pair_potential(positions, depth=2.0, stiffness=1.5, distance=2.35):
    """Energy (eV) and forces (eV/Angstrom) of a Morse potential between all pairs."""
    vectors = positions[:, None] - positions[None]
    lengths = numpy.linalg.norm(vectors, axis=2) + 1e3 * numpy.eye(len(positions))
    decay = numpy.exp(-stiffness * (lengths - distance))
    slopes = 2 * depth * stiffness * (decay - decay**2) / lengths
    return 0.5 * depth * (decay**2 - 2 * decay).sum(), -(slopes[:, :, None] * vectors).sum(axis=1)


def write_clusters(path, count, seed):
    """Writes shaken clusters of two to four atoms with their energies and forces."""
    random = numpy.random.default_rng(seed)
    shape = numpy.array([[0, 0, 0], [2.3, 0, 0], [1.1, 2.0, 0], [1.1, 0.7, 1.9]])
    with ternion.Writer(path) as writer:
        for index in range(count):
            positions = shape[: 2 + index % 3] + random.normal(scale=0.12, size=(2 + index % 3, 3))
            writer.append(ternion.System([14] * len(positions), positions), *pair_potential(positions))


write_clusters("train.extxyz", 150, seed=1)
write_clusters("test.extxyz", 30, seed=2)

train = ternion.Dataset("train.extxyz")
print(train)
# The energies are relative to free atoms; without e0 the energy of an atom is estimated from the data.
model = ternion.fit("ridge", train, descriptor="power_spectrum", cutoff=5.0, e0={"Si": 0.0})
model.save("silicon.tern")
errors = model.info["report"]["errors"]
print(f"training error {1e3 * errors['energy_per_atom']['rmse']:.2g} meV/atom, {errors['forces']['rmse']:.2g} eV/A")

dimer = ternion.System([14, 14], [[0, 0, 0], [0, 0, 2.35]])
energy, forces, virial = model.predict(dimer)
print(f"dimer: {energy:.4f} eV ({pair_potential(dimer.positions)[0]:.4f} eV in truth)")

model = ternion.Model("silicon.tern")  # in another program, or later
test = ternion.Dataset("test.extxyz")
predictions = model.predict(test)
energy_error = numpy.std([found.energy - frame.energy for found, frame in zip(predictions, test)])
force_error = numpy.sqrt(numpy.mean(numpy.concatenate([(found.forces - frame.forces).ravel()
                                                       for found, frame in zip(predictions, test)]) ** 2))
spread = numpy.std([frame.energy for frame in test])
print(f"test error {1e3 * energy_error:.2g} meV of a spread of {1e3 * spread:.0f} meV, forces {force_error:.2g} eV/A")
assert energy_error < 0.02 * spread
