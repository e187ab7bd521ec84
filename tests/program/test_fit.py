# SPDX-License-Identifier: BSD-3-Clause
"""What `ternion fit` shows while it trains and at its end, and trainings that go on from their checkpoint."""
import os
import pty
import subprocess
import unittest

from program import CLUSTERS, PROGRAM, SMALL, InFolder, lines, run

NETWORK = ["--model", "network", *SMALL, "--set", "hidden=8", "--set", "inputs=20", "--set", "validation=0.2"]


class Fit(InFolder):
    def on_terminal(self, *words):
        """What a call writes to a terminal behind its stderr, and to stdout."""
        ours, theirs = pty.openpty()
        child = subprocess.Popen([PROGRAM, *words], stderr=theirs, stdout=subprocess.PIPE, text=True)
        os.close(theirs)
        shown = b""
        try:
            while True:
                piece = os.read(ours, 4096)
                if not piece:
                    break
                shown += piece
        except OSError:  # the other end is closed
            pass
        os.close(ours)
        said, _ = child.communicate(timeout=60)
        self.assertEqual(child.returncode, 0)
        return shown.decode(), said

    def test_live_line(self):
        """On a terminal one line is rewritten; it tells time, step, loss and the errors of held-out structures."""
        shown, said = self.on_terminal("fit", CLUSTERS, *NETWORK, "--set", "time_limit=3", "-o", self.path("m"))
        trained = [line for line in shown.split("\r") if "train " in line and "step" in line]
        self.assertTrue(trained, shown)
        last = trained[-1]
        for word in ("%", "step ", "loss ", "E ", "meV/atom", "F "):
            self.assertIn(word, last)
        self.assertTrue(any(" left " in line for line in trained), shown)
        self.assertTrue(all(len(line.replace("\x1b[K", "").rstrip("\n")) <= 79 for line in trained))
        self.assertIn("held-out structures", said)
        self.assertIn("of the errors of unseen structures within 1", said)
        for word in ("training set", "energy per atom", "forces"):
            self.assertIn(word, said)

    def test_held_out(self):
        """The errors of structures that were held out, for every kind of model."""
        for words in (["--model", "ridge", *SMALL, "--set", "validation=0.2"],
                      ["--model", "kernel", *SMALL, "--set", "validation=0.2"], [*NETWORK, "--set", "epochs=2"]):
            said = run("fit", CLUSTERS, *words, "-o", self.path("m")).stdout
            table = said[said.index("\nheld-out structures") + 1:].splitlines()
            report = lines("info", self.path("m"))[0]["report"]
            for row, name, factor in ((table[1], "energy_per_atom", 1000), (table[2], "forces", 1)):
                errors = report["held_out"][name]
                self.assertEqual(row.split()[-4:-1], [f"{x:.6g}" for x in (
                    errors["count"], factor * errors["mae"], factor * errors["rmse"])])
            self.assertEqual(report["held_out"]["energy_per_atom"]["count"], 8)

    def test_no_terminal(self):
        """What is soon done says nothing on a stderr that is no terminal."""
        said = run("fit", CLUSTERS, *NETWORK, "--set", "epochs=2", "-o", self.path("m"))
        self.assertEqual((said.returncode, said.stderr), (0, ""))

    def test_log_that_is_asked_for(self):
        log = self.path("log.jsonl")
        lines("fit", CLUSTERS, *NETWORK, "--set", "epochs=3", "--set", "log=" + log, "-o", self.path("m"))
        with open(log) as file:
            self.assertIn('"step": 1', file.readline())
        self.assertNotIn("log.jsonl", run("info", self.path("m")).stdout)

    def test_output_is_tried_first(self):
        """A model that could not be saved, or a checkpoint, is said before the training."""
        for words in (["-o", "/nowhere/model.tern"],
                      ["-o", self.path("m"), "--set", "checkpoint=/nowhere/training"]):
            self.refused(1, "fit", CLUSTERS, *NETWORK, "--set", "epochs=1", "--set", "log=" + self.path("log"), *words,
                         say=["/nowhere/"])

    def test_resume(self):
        """A training that is ended and goes on gives the same model as one that is not, to the last bit."""
        def energies(*words):
            done = run("fit", CLUSTERS, *NETWORK, "--set", "threads=1", *words, "-o", self.path("m"), "--quiet")
            self.assertIn(done.returncode, (0, 3))
            events = lines("predict", self.path("m"), CLUSTERS)
            return [event["energy"] for event in events if event["event"] == "frame"]

        for optimizer in ("spring", "adam", "lbfgs"):
            with self.subTest(optimizer=optimizer):
                checkpoint = self.path(optimizer)
                common = ["--set", "optimizer=" + optimizer, "--set", "epochs=60"]
                whole = energies(*common)
                words = [PROGRAM, "fit", CLUSTERS, *NETWORK, "--set", "threads=1", *common,
                         "--set", "checkpoint=" + checkpoint, "--set", "log=" + self.path("log"),
                         "-o", self.path("part"), "--quiet"]
                child = subprocess.Popen(words, stderr=subprocess.PIPE)
                while child.poll() is None and not (os.path.exists(self.path("log"))
                                                    and os.path.getsize(self.path("log")) > 500):
                    pass
                child.send_signal(2)
                child.communicate(timeout=60)
                self.assertIn(child.returncode, (0, 3))
                os.remove(self.path("log"))
                self.assertEqual(energies(*common, "--resume", checkpoint), whole)


if __name__ == "__main__":
    unittest.main()
