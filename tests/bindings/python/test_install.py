# SPDX-License-Identifier: BSD-3-Clause
"""The package installed by pip, away from its source."""

import os
import pathlib
import shutil
import subprocess
import sys
import unittest

from support import Case

SOURCE = pathlib.Path(__file__).resolve().parents[3] / "bindings" / "python"


class Install(Case):
    def test_pip(self):
        copy, target = self.folder / "source", self.folder / "site"
        shutil.copytree(SOURCE, copy, ignore=shutil.ignore_patterns("__pycache__"))
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps",
                        "--no-build-isolation", "--target", str(target), str(copy)],
                       env=environment, check=True, capture_output=True)
        script = ("import ternion, sys; dimer = ternion.System([14, 14], [[0, 0, 0], [0, 0, 2.35]]); "
                  "print(ternion.__file__, ternion.compare(dimer, dimer).same)")
        found = subprocess.run([sys.executable, "-c", script], env=dict(environment, PYTHONPATH=str(target)),
                               check=True, capture_output=True, text=True, cwd=self.folder)
        self.assertEqual(found.stdout.split(), [str(target / "ternion" / "__init__.py"), "True"])


if __name__ == "__main__":
    unittest.main()
