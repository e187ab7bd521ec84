# SPDX-License-Identifier: BSD-3-Clause
"""The numbers and refusals that every language checks itself against."""

import unittest

import numpy

import ternion
from support import GOLDEN, Case, golden, golden_options, golden_system


class Descriptors(Case):
    def test_values(self):
        checked = []
        for name in golden("descriptors.txt")["files"]:
            blocks = golden(name)
            for kind in blocks["kinds"]:
                with self.subTest(file=name, kind=kind):
                    descriptor = ternion.Descriptor(kind, **golden_options(blocks))
                    values = descriptor.compute(golden_system(blocks))
                    self.assert_close(values, blocks[kind], 1e-8)
                    self.assertEqual(len(descriptor.labels), values.shape[1])
                    checked.append(kind)
        self.assertGreaterEqual(checked.count("density"), 10)
        self.assertGreaterEqual(checked.count("power_spectrum"), 10)
        self.assertGreaterEqual(checked.count("frames"), 1)
        self.assertGreaterEqual(checked.count("correlations"), 5)
        self.assertGreaterEqual(checked.count("triplets"), 7)

    def test_radial_functions(self):
        """A neighbour along z: the columns m = 0 of its density are R_nl sqrt((2l+1)/4 pi)."""
        for name in golden("descriptors.txt")["radial"]:
            blocks = golden(name)
            density = ternion.Descriptor("density", species=[14], **golden_options(blocks))
            n_max, n_l = blocks["values"].shape[1:]
            degrees = numpy.arange(n_l)
            for r, expected in zip(blocks["r"], blocks["values"]):
                if r == 0:
                    continue  # two atoms at one place are refused
                row = density.compute(ternion.System([14, 14], [[0, 0, 0], [0, 0, r]]))[0].reshape(-1, n_max)
                found = row[degrees**2 + degrees].T / numpy.sqrt((2 * degrees + 1) / (4 * numpy.pi))
                with self.subTest(file=name, r=r):
                    self.assertLessEqual(abs(found - expected).max(), 3e-9)

    def test_rows(self):
        for name in golden("descriptors.txt")["rows"]:
            blocks = golden(name)
            with self.subTest(file=name):
                descriptor = ternion.Descriptor(blocks["kinds"][0], **golden_options(blocks))
                numpy.testing.assert_array_equal(descriptor.rows(golden_system(blocks)), blocks["rows"])
        blocks = golden("frames.txt")
        centers = ternion.Descriptor("density", species=[1, 6, 8], cutoff=3.0).rows(golden_system(blocks))
        numpy.testing.assert_array_equal(centers, [[0, 0], [0, 1], [0, 2], [0, 3]])

    def test_derivatives(self):
        for name in golden("descriptors.txt")["derivatives"]:
            blocks = golden(name)
            for kind in blocks["kinds"]:
                with self.subTest(file=name, kind=kind):
                    self.check_derivatives(kind, blocks)

    def check_derivatives(self, kind, blocks):
        """Jacobian, its products from both sides, all against the golden derivatives."""
        positions, strain = blocks[kind + "_positions"], blocks[kind + "_strain"]
        descriptor, system = ternion.Descriptor(kind, **golden_options(blocks)), golden_system(blocks)
        jacobian = descriptor.jacobian(system)
        dense = numpy.zeros_like(positions)
        for (row, atom), block in zip(jacobian.indices, jacobian.values):
            dense[row, :, atom] = block.T
        self.assert_close(dense, positions, 1e-7)
        self.assert_close(jacobian.strain.transpose(0, 3, 1, 2), strain, 1e-7)
        random = numpy.random.default_rng(5)
        weights = random.normal(size=positions.shape[:2])
        gradient, strain_gradient = descriptor.pullback(system, weights)
        self.assert_close(gradient, numpy.einsum("rf,rfax->ax", weights, positions), 1e-7)
        self.assert_close(strain_gradient, numpy.einsum("rf,rfab->ab", weights, strain), 1e-7)
        direction, turn = random.normal(size=gradient.shape), random.normal(size=(3, 3))
        self.assert_close(descriptor.pushforward(system, direction), numpy.einsum("rfax,ax->rf", positions, direction),
                          1e-7)
        self.assert_close(descriptor.pushforward(system, strain=turn), numpy.einsum("rfab,ab->rf", strain, turn), 1e-7)


class Models(Case):
    def test_predictions(self):
        for name in ("ridge_energies.txt", "ridge_forces.txt", "ridge_virial.txt"):
            blocks = golden(name)
            train = ternion.Dataset(GOLDEN / blocks["train"][0])
            model = ternion.fit("ridge", train, **golden_options(blocks))
            model.save(self.folder / "golden.tern")
            for stage, fitted in (("fitted", model), ("stored", ternion.Model(self.folder / "golden.tern"))):
                for prefix in ("test1_", "test2_"):
                    with self.subTest(file=name, system=prefix, model=stage):
                        self.check_prediction(fitted, blocks, prefix)

    def test_tensors(self):
        for name, order in (("tensor_dipole.txt", 1), ("tensor_response.txt", 2)):
            blocks = golden(name)
            options = golden_options(blocks)
            train = ternion.Dataset(GOLDEN / blocks["train"][0], target=options["target"])
            model = ternion.fit("ridge", train, **options)
            model.save(self.folder / "golden.tern")
            self.assertEqual((f"tensor_{model.target}.txt", model.target_order), (name, order))
            for stage, fitted in (("fitted", model), ("stored", ternion.Model(self.folder / "golden.tern"))):
                for prefix in ("test1_", "test2_"):
                    with self.subTest(file=name, system=prefix, model=stage):
                        values = fitted.predict_tensor(golden_system(blocks, prefix))
                        self.assert_close(values, blocks[prefix + "tensor"], 1e-6)

    def test_stored(self):
        files = golden("models.txt")["files"]
        self.assertGreaterEqual(len(files), 7)
        for name in files:
            blocks = golden(name)
            model = ternion.Model(GOLDEN / blocks["model"][0])
            for prefix in ("test1_", "test2_", "test3_"):
                with self.subTest(file=name, system=prefix):
                    self.check_prediction(model, blocks, prefix)

    def check_prediction(self, model, blocks, prefix):
        system = golden_system(blocks, prefix)
        energy, forces, virial = model.predict(system)
        atoms = model.predict_atoms(system)
        self.assert_close([energy], blocks[prefix + "energy"], 1e-6)
        self.assert_close(forces, blocks[prefix + "forces"], 1e-6)
        self.assert_close(virial, blocks[prefix + "virial"], 1e-6)
        self.assert_close(atoms.energies, blocks[prefix + "atom_energies"], 1e-6)
        self.assert_close(atoms.virials, blocks[prefix + "atom_virials"], 1e-6)


class Errors(Case):
    def test_options(self):
        blocks = golden("errors.txt")
        for key, value, status, says, says_too in zip(*(blocks["option_" + part] for part in (
                "keys", "values", "status", "says", "says_too"))):
            with self.subTest(key=key, value=value), self.assertRaises(ternion.TernionError) as caught:
                ternion.Descriptor("density", **{key: value})
            self.assertEqual(caught.exception.status, status)
            self.assertIsInstance(caught.exception, ValueError)
            self.assertIn(says, str(caught.exception))
            self.assertIn(says_too, str(caught.exception))

    def test_files(self):
        blocks = golden("errors.txt")
        for path, status, says in zip(*(blocks["file_" + part] for part in ("paths", "status", "says"))):
            with self.subTest(path=path), self.assertRaises(ternion.TernionError) as caught:
                ternion.Dataset(GOLDEN / path)
            self.assertEqual(caught.exception.status, status)
            self.assertIsInstance(caught.exception, OSError if status == 3 else ValueError)
            self.assertIn(says, str(caught.exception))


if __name__ == "__main__":
    unittest.main()
