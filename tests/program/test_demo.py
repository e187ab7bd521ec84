# SPDX-License-Identifier: BSD-3-Clause
"""The demonstration: what must be blind is blind, and the picture is drawn."""
import os
import unittest

from program import InFolder, lines

BLIND = {"power_spectrum": 80, "bispectrum": 55, "frames": 55, "all_atoms": 25}  # and at most this mean error


class Demo(InFolder):
    def test_demo(self):
        events = lines("demo", "-o", self.path("demo"))
        rows = {event["name"]: event for event in events if event["event"] == "row"}
        for name, mean in BLIND.items():
            self.assertAlmostEqual(rows[name]["delta_percent"], 100, delta=2)
            self.assertLess(rows[name]["agreement"], 1e-9)
            self.assertLess(rows[name]["mean_percent"], mean)
        (pairs,) = [event for event in events if event["event"] == "pairs"]
        self.assertEqual(pairs["same"], 0)
        self.assertGreater(pairs["smallest_rmsd"], 1e-6)
        for name in ("parity", "pair"):
            with open(self.path(f"demo/{name}.png"), "rb") as picture:
                self.assertEqual(picture.read(8), b"\x89PNG\r\n\x1a\n")
        for name, blind in (("pair_nu2", True), ("pair_nu3", True), ("pair_frames", False)):
            with open(self.path(f"demo/{name}.txt")) as file:
                most = max(float(line.split()[1]) for line in file if not line.startswith("#"))
            self.assertEqual(most < 1e-10, blind)
        self.assertTrue(os.path.exists(self.path("demo/power_spectrum.tern")))


if __name__ == "__main__":
    unittest.main()
