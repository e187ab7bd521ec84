# SPDX-License-Identifier: BSD-3-Clause
"""Options are keywords in Python; the library's handle lives only as long as the call that they are given to."""

import contextlib
import ctypes
import numbers
from collections.abc import Mapping
from typing import NamedTuple

import numpy

from . import _raw
from ._library import check, encode, library, number, text
from .errors import OptionError


@contextlib.contextmanager
def handle_of(keywords):
    """A handle with the keywords as options, None when there are none."""
    if not keywords:
        yield None
        return
    handle = ctypes.c_void_p()
    check(library.tern_options_new(ctypes.byref(handle)))
    try:
        for key, value in keywords.items():
            _set(handle, key, value)
        yield handle
    finally:
        library.tern_options_free(handle)


def _set(handle, key, value):
    name = encode(key)
    if value is None:
        return
    if isinstance(value, str):
        check(library.tern_options_set(handle, name, encode(value)))
    elif isinstance(value, (numbers.Integral, numpy.bool_)):
        check(library.tern_options_set_int(handle, name, int(value)))
    elif isinstance(value, numbers.Real):
        check(library.tern_options_set_double(handle, name, value))
    elif isinstance(value, Mapping):
        check(library.tern_options_set(handle, name, encode(",".join(f"{item}:{value[item]}" for item in value))))
    elif hasattr(value, "__fspath__"):
        check(library.tern_options_set_string(handle, name, encode(value)))
    else:
        _set_list(handle, key, value)


def _set_list(handle, key, values):
    try:
        given = numpy.asarray(list(values))
    except (TypeError, ValueError):
        kind = type(values).__name__
        raise OptionError(f"option '{key}' takes text, a number or a list of them, not {kind}") from None
    if given.ndim == 1 and given.dtype.kind in "iub":
        given = given.astype(numpy.int64)
        check(library.tern_options_set_ints(handle, encode(key), given.size, given.ctypes.data))
    elif given.ndim == 1 and given.dtype.kind == "f":
        given = given.astype(numpy.float64)
        check(library.tern_options_set_doubles(handle, encode(key), given.size, given.ctypes.data))
    else:
        check(library.tern_options_set(handle, encode(key), encode(",".join(map(str, values)))))


class Option(NamedTuple):
    """One option of a kind: its name, type, default (text), unit, range of valid values and meaning."""

    name: str
    type: str
    default: str
    unit: str
    range: str
    meaning: str


class Kind(NamedTuple):
    """A kind of descriptor or model: its name, type ('descriptor' or 'model') and meaning."""

    name: str
    type: str
    meaning: str


def options(kind=None):
    """What can be set for a kind of descriptor or model, for 'dataset', or altogether.

    Parameters
    ----------
    kind : str, optional
        Such as 'ridge' or 'frames'.

    Returns
    -------
    list of Option
    """
    name = None if kind is None else encode(kind)
    fields = (_raw.FIELD_NAME, _raw.FIELD_TYPE, _raw.FIELD_DEFAULT, _raw.FIELD_UNIT, _raw.FIELD_RANGE,
              _raw.FIELD_MEANING)
    return [Option(*(text(library.tern_options_entry, name, index, field) for field in fields))
            for index in range(number(library.tern_options_count, name))]


def kinds():
    """The kinds of descriptors and models, as a list of Kind."""
    fields = (_raw.FIELD_NAME, _raw.FIELD_TYPE, _raw.FIELD_MEANING)
    return [Kind(*(text(library.tern_kinds_entry, index, field) for field in fields))
            for index in range(number(library.tern_kinds_count))]
