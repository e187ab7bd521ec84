# SPDX-License-Identifier: BSD-3-Clause
"""What failed calls raise: one class for each status, each also one of Python's own kinds where there is one."""

from . import _raw


class TernionError(Exception):
    """A failed call of the library.

    Attributes
    ----------
    status : int
        One of the numbers `ternion._raw.ERROR_...`; `str(error)` says what was wrong and what would be valid.
    """

    status = _raw.ERROR_INTERNAL

    def __init__(self, message, status=None):
        super().__init__(message)
        if status is not None:
            self.status = status


class ArgumentError(TernionError, ValueError):
    """An argument is negative, not finite, or of the wrong kind."""

    status = _raw.ERROR_ARGUMENT


class OptionError(TernionError, ValueError):
    """An option is unknown, out of range, or does not apply."""

    status = _raw.ERROR_OPTION


class FileError(TernionError, OSError):
    """A file could not be opened, read or written."""

    status = _raw.ERROR_FILE


class FormatError(TernionError, ValueError):
    """A file does not follow its format; the message says where."""

    status = _raw.ERROR_FORMAT


class VersionError(TernionError):
    """A file of another version."""

    status = _raw.ERROR_VERSION


class MemoryRefused(TernionError, MemoryError):
    """An allocation was refused: too large for the machine or for the option memory_limit."""

    status = _raw.ERROR_MEMORY


class DataError(TernionError, ValueError):
    """Structures or targets do not suit: coincident atoms, unknown species, no rows."""

    status = _raw.ERROR_DATA


class NumericalError(TernionError, ArithmeticError):
    """A singular problem, or numbers that are not finite came out."""

    status = _raw.ERROR_NUMERICAL


class Cancelled(TernionError):
    """A progress callback returned False."""

    status = _raw.CANCELLED


class MissingError(TernionError, LookupError):
    """What was asked for is not there, such as the forces of a structure without."""

    status = _raw.ERROR_MISSING


_CLASSES = {kind.status: kind for kind in TernionError.__subclasses__()}


def error_for(status, message):
    """The exception for a status of the library."""
    return _CLASSES.get(status, TernionError)(message, status)
