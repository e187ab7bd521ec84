# SPDX-License-Identifier: BSD-3-Clause
"""Data and options that cannot be right: what `ternion fit` and `predict` say of them."""
import json
import os
import re
import unittest

from program import CLUSTERS, InFolder, run

GOLDEN = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "golden", "ridge_train.extxyz")
TINY = ["--set", "cutoff=3", "--set", "n_max=2", "--set", "l_max=2", "--set", "sigma=0.4"]
NETWORK = [*TINY, "--set", "epochs=2", "--set", "hidden=4,3"]
KINDS = {"ridge": TINY, "kernel": TINY, "network": NETWORK, "triplet": NETWORK, "ridge+triplet": NETWORK}


def frames():
    """Texts of the structures."""
    with open(GOLDEN) as file:
        words = file.read().splitlines(keepends=True)
    found = []
    while words:
        end = int(words[0]) + 2
        found.append("".join(words[:end]))
        words = words[end:]
    return found


class BadInput(InFolder):
    def write(self, texts, name="train.extxyz"):
        with open(self.path(name), "w") as file:
            file.writelines(texts)
        return self.path(name)

    def fit(self, kind, path, *more):
        """The arguments of a fit that says nothing but warnings."""
        return ["fit", path, "--model", kind, *KINDS[kind], *more, "--quiet", "-o", self.path("model.tern")]

    def warned(self, *words):
        result = run(*words)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(result.stdout, "")
        return result.stderr

    def test_outlier(self):
        texts = frames()
        texts[3] = re.sub(r"energy=\S+", "energy=1e6", texts[3])
        path = self.write(texts)
        line = sum(text.count("\n") for text in texts[:3]) + 1
        for kind in KINDS:
            said = self.warned(*self.fit(kind, path))
            self.assertIn(f"warning: structure 3 ({path}:{line}): its energy, 1000000 eV, is ", said)
            self.assertIn("leave the structure out", said)
            report = json.loads(run("info", self.path("model.tern"), "--json").stdout.splitlines()[0])
            self.assertEqual(self.find(report, "outliers"), 1)
            self.assertEqual(self.warned(*self.fit(kind, self.write(frames(), "good.extxyz"))), "")

    def find(self, value, key):
        """The first member of that name, however deep."""
        if isinstance(value, dict):
            values = [value[key]] if key in value else [self.find(member, key) for member in value.values()]
            return next((found for found in values if found is not None), None)
        return None

    def test_duplicates(self):
        texts = frames()
        path = self.write(texts + [texts[2], texts[5]])
        line = sum(map(len, [text.splitlines() for text in texts])) + 1
        for kind in KINDS:
            said = self.warned(*self.fit(kind, path))
            self.assertIn("warning: 2 structures occur before", said)
            self.assertIn(f"structure 12 ({path}:{line}) and structure 2 ({path}:", said)

    def test_single(self):
        path = self.write(frames()[:1])
        for kind in KINDS:
            self.assertIn("warning: there is one structure only", self.warned(*self.fit(kind, path)))
            os.remove(self.path("model.tern"))
            self.refused(1, *self.fit(kind, path, "--set", "validation=0.1"),
                         say=["validation", "1 structures", "set it to 0"])

    def test_no_energies(self):
        path = self.write([re.sub(r" energy=\S+", "", text) for text in frames()])
        for kind in KINDS:
            self.assertIn("warning: no structure has an energy", self.warned(*self.fit(kind, path)))

    def test_left_out(self):
        texts = frames()
        texts[4] = re.sub(r"( energy=\S+|:forces:R:3| virial=\"[^\"]*\")", "", texts[4])
        lines = texts[4].splitlines()
        texts[4] = "\n".join(lines[:2] + [" ".join(line.split()[:4]) for line in lines[2:]]) + "\n"
        path = self.write(texts)
        for kind in KINDS:
            said = self.warned(*self.fit(kind, path))
            self.assertIn(f"warning: 1 of {len(texts)} structures have no energy, forces or virial", said)
            self.assertIn("the first is structure 4 (", said)

    def test_targets(self):
        bare = [re.sub(r"(:forces:R:3|virial=\"[^\"]*\" ?)", "", text) for text in frames()]
        bare = ["".join((" ".join(line.split()[:4]) if k > 1 else line) + "\n"
                        for k, line in enumerate(text.splitlines()))
                for text in bare]
        path = self.write(bare)
        for kind in KINDS:
            self.refused(1, *self.fit(kind, path, "--set", "force_weight=1"),
                         say=["force_weight", "no structure", "forces"])
            self.refused(1, *self.fit(kind, path, "--set", "energy_weight=0"), say=["nothing to fit"])
            self.refused(1, *self.fit(kind, path, "--set", "energy_key=total"), say=["nothing to fit"])

    def test_species(self):
        for kind in KINDS:
            self.warned(*self.fit(kind, GOLDEN))
            self.refused(1, "predict", self.path("model.tern"), CLUSTERS, "-o", self.path("predicted.extxyz"),
                         say=["frame 0", "atom 0 is Si", "it knows H, C"])
            self.refused(1, *self.fit(kind, GOLDEN, "--test", CLUSTERS), say=["structure 0 of", "atom 0 is Si"])

    def test_checkpoint(self):
        self.warned(*self.fit("triplet", GOLDEN, "--set", "checkpoint=" + self.path("training")))
        resume = ["--set", "resume=1", "--set", "checkpoint="]
        self.refused(1, *self.fit("network", GOLDEN, *resume[:-1], resume[-1] + self.path("training")),
                     say=["'triplet'", "'network'", "without option 'resume'"])
        self.refused(1, *self.fit("triplet", GOLDEN, *resume[:-1], resume[-1] + self.path("model.tern")),
                     say=["no checkpoint", "without option 'resume'"])

    def test_limits(self):
        for kind in KINDS:
            self.refused(1, *self.fit(kind, GOLDEN, "--set", "memory_limit=150k"),
                         say=["needed, more than memory_limit"])
        for value in ("0", "1e-9"):
            self.warned(*self.fit("triplet", GOLDEN, "--set", "time_limit=" + value))
        self.refused(2, *self.fit("triplet", GOLDEN, "--set", "time_limit=-1"), say=["time_limit", "[0, inf)"])


if __name__ == "__main__":
    unittest.main()
