# SPDX-License-Identifier: BSD-3-Clause
"""What the tests share: the golden data, and structures with the energies of a simple pair potential."""

import contextlib
import math
import os
import pathlib
import tempfile
import unittest

import numpy

import ternion

GOLDEN = pathlib.Path(os.environ["TERNION_GOLDEN"])


def golden(name):
    """The blocks of a golden file by name; see tests/golden/README.md."""
    blocks = {}
    with open(GOLDEN / name, encoding="utf-8") as file:
        for header in file:
            block, kind, _, *shape = header.split()
            shape = [int(length) for length in shape]
            items = []
            while len(items) < math.prod(shape):
                line = next(file)
                items += [line.strip()] if kind == "text" else map(float, line.split())
            blocks[block] = items if kind == "text" else numpy.reshape(items, shape)
    return blocks


def golden_options(blocks):
    """The options of a golden file as keywords."""
    return dict(line.split(" ", 1) for line in blocks["options"])


def golden_system(blocks, prefix=""):
    """A system of a golden file."""
    species, positions, cell, periodic = (blocks[prefix + name]
                                          for name in ("species", "positions", "cell", "periodic"))
    return ternion.System(species, positions, cell, periodic) if cell.any() else ternion.System(species, positions)


def morse(positions, depth=2.0, stiffness=1.5, distance=2.35):
    """Energy (eV) and forces (eV/Angstrom) of atoms that attract each other in pairs."""
    vectors = positions[:, None] - positions[None]
    lengths = numpy.linalg.norm(vectors, axis=2) + numpy.eye(len(positions)) * 1e3
    decay = numpy.exp(-stiffness * (lengths - distance))
    slopes = 2 * depth * stiffness * (decay - decay**2)
    return 0.5 * depth * (decay**2 - 2 * decay).sum(), -(slopes / lengths)[:, :, None].__mul__(vectors).sum(axis=1)


def clusters(count, atoms=5, seed=1, scale=0.15):
    """A data set of silicon clusters with energies and forces."""
    random = numpy.random.default_rng(seed)
    dataset = ternion.Dataset()
    ideal = numpy.array([[0, 0, 0], [2.3, 0, 0], [1.1, 2.0, 0], [1.1, 0.7, 1.9], [3.3, 1.9, 0.4]])[:atoms]
    for _ in range(count):
        positions = ideal + random.normal(scale=scale, size=ideal.shape)
        energy, forces = morse(positions)
        dataset.append(ternion.System([14] * atoms, positions), energy, forces)
    return dataset


class Case(unittest.TestCase):
    """A test with a folder of its own and comparisons relative to the largest value."""

    def setUp(self):
        stack = contextlib.ExitStack()
        self.addCleanup(stack.close)
        self.folder = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory()))

    def assert_close(self, found, expected, tolerance, name=""):
        found, expected = numpy.asarray(found), numpy.asarray(expected)
        self.assertEqual(found.shape, expected.shape, name)
        scale = numpy.abs(expected).max() if expected.size else 0.0
        error = numpy.abs(found - expected).max() if expected.size else 0.0
        self.assertLessEqual(error, tolerance * (scale or 1.0), name)
