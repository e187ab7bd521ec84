# SPDX-License-Identifier: BSD-3-Clause
"""Tensors as targets, through the program."""
import os
import unittest

from program import CLUSTERS, DATA, InFolder, lines, run

GOLDEN = os.path.join(DATA, "..", "golden", "tensor_train.extxyz")
RESPONSE = ["--set", "target=response", "--set", "cutoff=3", "--set", "n_max=2", "--set", "l_max=2",
            "--set", "nu_max=2"]


class Tensors(InFolder):
    def setUp(self):
        super().setUp()
        self.model, self.out = self.path("response.tern"), self.path("out.extxyz")

    def test_fit_and_predict(self):
        fitted = lines("fit", GOLDEN, "--model", "ridge", *RESPONSE, "-o", self.model)
        self.assertEqual(fitted[0]["model"]["target"], {"name": "response", "order": 2})
        measured = fitted[-1]["tensor"]
        self.assertEqual((measured["name"], measured["order"], measured["count"]), ("response", 2, 16 * 9))
        self.assertAlmostEqual(measured["rmse_percent"], 100 * measured["rmse"] / measured["standard_deviation"], 4)
        predicted = lines("predict", self.model, GOLDEN, "-o", self.out)
        self.assertEqual(len(predicted[0]["tensor"]), 9)
        self.assertEqual(predicted[-1]["tensor"], measured)
        self.assertLess(lines("predict", self.model, self.out)[-1]["tensor"]["rmse"], 1e-14)
        self.assertIn("of the standard deviation", run("predict", self.model, GOLDEN).stdout)

    def test_pictures(self):
        lines("fit", GOLDEN, "--model", "ridge", *RESPONSE, "-o", self.model)
        lines("predict", self.model, GOLDEN, "-o", self.out)
        picture = self.path("parity.svg")
        errors = lines("plot", "parity", self.model, GOLDEN, "-o", picture)[0]["tensor"]
        with open(picture) as file:
            text = file.read()
        for title in ("48 components with equal indices", "96 components with different indices", "reference response"):
            self.assertIn(title, text)
        of_files = lines("plot", "parity", self.out, GOLDEN, "--set", "target=response", "-o", picture)[0]["tensor"]
        self.assertAlmostEqual(of_files["rmse"], errors["rmse"], 12)
        self.refused(1, "plot", "parity", self.out, GOLDEN, "--set", "target=dipole", "-o", picture,
                     say=("frame 0", "'dipole'"))
        with open(self.path("bare.extxyz"), "w") as file:
            file.write("2\n\nC 0 0 0\nH 1.1 0 0\n")
        self.refused(1, "plot", "parity", self.model, self.path("bare.extxyz"), "-o", picture, say=("no 'response'",))
        self.refused(1, "plot", "pairs", self.model, GOLDEN, "-o", picture, say=("pair",))

    def test_read_by_ase(self):
        import ase.io
        lines("fit", GOLDEN, "--model", "ridge", *RESPONSE, "-o", self.model)
        predicted = lines("predict", self.model, GOLDEN, "-o", self.out)
        for frame, atoms in zip(predicted, ase.io.read(self.out, ":")):
            for number, expected in zip(atoms.info["response"].flat, frame["tensor"]):
                self.assertAlmostEqual(number, expected, 14)

    def test_energies_are_not_there(self):
        lines("fit", GOLDEN, "--model", "ridge", *RESPONSE, "-o", self.model)
        for word in ("--uncertainty", "--atoms"):
            self.refused(1, "predict", self.model, GOLDEN, word, "-o", self.out, say=(word, "'response'"))

    def test_shipped_settings(self):
        fitted = lines("fit", GOLDEN, "--settings", "tensor", "--set", "target=dipole", "-o", self.model)
        self.assertEqual(fitted[0]["model"]["kind"], "kernel")
        self.assertLess(fitted[-1]["tensor"]["rmse_percent"], 50)

    def test_failures(self):
        self.refused(1, "fit", CLUSTERS, "--model", "ridge", *RESPONSE, "-o", self.model, say=["response"])
        self.refused(1, "fit", GOLDEN, "--model", "triplet", "--set", "target=dipole", "-o", self.model,
                     say=["triplet"])


if __name__ == "__main__":
    unittest.main()
