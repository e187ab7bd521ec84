# SPDX-License-Identifier: BSD-3-Clause
"""The demonstration: what must be blind is blind, what sees sees, pictures are drawn, and an interruption loses
nothing."""
import gzip
import json
import os
import signal
import subprocess
import time
import unittest

from program import DATA, PROGRAM, InFolder, lines, run

# Most mean error; that of a training this short tells nothing.
BLIND = {"power_spectrum": 80, "bispectrum": 75, "frames": 75, "all_atoms": 25, "power_spectrum_network": float("inf")}
QUICK = ["--set", "time_limit=4"]
ATOMS = 8


def rows_of(events):
    return {event["name"]: event for event in events if event["event"] == "row"}


class Demo(InFolder):
    def few(self, count):
        """The first structures of the set."""
        data = os.path.join(DATA, "b8_gfn2_8000.extxyz.gz")
        with gzip.open(data, "rt") as whole, open(self.path("few"), "w") as file:
            for _ in range(count * (ATOMS + 2)):
                file.write(whole.readline())
        return ["--data", self.path("few")]

    def drawn(self, *names):
        for name in names:
            with open(self.path(f"demo/{name}.png"), "rb") as picture:
                self.assertEqual(picture.read(8), b"\x89PNG\r\n\x1a\n")

    def test_demo(self):
        events = lines("demo", "-o", self.path("demo"), *self.few(1600), *QUICK)
        rows = rows_of(events)
        for name, mean in BLIND.items():
            self.assertAlmostEqual(rows[name]["delta_percent"], 100, delta=1e-3)
            self.assertLess(rows[name]["agreement"], 1e-9)
            self.assertLess(rows[name]["mean_percent"], mean)
        self.assertNotAlmostEqual(rows["triplet_network"]["delta_percent"], 100, delta=1e-3)
        (pairs,) = [event for event in events if event["event"] == "pairs"]
        self.assertEqual(pairs["same"], 0)
        self.assertGreater(pairs["smallest_rmsd"], 1e-6)
        self.drawn("parity", "errors", "pair")
        for name, blind in (("pair_nu2", True), ("pair_nu3", True), ("pair_frames", False)):
            with open(self.path(f"demo/{name}.txt")) as file:
                most = max(float(line.split()[1]) for line in file if not line.startswith("#"))
            self.assertEqual(most < 1e-10, blind)
        self.assertTrue(os.path.exists(self.path("demo/power_spectrum.tern")))

    def test_interruption(self):
        """Ctrl-C in a training: exit 3, its row and the earlier ones are there, and --go-on fits only what is not."""
        words = ["demo", "-o", self.path("demo"), *self.few(400), "--json"]
        child = subprocess.Popen([PROGRAM, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        log = self.path("demo/power_spectrum_network.log")
        while child.poll() is None and not (os.path.exists(log) and os.path.getsize(log) > 0):
            time.sleep(0.01)
        child.send_signal(signal.SIGINT)
        said, message = child.communicate(timeout=60)
        self.assertEqual(child.returncode, 3, message)
        self.assertIn("--go-on", message)
        rows = rows_of(map(json.loads, said.splitlines()))
        self.assertEqual(set(rows), set(BLIND))
        self.assertEqual([name for name, row in rows.items() if row["ended_early"]], ["power_spectrum_network"])
        with open(self.path("demo/rows.jsonl")) as file:
            self.assertEqual(rows_of(map(json.loads, file)), rows)
        self.drawn("parity", "errors")
        again = rows_of(lines(*words[:-1], *QUICK, "--go-on"))
        self.assertEqual(set(again), set(BLIND) | {"triplet_network"})
        for name in set(BLIND) - {"power_spectrum_network"}:
            self.assertEqual(again[name], rows[name])
        self.assertFalse(again["power_spectrum_network"]["ended_early"])
        with open(self.path("demo/rows.jsonl")) as file:
            self.assertEqual(rows_of(map(json.loads, file)), again)

    def test_full(self):
        """Every row of the published table from very few structures: nothing is learned, but all is drawn."""
        events = lines("demo", "--full", "-o", self.path("demo"), *self.few(32), "--set", "time_limit=2")
        rows = rows_of(events)
        for name, row in rows.items():
            self.assertEqual(row["tested_on"], 4)
            if row["blind"]:
                self.assertAlmostEqual(row["delta_percent"], 100, delta=1e-3)
        for name in ("bispectrum", "nu7", "frames"):
            self.assertIn("published_delta_percent", rows[name])
        self.assertEqual([rows[f"curve_{part}"]["trained_on"] for part in (8, 4, 2, 1)], [2, 6, 14, 28])
        self.assertIn("force_rmse", rows["triplet_forces"])
        self.assertGreater(rows["rebuilt_linear"]["mean_percent"], 0)
        for name in ("rebuilt", "encoded_linear", "encoded_network"):
            self.assertFalse(rows[name]["blind"])
            self.assertTrue(os.path.exists(self.path(f"demo/{name}.tern")))
        self.drawn("errors", "networks", "curves")

    def test_refused(self):
        few = self.few(15)
        result = run("demo", "-o", self.path("demo"), *few)
        self.assertEqual(result.returncode, 1)
        self.assertIn("16 or more", result.stderr)
        result = run("demo", "-o", self.path("demo"), "--set", "cutoff=3")
        self.assertEqual(result.returncode, 2)
        self.assertIn("cutoff", result.stderr)


if __name__ == "__main__":
    unittest.main()
