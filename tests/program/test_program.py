# SPDX-License-Identifier: BSD-3-Clause
"""The program as a person types it: verbs, exit codes, files, JSON lines, Ctrl-C."""
import json
import os
import re
import signal
import struct
import subprocess
import time
import unittest

import numpy

from program import CLUSTERS, PROGRAM, SMALL, InFolder, lines, run


def read_safetensors(path):
    with open(path, "rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header, data = json.loads(file.read(length)), file.read()
    arrays = {}
    for name, entry in header.items():
        if name != "__metadata__":
            begin, end = entry["data_offsets"]
            kind = {"F64": "<f8", "I64": "<i8"}[entry["dtype"]]
            arrays[name] = numpy.frombuffer(data[begin:end], kind).reshape(entry["shape"])
    return arrays, header.get("__metadata__", {})


class Words(InFolder):
    def test_help(self):
        self.assertEqual(run("--help").returncode, 0)
        self.assertEqual(run().returncode, 2)
        for verb in ("demo", "describe", "fit", "plot", "predict", "sensitivity", "options", "info"):
            result = run(verb, "--help")
            self.assertEqual(result.returncode, 0)
            self.assertIn("Example: ternion " + verb, result.stdout)

    def test_usage(self):
        self.refused(2, "fitt", say=["fitt"])
        self.refused(2, "fit", say=["TRAIN"])
        self.refused(2, "fit", CLUSTERS, "--model", "ridge", say=["-o"])
        self.refused(2, "fit", CLUSTERS, "--modell", "ridge", say=["--modell"])
        self.refused(2, "fit", CLUSTERS, "--model", say=["--model"])
        model = ["fit", CLUSTERS, "--model", "ridge", "-o", self.path("m")]
        self.refused(2, *model, "--set", "cutof=4", say=["cutof", "cutoff"])
        self.refused(2, *model, "--set", "cutoff=-4", say=["cutoff", "-4"])
        self.refused(2, *model, "--set", "cutoff", say=["KEY=VALUE"])
        self.refused(2, *model, "--settings", "no-such", say=["no-such"])
        self.refused(2, "predict", "m", CLUSTERS, "--set", "n_max=3", say=["n_max", "options dataset"])
        self.refused(2, "options", "rigde", "ridge", say=["[KIND]"])

    def test_failures(self):
        model = ["--model", "ridge", "-o", self.path("m")]
        self.refused(1, "fit", self.path("none.extxyz"), *model, say=["none.extxyz"])
        self.refused(1, "fit", self.folder, *model, say=[self.folder])
        self.refused(1, "fit", CLUSTERS, "--model", "rigde", "-o", self.path("m"), say=["rigde", "ridge"])
        self.refused(1, "fit", CLUSTERS, "--model", "ridge", *SMALL, "-o", "/proc/none/m", say=["/proc/none"])
        self.refused(1, "predict", CLUSTERS, CLUSTERS, say=["clusters.extxyz"])
        self.refused(1, "fit", CLUSTERS, *model, "--set", "triplet.epochs=3", say=["triplet.epochs", "'ridge'"])
        self.refused(1, "options", "rigde", say=["rigde", "frames or ridge"])
        self.refused(1, "sensitivity", CLUSTERS, "--descriptor", "density", "--frame", "99", say=["--frame 99", "40"])

    def test_settings(self):
        settings = self.path("mine")
        with open(settings, "w") as file:
            file.write("# a comment\nmodel = ridge\ndescriptor = power_spectrum # the usual\n"
                       "n_max = 3\n\nl_max = 2\ncutoff = 9\n")
        call = ["fit", CLUSTERS, "--settings", settings, "--set", "cutoff=4", "-o", self.path("m")]
        options = lines(*call)[0]["model"]["descriptor"]["options"]
        self.assertEqual([float(options[key]) for key in ("n_max", "l_max", "cutoff")], [3, 2, 4])
        with open(settings, "a") as file:
            file.write("nonsense\n")
        os.remove(self.path("m"))
        self.refused(2, *call, say=["mine:8"])

    def test_info(self):
        self.assertEqual(lines("info")[0]["abi"], 1)
        kinds = {entry["name"] for entry in lines("options") if entry["name"] in ("cutoff", "force_weight")}
        self.assertEqual(kinds, {"cutoff", "force_weight"})
        self.assertIn("regularization", run("options", "ridge").stdout)
        self.refused(1, "options", "rigde", say=["rigde"])

    def test_full_disk(self):
        with open("/dev/full", "w") as full:
            result = subprocess.run([PROGRAM, "options"], stdout=full, stderr=subprocess.PIPE, text=True)
        self.assertEqual(result.returncode, 1)
        self.assertIn("space", result.stderr)


class Work(InFolder):
    def test_sensitivity(self):
        """A flat molecule does not feel its atoms leave the plane; a bent one feels all."""
        path = self.path("ammonia.extxyz")
        with open(path, "w") as file:
            for height in (0, 0.3):
                file.write(f"4\nProperties=species:S:1:pos:R:3\nN 0 0 {height}\n"
                           "H 1 0.1 0\nH -0.4 0.9 0\nH -0.5 -1.0 0\n")
        words = ["sensitivity", path, "--descriptor", "power_spectrum", *SMALL]
        flat, bent, around = lines(*words)[0], lines(*words, "--frame", "1")[0], lines(*words, "--center", "0")[0]
        self.assertEqual([(said["expected"], said["seen"], said["blind"]) for said in (flat, bent, around)],
                         [(6, 5, 1), (6, 6, 0), (6, 5, 1)])
        self.assertEqual(sorted(flat["singular_values"], reverse=True), flat["singular_values"])
        self.assertAlmostEqual(sum(flat["blind_parts"]), 1, 4)
        self.assertEqual(around["blind_parts"][0], 0)
        said = run(*words).stdout
        self.assertIn("To first order the descriptor is blind to 1 of 6 directions (threshold 1e-8 of the largest): "
                      "the largest moves in the blind directions are those of atoms 0 (Z = 7),", said)
        self.assertIn("sees all 6 directions of this structure", run(*words, "--frame", "1").stdout)
        self.assertIn("blind to 3 of 6", run(*words, "--frame", "1", "--set", "threshold=0.5").stdout)
        self.refused(1, *words, "--frame", "2", say=["valid: 0 to 1"])
        self.refused(1, *words, "--center", "4", say=["its 4 centres"])
        self.refused(2, *words, "--center", "first", say=["--center first", "number from 0"])
        self.refused(2, "sensitivity", path, say=["--descriptor KIND"])

    def test_describe(self):
        out = self.path("features.safetensors")
        said = lines("describe", CLUSTERS, "--descriptor", "power_spectrum", *SMALL, "-o", out)
        arrays, metadata = read_safetensors(out)
        self.assertEqual(arrays["values"].shape, (160, 4 * 4 * 4))
        self.assertEqual(said[-1]["features"], 64)
        self.assertEqual(arrays["rows"].shape, (160, 2))
        self.assertEqual(arrays["rows"][-1].tolist(), [39, 5])
        labels = json.loads(metadata["labels"])
        self.assertEqual(len(labels), 64)
        self.assertTrue(all(label["parity"] == 1 for label in labels))
        run("describe", CLUSTERS, "--descriptor", "power_spectrum", *SMALL, "-o", self.path("f.npy"))
        self.assertTrue((numpy.load(self.path("f.npy")) == arrays["values"]).all())

    def test_describe_learned(self):
        out = self.path("features.safetensors")
        said = lines("describe", CLUSTERS, "--descriptor", "correlations", *SMALL, "--set", "components=5",
                     "--set", "nu_max=4", "--set", "centers=1,0", "-o", out)
        arrays, metadata = read_safetensors(out)
        self.assertEqual(arrays["values"].shape, (80, 4 + 3 * 5))
        self.assertEqual(said[-1]["features"], 19)
        self.assertEqual(json.loads(metadata["labels"])[-1],
                         {"nu": 4, "lambda": 0, "sigma": 1, "parity": 1, "component": 4})

    def test_fit_and_predict(self):
        model, out = self.path("silicon.tern"), self.path("predicted.extxyz")
        said = lines("fit", CLUSTERS, "--model", "ridge", *SMALL, "--test", CLUSTERS, "-o", model)
        self.assertEqual([event["event"] for event in said], ["model", "errors", "errors"])
        self.assertLess(said[1]["forces"]["rmse"], 0.5)
        said = lines("predict", model, CLUSTERS, "-o", out, "--pairs")
        frames = [event for event in said if event["event"] == "frame"]
        self.assertEqual(len(frames), 40)
        self.assertIn("delta_percent", said[-1])
        again = lines("predict", model, out)
        for frame, repeated in zip(frames, again):
            self.assertAlmostEqual(frame["energy"], repeated["energy"], 8)
            self.assertAlmostEqual(repeated["reference"], frame["energy"], 10)
        info = lines("info", model)[0]
        self.assertIn("ridge", json.dumps(info))

    def test_stream_for_ase(self):
        """Memory does not grow with the number of frames, and ASE reads what is written."""
        import ase.io
        model, out, many = self.path("m"), self.path("out.extxyz"), self.many()
        self.assertEqual(run("fit", CLUSTERS, "--model", "ridge", *SMALL, "-o", model).returncode, 0)
        peaks = {}
        for source in (CLUSTERS, many):
            child = subprocess.Popen([PROGRAM, "predict", model, source, "-o", out, "--quiet"])
            _, status, usage = os.wait4(child.pid, 0)
            child.returncode = os.waitstatus_to_exitcode(status)
            self.assertEqual(child.returncode, 0)
            peaks[source] = usage.ru_maxrss
        self.assertLess(peaks[many] - peaks[CLUSTERS], 8000)  # KiB, for 8000 frames
        energies = [event["energy"] for event in lines("predict", model, CLUSTERS) if event["event"] == "frame"]
        frames = ase.io.read(out, ":")
        self.assertEqual(len(frames), 200 * len(energies))
        for atoms, energy in zip(frames[-40:], energies):
            self.assertAlmostEqual(atoms.get_potential_energy(), energy, 8)
            self.assertEqual(atoms.get_forces().shape, (len(atoms), 3))

    def test_plot(self):
        model, out = self.path("m"), self.path("predicted.extxyz")
        self.assertEqual(run("fit", CLUSTERS, "--model", "ridge", *SMALL, "-o", model).returncode, 0)
        self.assertEqual(run("predict", model, CLUSTERS, "-o", out).returncode, 0)
        log = self.path("log of 'mine'.jsonl")
        with open(log, "w") as file:
            for step in range(1, 9):
                file.write(json.dumps({"step": step, "seconds": 0.1 * step, "loss": 1 / step,
                                       "validation": {"loss": 2 / step, "energy_rmse": 0.3 / step}}) + "\n")
        starts = {".png": b"\x89PNG", ".svg": b"<?xml", ".pdf": b"%PDF-"}
        for words in (["parity", model, CLUSTERS], ["parity", out, CLUSTERS], ["pairs", model, CLUSTERS],
                      ["training", log, log]):
            for ending, start in starts.items():
                events = lines("plot", *words, "-o", self.path("it's" + ending))
                self.assertEqual(events[-1]["file"], self.path("it's" + ending))
                with open(self.path("it's" + ending), "rb") as file:
                    self.assertTrue(file.read(5).startswith(start))
        same = [lines("plot", "parity", source, CLUSTERS, "-o", self.path("p.png"))[0]["forces"]["rmse"]
                for source in (model, out)]
        self.assertAlmostEqual(*same, 6)

    def test_plot_reaches_the_last_step(self):
        """What gnuplot is told; a last point beyond the range would be cut off, and so would what only it has."""
        gnuplot, script, log = self.path("gnuplot"), self.path("script"), self.path("log.jsonl")
        with open(gnuplot, "w") as file:
            file.write(f"#!/bin/sh\n/bin/cat > '{script}'\n")
        os.chmod(gnuplot, 0o755)
        with open(log, "w") as file:
            file.write(json.dumps({"step": 1, "seconds": 3.4827149, "loss": 1, "train": {"loss": 2, "energy_rmse": 0.3}}) + "\n")
        run("plot", "training", log, "-o", self.path("p.png"), env={"PATH": self.folder})
        with open(script) as file:
            self.assertGreater(float(re.search(r"xrange \[0:(\S+)\]", file.read())[1]), 3.4827149)

    def test_plot_failures(self):
        model = self.path("m")
        self.assertEqual(run("fit", CLUSTERS, "--model", "ridge", *SMALL, "-o", model).returncode, 0)
        parity = ["plot", "parity", model, CLUSTERS, "-o"]
        self.refused(2, *parity, self.path("p.jpg"), say=[".png, .svg or .pdf"])
        self.refused(2, "plot", "partiy", model, CLUSTERS, "-o", self.path("p.png"), say=["partiy", "parity"])
        self.refused(2, "plot", "parity", model, "-o", self.path("p.png"), say=["references"])
        self.refused(1, *parity, self.path("none/p.png"), say=["none/p.png"])
        self.refused(1, "plot", "training", CLUSTERS, "-o", self.path("p.png"), say=["clusters.extxyz", "log"])
        result = run(*parity, self.path("p.png"), env={"PATH": self.folder})
        self.assertEqual(result.returncode, 1)
        self.assertIn("gnuplot-nox", result.stderr)
        with open(CLUSTERS) as whole, open(self.path("half.extxyz"), "w") as half:
            half.write("".join(whole.readlines()[:4]))
        self.refused(1, "plot", "parity", self.path("half.extxyz"), CLUSTERS, "-o", self.path("p.png"),
                     say=["half.extxyz", "ends"])

    def test_bad_frame_writes_nothing(self):
        model, bad = self.path("m"), self.path("bad.extxyz")
        self.assertEqual(run("fit", CLUSTERS, "--model", "ridge", *SMALL, "-o", model).returncode, 0)
        with open(CLUSTERS) as good, open(bad, "w") as file:
            file.write(good.read() + "1\nProperties=species:S:1:pos:R:3\nSi 0 0 x\n")
        self.refused(1, "predict", model, bad, "-o", self.path("out.extxyz"), say=["bad.extxyz:", "x"])

    def test_unknown_species(self):
        model, other = self.path("m"), self.path("other.extxyz")
        self.assertEqual(run("fit", CLUSTERS, "--model", "ridge", *SMALL, "-o", model).returncode, 0)
        with open(other, "w") as file:
            file.write("1\nProperties=species:S:1:pos:R:3\nMo 0 0 0\n")
        self.refused(1, "predict", model, other, "-o", self.path("out.extxyz"),
                     say=["Mo", "frame 0 of", "other.extxyz"])

    def test_interrupt(self):
        """Ctrl-C in the middle of a fit: exit 1, nothing written."""
        child = subprocess.Popen([PROGRAM, "fit", self.many(), "--model", "ridge", "--set", "n_max=12",
                                  "--set", "l_max=8", "-o", self.path("m")],
                                 stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        time.sleep(1.0)
        child.send_signal(signal.SIGINT)
        _, message = child.communicate(timeout=60)
        self.assertEqual(child.returncode, 1, message)
        self.assertIn("stopped", message)
        self.assertEqual(os.listdir(self.folder), ["many.extxyz"])

    def test_interrupted_training(self):
        """Ctrl-C in a training: exit 3, the best state is saved, and the checkpoint goes on."""
        model, log, checkpoint = self.path("m"), self.path("log"), self.path("checkpoint")
        words = [PROGRAM, "fit", CLUSTERS, "--model", "triplet", *SMALL, "--set", "hidden=8", "--set", "epochs=1000000",
                 "--set", "validation=0.2", "--set", "log=" + log, "--json", "-o", model]
        child = subprocess.Popen([*words, "--set", "checkpoint=" + checkpoint], stderr=subprocess.PIPE,
                                 stdout=subprocess.PIPE, text=True)
        self.wait_for_steps(child, log)
        child.send_signal(signal.SIGINT)
        said, message = child.communicate(timeout=60)
        self.assertEqual(child.returncode, 3, message)
        self.assertIn("ended early", message)
        events = [json.loads(line) for line in said.splitlines()]
        self.assertEqual([event["event"] for event in events], ["model", "errors"])
        report = events[0]["model"]["report"]
        self.assertEqual(report["stopped"], "cancelled")
        self.assertEqual(len(lines("predict", model, CLUSTERS)), 41)
        words[words.index("epochs=1000000")] = f"epochs={report['steps'] + 5}"
        (resumed, _) = lines(*words[1:-3], "--resume", checkpoint, "-o", model)
        self.assertEqual(resumed["model"]["report"]["steps"], report["steps"] + 5)
        self.refused(1, *words[1:-3], "--resume", self.path("none"), "-o", self.path("other"), say=["none"])

    def wait_for_steps(self, child, log):
        while child.poll() is None and not (os.path.exists(log) and os.path.getsize(log) > 2000):
            time.sleep(0.01)

    def many(self):
        with open(CLUSTERS) as file:
            text = file.read()
        with open(self.path("many.extxyz"), "w") as file:
            file.write(text * 200)
        return self.path("many.extxyz")


if __name__ == "__main__":
    unittest.main()
