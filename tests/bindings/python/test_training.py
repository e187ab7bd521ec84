# SPDX-License-Identifier: BSD-3-Clause
"""Networks through the interface: resumed trainings, cancelling, short memory, optimizers, precision, and what
deviations are worth."""
import unittest

import numpy

import ternion
from support import Case, clusters

FEW = {"cutoff": 4.0, "n_max": 4, "l_max": 2, "hidden": [8], "threads": 1}
KINDS = {"network": {"inputs": 20}, "triplet": {"inputs": 20, "tag_products": [2, 2, 2]}}


def predictions(model, dataset):
    return [(energy, forces.tolist()) for energy, forces, _ in model.predict(dataset)]


def rank(values):
    return numpy.argsort(numpy.argsort(values))


class Training(Case):
    def setUp(self):
        super().setUp()
        self.dataset = clusters(40)

    def fit(self, kind, **options):
        return ternion.fit(kind, self.dataset, **{**FEW, **KINDS[kind], **options})

    def stop_in(self, stage, share=0):
        """A progress callback that cancels within a stage, and the list of the stages that it saw."""
        seen = []

        def progress(p):
            seen.append(p.stage)
            return not (p.stage == stage and p.done >= share * p.total)

        return progress, seen

    def test_resume(self):
        """Interrupted at its first step or at a later one and resumed, a training ends in the same bits."""
        for kind in KINDS:
            for optimizer in ("spring", "adam", "lbfgs"):
                with self.subTest(kind=kind, optimizer=optimizer):
                    options = {"optimizer": optimizer, "epochs": 400 if kind == "network" else 100, "validation": 0.2}
                    whole = self.fit(kind, **options)
                    checkpoint = str(self.folder / f"{kind}-{optimizer}")
                    first, _ = self.stop_in("train")
                    part = self.fit(kind, checkpoint=checkpoint, progress=first, **options)
                    self.assertEqual(part.info["report"]["stopped"], "cancelled")
                    self.assertLess(part.info["report"]["steps"], whole.info["report"]["steps"])
                    later, _ = self.stop_in("train", 0.3)
                    self.fit(kind, checkpoint=checkpoint, resume=True, progress=later, **options)
                    resumed = self.fit(kind, checkpoint=checkpoint, resume=True, **options)
                    self.assertEqual(resumed.info["report"]["steps"], whole.info["report"]["steps"])
                    self.assertEqual(predictions(resumed, self.dataset), predictions(whole, self.dataset))

    def test_cancel(self):
        """While features are prepared nothing is made; in the training the best state is a model."""
        for kind in KINDS:
            with self.subTest(kind=kind):
                progress, seen = self.stop_in("train")
                model = self.fit(kind, epochs=100000, progress=progress)
                self.assertEqual(model.info["report"]["stopped"], "cancelled")
                self.assertTrue(numpy.isfinite(model.predict(self.dataset[0].system).energy))
                before = seen[:seen.index("train")]
                self.assertTrue(before)
                for stage in set(before):
                    self.assertRaises(ternion.Cancelled, self.fit, kind, epochs=2, progress=self.stop_in(stage)[0])

    def test_memory(self):
        """Where memory is short, batches, columns and what is stored shrink, and a model comes out; too little is
        refused."""
        for kind in KINDS:
            with self.subTest(kind=kind):
                options = {"epochs": 2, "batch": 40, "uncertainty": "none"}
                plenty = self.fit(kind, **options).info["report"]
                peak = plenty["cost"]["memory_peak"]
                sizes = {(plenty["most_rows"], plenty["stored_directions"])}
                for part in (0.95, 0.9, 0.8, 0.7, 0.6, 0.5):
                    try:
                        model = self.fit(kind, memory_limit=int(part * peak), **options)
                    except ternion.TernionError as error:
                        self.assertIn("memory_limit", str(error))
                        break
                    self.assertLessEqual(model.info["report"]["cost"]["memory_peak"], part * peak)
                    self.assertTrue(numpy.isfinite(model.predict(self.dataset[0].system).energy))
                    enough = part
                    sizes.add((model.info["report"]["most_rows"], model.info["report"]["stored_directions"]))
                self.assertGreater(len(sizes), 1, f"peak {peak}")
                self.assertLessEqual(enough, 0.7)
                self.assertRaisesRegex(ternion.TernionError, "memory", self.fit, kind, memory_limit=20000, **options)

    def test_optimizers(self):
        """Each optimizer learns what is there to learn."""
        spread = numpy.std([frame.energy for frame in self.dataset])
        for optimizer, epochs in (("spring", 50), ("adam", 400), ("lbfgs", 100)):
            model = self.fit("network", optimizer=optimizer, epochs=epochs, directions=6)
            errors = [model.predict(frame.system).energy - frame.energy for frame in self.dataset]
            self.assertLess(numpy.std(errors), 0.5 * spread, optimizer)

    def test_precision(self):
        """Rows in single precision change a model by far less than its errors."""
        options = {"epochs": 20, "precision": "float64"}
        for kind in KINDS:
            exact = self.fit(kind, **options)
            single = self.fit(kind, **{**options, "precision": "float32"})
            first, second = ([m.predict(f.system).energy for f in self.dataset] for m in (exact, single))
            errors = numpy.std([e - f.energy for e, f in zip(first, self.dataset)])
            difference = numpy.abs(numpy.subtract(first, second)).max()
            print(f"{kind}: float32 moves energies by {difference:.2g} eV, errors are {errors:.2g} eV")
            self.assertLess(difference, 0.1 * errors)

    def test_deviations(self):
        """Where deviations of a network are larger, errors are larger, too; new structures are covered."""
        model = self.fit("network", epochs=100, validation=0.3)
        self.assertIn("held-out", model.info["report"]["uncertainty"]["calibration"]["method"])
        wide = [frame for seed, scale in ((5, 0.1), (6, 0.2), (7, 0.3))
                for frame in clusters(20, seed=seed, scale=scale)]
        errors = [abs(model.predict(frame.system).energy - frame.energy) for frame in wide]
        deviations = [model.uncertainty(frame.system).deviation for frame in wide]
        self.assertGreater(numpy.corrcoef(rank(errors), rank(deviations))[0, 1], 0.4)


if __name__ == "__main__":
    unittest.main()
