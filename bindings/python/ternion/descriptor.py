# SPDX-License-Identifier: BSD-3-Clause
"""Descriptions of atomic environments: values, derivatives, labels."""

import ctypes
import json
import os
from typing import NamedTuple

import numpy

from . import _progress
from ._arrays import address, array
from ._library import NEW, Owner, check, encode, library, number, text
from ._options import handle_of, kinds
from .dataset import Dataset
from .system import System


class Jacobian(NamedTuple):
    """The blocks of a Jacobian that are not zero.

    indices : (blocks, 2), row and atom of each block, sorted; values : (blocks, 3, features), 1/Angstrom; strain : (rows, 3, 3,
    features), element [row, a, b] for r_a += strain_ab r_b of positions and cell.
    """

    indices: numpy.ndarray
    values: numpy.ndarray
    strain: numpy.ndarray


class Descriptor(Owner):
    """A description of atomic environments.

    Parameters
    ----------
    kind : str or path
        A kind such as 'power_spectrum' (`ternion.kinds()` lists them), or a file that `save` wrote.
    **options
        `ternion.options(kind)` lists them. Without `species` the descriptor has to be fitted before it can compute.
    """

    _free = "tern_descriptor_free"

    def __init__(self, kind, **options):
        if not options and _is_stored(kind):
            self._own(library.tern_descriptor_load, NEW, encode(kind))
            return
        with handle_of(options) as handle:
            self._own(library.tern_descriptor_new, NEW, encode(kind), handle)

    def fit(self, dataset, progress=None):
        """Learns from a data set what the options leave open, such as the species; returns the descriptor.

        Parameters
        ----------
        dataset : Dataset
        progress : callable, optional
            See `ternion.fit`.
        """
        _progress.call(library.tern_descriptor_fit, self, Dataset._given(dataset), progress=progress)
        return self

    def save(self, path):
        """Writes the descriptor; `Descriptor(path)` computes the same numbers bit for bit."""
        check(library.tern_descriptor_save(self, encode(path)))

    @property
    def info(self):
        """Kind, options, species and number of features, as a dict."""
        return json.loads(text(library.tern_descriptor_info, self))

    @property
    def labels(self):
        """What each feature is: a list of dicts with 'parity' and whatever of 'nu', 'n', 'l', 'm' and 'species' applies."""
        return json.loads(text(library.tern_descriptor_labels, self))

    def shape(self, system):
        """(rows, features) of a system."""
        rows, features = ctypes.c_int64(), ctypes.c_int64()
        check(library.tern_descriptor_shape(self, System._given(system), ctypes.byref(rows), ctypes.byref(features)))
        return rows.value, features.value

    def rows(self, system):
        """What each row stands for: (rows, 2) structure (0) and centre, or (rows, 4) with the two tags."""
        indices = numpy.empty((self.shape(system)[0], number(library.tern_descriptor_index_size, self)), numpy.int64)
        check(library.tern_descriptor_rows(self, system, address(indices)))
        return indices

    def compute(self, system, out=None):
        """The features of every row (centre, pair or triplet).

        Parameters
        ----------
        system : System
        out : numpy.ndarray, (rows, features), optional
            Contiguous float64 memory to fill.

        Returns
        -------
        numpy.ndarray, (rows, features)
        """
        values = numpy.empty(self.shape(system)) if out is None else _writable(out, self.shape(system))
        check(library.tern_descriptor_compute(self, system, address(values)))
        return values

    def pullback(self, system, weights):
        """Vector-Jacobian product: the gradient of sum(weights * values).

        Parameters
        ----------
        system : System
        weights : array_like, (rows, features)

        Returns
        -------
        gradient : numpy.ndarray, (n, 3)
            With respect to the positions, 1/Angstrom, ghosts included.
        strain : numpy.ndarray, (3, 3)
            With respect to a strain: element [a, b] for r_a += strain_ab r_b of positions and cell.
        """
        weights = array("weights", weights, self.shape(system))
        gradient, strain = numpy.empty((len(system), 3)), numpy.empty((3, 3))
        check(library.tern_descriptor_pullback(self, system, address(weights), address(gradient), address(strain)))
        return gradient, strain

    def pushforward(self, system, positions=None, strain=None):
        """Jacobian-vector product: how the features change along a direction.

        Parameters
        ----------
        system : System
        positions : array_like, (n, 3), optional
            Direction of the positions, Angstrom.
        strain : array_like, (3, 3), optional
            Direction of the strain.

        Returns
        -------
        numpy.ndarray, (rows, features)
        """
        positions = None if positions is None else array("positions", positions, (len(system), 3))
        strain = None if strain is None else array("strain", strain, (3, 3))
        derivative = numpy.empty(self.shape(system))
        check(library.tern_descriptor_pushforward(self, system, address(positions), address(strain), address(derivative)))
        return derivative

    def jacobian(self, system):
        """The explicit sparse Jacobian of the features, as a Jacobian (indices, values, strain)."""
        rows, features = self.shape(system)
        blocks = number(library.tern_descriptor_jacobian_shape, self, system)
        result = Jacobian(numpy.empty((blocks, 2), numpy.int64), numpy.empty((blocks, 3, features)),
                          numpy.empty((rows, 3, 3, features)))
        check(library.tern_descriptor_jacobian(self, system, *map(address, result)))
        return result

    def write(self, dataset, path, progress=None):
        """Writes the features of a whole data set, with rows and labels, as safetensors; values alone when named .npy."""
        _progress.call(library.tern_descriptor_write, self, Dataset._given(dataset), encode(path), progress=progress)

    def __repr__(self):
        return f"<ternion.Descriptor {self.info.get('kind', '')}>"


def _is_stored(name):
    """A kind is one word of the library; whatever else looks like a path is one."""
    if hasattr(name, "__fspath__"):
        return True
    return (os.path.isfile(name) or "." in name or os.sep in name) and all(kind.name != name for kind in kinds())


def _writable(out, shape):
    fits = isinstance(out, numpy.ndarray) and out.dtype == numpy.float64 and out.shape == shape
    if not (fits and out.flags.c_contiguous and out.flags.writeable):
        raise ValueError(f"out has to be a writable, C-contiguous float64 array of shape {shape}")
    return out
