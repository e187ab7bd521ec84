# SPDX-License-Identifier: BSD-3-Clause
"""Comparing structures."""

import ctypes
from typing import NamedTuple, Optional

import numpy

from ._arrays import address
from ._library import check, library
from ._options import handle_of
from .system import System


class Comparison(NamedTuple):
    """How two structures compare.

    same : bool; rmsd : float, Angstrom; rotation : (3, 3), takes the second onto the first about their centroids, as in second @
    rotation.T; permutation : (n,), atom of the second that lies on each atom of the first. The last three are None when the
    species do not match.
    """

    same: bool
    rmsd: Optional[float]
    rotation: Optional[numpy.ndarray]
    permutation: Optional[numpy.ndarray]


def compare(first, second, **options):
    """Are two structures the same but for a rotation, a translation, a relabelling of equal atoms and a reflection?

    Parameters
    ----------
    first, second : System
        Without periodic directions.
    **options
        tolerance (Angstrom); group: 'o3', or 'so3' to tell mirror images apart.

    Returns
    -------
    Comparison
    """
    same, rmsd = ctypes.c_int32(), ctypes.c_double()
    rotation, permutation = numpy.zeros((3, 3)), numpy.zeros(len(System._given(first)), numpy.int64)
    with handle_of(options) as handle:
        check(library.tern_compare(first, System._given(second), handle, ctypes.byref(same), ctypes.byref(rmsd), address(rotation),
                                   address(permutation)))
    if rmsd.value < 0:
        return Comparison(False, None, None, None)
    return Comparison(bool(same.value), rmsd.value, rotation, permutation)
