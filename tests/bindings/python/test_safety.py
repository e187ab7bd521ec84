# SPDX-License-Identifier: BSD-3-Clause
"""Callbacks, interrupts, threads, memory, and libraries that do not fit."""

import gc
import os
import re
import signal
import subprocess
import sys
import threading
import time
import unittest

import numpy

import ternion
from support import Case, clusters
from ternion import _library

SMALL = {"cutoff": 4.0, "n_max": 3, "l_max": 2}
LARGE = {"cutoff": 5.0, "n_max": 8, "l_max": 6}


class Callbacks(Case):
    def test_reports(self):
        seen = []
        ternion.fit("ridge", clusters(10), progress=seen.append, **SMALL)
        self.assertTrue(seen)
        for report in seen:
            self.assertIsInstance(report.stage, str)
            self.assertTrue(report.loss is None or report.loss >= 0)
            self.assertTrue(0 <= report.done <= report.total or report.total == 0)

    def test_false_cancels(self):
        with self.assertRaises(ternion.Cancelled) as caught:
            ternion.fit("ridge", clusters(10), progress=lambda report: False, **SMALL)
        self.assertEqual(caught.exception.status, 10)

    def test_exceptions_come_through(self):
        for kind in (ZeroDivisionError, KeyboardInterrupt, SystemExit):
            def fail(report, kind=kind):
                raise kind("from the callback")
            with self.subTest(kind=kind), self.assertRaisesRegex(kind, "from the callback"):
                ternion.fit("ridge", clusters(10), progress=fail, **SMALL)
        with self.assertRaisesRegex(ValueError, "here, too"):
            ternion.Descriptor("density", **SMALL).fit(clusters(3), progress=lambda report: int("here, too"))

    def test_a_callback_may_use_the_library(self):
        dataset = clusters(10)
        inner = []

        def nested(report):
            with self.assertRaises(ternion.OptionError):
                ternion.Descriptor("density", cutof=1)
            inner.append(ternion.fit("ridge", dataset[:5], **SMALL).predict(dataset[0].system).energy)

        energy = ternion.fit("ridge", dataset, progress=nested, **SMALL).predict(dataset[0].system).energy
        self.assertTrue(inner)
        self.assertNotEqual(inner[0], energy)


class Interrupts(Case):
    def interrupted_fit(self, progress):
        """Seconds from Ctrl-C to KeyboardInterrupt in a fit that would last at least ten."""
        dataset = clusters(100)[list(range(100)) * 200]
        sent = []

        def interrupt():
            sent.append(time.monotonic())
            os.kill(os.getpid(), signal.SIGINT)

        timer = threading.Timer(0.3, interrupt)
        timer.start()
        with self.assertRaises(KeyboardInterrupt):
            ternion.fit("ridge", dataset, progress=progress, threads=1, **LARGE)
        timer.join()
        return time.monotonic() - sent[0]

    def test_stops_a_fit(self):
        before = signal.getsignal(signal.SIGINT)
        self.assertLess(self.interrupted_fit(None), 2.0)
        self.assertLess(self.interrupted_fit(lambda report: True), 2.0)
        self.assertLess(self.interrupted_fit(lambda report: time.sleep(60)), 2.0)
        self.assertIs(signal.getsignal(signal.SIGINT), before)

    def test_fits_outside_of_the_main_thread(self):
        results = []
        thread = threading.Thread(target=lambda: results.append(ternion.fit("ridge", clusters(5), **SMALL)))
        thread.start()
        thread.join()
        self.assertEqual(len(results), 1)


class Threads(Case):
    def test_share_a_model(self):
        dataset = clusters(20)
        model = ternion.fit("ridge", dataset, threads=1, **SMALL)
        expected = [model.predict(frame.system).energy for frame in dataset]
        wrong = []

        def work(worker):
            for repeat in range(30):
                index = (worker + repeat) % len(dataset)
                if model.predict(dataset[index].system).energy != expected[index]:
                    wrong.append(index)
                try:
                    ternion.Descriptor("density", **{f"worker{worker}": 1})
                except ternion.OptionError as error:
                    if f"worker{worker}" not in str(error):
                        wrong.append(str(error))

        threads = [threading.Thread(target=work, args=(worker,)) for worker in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(wrong, [])


class Memory(Case):
    def test_arrays_are_not_copied(self):
        seen = {}

        def spy(name):
            original = getattr(_library.library, name)

            def called(*arguments):
                seen[name] = arguments
                return original(*arguments)

            setattr(_library.library, name, called)
            self.addCleanup(setattr, _library.library, name, original)

        for name in ("tern_system_new", "tern_descriptor_pullback_range", "tern_descriptor_compute_range"):
            spy(name)
        species, positions, cell = numpy.array([14, 14], numpy.int32), numpy.random.rand(2, 3) * 3, numpy.eye(3) * 8
        system = ternion.System(species, positions, cell)
        self.assertEqual(seen["tern_system_new"][2:5], (species.ctypes.data, positions.ctypes.data, cell.ctypes.data))
        descriptor = ternion.Descriptor("density", species=[14], **SMALL)
        values = descriptor.compute(system)
        self.assertEqual(seen["tern_descriptor_compute_range"][4], values.ctypes.data)
        gradient, strain = descriptor.pullback(system, values)
        self.assertEqual(seen["tern_descriptor_pullback_range"][4:],
                         (values.ctypes.data, gradient.ctypes.data, strain.ctypes.data))

    def test_handles_are_freed(self):
        dataset = clusters(60)
        dataset.save(self.folder / "train.extxyz")
        model = ternion.fit("ridge", dataset, **SMALL)
        model.save(self.folder / "model.tern")
        positions = numpy.random.rand(2000, 3) * 50

        def make_everything():
            system = ternion.System([14] * 2000, positions)
            ternion.Dataset(self.folder / "train.extxyz")[:30]
            ternion.Model(self.folder / "model.tern").predict(dataset[0].system)
            ternion.Descriptor("power_spectrum", species=[14], **LARGE)
            ternion.Reader(self.folder / "train.extxyz").read(20)
            ternion.Writer(self.folder / "never.extxyz").append(system)
            self.assertRaises(ternion.Cancelled, ternion.fit, "ridge", dataset, progress=lambda report: False, **SMALL)

        for _ in range(20):
            make_everything()
        before = resident()
        for _ in range(200):
            make_everything()
        gc.collect()
        self.assertLess(resident() - before, 8 << 20)
        self.assertFalse((self.folder / "never.extxyz").exists())
        self.assertEqual(len(list(self.folder.iterdir())), 2)


def resident():
    """Bytes of memory that this process holds."""
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


class Library(Case):
    def imported_with(self, path):
        environment = dict(os.environ, TERNION_LIBRARY=str(path))
        return subprocess.run([sys.executable, "-c", "import ternion"], env=environment, capture_output=True, text=True,
                              check=False)

    def test_of_another_binary_interface(self):
        found = self.imported_with(os.environ["TERNION_WRONG_ABI"])
        self.assertEqual(found.returncode, 1)
        for words in ("ImportError", os.environ["TERNION_WRONG_ABI"], "99", "needs 1", "TERNION_LIBRARY"):
            self.assertIn(words, found.stderr)

    def test_that_is_none(self):
        missing = self.imported_with(self.folder / "none.so")
        self.assertRegex(missing.stderr, r"ImportError: libternion was not found(.|\n)*none\.so")
        (self.folder / "text.so").write_text("no library")
        self.assertIn("ImportError: libternion was not found", self.imported_with(self.folder / "text.so").stderr)
        with open("/proc/self/maps", encoding="utf-8") as maps:
            other = re.search(r"/\S*libz\.so\S*|/\S*libc\.so\.6", maps.read()).group()
        self.assertIn("is not libternion", self.imported_with(other).stderr)

    def test_imports_neither_ase_nor_anything_large(self):
        script = "import sys, ternion; print([name for name in ('ase', 'scipy', 'ternion.ase') if name in sys.modules])"
        found = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
        self.assertEqual(found.stdout.strip(), "[]")


if __name__ == "__main__":
    unittest.main()
