# SPDX-License-Identifier: BSD-3-Clause
"""`ternion predict`: streams of any length, what ASE reads of them, uncertainty, warnings, and disks that are full."""
import gzip
import os
import resource
import signal
import subprocess
import unittest

import numpy

from program import CLUSTERS, PROGRAM, SMALL, InFolder, lines, run


def make_crystals(path, count=12):
    """Periodic silicon with energies and virials of a Lennard-Jones potential, which ASE computes."""
    import ase.build
    import ase.calculators.lj
    import ase.io
    random, frames = numpy.random.default_rng(1), []
    for _ in range(count):
        atoms = ase.build.bulk("Si", cubic=True)
        atoms.set_cell(atoms.cell @ (numpy.eye(3) + random.uniform(-0.03, 0.03, (3, 3))), scale_atoms=True)
        atoms.rattle(0.05, rng=random)
        atoms.calc = ase.calculators.lj.LennardJones(sigma=2.1, epsilon=1.0, rc=5.0)
        atoms.get_stress()
        frames.append(atoms)
    ase.io.write(path, frames)
    return path


class Predict(InFolder):
    def fitted(self, data=CLUSTERS, *words):
        model = self.path("m.tern")
        said = run("fit", data, "--model", "ridge", *SMALL, "--quiet", *words, "-o", model)
        self.assertEqual(said.returncode, 0, said.stderr)
        return model

    def test_ase_reads_crystals(self):
        """Energies, forces and stresses as ASE has them: the sign of the stress is that of the data."""
        import ase.io
        data, out = make_crystals(self.path("crystals.xyz")), self.path("out.xyz.gz")
        model = self.fitted(data)
        (*said, errors) = lines("predict", model, data, "--uncertainty", "--atoms", "-o", out)
        self.assertLess(errors["virial"]["rmse"], 1)
        frames = ase.io.read(out, ":")
        self.assertEqual(len(frames), 12)
        for atoms, reference, frame in zip(frames, ase.io.read(data, ":"), said):
            self.assertAlmostEqual(atoms.get_potential_energy(), frame["energy"], 9)
            self.assertAlmostEqual(atoms.info["energy_std"], frame["energy_std"], 9)
            numpy.testing.assert_allclose(atoms.get_stress(), reference.get_stress(), atol=2e-3)
            numpy.testing.assert_allclose(-atoms.get_stress(voigt=False) * atoms.get_volume(), atoms.info["virial"],
                                          atol=1e-9)
            numpy.testing.assert_allclose(atoms.get_forces(), reference.get_forces(), atol=0.3)
            numpy.testing.assert_allclose(atoms.positions, reference.positions, atol=1e-7)
            self.assertTrue(atoms.pbc.all())
            self.assertAlmostEqual(atoms.get_potential_energies().sum(), frame["energy"], 9)
            self.assertEqual(atoms.arrays["virials"].shape, (len(atoms), 9))
            numpy.testing.assert_allclose(atoms.arrays["virials"].sum(axis=0), atoms.info["virial"].ravel(), atol=1e-9)
            self.assertAlmostEqual(atoms.arrays["extrapolation"].max(), frame["extrapolation"], 9)

    def test_compressed(self):
        """The same frames from a compressed file, and to one."""
        model, packed = self.fitted(), self.path("in.extxyz.gz")
        with open(CLUSTERS, "rb") as file, gzip.open(packed, "wb") as to:
            to.write(file.read())
        outs = [self.path(name) for name in ("a.extxyz", "b.extxyz.gz")]
        for source, out in zip((packed, CLUSTERS), outs):
            self.assertEqual(run("predict", model, source, "-o", out).returncode, 0)
        with open(outs[0], "rb") as plain, gzip.open(outs[1], "rb") as unpacked:
            self.assertEqual(plain.read(), unpacked.read())

    def test_uncertainty(self):
        model = self.fitted()
        (*frames, errors) = lines("predict", model, CLUSTERS, "--uncertainty")
        deviations = numpy.array([frame["energy_std"] for frame in frames])
        errors_of = numpy.array([frame["energy"] - frame["reference"] for frame in frames])
        coverage = errors["coverage"]
        self.assertEqual(coverage["count"], len(frames))
        self.assertAlmostEqual(coverage["within_1"], numpy.mean(abs(errors_of) <= deviations), 5)
        self.assertAlmostEqual(coverage["within_2"], numpy.mean(abs(errors_of) <= 2 * deviations), 5)
        self.assertAlmostEqual(coverage["error_by_deviation"], numpy.mean((errors_of / deviations)**2)**0.5, 5)
        self.assertAlmostEqual(max(frame["extrapolation"] for frame in frames), 1, 9)
        table = run("predict", model, CLUSTERS, "--uncertainty").stdout
        self.assertIn("deviation/eV", table)
        self.assertIn("of the errors within 1", table)
        self.refused(2, "predict", model, CLUSTERS, "--atoms", say=["-o OUT"])
        unsure = self.fitted(CLUSTERS, "--set", "uncertainty=none")
        self.refused(1, "predict", unsure, CLUSTERS, "--uncertainty", "-o", self.path("none"),
                     say=["uncertainty", "last_layer"])

    def test_warnings(self):
        """Frames with atoms too near are named, the first ones one by one; other frames are not."""
        model, squeezed = self.fitted(), self.path("squeezed.extxyz")
        with open(squeezed, "w") as file:
            for k in range(14):
                distance = 2.4 if k == 3 else 1.0
                file.write(f"2\nProperties=species:S:1:pos:R:3\nSi 0 0 0\nSi 0 0 {distance}\n")
        said = run("predict", model, squeezed, "-o", self.path("out"))
        self.assertEqual(said.returncode, 0)
        warned = said.stderr.splitlines()
        self.assertEqual(len(warned), 11, said.stderr)
        self.assertIn("frame 0 of " + squeezed, warned[0])
        self.assertIn("frame 4 of " + squeezed, warned[3])
        self.assertIn("atom 0 is nearer", warned[0])
        self.assertIn("13 of 14 frames", warned[-1])
        self.assertIn("score", run("predict", model, squeezed, "--uncertainty").stderr)
        frames = lines("predict", model, squeezed)
        self.assertNotIn("shortest_ratio", frames[3])
        self.assertLess(frames[4]["shortest_ratio"], 0.6)
        self.assertEqual(run("predict", model, squeezed, "--quiet").stderr, "")
        self.assertEqual(run("predict", model, CLUSTERS).stderr, "")

    def many(self, times=200):
        with open(CLUSTERS) as file, open(self.path("many.extxyz"), "w") as to:
            to.write(file.read() * times)
        return self.path("many.extxyz")

    def test_bounded_memory(self):
        """Memory does not grow with the number of frames, whatever is asked of each."""
        model, out, peaks = self.fitted(), self.path("out.extxyz.gz"), []
        for source in (CLUSTERS, self.many()):
            child = subprocess.Popen([PROGRAM, "predict", model, source, "--uncertainty", "--atoms", "-o", out,
                                      "--quiet"])
            _, status, usage = os.wait4(child.pid, 0)
            child.returncode = os.waitstatus_to_exitcode(status)
            self.assertEqual(child.returncode, 0)
            peaks.append(usage.ru_maxrss)
        self.assertLess(peaks[1] - peaks[0], 8000)  # KiB, for 8000 frames

    def test_full_disk(self):
        """A device without space, and a limit on the size of a file: both are said, and leave nothing behind."""
        model, many = self.fitted(), self.many(20)
        self.refused(1, "predict", model, many, "-o", "/dev/full", say=["/dev/full", "space"])

        def limit():
            resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))

        before = sorted(os.listdir(self.folder))
        for name in ("out.extxyz", "out.extxyz.gz"):
            said = run("predict", model, many, "-o", self.path(name), preexec_fn=limit)
            self.assertEqual(said.returncode, 1, said.stderr)
            self.assertIn("large", said.stderr)
            self.assertEqual(sorted(os.listdir(self.folder)), before)
        for name in ("out.png", "out.svg", "out.pdf"):
            said = run("plot", "parity", model, many, "-o", self.path(name), preexec_fn=limit)
            self.assertEqual(said.returncode, 1, said.stderr)
            self.assertIn("was not drawn", said.stderr)
            self.assertEqual(sorted(os.listdir(self.folder)), before)

    def test_signals_leave_no_temporary_file(self):
        model, many = self.fitted(), self.many()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            child = subprocess.Popen([PROGRAM, "predict", model, many, "-o", self.path("out")], stderr=subprocess.PIPE,
                                     text=True)
            while child.poll() is None and len(os.listdir(self.folder)) < 3:
                pass
            child.send_signal(number)
            child.communicate(timeout=60)
            self.assertEqual(child.returncode, 1)
            self.assertEqual(sorted(os.listdir(self.folder)), ["m.tern", "many.extxyz"])


if __name__ == "__main__":
    unittest.main()
