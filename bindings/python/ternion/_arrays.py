# SPDX-License-Identifier: BSD-3-Clause
"""NumPy arrays as the library reads them: the same memory when type and layout fit."""

import numpy


def array(name, values, shape, dtype=numpy.float64):
    """`values` as a contiguous array of a shape, in which None stands for any length."""
    result = numpy.ascontiguousarray(values, dtype=dtype) if numpy.ndim(values) else numpy.asarray(values, dtype=dtype)
    fits = result.ndim == len(shape) and all(wanted in (None, length) for wanted, length in zip(shape, result.shape))
    if not fits:
        wanted = ", ".join("any" if length is None else str(length) for length in shape)
        raise ValueError(f"{name} has the shape {result.shape} instead of ({wanted})")
    return result


def integers(name, values, shape, dtype):
    """The same for integers; numbers with a fraction are refused."""
    given = numpy.asarray(values)
    if given.size and given.dtype.kind not in "iub" and not numpy.array_equal(given, given.astype(dtype)):
        raise ValueError(f"{name} has to hold integers")
    if given.size == 0 and given.ndim < len(shape):
        given = numpy.zeros([length or 0 for length in shape], dtype)
    return array(name, given, shape, dtype)


def address(values):
    """Address of an array's memory, which the caller keeps alive; None for None."""
    return None if values is None else values.ctypes.data
