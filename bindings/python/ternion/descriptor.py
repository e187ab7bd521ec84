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
from .errors import MemoryRefused
from .model import Model
from .system import System


class Jacobian(NamedTuple):
    """The blocks of a Jacobian that are not zero.

    indices : (blocks, 2), row and atom of each block, sorted; values : (blocks, 3, features), 1/Angstrom; strain :
    (rows, 3, 3, features), element [row, a, b] for r_a += strain_ab r_b of positions and cell.
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

    @classmethod
    def from_model(cls, model):
        """A descriptor whose features are the vectors that a model predicts (`ternion.fit` with `target`), a row for
        each centre.

        Energies are fitted on them with ``descriptor="learned", learned="the model's file"``.
        """
        return cls._made(library.tern_descriptor_from_model, NEW, Model._given(model))

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
        """What each feature is: a list of dicts with 'parity' and whatever of 'nu', 'n', 'l', 'm' and 'species'
        applies."""
        return json.loads(text(library.tern_descriptor_labels, self))

    def centers(self, system):
        """Number of centres of a system; `centers=` of the other methods takes a range of them, so that memory is
        bounded."""
        return number(library.tern_descriptor_centers, self, System._given(system))

    def shape(self, system, centers=None):
        """(rows, features) of a system, or of a range of its centres."""
        return self._sizes(system, self._span(system, centers), blocks=False)[:2]

    def rows(self, system, centers=None):
        """What each row stands for: (rows, 2) structure (0) and centre, (rows, 3) with one tag or (rows, 4) with two.

        A tag that is the centre itself, not one of its periodic images, is -1.
        """
        span = self._span(system, centers)
        count = self._sizes(system, span, blocks=False)[0]
        indices = numpy.empty((count, number(library.tern_descriptor_index_size, self)), numpy.int64)
        check(library.tern_descriptor_rows_range(self, system, *span, address(indices)))
        return indices

    def compute(self, system, out=None, centers=None):
        """The features of every row (centre, pair or triplet).

        Parameters
        ----------
        system : System
        out : numpy.ndarray, (rows, features), optional
            Contiguous float64 memory to fill.
        centers : range or slice, optional
            Only the rows of these centres, such as range(0, 100).

        Returns
        -------
        numpy.ndarray, (rows, features)
        """
        span = self._span(system, centers)
        shape = self._sizes(system, span, blocks=False)[:2]
        values = _room(shape) if out is None else _writable(out, shape)
        check(library.tern_descriptor_compute_range(self, system, *span, address(values)))
        return values

    def pullback(self, system, weights, centers=None):
        """Vector-Jacobian product: the gradient of sum(weights * values).

        Parameters
        ----------
        system : System
        weights : array_like, (rows, features)
        centers : range or slice, optional
            Only the rows of these centres.

        Returns
        -------
        gradient : numpy.ndarray, (n, 3)
            With respect to the positions of all atoms, 1/Angstrom, ghosts included.
        strain : numpy.ndarray, (3, 3)
            With respect to a strain: element [a, b] for r_a += strain_ab r_b of positions and cell.
        """
        span = self._span(system, centers)
        weights = array("weights", weights, self._sizes(system, span, blocks=False)[:2])
        return self._gradient(library.tern_descriptor_pullback_range, system, span, weights)

    def pushforward(self, system, positions=None, strain=None, centers=None):
        """Jacobian-vector product: how the features change along a direction.

        Parameters
        ----------
        system : System
        positions : array_like, (n, 3), optional
            Direction of the positions, Angstrom.
        strain : array_like, (3, 3), optional
            Direction of the strain.
        centers : range or slice, optional
            Only the rows of these centres.

        Returns
        -------
        numpy.ndarray, (rows, features)
        """
        positions = None if positions is None else array("positions", positions, (len(system), 3))
        strain = None if strain is None else array("strain", strain, (3, 3))
        span = self._span(system, centers)
        derivative = _room(self._sizes(system, span, blocks=False)[:2])
        check(library.tern_descriptor_pushforward_range(self, system, *span, address(positions), address(strain),
                                                        address(derivative)))
        return derivative

    def jacobian(self, system, centers=None):
        """The explicit sparse Jacobian of the features, as a Jacobian (indices, values, strain).

        With `centers`, a range or slice, only the rows of these centres, counted from the first of them.
        """
        span = self._span(system, centers)
        rows, features, blocks = self._sizes(system, span)
        result = Jacobian(numpy.empty((blocks, 2), numpy.int64), _room((blocks, 3, features)),
                          _room((rows, 3, 3, features)))
        check(library.tern_descriptor_jacobian_range(self, system, *span, *map(address, result)))
        return result

    def weights(self, system, centers=None):
        """Weights of rows, (rows,): the cutoff function with tag_cutoff and tag_width of each of a row's tags,
        multiplied.

        Sums over rows of weight times any function of the features are smooth; all 1 for kinds without tags.
        """
        span = self._span(system, centers)
        weights = _room(self._sizes(system, span, blocks=False)[:1])
        check(library.tern_descriptor_weights_range(self, system, *span, address(weights)))
        return weights

    def weights_pullback(self, system, slopes, centers=None):
        """The gradient of sum(slopes * weights) with respect to positions and strain, as `pullback` gives it."""
        span = self._span(system, centers)
        slopes = array("slopes", slopes, self._sizes(system, span, blocks=False)[:1])
        return self._gradient(library.tern_descriptor_weights_pullback_range, system, span, slopes)

    def _span(self, system, centers):
        """First centre and number of centres."""
        total = self.centers(system)
        if centers is None:
            return 0, total
        if isinstance(centers, slice):
            centers = range(total)[centers]
        if not isinstance(centers, range) or (centers.step != 1 and len(centers) > 1):
            raise ValueError(f"centers has to be a range or slice of consecutive centres, such as range(0, 100), "
                             f"not {centers!r}")
        return centers.start, len(centers)

    def _sizes(self, system, span, blocks=True):
        """Rows, features and blocks of the Jacobian."""
        sizes = [ctypes.c_int64() for _ in range(3)]
        asked = [ctypes.byref(size) for size in sizes[:2 + blocks]] + [None] * (1 - blocks)
        check(library.tern_descriptor_shape_range(self, system, *span, *asked))
        return tuple(size.value for size in sizes)

    def _gradient(self, function, system, span, weights):
        gradient, strain = numpy.empty((len(system), 3)), numpy.empty((3, 3))
        check(function(self, system, *span, address(weights), address(gradient), address(strain)))
        return gradient, strain

    def write(self, dataset, path, progress=None):
        """Writes the features of a whole data set, with rows and labels, as safetensors; values alone when named
        .npy."""
        _progress.call(library.tern_descriptor_write, self, Dataset._given(dataset), encode(path), progress=progress)

    def __repr__(self):
        return f"<ternion.Descriptor {self.info.get('kind', '')}>"


def _is_stored(name):
    """A kind is one word of the library; whatever else looks like a path is one."""
    if hasattr(name, "__fspath__"):
        return True
    return (os.path.isfile(name) or "." in name or os.sep in name) and all(kind.name != name for kind in kinds())


def _room(shape):
    """Memory for a result."""
    try:
        return numpy.empty(shape)
    except MemoryError as error:
        raise MemoryRefused(f"{error}; use fewer features, or a range of centres, such as "
                            "centers=range(0, 100)") from None


def _writable(out, shape):
    fits = isinstance(out, numpy.ndarray) and out.dtype == numpy.float64 and out.shape == shape
    if not (fits and out.flags.c_contiguous and out.flags.writeable):
        raise ValueError(f"out has to be a writable, C-contiguous float64 array of shape {shape}")
    return out
