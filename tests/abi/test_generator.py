# SPDX-License-Identifier: BSD-3-Clause
"""The generator: a tiny contract gives the stored outputs, broken ones are refused with their place, --check works."""

import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
PROJECT = HERE.parent.parent
TINY = (HERE / "tiny.toml").read_text(encoding="utf-8")
VERSION_FUNCTION = TINY[TINY.index("[[function]]"):TINY.index('[[function]]\nname = "last_error"')]

# A text of the tiny contract, what replaces it, and words of the refusal.
BROKEN = [
    ("[library]", "[library", "not valid TOML"),
    ("[library]", "[size.n_items]\ndoc = 'x'\n[library]", "not valid TOML"),
    ("[library]", "[extra]\n[library]", "unknown key 'extra'"),
    ('prefix = "tiny"\n', "", "[library]: key 'prefix' is missing"),
    ('prefix = "tiny"', 'prefix = "Tiny"', "'Tiny' is no name"),
    ('name = "tiny"\n', 'name = "tiny"\nlicence = "none"\n', "[library]: unknown key 'licence'"),
    ('release = "2.10.0"', 'release = "2.10"', "not of the form 1.2.3"),
    ("abi = 3", "abi = 4", "one line 'NUMBER: what changed' for each of 1 to 4"),
    ("abi = 3", "abi = true", "key 'abi' is not of type int"),
    ('conventions = ["Numbers are plain.", ', 'conventions = ["", ', "[library], key 'conventions'"),
    ("[enum.status]", "[enum.state]", "[enum.status] is missing"),
    ('"SUCCESS", number = 0', '"SUCCESS", number = 9', "needs SUCCESS = 0"),
    ("number = 3, doc = \"Too large", "number = -3, doc = \"Too large", "negative numbers belong to callbacks"),
    ("number = 3, doc", "number = 1, doc", "number 1 is taken by 'ERROR_ARGUMENT'; numbers are never reused"),
    ("number = 3, doc", "number = 2, doc", "number 2 is taken by 'ERROR_WEATHER'"),
    ("number = 3, doc", "doc", "enum 'status', value 'ERROR_MEMORY': key 'number' is missing"),
    ("number = 3, doc", "number = 3.0, doc", "key 'number' is not of type int"),
    ("number = 3, doc", "number = 2147483648, doc", "does not fit in int32"),
    ('doc = "Too large."', 'doc = " "', "enum 'status', value 'ERROR_MEMORY': key 'doc' is empty"),
    ('"ERROR_MEMORY"', '"Error_Memory"', "named in capitals"),
    ('"MODE_BRIGHT"', '"ERROR_MEMORY"', "enum 'mode', value 'ERROR_MEMORY': the name is taken by enum 'status'"),
    ('"MODE_BRIGHT"', '"BOX_NEW"', "function 'box_new': the name is taken by enum 'mode', value 'BOX_NEW'"),
    ('"ERROR_MEMORY", number', '"ERROR_MEMORY", colour = 1, number', "value 'ERROR_MEMORY': unknown key 'colour'"),
    ('values = [{ name = "COLOUR_RED", number = 1, doc = "Red." }]', "values = []", "enum 'colour': has no values"),
    ("[size.n_items]", '[size.spare]\ndoc = "?"\n[size.n_items]', "size 'spare': no shape uses it"),
    ('threads = "Any number of threads."\n', "", "handle 'bag': key 'threads' is missing"),
    ("[handle.bag]", '[handle.sack]\ndoc = "?"\nthreads = "?"\n[handle.bag]', "handle 'sack': 0 functions make it"),
    ('"kind", type = "int32", shape = [], unit = "1", doc = "Kind." },\n  { name = "index"',
     '"kind", type = "handle.box", shape = [], unit = "1", doc = "Kind." },\n  { name = "index"',
     "callback 'watch', argument 'kind': a callback takes input numbers"),
    ('doc = "Called when something is wrong."\narguments = [{ name = "context", type = "context"',
     'doc = "Called when something is wrong."\narguments = [{ name = "context", type = "int32"',
     "callback 'alarm': the last argument, and only that, is its context"),
    ('group = "library"\ndoc = "Does nothing."', 'group = "box"\ndoc = "Does nothing."', None),
    ('group = "library"\ndoc = "Does nothing."', 'group = "bag"\ndoc = "Does nothing."', "group 'bag' was left before"),
    ('name = "nothing"', 'name = "abi_version"', "the name is taken by function 'abi_version'"),
    ('name = "nothing"', 'name = "delete"', "the name 'delete' is reserved"),
    ('name = "nothing"', 'name = "no__thing"', "'no__thing' is no name"),
    ('name = "nothing"\n', 'name = "nothing"\nreturns = "int32"\n', "function 'nothing': unknown key 'returns'"),
    ('doc = "Does nothing."\n', "", "function 'nothing': key 'doc' is missing"),
    ("arguments = []", "arguments = [1]", "function 'nothing', argument 0: is not a table"),
    ("keeps_error = true\narguments = [{", "keeps_error = 1\narguments = [{", "key 'keeps_error' is not of type bool"),
    ('doc = "Makes a box."', 'doc = "Makes a box."\nkeeps_error = true', "a function that keeps the error takes only"),
    ('{ name = "kinds", type = "int32", shape = ["count"]', '{ name = "count", type = "int32", shape = ["count"]',
     "function 'box_new', argument 'count': there is another argument of that name"),
    ('"scale", type = "double", shape = [], unit = "cm", doc', '"scale", type = "double", shape = [], doc',
     "function 'box_new', argument 'scale': key 'unit' is missing"),
    ('"scale", type = "double", shape = [],', '"scale", type = "double",', "argument 'scale': key 'shape' is missing"),
    ('"scale", type = "double"', '"scale", type = "float"', "argument 'scale': unknown type 'float' (valid: int32,"),
    ('"scale", type = "double"', '"scale", type = "handle.crate"', "names no [handle.crate] (there are: box, bag)"),
    ('"scale", type = "double"', '"scale", pointer = true, type = "double"', "unknown key 'pointer'"),
    ('"scale", type = "double"', '"scale", direction = "both", type = "double"', "unknown direction 'both'"),
    ('"scale", type = "double"', '"scale", direction = "new", type = "double"', "a double cannot have direction 'new'"),
    ('"scale", type = "double"', '"scale", direction = "out", type = "string"', "a string cannot have direction 'out'"),
    ('"scale", type = "double"', '"scale", optional = true, type = "double"', "argument 'scale': cannot be optional"),
    ('"scale", type = "double", shape = []', '"scale", type = "string", shape = ["3"]', "a string has no shape"),
    ('"scale", type = "double", shape = []', '"scale", type = "double", shape = ["many"]',
     "size 'many' in the shape is no number, no argument, and no [size.many]"),
    ('"scale", type = "double", shape = []', '"scale", type = "double", shape = ["0"]', "size 0 in the shape is not"),
    ('"scale", type = "double", shape = []', '"scale", type = "double", shape = [3]', "key 'shape': is not a list of"),
    ('"scale", type = "double", shape = []', '"scale", type = "double", shape = ["names"]', "'names' in the shape"),
    ('type = "char", direction = "out", shape = ["capacity"]', 'type = "char", direction = "out", shape = []',
     "a char buffer has the shape [its capacity]"),
    ('direction = "free", shape = [], unit = "1", optional = true', 'direction = "free", shape = [], unit = "1"',
     "function 'box_free', argument 'box': a handle that is ended is optional"),
    ('"watch_context", type = "context"', '"watch_context", type = "string"',
     "function 'bag_fill', argument 'watch': a callback is followed by its context"),
    ('"watch", type = "callback.watch"', '"watch", type = "string"',
     "function 'bag_fill', argument 'watch_context': a context follows its callback"),
]

# The least that is a contract: no handles, sizes, callbacks.
LEAST = """
[library]
name = "least"
prefix = "least"
abi = 1
abi_history = ["1: first"]
release = "0.0.1"
doc = "Little."
conventions = []
[enum.status]
doc = "Status."
values = [{ name = "SUCCESS", number = 0, doc = "Yes." }, { name = "ERROR_ARGUMENT", number = 1, doc = "No." }]
""" + VERSION_FUNCTION


def generate(*arguments):
    command = [sys.executable, str(PROJECT / "abi" / "generate.py"), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def files(root):
    return {path.relative_to(root).as_posix(): path.read_text(encoding="utf-8")
            for path in root.rglob("*") if path.is_file() and ".git" not in path.parts}


class Generator(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def generate_text(self, text, root):
        contract = self.folder / "contract.toml"
        contract.write_text(text, encoding="utf-8")
        return generate(contract, root)

    def test_tiny_gives_the_stored_outputs(self):
        answer = generate(HERE / "tiny.toml", self.folder / "out")
        self.assertEqual(answer.returncode, 0, answer.stderr)
        stored, made = files(HERE / "tiny"), files(self.folder / "out")
        self.assertEqual(sorted(stored), sorted(made))
        for path, text in made.items():
            self.assertEqual(stored[path], text, path)

    def test_every_output_says_that_it_is_generated(self):
        for path, text in files(HERE / "tiny").items():
            beginning = "\n".join(text.split("\n")[:3])
            self.assertIn("Generated by abi/generate.py from tests/abi/tiny.toml; do not edit.", beginning, path)

    def test_retired_numbers_stay_as_comments(self):
        for path in ("abi/include/tiny.h", "bindings/fortran/tiny_raw.f90", "bindings/julia/src/raw.jl",
                     "bindings/python/tiny/_raw.py"):
            lines = [line for line in files(HERE / "tiny")[path].split("\n") if "ERROR_WEATHER" in line]
            self.assertEqual(len(lines), 1, path)
            self.assertRegex(lines[0], r"^\s*(/\*|!|#) 2 was ")

    def test_least(self):
        answer = self.generate_text(LEAST, self.folder / "out")
        self.assertEqual(answer.returncode, 0, answer.stderr)
        self.assertEqual(len(files(self.folder / "out")), len(files(HERE / "tiny")))

    def test_broken_contracts_are_refused(self):
        for index, (old, new, words) in enumerate(BROKEN):
            with self.subTest(old=old, new=new):
                self.assertIn(old, TINY)
                root = self.folder / str(index)
                answer = self.generate_text(TINY.replace(old, new, 1), root)
                if words is None:
                    self.assertEqual(answer.returncode, 0, answer.stderr)
                    continue
                self.assertEqual(answer.returncode, 1, answer.stderr)
                self.assertIn(words, answer.stderr)
                self.assertNotIn("Traceback", answer.stderr)
                self.assertFalse(root.exists(), "outputs were written all the same")

    def test_missing_contract(self):
        answer = generate(self.folder / "none.toml", self.folder / "out")
        self.assertEqual(answer.returncode, 1)
        self.assertIn("none.toml", answer.stderr)
        self.assertNotIn("Traceback", answer.stderr)


class Check(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name) / "tiny"
        shutil.copytree(HERE / "tiny", self.root)

    def check(self, code, *words):
        answer = generate("--check", HERE / "tiny.toml", self.root)
        self.assertEqual(answer.returncode, code, answer.stderr)
        for word in words:
            self.assertIn(word, answer.stderr)
        return answer.stderr

    def test_same(self):
        self.assertEqual(self.check(0), "")

    def test_changed(self):
        with open(self.root / "abi/include/tiny.h", "a", encoding="utf-8") as file:
            file.write("\n")
        message = self.check(1, "abi/include/tiny.h: differs")
        self.assertEqual(len(re.findall("differs", message)), 1)

    def test_missing(self):
        (self.root / "src/core/handle_tags.h").unlink()
        self.check(1, "src/core/handle_tags.h: is missing")

    def test_left_over(self):
        shutil.copy(self.root / "src/api/entry.c", self.root / "src/api/old_entry.c")
        self.check(1, "src/api/old_entry.c: calls itself generated, but is no output")

    def test_untracked(self):
        git = ["git", "-C", str(self.root)]
        subprocess.run([*git, "init", "-q"], check=True)
        self.check(1, "abi/tiny.map: is not under version control")
        subprocess.run([*git, "add", "."], check=True)
        self.check(0)


if __name__ == "__main__":
    unittest.main()
