# SPDX-License-Identifier: BSD-3-Clause
"""Finding and checking the shared library, and calling it."""

import ctypes
import json
import os
import pathlib
import sys
import sysconfig
import weakref

from . import _raw
from .errors import error_for

_NAMES = {"darwin": "libternion.{}.dylib", "win32": "ternion.dll"}
FILE_NAME = _NAMES.get(sys.platform, "libternion.so.{}").format(_raw.ABI_VERSION)


def _candidates():
    """Where the library may be, best first: the environment's choice alone, or the installed tree, then where the
    system looks."""
    chosen = os.environ.get("TERNION_LIBRARY")
    if chosen:
        return [chosen]
    folder = pathlib.Path(__file__).resolve().parent
    prefixes = [pathlib.Path(sys.prefix)]
    if folder.parts[-4:] == ("share", "ternion", "python", "ternion"):
        prefixes.insert(0, folder.parents[3])
    libraries = ["lib", "lib64", "bin"]
    if sysconfig.get_config_var("MULTIARCH"):
        libraries.append("lib/" + sysconfig.get_config_var("MULTIARCH"))
    paths = [prefix / library / FILE_NAME for prefix in prefixes for library in libraries]
    return [str(path) for path in paths if path.is_file()] + [FILE_NAME]


def _open():
    failures = []
    for path in _candidates():
        try:
            return path, ctypes.CDLL(path)
        except OSError as failure:
            failures.append(str(failure))
    raise ImportError("libternion was not found. Install it, or set the environment variable TERNION_LIBRARY to the "
                      f"path of {FILE_NAME}. Tried: " + "; ".join(failures))


def _load():
    path, library = _open()
    try:
        number = _raw.abi_number(library)
    except AttributeError:
        raise ImportError(f"{path} is not libternion; TERNION_LIBRARY has to be the path of {FILE_NAME}") from None
    if number != _raw.ABI_VERSION:
        raise ImportError(
            f"{path} has the binary interface {number}, but this Python package ternion {_raw.VERSION_STRING} needs "
            f"{_raw.ABI_VERSION}. Use the package that was installed with that library, or set TERNION_LIBRARY to the "
            f"path of a {FILE_NAME}.")
    return _raw.bind(library)


library = _load()


def check(status):
    """Raises the library's message unless the call succeeded."""
    if status != _raw.SUCCESS:
        raise error_for(status, text(library.tern_last_error))


def text(getter, *arguments):
    """The text that getter(*arguments, buffer, capacity, length) gives, asked for its length first."""
    length = ctypes.c_int64()
    check(getter(*arguments, None, 0, ctypes.byref(length)))
    buffer = ctypes.create_string_buffer(length.value + 1)
    check(getter(*arguments, buffer, len(buffer), None))
    return buffer.value.decode("utf-8", "replace")


def number(getter, *arguments, kind=ctypes.c_int64):
    """The integer that getter(*arguments, number) gives."""
    value = kind()
    check(getter(*arguments, ctypes.byref(value)))
    return value.value


def encode(value):
    """Text or a path as the library reads it."""
    encoded = os.fsencode(value)
    if b"\0" in encoded:
        raise ValueError(f"{value!r} holds a NUL character")
    return encoded


class Owner:
    """What owns a handle of the library, which is freed with it; ctypes passes the handle wherever the object is
    given."""

    _free = None  # name of the function that ends the handle

    def _own(self, maker, *arguments):
        """Takes the handle that maker(*arguments) makes; the argument for the new handle is given as `NEW`."""
        handle = ctypes.c_void_p()
        check(maker(*(ctypes.byref(handle) if argument is NEW else argument for argument in arguments)))
        self._hold(handle.value)

    def _hold(self, handle):
        self._as_parameter_ = handle
        self._finalizer = weakref.finalize(self, getattr(library, self._free), handle)

    @classmethod
    def _made(cls, maker, *arguments):
        """A new object with the handle that maker(*arguments) makes."""
        owner = cls.__new__(cls)
        owner._own(maker, *arguments)
        return owner

    @classmethod
    def _given(cls, value):
        """The value, if it is one of these; a number in the place of a handle would be taken for an address."""
        if not isinstance(value, cls):
            raise TypeError(f"a ternion.{cls.__name__} is needed, not {type(value).__name__}")
        return value

    def _release(self):
        self._as_parameter_ = None
        self._finalizer()

    def __copy__(self):
        raise TypeError(f"{type(self).__name__} cannot be copied; it may be shared, and saved to a file")

    def __deepcopy__(self, memo):
        return self.__copy__()

    def __reduce__(self):
        raise TypeError(f"{type(self).__name__} cannot be pickled; save it to a file")


NEW = object()


def info(path=None):
    """What the library says about itself or a file.

    Parameters
    ----------
    path : str or path, optional
        A model, descriptor, feature or structure file.

    Returns
    -------
    dict
        Release, instruction set, BLAS and threads of this process; or kind, options, species and counts of the file.
    """
    if path is None:
        return json.loads(text(library.tern_info))
    return json.loads(text(library.tern_file_info, encode(path)))


def version():
    """Release of the library, such as '0.1.0'."""
    return text(library.tern_version)
