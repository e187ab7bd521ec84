# SPDX-License-Identifier: BSD-3-Clause
"""Every function of the contract with every argument spoiled in turn: a status, a message that names the culprit, and
outputs as they were. Functions and arguments come from the contract, so a new function is tested without a word."""

import ctypes
import faulthandler
import importlib.util
import math
import pathlib
import sys
import tempfile
import threading
import tomllib
import unittest

PROJECT = pathlib.Path(__file__).resolve().parent.parent.parent
CONTRACT = tomllib.loads((PROJECT / "abi" / "ternion.toml").read_text(encoding="utf-8"))
FUNCTIONS = {function["name"]: function["arguments"] for function in CONTRACT["function"]}
KEEPS_ERROR = [function["name"] for function in CONTRACT["function"] if function.get("keeps_error")]
SIZES = {"int32": 4, "int64": 8, "double": 8, "char": 1}
SENTINEL = 0x5A
ROOM = 1 << 16  # bytes of every array, more than any valid call below writes
# Texts that are not UTF-8, and the first byte at which that shows.
BAD_TEXTS = [(b"caf\xe9", 3), (b"\xc0\xaf", 0), (b"a\xed\xa0\x80", 1), (b"\xf5\x80\x80\x80", 0), (b"ab\x80", 2),
             (b"\xe2\x82", 0), (b"\xf0\x80\x80\x80", 0), (b"\xf4\x90\x80\x80", 0)]

spec = importlib.util.spec_from_file_location("_raw", PROJECT / "bindings" / "python" / "ternion" / "_raw.py")
raw = importlib.util.module_from_spec(spec)
spec.loader.exec_module(raw)
faulthandler.enable()  # a check that is missing may end in a crash: say where
library = raw.bind(ctypes.CDLL(sys.argv.pop(1)))


def call(function, *arguments):
    return getattr(library, f"tern_{function}")(*arguments)


def last_error():
    buffer = ctypes.create_string_buffer(4096)
    assert call("last_error", ctypes.addressof(buffer), len(buffer), None) == raw.SUCCESS
    return buffer.value.decode()


def must(function, *arguments):
    status = call(function, *arguments)
    assert status == raw.SUCCESS, f"tern_{function}: {status}, {last_error()}"


def array(kind, values):
    return (kind * len(values))(*values)


def made(function, *arguments):
    """The handle that a function makes in its first argument."""
    handle = ctypes.c_void_p()
    must(function, ctypes.byref(handle), *arguments)
    return handle


def dimer(distance, place=0.0):
    return made("system_new", 2, array(ctypes.c_int32, [14, 14]),
                array(ctypes.c_double, [place, 0, 0, place, 0, distance]), None, None)


class Fixture:
    """One living handle of each kind."""

    def __init__(self, folder):
        self.path = str(folder / "dimers.extxyz").encode()
        self.output = str(folder / "out.extxyz").encode()
        options, system, dataset = made("options_new"), dimer(2.35), made("dataset_new")
        for key, value in ((b"cutoff", b"4.0"), (b"n_max", b"3"), (b"l_max", b"2"), (b"species", b"14")):
            must("options_set", options, key, value)
        for index in range(12):
            one = dimer(2.0 + 0.1 * index)
            energy = ctypes.c_double(0.5 * (0.1 * index - 0.4) ** 2)
            must("dataset_append", dataset, one, ctypes.byref(energy), None, None)
            must("system_free", one)
        must("dataset_set_tensor", dataset, 0, b"dipole", 1, array(ctypes.c_double, [0.1, 0.2, 0.3]))
        must("dataset_set_vectors", dataset, 0, b"charge", 1, array(ctypes.c_double, [0.5, -0.5]))
        must("dataset_write", dataset, self.path)
        self.handles = {
            "options": options, "system": system, "dataset": dataset, "reader": made("reader_open", self.path, None),
            "writer": made("writer_open", self.output),
            "descriptor": made("descriptor_new", b"power_spectrum", options),
            "model": made("model_fit", b"ridge", dataset, options, raw.PROGRESS(), None),
        }

    def end(self):
        for kind, handle in self.handles.items():
            must(f"{kind}_free", handle)


def is_pointer(argument):
    kind = argument["type"]
    return bool(argument["shape"]) or argument.get("direction", "in") != "in" or kind == "string" or kind.startswith(
        ("handle", "callback", "context"))


def is_count(function, argument):
    return any(argument["name"] in other["shape"] for other in FUNCTIONS[function])


def is_double_input(argument):
    return argument["type"] == "double" and argument.get("direction", "in") == "in"


def dimensions(function, argument, count=2):
    """Sizes of an array when every count is `count`; None where they do not follow from the arguments."""
    names = {other["name"] for other in FUNCTIONS[function]}
    if all(item.isdigit() or item in names for item in argument["shape"]):
        return [int(item) if item.isdigit() else count for item in argument["shape"]]
    return None


class Call:
    """A call with plausible arguments, any of which can be spoiled."""

    def __init__(self, fixture, function):
        self.function, self.values, self.buffers = function, {}, {}
        for argument in FUNCTIONS[function]:
            self.values[argument["name"]] = self.plausible(fixture, argument)

    def plausible(self, fixture, argument):
        kind, direction = argument["type"], argument.get("direction", "in")
        if kind.startswith("handle.") and direction in ("in", "inout"):
            return fixture.handles[kind.split(".")[1]]
        if kind.startswith("handle.") and direction == "free" or kind == "context":
            return None
        if kind.startswith("callback."):
            return raw.PROGRESS()
        if kind == "string":
            texts = {"path": fixture.path, "kind": b"power_spectrum", "key": b"cutoff",
                     "name": b"charge" if "vectors" in self.function else b"dipole"}
            return texts.get(argument["name"], b"4.0")
        if not is_pointer(argument):
            counts = is_count(self.function, argument) or argument["name"] == "n_centers"
            return 1.0 if kind == "double" else 2 if counts else 0
        fill = SENTINEL if direction != "in" else 1 if kind == "int32" else 0
        buffer = (ctypes.c_char * ROOM).from_buffer(bytearray([fill]) * ROOM)
        if direction != "in":
            self.buffers[argument["name"]] = buffer
        address = ctypes.addressof(buffer)
        if direction == "new":
            return ctypes.cast(buffer, ctypes.POINTER(ctypes.c_void_p))
        if direction == "out" and not argument["shape"]:
            return ctypes.cast(buffer, ctypes.POINTER({"int32": ctypes.c_int32, "int64": ctypes.c_int64,
                                                       "double": ctypes.c_double}[kind]))
        self.buffers.setdefault("in " + argument["name"], buffer)  # kept alive
        return address

    def __call__(self, **spoiled):
        arguments = [spoiled.get(name, value) for name, value in self.values.items()]
        return call(self.function, *arguments)

    def touched(self):
        return [name for name, buffer in self.buffers.items()
                if not name.startswith("in ") and bytes(buffer) != bytes([SENTINEL]) * ROOM]


class WithHandles(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.fixture = Fixture(pathlib.Path(cls.folder.name))

    @classmethod
    def tearDownClass(cls):
        cls.fixture.end()
        cls.folder.cleanup()


class Arguments(WithHandles):
    def each(self, keep, check):
        """Checks the arguments that `keep` chooses, each on its own, and counts them; getters are tested elsewhere."""
        count = 0
        for function, arguments in FUNCTIONS.items():
            for argument in arguments:
                if function not in KEEPS_ERROR and keep(function, argument):
                    count += 1
                    with self.subTest(function=function, argument=argument["name"]):
                        check(function, argument)
        return count

    def refused(self, function, argument, value, *words, status=raw.ERROR_ARGUMENT, name=None):
        trial = Call(self.fixture, function)
        self.assertEqual(trial(**{argument["name"]: value}), status, last_error())
        message = last_error()
        self.assertIn(f"'{name or argument['name']}' of tern_{function} ", message)
        for word in words:
            self.assertIn(word, message)
        self.assertEqual(trial.touched(), [])

    def test_null(self):
        def check(function, argument):
            null = ctypes.POINTER(ctypes.c_void_p)() if argument.get("direction") == "new" else None
            self.refused(function, argument, null, "is NULL")

        self.assertGreater(self.each(lambda f, a: is_pointer(a) and not a.get("optional"), check), 100)

    def test_optional_pointers_may_be_null(self):
        def check(function, argument):
            trial = Call(self.fixture, function)
            null = raw.PROGRESS() if argument["type"].startswith("callback") else None
            if trial(**{argument["name"]: null}) != raw.SUCCESS:
                self.assertNotIn("is NULL", last_error())
            self.free_new(trial, function)

        self.assertGreater(self.each(lambda f, a: is_pointer(a) and a.get("optional"), check), 40)

    @staticmethod
    def free_new(trial, function):
        for argument in FUNCTIONS[function]:
            if argument.get("direction") == "new" and argument["name"] in trial.touched():
                must(f"{argument['type'].split('.')[1]}_free", trial.values[argument["name"]].contents)

    def test_arrays_of_no_items_may_be_null(self):
        handles = self.fixture.handles
        empty = made("system_new", 0, None, None, None, None)
        alone = made("system_new_from_pairs", 0, 0, None, 0, None, None, ctypes.c_double(5))
        must("options_set_ints", handles["options"], b"species", 0, None)
        none = ctypes.c_void_p()
        must("dataset_subset", handles["dataset"], 0, None, ctypes.byref(none))
        for name, handle in (("system", empty), ("system", alone), ("dataset", none)):
            must(name + "_free", handle)

    def test_wrong_handle(self):
        nothing = ctypes.create_string_buffer(4096)

        def check(function, argument):
            wanted = argument["type"].split(".")[1]
            for kind, handle in self.fixture.handles.items():
                if kind != wanted:
                    self.refused(function, argument, handle, f"is a tern_{kind}, not a tern_{wanted}")
            self.refused(function, argument, ctypes.addressof(nothing), "is no handle", f"tern_{wanted}")

        is_given = lambda f, a: a["type"].startswith("handle") and a.get("direction", "in") != "new"
        self.assertGreater(self.each(is_given, check), 40)

    def test_counts(self):
        def check(function, argument):
            self.refused(function, argument, -1, "-1", "negative")
            self.refused(function, argument, -(2**63), "negative")
            first = next(a for a in FUNCTIONS[function] if argument["name"] in a["shape"])
            for huge in (2**50, 2**61, 2**62 + 1, 2**63 - 1):
                others = (2 if i == "n_atoms" else int(i) for i in first["shape"]
                          if i != argument["name"] and (i == "n_atoms" or i.isdigit()))
                wanted = huge * SIZES[first["type"]] * math.prod(others)
                self.refused(function, argument, huge, f"{float(wanted):.0f} bytes", status=raw.ERROR_MEMORY,
                             name=first["name"])

        self.assertGreater(self.each(is_count, check), 10)

    def test_number_of_an_enumeration(self):
        def check(function, argument):
            for number in (-1, 99, 2**31 - 1):
                self.refused(function, argument, number, str(number), "valid are TERN_")

        self.assertGreater(self.each(lambda f, a: a["type"].startswith("enum."), check), 3)

    def test_texts(self):
        def check(function, argument):
            for bad, byte in BAD_TEXTS:
                self.refused(function, argument, bad, f"is not UTF-8: byte {byte} is 0x{bad[byte]:02x}")

        self.assertGreater(self.each(lambda f, a: a["type"] == "string", check), 20)

    def test_good_texts_are_not_refused_for_their_bytes(self):
        for text in ("caf\u00e9", "\u20ac\ud7ff\ue000", "\U0001f600\U0010ffff"):
            options = self.fixture.handles["options"]
            self.assertEqual(call("options_set", options, text.encode(), b"1"), raw.ERROR_OPTION)
            self.assertIn(text, last_error())

    def test_numbers_that_are_not_finite(self):
        def check(function, argument):
            for value, word in ((math.nan, "NaN"), (math.inf, "infinity"), (-math.inf, "-infinity")):
                self.refused(function, argument, value, word)

        self.assertGreater(self.each(lambda f, a: is_double_input(a) and not a["shape"], check), 3)

    def test_arrays_that_are_not_finite(self):
        def check(function, argument):
            sizes = dimensions(function, argument)
            for index in (0, math.prod(sizes) - 1):
                for value, word in ((math.nan, "NaN"), (-math.inf, "-infinity")):
                    values = array(ctypes.c_double, [1.0] * 4096)
                    values[index] = value
                    name = argument["name"] + self.subscripts(index, sizes)
                    self.refused(function, argument, ctypes.addressof(values), f"{name} is {word}")

        has_known_size = lambda f, a: is_double_input(a) and a["shape"] and dimensions(f, a)
        self.assertGreater(self.each(has_known_size, check), 8)

    def test_arrays_whose_size_is_not_among_the_arguments_are_not_finite(self):
        def check(function, argument):
            for value in (math.nan, math.inf):
                values = array(ctypes.c_double, [value] + [1.0] * 4096)
                trial = Call(self.fixture, function)
                status = trial(**{argument["name"]: ctypes.addressof(values)})
                self.assertEqual(status, raw.ERROR_ARGUMENT, last_error())
                name = argument["name"]
                for word in (f"argument '{name}'", name + "[0]" * len(argument["shape"])):
                    self.assertIn(word, last_error())
                self.assertEqual(trial.touched(), [])

        has_other_size = lambda f, a: is_double_input(a) and a["shape"] and not dimensions(f, a)
        self.assertGreater(self.each(has_other_size, check), 3)

    @staticmethod
    def subscripts(index, sizes):
        text = ""
        for size in reversed(sizes):
            text = f"[{index % size}]{text}"
            index //= size
        return text

    def test_free_null(self):
        for kind in CONTRACT["handle"]:
            self.assertEqual(call(f"{kind}_free", None), raw.SUCCESS)


class Texts(WithHandles):
    """The rule for text that is handed out, in every function that does so."""

    def test_length_is_asked_first(self):
        texts = [f for f, arguments in FUNCTIONS.items() if any(a["type"] == "char" for a in arguments)]
        self.assertGreater(len(texts), 7)
        for function in texts:
            with self.subTest(function=function):
                self.length_first(function)

    def length_first(self, function):
        trial = Call(self.fixture, function)
        self.assertEqual(trial(buffer=None, capacity=0), raw.SUCCESS, last_error())
        length = trial.values["length"].contents.value
        if function != "last_error":
            self.assertGreater(length, 0)
        self.assertEqual(trial(capacity=length + 1), raw.SUCCESS, last_error())
        text = bytes(trial.buffers["buffer"])
        self.assertEqual(text.index(0), length)
        self.assertEqual(text[length + 1], SENTINEL)
        text.decode()
        trial = Call(self.fixture, function)
        if function in ("last_error", "version"):
            return
        self.assertEqual(trial(capacity=length), raw.ERROR_BUFFER)
        self.assertIn(str(length + 1), last_error())
        self.assertEqual(trial.touched(), [])


class Errors(unittest.TestCase):
    def fail_with(self, key):
        options = made("options_new")
        self.assertEqual(call("options_set", options, key, b"1"), raw.ERROR_OPTION)
        must("options_free", options)

    def test_message_outlives_calls_that_succeed(self):
        self.fail_with(b"zzz_first")
        self.assertIn("zzz_first", last_error())
        must("system_free", dimer(1.0))
        self.assertIn("zzz_first", last_error())

    def test_getters_leave_the_error_alone(self):
        self.fail_with(b"zzz_kept")
        message = last_error()
        number, length = ctypes.c_int32(), ctypes.c_int64()
        buffer = ctypes.create_string_buffer(64)
        text = ctypes.addressof(buffer)
        self.assertEqual(call("abi_version", ctypes.byref(number)), raw.SUCCESS)
        self.assertEqual(number.value, raw.ABI_VERSION)
        self.assertEqual(call("abi_version", None), raw.ERROR_ARGUMENT)
        self.assertEqual(call("version", text, 64, ctypes.byref(length)), raw.SUCCESS)
        self.assertEqual(buffer.value.decode(), raw.VERSION_STRING)
        for function in ("version", "last_error"):
            self.assertEqual(call(function, text, -1, None), raw.ERROR_ARGUMENT)
            call(function, None, 0, None)
            call(function, text, 2, ctypes.byref(length))
            call(function, text, 0, None)
        self.assertEqual(call("version", text, 2, None), raw.ERROR_BUFFER)
        self.assertEqual(last_error(), message)
        self.assertEqual(sorted(KEEPS_ERROR), ["abi_version", "last_error", "version"])

    def test_last_error_is_cut_to_the_buffer(self):
        self.fail_with(b"zzz_cut")
        message, length = last_error(), ctypes.c_int64()
        buffer = ctypes.create_string_buffer(b"#" * 16)
        self.assertEqual(call("last_error", ctypes.addressof(buffer), 8, ctypes.byref(length)), raw.SUCCESS)
        self.assertEqual((buffer.value.decode(), length.value), (message[:7], len(message)))
        self.assertEqual(buffer.raw[8:9], b"#")

    def test_message_is_per_thread(self):
        self.fail_with(b"zzz_main")
        seen = []

        def other():
            seen.append(last_error())
            self.fail_with(b"zzz_other")
            seen.append(last_error())

        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
        self.assertEqual(seen[0], "")
        self.assertIn("zzz_other", seen[1])
        self.assertIn("zzz_main", last_error())


class Callbacks(unittest.TestCase):
    """What a progress callback returns decides; nothing is made when it says no."""

    def fit(self, answer):
        with tempfile.TemporaryDirectory() as folder:
            fixture = Fixture(pathlib.Path(folder))
            calls = []
            progress = raw.PROGRESS(lambda *arguments: calls.append(arguments) or answer)
            model = ctypes.c_void_p(77)
            status = call("model_fit", ctypes.byref(model), b"ridge", fixture.handles["dataset"],
                          fixture.handles["options"], progress, 1234)
            if status == raw.SUCCESS:
                must("model_free", model)
            fixture.end()
        self.assertGreater(len(calls), 0)
        for stage, done, total, loss, context in calls:
            self.assertTrue(stage.decode())
            self.assertTrue(0 <= done and (total == 0 or done <= total))
            self.assertEqual(context, 1234)
            self.assertFalse(math.isnan(loss))
        return status, model.value, len(calls)

    def test_zero_goes_on(self):
        self.assertEqual(self.fit(0)[0], raw.SUCCESS)

    def test_negative_is_handed_back(self):
        for code in (-7, -1, -(2**31)):
            self.assertEqual(self.fit(code), (code, 77, 1))
            self.assertNotEqual(last_error(), "")

    def test_positive_cancels(self):
        self.assertEqual(self.fit(5), (raw.CANCELLED, 77, 1))
        self.assertIn("cancel", last_error().lower())


if __name__ == "__main__":
    unittest.main()
