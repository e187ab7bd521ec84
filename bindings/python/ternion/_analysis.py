# SPDX-License-Identifier: BSD-3-Clause
"""Comparing structures; what descriptors see of them."""

import ctypes
from typing import NamedTuple, Optional

import numpy

from . import _progress
from ._arrays import address
from ._library import check, library
from ._options import handle_of
from .system import System


class Comparison(NamedTuple):
    """How two structures compare.

    same : bool; rmsd : float, Angstrom; rotation : (3, 3), takes the second onto the first about their centroids, as in
    second @ rotation.T; permutation : (n,), atom of the second that lies on each atom of the first. The last three are
    None when the species do not match.
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
        check(library.tern_compare(first, System._given(second), handle, ctypes.byref(same), ctypes.byref(rmsd),
                                   address(rotation), address(permutation)))
    if rmsd.value < 0:
        return Comparison(False, None, None, None)
    return Comparison(bool(same.value), rmsd.value, rotation, permutation)


class Sensitivity(NamedTuple):
    """What a descriptor sees of a structure or of an environment, to first order.

    singular_values : (directions,), falling, 1/Angstrom, one for each independent move that changes the shape; vectors
    : (directions, n, 3), these moves, of length 1; seen : how many singular values are not zero beside the largest; the
    descriptor is blind along `vectors[seen:]`.
    """

    singular_values: numpy.ndarray
    vectors: numpy.ndarray
    seen: int


def sensitivity(descriptor, system, center=None, progress=None, **options):
    """Singular values of the derivative of a descriptor with respect to all moves of atoms but the rigid ones.

    Parameters
    ----------
    descriptor : Descriptor
    system : System
    center : int, optional
        Only the environment of this centre, which stays while its neighbours move; without it the whole structure.
    progress : callable, optional
        See `ternion.fit`.
    **options
        threshold: singular values below this part of the largest one count as zero.

    Returns
    -------
    Sensitivity
    """
    center = -1 if center is None else _number_of(center)
    directions, seen = ctypes.c_int64(), ctypes.c_int64()
    check(library.tern_sensitivity_shape(descriptor, System._given(system), center, ctypes.byref(directions), None))
    values, vectors = numpy.empty(directions.value), numpy.empty((directions.value, len(system), 3))
    with handle_of(options) as handle:
        _progress.call(library.tern_sensitivity, descriptor, system, center, handle, ctypes.byref(seen),
                       address(values), address(vectors), progress=progress)
    return Sensitivity(values, vectors, seen.value)


def _number_of(center):
    if center < 0:
        raise ValueError(f"center is {center}, but centres are numbered from 0")
    return center
