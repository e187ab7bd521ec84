# SPDX-License-Identifier: BSD-3-Clause
"""What users type: systems, data sets, streams, descriptors, models, comparison, self-description."""

import copy
import pickle
import unittest

import numpy

import ternion
from support import GOLDEN, Case, clusters

DIMER = ([14, 14], [[0, 0, 0], [0, 0, 2.35]])
SMALL = {"cutoff": 4.0, "n_max": 3, "l_max": 2}


class Usage(Case):
    def test_as_documented(self):
        clusters(20).save(self.folder / "train.extxyz")
        train = ternion.Dataset(self.folder / "train.extxyz")
        model = ternion.fit("ridge", train, descriptor="power_spectrum", cutoff=5.0)
        model.save(self.folder / "silicon.tern")
        dimer = ternion.System([14, 14], [[0, 0, 0], [0, 0, 2.35]])
        energy, forces, virial = model.predict(dimer)
        self.assertIsInstance(energy, float)
        self.assertEqual((forces.shape, virial.shape), ((2, 3), (3, 3)))
        frames = ternion.Descriptor("frames", species=[14], cutoff=5.0)
        values = frames.compute(dimer)
        self.assertEqual(values.shape, frames.shape(dimer))
        gradient, strain = frames.pullback(dimer, values)
        self.assertEqual((gradient.shape, strain.shape), ((2, 3), (3, 3)))
        self.assertIs(ternion.compare(dimer, dimer).same, True)
        self.assertEqual(ternion.Model(self.folder / "silicon.tern").predict(dimer).energy, energy)


class Systems(Case):
    def test_gives_back_what_was_put_in(self):
        cell = [[4, 0, 0], [1, 5, 0], [0, 1, 6.5]]
        system = ternion.System([14, 8], [[0, 0, 0], [9, -1, 2]], cell, (True, False, True))
        self.assertEqual((len(system), system.n_owned), (2, 2))
        numpy.testing.assert_array_equal(system.species, [14, 8])
        numpy.testing.assert_array_equal(system.positions, [[0, 0, 0], [9, -1, 2]])
        numpy.testing.assert_array_equal(system.cell, cell)
        numpy.testing.assert_array_equal(system.periodic, [True, False, True])
        for other in (copy.copy(system), copy.deepcopy(system), pickle.loads(pickle.dumps(system))):
            numpy.testing.assert_array_equal(other.positions, system.positions)
            numpy.testing.assert_array_equal(other.periodic, system.periodic)

    def test_empty(self):
        self.assertEqual(len(ternion.System([], [])), 0)

    def test_neighbours_and_pairs(self):
        system = ternion.System([14], [[0, 0, 0]], numpy.eye(3) * 2.0)
        pairs, vectors = system.neighbours(2.1)
        self.assertEqual(len(pairs), 6)
        numpy.testing.assert_allclose(numpy.linalg.norm(vectors, axis=1), 2.0)
        given = ternion.System.from_pairs([14], pairs, vectors, cutoff=2.1)
        descriptor = ternion.Descriptor("power_spectrum", species=[14], cutoff=2.1, n_max=3, l_max=2)
        self.assert_close(descriptor.compute(given), descriptor.compute(system), 1e-13)
        self.assertRaises(ternion.MissingError, lambda: given.positions)
        self.assertRaises(ternion.TernionError, ternion.Descriptor("density", species=[14], cutoff=2.5).compute, given)

    def test_wrong_arguments(self):
        for species, positions, keywords in (
                ([14], [[0, 0, 0], [0, 0, 1]], {}), ([14], [0, 0, 0], {}), ([14.5], [[0, 0, 0]], {}),
                ([0], [[0, 0, 0]], {}), ([14], [[0, 0, numpy.nan]], {}), ([14], [[0, 0, 0]], {"cell": numpy.eye(2)}),
                ([14], [[0, 0, 0]], {"cell": numpy.zeros((3, 3))}),
                ([14], [[0, 0, 0]], {"cell": numpy.eye(3), "periodic": [1]})):
            with self.subTest(species=species, positions=positions, **keywords), self.assertRaises(ValueError):
                ternion.System(species, positions, **keywords)

    def test_a_number_is_no_handle(self):
        descriptor = ternion.Descriptor("density", species=[14])
        self.assertRaises(TypeError, descriptor.compute, 5)
        self.assertRaises(TypeError, descriptor.fit, 5)
        self.assertRaises(TypeError, ternion.fit, "ridge", 5)
        self.assertRaises(TypeError, ternion.compare, ternion.System(*DIMER), 5)
        self.assertRaises(TypeError, ternion.Dataset().append, 5)


class Datasets(Case):
    def test_is_a_sequence(self):
        dataset = clusters(6)
        self.assertEqual(len(dataset), 6)
        self.assertEqual(dataset.counts, (6, 6, 0))
        self.assertEqual([frame.energy for frame in dataset], [dataset[index].energy for index in range(6)])
        self.assertEqual(dataset[-1].energy, dataset[5].energy)
        self.assertEqual([frame.energy for frame in dataset[4:1:-2]], [dataset[4].energy, dataset[2].energy])
        self.assertEqual([frame.energy for frame in dataset[[5, 0]]], [dataset[5].energy, dataset[0].energy])
        self.assertEqual(len(dataset[numpy.array([True, False, False, True, False, False])]), 2)
        self.assertEqual(len(dataset[:0]), 0)
        self.assertRaises(IndexError, lambda: dataset[6])
        self.assertRaises(IndexError, lambda: dataset[[6]])
        self.assertIsNone(dataset[0].virial)

    def test_append_and_files(self):
        virial = numpy.arange(9.0).reshape(3, 3)
        virial += virial.T
        dataset = ternion.Dataset()
        dataset.append(ternion.System(*DIMER, numpy.eye(3) * 9), -1.5, [[0, 0, 1], [0, 0, -1]], virial)
        dataset.append(ternion.System(*DIMER))
        dataset.extend(dataset[:1])
        dataset.save(self.folder / "three.extxyz.gz")
        again = ternion.Dataset(str(self.folder / "three.extxyz.gz"))
        self.assertEqual(again.counts, (2, 2, 2))
        self.assertEqual(again[0].energy, -1.5)
        numpy.testing.assert_array_equal(again[2].forces, [[0, 0, 1], [0, 0, -1]])
        numpy.testing.assert_allclose(again[0].virial, virial, rtol=1e-14)
        self.assertIsNone(again[1].energy)
        self.assertRaises(ValueError, dataset.append, ternion.System(*DIMER), None, [[0, 0, 1]])
        self.assertRaises(ValueError, dataset.append, ternion.System(*DIMER), numpy.inf)

    def test_systems_outlive_their_data_set(self):
        frame = clusters(1)[0]
        self.assertEqual(len(frame.system.positions), 5)

    def test_keys(self):
        (self.folder / "keys.extxyz").write_text('1\nProperties=species:S:1:pos:R:3 dft=-3.5 pbc="F F F"\nSi 0 0 0\n')
        self.assertEqual(ternion.Dataset(self.folder / "keys.extxyz", energy_key="dft")[0].energy, -3.5)
        self.assertIsNone(ternion.Dataset(self.folder / "keys.extxyz")[0].energy)


class Streams(Case):
    def test_round_trip(self):
        dataset, path = clusters(7), self.folder / "stream.extxyz"
        with ternion.Writer(path) as writer:
            for frame in dataset:
                writer.append(frame)
            self.assertFalse(path.exists())
        with ternion.Reader(path, chunk=3) as reader:
            energies = [frame.energy for frame in reader]
            self.assertEqual(len(reader.read(1)), 0)
        self.assert_close(energies, [frame.energy for frame in dataset], 1e-15)
        with ternion.Reader(path) as reader:
            self.assertEqual([len(reader.read(5)), len(reader.read(5))], [5, 2])

    def test_an_exception_leaves_nothing(self):
        with self.assertRaises(KeyError), ternion.Writer(self.folder / "half.extxyz") as writer:
            writer.append(ternion.System(*DIMER), energy=1.0)
            raise KeyError
        self.assertEqual(list(self.folder.iterdir()), [])

    def test_closed_handles_are_refused(self):
        clusters(1).save(self.folder / "one.extxyz")
        reader = ternion.Reader(self.folder / "one.extxyz")
        reader.close()
        reader.close()
        self.assertRaises(ternion.ArgumentError, reader.read, 1)


class Descriptors(Case):
    def test_fit_save_load(self):
        dataset = clusters(3)
        system = dataset[0].system
        descriptor = ternion.Descriptor("power_spectrum", **SMALL)
        self.assertRaises(ternion.TernionError, descriptor.compute, system)
        self.assertIs(descriptor.fit(dataset), descriptor)
        descriptor.save(self.folder / "d.tern")
        again = ternion.Descriptor(self.folder / "d.tern")
        numpy.testing.assert_array_equal(again.compute(system), descriptor.compute(system))
        numpy.testing.assert_array_equal(ternion.Descriptor(str(self.folder / "d.tern")).compute(system),
                                         again.compute(system))
        self.assertEqual(again.info["kind"], "power_spectrum")
        self.assertEqual(len(again.labels), again.shape(system)[1])
        self.assertEqual(ternion.info(self.folder / "d.tern")["what"], "descriptor")

    def test_options_of_every_type(self):
        system = clusters(1)[0].system
        one = ternion.Descriptor("density", species=[14], centers=[0, 2], **SMALL)
        for species, centers in (("Si", "0,2"), (numpy.array([14]), numpy.array([0, 2], numpy.int32)),
                                 (("Si",), (0, 2)), ([14], range(0, 3, 2)), (14, ["0", "2"])):
            other = ternion.Descriptor("density", species=species, centers=centers, threads=None, **SMALL)
            numpy.testing.assert_array_equal(other.compute(system), one.compute(system))
        for key, value in (("cutoff", {14: "x"}), ("cutoff", object()), ("cutoff", [[1.0]]), ("cut\0off", 1)):
            with self.subTest(key=key, value=value), self.assertRaises((ValueError, TypeError)):
                ternion.Descriptor("density", **{key: value})

    def test_memory_is_used_in_place(self):
        system = clusters(1)[0].system
        descriptor = ternion.Descriptor("power_spectrum", species=[14], **SMALL)
        values = numpy.full(descriptor.shape(system), numpy.nan)
        self.assertIs(descriptor.compute(system, out=values), values)
        numpy.testing.assert_array_equal(values, descriptor.compute(system))
        for wrong in (values.T, values[:, ::2], values.astype(numpy.float32), values[:-1].copy(), values.tolist()):
            self.assertRaises(ValueError, descriptor.compute, system, out=wrong)
        self.assertRaises(ValueError, descriptor.pullback, system, values[:-1])

    def test_write(self):
        dataset = clusters(3)
        descriptor = ternion.Descriptor("power_spectrum", species=[14], **SMALL)
        descriptor.write(dataset, self.folder / "values.npy")
        expected = numpy.concatenate([descriptor.compute(frame.system) for frame in dataset])
        numpy.testing.assert_array_equal(numpy.load(self.folder / "values.npy"), expected)


class Ranges(Case):
    """Some centres at a time, weights of rows, and what a descriptor sees."""

    def setUp(self):
        super().setUp()
        self.system = clusters(1)[0].system
        self.frames = ternion.Descriptor("frames", species=[14], tag_cutoff=3.5, tag_width=2.0, **SMALL)

    def test_parts_are_those_of_the_whole(self):
        system, frames = self.system, self.frames
        values, count = frames.compute(system), frames.centers(system)
        self.assertEqual(count, len(system))
        weights = numpy.random.default_rng(1).random(values.shape)
        gradient, strain, pushed, at = 0, 0, frames.pushforward(system, numpy.ones((len(system), 3)) * [1, 2, 3]), 0
        for centers in (range(0, 2), slice(2, None)):
            rows = frames.shape(system, centers)[0]
            part = slice(at, at + rows)
            at += rows
            numpy.testing.assert_array_equal(frames.compute(system, centers=centers), values[part])
            numpy.testing.assert_array_equal(frames.rows(system, centers), frames.rows(system)[part])
            numpy.testing.assert_array_equal(frames.weights(system, centers), frames.weights(system)[part])
            some, some_strain = frames.pullback(system, weights[part], centers)
            gradient, strain = gradient + some, strain + some_strain
            numpy.testing.assert_array_equal(
                frames.pushforward(system, numpy.ones((len(system), 3)) * [1, 2, 3], centers=centers), pushed[part])
            jacobian, whole = frames.jacobian(system, centers), frames.jacobian(system)
            chosen = (whole.indices[:, 0] >= part.start) & (whole.indices[:, 0] < part.stop)
            numpy.testing.assert_array_equal(jacobian.indices + [part.start, 0], whole.indices[chosen])
            numpy.testing.assert_array_equal(jacobian.values, whole.values[chosen])
            numpy.testing.assert_array_equal(jacobian.strain, whole.strain[part])
        self.assertEqual(at, len(values))
        whole, whole_strain = frames.pullback(system, weights)
        self.assert_close(gradient, whole, 1e-12)
        self.assert_close(strain, whole_strain, 1e-12)

    def test_refusals(self):
        for centers, words in ((range(9, 10), "valid are 0 to"), (range(2, 99), "'n_centers'"),
                               ([0, 2], "range(0, 100)"), (range(0, 4, 2), "range(0, 100)")):
            with self.assertRaisesRegex(ValueError, words.replace("(", r"\(").replace(")", r"\)")):
                self.frames.compute(self.system, centers=centers)
        limited = ternion.Descriptor("frames", species=[14], memory_limit=1000, **SMALL)
        with self.assertRaisesRegex(MemoryError, "ranges of centres"):
            limited.compute(self.system)

    def test_weights_have_exact_slopes(self):
        frames, species, positions = self.frames, self.system.species, self.system.positions
        slopes = numpy.random.default_rng(2).random(frames.shape(self.system)[0])
        gradient, strain = frames.weights_pullback(self.system, slopes)
        self.assertEqual(strain.shape, (3, 3))
        for atom, axis in ((0, 0), (3, 2)):
            sums = []
            for step in (-1e-5, 1e-5):
                moved = positions.copy()
                moved[atom, axis] += step
                sums.append(slopes @ frames.weights(ternion.System(species, moved)))
            self.assertAlmostEqual(gradient[atom, axis], (sums[1] - sums[0]) / 2e-5, 7)
        plain = ternion.Descriptor("density", species=[14], **SMALL)
        numpy.testing.assert_array_equal(plain.weights(self.system), numpy.ones(len(self.system)))
        self.assertRaises(ValueError, frames.weights_pullback, self.system, slopes[1:])

    def test_sensitivity(self):
        seen = ternion.sensitivity(self.frames, self.system)
        self.assertEqual((len(seen.singular_values), seen.seen, seen.vectors.shape), (9, 9, (9, 5, 3)))
        for value, vector in zip(seen.singular_values, seen.vectors):
            self.assertAlmostEqual(numpy.linalg.norm(self.frames.pushforward(self.system, vector)), value, 10)
        flat = ternion.System([14] * 4, [[0, 0, 0], [2, 0.1, 0], [0.2, 2.4, 0], [2.2, 2.1, 0]])
        power = ternion.Descriptor("power_spectrum", species=[14], **SMALL)
        blind = ternion.sensitivity(power, flat)
        self.assertEqual((len(blind.singular_values), blind.seen), (6, 5))
        numpy.testing.assert_allclose(blind.vectors[5][:, :2], 0, atol=1e-9)
        self.assertEqual(len(ternion.sensitivity(power, flat, center=1).singular_values), 6)
        self.assertLess(ternion.sensitivity(power, flat, threshold=0.9).seen, 5)
        self.assertRaises(ternion.Cancelled, ternion.sensitivity, power, flat, progress=lambda p: False)
        self.assertRaises(ValueError, ternion.sensitivity, power, flat, center=4)
        self.assertRaises(ValueError, ternion.sensitivity, power, flat, center=-1)


class Models(Case):
    def test_predictions(self):
        dataset = clusters(25)
        model = ternion.fit("ridge", dataset, e0={"Si": 0.0}, **SMALL)
        system = dataset[0].system
        energy, forces, virial = model.predict(system)
        atoms = model.predict_atoms(system)
        self.assertAlmostEqual(atoms.energies.sum(), energy, 10)
        self.assert_close(atoms.virials.sum(axis=0), virial, 1e-10)
        self.assertEqual(model.predict(system, forces=False, virial=False), (energy, None, None))
        self.assertEqual(model.info["kind"], "ridge")
        deviation, scores = model.uncertainty(system)
        self.assertGreater(deviation, 0)
        self.assertAlmostEqual(max(model.uncertainty(frame.system).scores.max() for frame in dataset), 1, 9)
        self.assertEqual(scores.shape, (system.n_owned,))
        self.assertEqual(model.distance_ratios(system).tolist(), [1] * system.n_owned)
        near = model.distance_ratios(ternion.System([14, 14], [[0, 0, 0], [0, 0, 1.0]]))
        self.assertTrue((near < 0.7).all() and near.shape == (2,))
        unsure = ternion.fit("ridge", dataset, uncertainty="none", **SMALL)
        self.assertRaisesRegex(ternion.TernionError, "uncertainty", unsure.uncertainty, system)
        self.assertEqual([prediction.energy for prediction in model.predict(dataset[:2])],
                         [energy, model.predict(dataset[1].system).energy])
        errors = [model.predict(frame.system).energy - frame.energy for frame in dataset]
        self.assertLess(numpy.std(errors), 0.3 * numpy.std([frame.energy for frame in dataset]))

    def test_refusals(self):
        dataset = clusters(4)
        self.assertRaises(ternion.OptionError, ternion.fit, "ridge", dataset, cutof=5.0)
        self.assertRaises(ternion.TernionError, ternion.fit, "rigde", dataset)
        self.assertRaises(ternion.DataError, ternion.fit, "ridge", ternion.Dataset())
        self.assertRaises(OSError, ternion.Model, self.folder / "none.tern")
        model = ternion.fit("ridge", dataset, **SMALL)
        with self.assertRaises(ternion.DataError) as caught:
            model.predict(ternion.System([14, 8], DIMER[1]))
        self.assertIn("O", str(caught.exception))
        self.assertRaises(OSError, model.save, self.folder / "no" / "such.tern")
        self.assertRaises(TypeError, copy.copy, model)
        self.assertRaises(TypeError, pickle.dumps, model)

    def test_memory_limit(self):
        with self.assertRaises(MemoryError) as caught:
            ternion.fit("ridge", clusters(4), memory_limit=1000, **SMALL)
        self.assertRegex(str(caught.exception), r"\d+")


class Analysis(Case):
    def test_compare(self):
        random = numpy.random.default_rng(3)
        positions = random.normal(size=(6, 3)) * 2
        rotation = numpy.linalg.qr(random.normal(size=(3, 3)))[0]
        rotation *= -numpy.sign(numpy.linalg.det(rotation))  # with a reflection
        order = random.permutation(6)
        first = ternion.System([1, 6, 6, 1, 8, 1], positions)
        second = ternion.System(first.species[order], positions[order] @ rotation.T + 5.0)
        found = ternion.compare(first, second)
        self.assertTrue(found.same)
        self.assertLess(found.rmsd, 1e-6)
        moved = second.positions - second.positions.mean(axis=0)
        self.assert_close((moved @ found.rotation.T)[found.permutation], positions - positions.mean(axis=0), 1e-6)
        self.assertFalse(ternion.compare(first, second, group="so3").same)
        self.assertFalse(ternion.compare(first, ternion.System([1] * 6, positions)).same)
        self.assertRaises(ternion.OptionError, ternion.compare, first, second, group="o4")

    def test_self_description(self):
        names = [option.name for option in ternion.options("ridge")]
        self.assertIn("regularization", names)
        self.assertIn("cutoff", [option.name for option in ternion.options("power_spectrum")])
        self.assertIn("energy_key", [option.name for option in ternion.options("dataset")])
        self.assertGreater(len(ternion.options()), len(names))
        self.assertRaises(ternion.TernionError, ternion.options, "rigde")
        self.assertIn(("ridge", "model"), [kind[:2] for kind in ternion.kinds()])
        self.assertEqual(ternion.info()["release"], ternion.version())
        self.assertEqual(ternion.info(GOLDEN / "ridge_train.extxyz")["structures"], 12)


class Tensors(Case):
    def test_tensors_of_structures(self):
        data = ternion.Dataset(GOLDEN / "ridge_train.extxyz")
        tensor = numpy.arange(9.0).reshape(3, 3)
        for index, frame in enumerate(data):
            data.set_tensor(index, "dipole", frame.system.positions.sum(axis=0))
        data.set_tensor(-1, "response", tensor)
        self.assertEqual(data.tensors(-1), ["dipole", "response"])
        numpy.testing.assert_array_equal(data.tensor(11, "response"), tensor)
        self.assertRaises(ternion.MissingError, data.tensor, 0, "response")
        self.assertRaises(ValueError, data.set_tensor, 0, "dipole", numpy.zeros(4))
        data.set_tensor(0, "number", 2.5)
        self.assertEqual((data.tensor(0, "number").shape, float(data.tensor(0, "number"))), ((), 2.5))
        model = ternion.fit("kernel", data, target="dipole", nu_max=2, points=20, **SMALL)
        self.assertEqual((model.target, model.target_order), ("dipole", 1))
        self.assertEqual(model.predict_tensor(data[0].system).shape, (3,))
        self.assertRaises(ternion.MissingError, model.predict, data[0].system)
        energies = ternion.fit("ridge", data, **SMALL)
        self.assertEqual((energies.target, energies.target_order), ("energy", -1))
        self.assertRaises(ternion.MissingError, energies.predict_tensor, data[0].system)


class Vectors(Case):
    def test_vectors_of_atoms(self):
        data = ternion.Dataset(GOLDEN / "ridge_train.extxyz")
        for index, frame in enumerate(data):
            data.set_vectors(index, "shape", frame.system.positions[:, :2] ** 2)
        system = data[2].system
        self.assertEqual(data.vector_names(-1), ["shape"])
        numpy.testing.assert_array_equal(data.vectors(2, "shape"), system.positions[:, :2] ** 2)
        self.assertRaises(ternion.MissingError, data.vectors, 2, "other")
        self.assertRaises(ValueError, data.set_vectors, 2, "shape", numpy.zeros((1, 2)))
        data.save(self.folder / "shapes.extxyz")
        again = ternion.Dataset(self.folder / "shapes.extxyz", target="shape")
        numpy.testing.assert_array_equal(again.vectors(2, "shape"), data.vectors(2, "shape"))
        model = ternion.fit("triplet", again, target="shape", epochs=2, hidden=[4], **SMALL)
        self.assertEqual(model.vectors, "shape")
        centers, values = model.predict_vectors(system)
        numpy.testing.assert_array_equal(centers, numpy.arange(len(system)))
        learned = ternion.Descriptor.from_model(model)
        numpy.testing.assert_array_equal(learned.compute(system), values)
        self.assertEqual(learned.labels[1]["number"], 1)
        self.assertRaises(ternion.MissingError, model.predict, system)
        model.save(self.folder / "shapes.tern")
        energies = ternion.fit("ridge", data, descriptor="learned", learned=self.folder / "shapes.tern")
        self.assertIsNone(energies.vectors)
        self.assertRaises(ternion.DataError, ternion.Descriptor.from_model, energies)


if __name__ == "__main__":
    unittest.main()
