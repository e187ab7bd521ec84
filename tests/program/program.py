# SPDX-License-Identifier: BSD-3-Clause
"""Runs the program for the tests beside this file."""
import json
import os
import subprocess
import sys
import tempfile
import unittest

PROGRAM = sys.argv.pop(1)
DATA = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "data")
CLUSTERS = os.path.join(DATA, "clusters.extxyz")
SMALL = ["--set", "n_max=4", "--set", "l_max=3", "--set", "cutoff=4"]


def run(*words, **keywords):
    return subprocess.run([PROGRAM, *words], capture_output=True, text=True, timeout=300, **keywords)


def lines(*words):
    """Objects of the JSON lines that a successful call prints."""
    result = run(*words, "--json")
    assert result.returncode == 0, result.stderr
    return [json.loads(line) for line in result.stdout.splitlines()]


class InFolder(unittest.TestCase):
    """A test case with an empty folder of its own."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def path(self, name):
        return os.path.join(self.folder, name)

    def refused(self, code, *words, say=()):
        """The call fails with this code, names each of `say`, and leaves no file behind."""
        before = sorted(os.listdir(self.folder))
        result = run(*words)
        self.assertEqual(result.returncode, code, result.stderr)
        for word in say:
            self.assertIn(word, result.stderr)
        self.assertEqual(sorted(os.listdir(self.folder)), before)
