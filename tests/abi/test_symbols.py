# SPDX-License-Identifier: BSD-3-Clause
"""What the built library shows to the linker: exactly the contract's functions, its ABI number, few dependencies."""

import pathlib
import re
import subprocess
import sys
import tomllib
import unittest

HERE = pathlib.Path(__file__).resolve().parent
LIBRARY = sys.argv.pop(1)
CONTRACT = tomllib.loads((HERE.parent.parent / "abi" / "ternion.toml").read_text(encoding="utf-8"))
ABI = CONTRACT["library"]["abi"]
# The C library in its parts, and what the contract's work needs; BLAS is opened by name at first use.
DEPENDENCIES = {"libc.so.6", "libm.so.6", "libpthread.so.0", "libdl.so.2", "libz.so.1", "libjansson.so.4"}
# A library neither prints, ends the process, nor changes what belongs to the host.
FORBIDDEN = set("""stdout stderr stdin printf vprintf puts putchar perror exit _exit quick_exit abort __assert_fail
atexit setlocale signal sigaction rand srand strtok localtime gmtime system fork chdir umask setenv putenv""".split())


def run(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


class Symbols(unittest.TestCase):
    def test_exports_are_the_contract(self):
        lines = [line.split() for line in run("nm", "-D", "--defined-only", LIBRARY).split("\n") if line]
        node = f"TERNION_{ABI}"
        exported = sorted(words[-1] for words in lines if words[-1] != node)
        expected = sorted(f"tern_{function['name']}@@{node}" for function in CONTRACT["function"])
        self.assertGreater(len(expected), 60)
        self.assertEqual(exported, expected)
        self.assertEqual({words[-2] for words in lines if words[-1] != node}, {"T"}, "only functions are exported")

    def test_list_of_symbols_is_the_contract(self):
        lines = (HERE / "symbols.txt").read_text(encoding="utf-8").split("\n")[1:-1]
        self.assertEqual(lines, [f"tern_{function['name']}" for function in CONTRACT["function"]])

    def test_soname_carries_the_abi_number(self):
        self.assertIn(f"Library soname: [libternion.so.{ABI}]", run("readelf", "-d", LIBRARY))

    def test_dependencies(self):
        needed = set(re.findall(r"\(NEEDED\).*\[(.*)\]", run("readelf", "-d", LIBRARY)))
        needed = {name for name in needed if not name.startswith("ld-linux")}
        self.assertIn("libc.so.6", needed)
        self.assertLessEqual(needed, DEPENDENCIES)
        everything = run("ldd", LIBRARY)
        for word in ("python", "libffi", "libstdc++", "libc++", "blas", "lapack", "gfortran", "not found"):
            self.assertNotIn(word, everything)

    def test_nothing_of_the_host_is_touched(self):
        lines = run("nm", "-D", "--undefined-only", LIBRARY).split("\n")[:-1]
        names = {line.split()[-1].split("@")[0] for line in lines}
        self.assertIn("free", names)
        self.assertEqual(names & (FORBIDDEN | {f"__{name}_chk" for name in FORBIDDEN}), set())

    def test_stack_is_not_executable(self):
        stack = [line for line in run("readelf", "-lW", LIBRARY).split("\n") if "GNU_STACK" in line]
        self.assertEqual(len(stack), 1)
        self.assertNotIn("E", stack[0].split()[6], stack[0])

    def test_no_text_relocations_and_no_paths_to_search(self):
        self.assertNotRegex(run("readelf", "-d", LIBRARY), r"TEXTREL|RPATH|RUNPATH")


if __name__ == "__main__":
    unittest.main()
