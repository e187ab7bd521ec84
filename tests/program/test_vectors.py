# SPDX-License-Identifier: BSD-3-Clause
"""Vectors of atoms as targets, and models of them as descriptors, through the program."""
import math
import os
import unittest

from program import InFolder, lines, run

SHAPE = ["--set", "cutoff=3", "--set", "n_max=3", "--set", "l_max=2", "--set", "hidden=8", "--set", "epochs=60"]


def structures(count, width=3):
    """Clusters of four atoms with a vector each that depends on distances, energies that depend on the vectors."""
    text = []
    for k in range(count):
        places = [(0, 0, 0), (1.2 + 0.1 * math.sin(k), 0, 0), (0, 1.3 + 0.1 * math.cos(2 * k), 0),
                  (0.3, 0.4, 1.1 + 0.1 * math.sin(3 * k))]
        vectors = [[sum(math.exp(-math.dist(a, b) * (1 + w)) for b in places if b != a) for w in range(width)]
                   for a in places]
        energy = sum(v[0] - 2 * v[1] for v in vectors)
        text.append(f"4\nProperties=species:S:1:pos:R:3:shape:R:{width} energy={energy:.12f}\n")
        for place, vector in zip(places, vectors):
            text.append("C " + " ".join(f"{x:.12f}" for x in (*place, *vector)) + "\n")
    return "".join(text)


class Vectors(InFolder):
    def setUp(self):
        super().setUp()
        self.data, self.model, self.out = self.path("data.extxyz"), self.path("shape.tern"), self.path("out.extxyz")
        with open(self.data, "w") as file:
            file.write(structures(30))

    def test_fit_predict_and_energies_on_top(self):
        fitted = lines("fit", self.data, "--model", "triplet", "--set", "target=shape", *SHAPE, "-o", self.model)
        self.assertEqual(fitted[0]["model"]["vectors"], "shape")
        self.assertLess(fitted[1]["vectors"]["relative_percent"], 50)
        *frames, errors = lines("predict", self.model, self.data, "--pairs", "-o", self.out)
        self.assertEqual((len(frames), frames[7]["centers"]), (30, [0, 1, 2, 3]))
        squares = [(x - y) ** 2 for frame in frames for a, b in zip(frame["vectors"], frame["reference"])
                   for x, y in zip(a, b)]
        self.assertAlmostEqual(errors["vectors"]["rmse"], math.sqrt(sum(squares) / len(squares)), 10)
        self.assertEqual(errors["vectors"]["count"], 120)
        self.assertAlmostEqual(errors["vectors"]["rmse"], fitted[1]["vectors"]["rmse"], 10)
        self.assertIn("delta_percent", errors)
        with open(self.out) as file:
            self.assertIn("shape:R:3", file.read())
        repeated = lines("predict", self.model, self.out)[-1]  # what it wrote is what it predicts
        self.assertLess(repeated["vectors"]["rmse"], 1e-14)
        energies = self.path("energy.tern")
        on_top = lines("fit", self.data, "--model", "ridge", "--set", "descriptor=learned", "--set",
                       f"learned={self.model}", "-o", energies)
        drawn = lines("plot", "parity", self.model, self.data, "-o", self.path("parity.svg"))
        self.assertAlmostEqual(drawn[0]["vectors"]["rmse"], errors["vectors"]["rmse"], 10)
        for word in ("--uncertainty", "--atoms"):
            self.refused(1, "predict", self.model, self.data, word, "-o", self.path("none"), say=(word, "'shape'"))
        with open(self.path("narrow.extxyz"), "w") as file:
            file.write(structures(2, width=2))
        self.refused(1, "predict", self.model, self.path("narrow.extxyz"), say=("frame 0", "2 numbers", "predicts 3"))
        os.remove(self.model)  # it is kept within the other one
        self.assertAlmostEqual(lines("predict", energies, self.data)[-1]["energy"]["rmse"], on_top[1]["energy"]["rmse"],
                               10)


    def test_table(self):
        said = run("fit", self.data, "--model", "triplet", "--set", "target=shape", "--set", "validation=0.2", *SHAPE,
                   "-o", self.model).stdout
        self.assertRegex(said, "held-out structures: shape, RMSE .* % of the standard deviation")
        table = run("predict", self.model, self.data).stdout.splitlines()
        self.assertEqual(len(table), 1 + 30 * 4 + 3)
        self.assertIn("of the standard deviation", table[-1])

    def test_refused(self):
        with open(self.path("mixed.extxyz"), "w") as file:
            file.write(structures(2) + structures(1, width=2))
        with open(self.path("gap.extxyz"), "w") as file:
            file.write(structures(2) + "1\n\nC 0 0 0\n")
        fit = ["--model", "triplet", *SHAPE, "-o", self.model]
        self.refused(1, "fit", self.path("mixed.extxyz"), "--set", "target=shape", *fit,
                     say=("structure 2", "2 numbers", "structure 0 of 3"))
        self.refused(1, "fit", self.path("gap.extxyz"), "--set", "target=shape", *fit,
                     say=("structure 2 has no vectors 'shape'",))
        self.refused(1, "fit", self.data, "--set", "target=other", *fit, say=("'other'",))
        self.refused(1, "fit", self.data, "--model", "ridge", "--set", "target=shape", "-o", self.model,
                     say=("network and triplet",))


if __name__ == "__main__":
    unittest.main()
