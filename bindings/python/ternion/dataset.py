# SPDX-License-Identifier: BSD-3-Clause
"""Structures with their targets, in memory or streamed from and to extended XYZ files."""

import ctypes
import operator
from typing import NamedTuple, Optional

import numpy

from . import _raw
from ._arrays import address, array, integers
from ._library import NEW, Owner, check, encode, library, number, text
from ._options import handle_of
from .system import System


class Frame(NamedTuple):
    """A structure with its targets: energy (eV), forces ((n, 3), eV/Angstrom), virial ((3, 3), eV); None: not known."""

    system: System
    energy: Optional[float] = None
    forces: Optional[numpy.ndarray] = None
    virial: Optional[numpy.ndarray] = None


class Counts(NamedTuple):
    """How many structures carry each target."""

    energy: int
    forces: int
    virial: int


class Dataset(Owner):
    """Structures with their targets.

    A sequence: `len`, `dataset[3]` is a Frame, `dataset[:10]` or `dataset[[4, 2]]` a data set that shares memory; it
    can be iterated, and `append` adds to it.

    Parameters
    ----------
    path : str or path, optional
        An extended XYZ file, plain or gzip; without it the data set is empty.
    **options
        `ternion.options("dataset")` lists them.
    """

    _free = "tern_dataset_free"

    def __init__(self, path=None, **options):
        with handle_of(options) as handle:
            if path is None:
                self._own(library.tern_dataset_new, NEW)
            else:
                self._own(library.tern_dataset_read, NEW, encode(path), handle)

    def __len__(self):
        return number(library.tern_dataset_size, self)

    def __getitem__(self, index):
        if isinstance(index, slice):
            return self._subset(range(*index.indices(len(self))))
        if numpy.ndim(index) == 1:
            return self._subset(numpy.arange(len(self))[numpy.asarray(index, dtype=None if len(index) else int)])
        return self._frame(self._place(index))

    def _place(self, index):
        index, size = operator.index(index), len(self)
        if not -size <= index < size:
            raise IndexError(f"structure {index} of a data set of {size}")
        return index % size

    def __iter__(self):
        return (self._frame(index) for index in range(len(self)))

    def _frame(self, index):
        system = System._made(library.tern_dataset_system, self, index, NEW)
        energy = self._target(index, _raw.TARGET_ENERGY, ())
        return Frame(system, None if energy is None else float(energy),
                     self._target(index, _raw.TARGET_FORCES, (len(system), 3)),
                     self._target(index, _raw.TARGET_VIRIAL, (3, 3)))

    def _target(self, index, target, shape):
        values = numpy.empty(shape)
        status = library.tern_dataset_target(self, index, target, address(values))
        if status == _raw.ERROR_MISSING:
            return None
        check(status)
        return values

    def _subset(self, indices):
        indices = integers("indices", indices, (None,), numpy.int64)
        return Dataset._made(library.tern_dataset_subset, self, len(indices), address(indices), NEW)

    def append(self, system, energy=None, forces=None, virial=None):
        """Adds a Frame, or a System with the targets that are known.

        Parameters
        ----------
        system : System or Frame
        energy : float, optional
            eV.
        forces : array_like, (n, 3), optional
            eV/Angstrom.
        virial : array_like, (3, 3), optional
            -dE/dstrain, eV.
        """
        frame = system if isinstance(system, Frame) else Frame(system, energy, forces, virial)
        _give(library.tern_dataset_append, self, frame)

    def set_vectors(self, index, name, values):
        """Gives a vector to each atom of a structure under a name, such as 'features'.

        They are a column of files that `save` writes, read again with `target=name`; and what
        `ternion.fit("triplet", ..., target=name)` fits.

        Parameters
        ----------
        index : int
        name : str
        values : array_like, (n, width)
            Those of atoms that are no centres of a model do not matter.
        """
        index = self._place(index)
        values = array("values", values, (len(self[index].system), None))
        check(library.tern_dataset_set_vectors(self, index, encode(name), values.shape[1], address(values)))

    def vectors(self, index, name):
        """The vectors of a structure's atoms under a name, (n, width); `ternion.MissingError` when it has none."""
        index = self._place(index)
        width = number(library.tern_dataset_vectors_width, self, index, encode(name))
        values = numpy.empty((len(self[index].system), width))
        check(library.tern_dataset_vectors(self, index, encode(name), address(values)))
        return values

    def vector_names(self, index):
        """Names of the vectors that a structure carries."""
        index = self._place(index)
        count = number(library.tern_dataset_vectors_count, self, index)
        return [text(library.tern_dataset_vectors_name, self, index, k) for k in range(count)]

    def set_tensor(self, index, name, values):
        """Gives a structure a Cartesian tensor under a name, such as 'dipole': an array of 0 to 3 dimensions of 3
        each."""
        values = numpy.asarray(values, dtype=numpy.float64, order="C")
        if values.shape != (3,) * values.ndim:
            raise ValueError(f"{name}: the shape must be (3,) for each index of the tensor, not {values.shape}")
        check(library.tern_dataset_set_tensor(self, self._place(index), encode(name), numpy.ndim(values),
                                              address(values)))

    def tensor(self, index, name):
        """A structure's tensor of that name, an array of as many dimensions as it has indices; MissingError without
        one."""
        index = self._place(index)
        order = number(library.tern_dataset_tensor_order, self, index, encode(name), kind=ctypes.c_int32)
        values = numpy.empty((3,) * order)
        check(library.tern_dataset_tensor(self, index, encode(name), address(values)))
        return values

    def tensors(self, index):
        """Names of the tensors that a structure carries."""
        index = self._place(index)
        return [text(library.tern_dataset_tensor_name, self, index, k)
                for k in range(number(library.tern_dataset_tensors, self, index))]

    def extend(self, frames):
        """Adds every Frame (or System) of an iterable."""
        for frame in frames:
            self.append(frame)

    def save(self, path):
        """Writes everything as extended XYZ, gzip when the name ends in .gz; the file appears whole or not at all."""
        check(library.tern_dataset_write(self, encode(path)))

    @property
    def counts(self):
        """How many structures carry each target."""
        return Counts(*(number(library.tern_dataset_count, self, target)
                        for target in (_raw.TARGET_ENERGY, _raw.TARGET_FORCES, _raw.TARGET_VIRIAL)))

    def __repr__(self):
        counts = self.counts
        return (f"<ternion.Dataset of {len(self)} structures ({counts.energy} energies, {counts.forces} forces, "
                f"{counts.virial} virials)>")


def _give(function, owner, frame):
    """Hands a frame to a function of the library, targets that are not known as NULL."""
    system, energy, forces, virial = frame
    System._given(system)
    energy = None if energy is None else ctypes.byref(ctypes.c_double(energy))
    forces = None if forces is None else array("forces", forces, (len(system), 3))
    virial = None if virial is None else array("virial", virial, (3, 3))
    check(function(owner, system, energy, address(forces), address(virial)))


class Reader(Owner):
    """A structure file that is read piece by piece, so that memory does not grow with it.

    Iterating gives Frames; `read(count)` gives the next structures as a Dataset, empty at the end. Best used in a
    `with`.

    Parameters
    ----------
    path : str or path
        An extended XYZ file, plain or gzip.
    chunk : int, optional
        How many structures iterating keeps in memory.
    **options
        As for Dataset.
    """

    _free = "tern_reader_free"

    def __init__(self, path, chunk=256, **options):
        self.chunk = chunk
        with handle_of(options) as handle:
            self._own(library.tern_reader_open, NEW, encode(path), handle)

    def read(self, count):
        """At most `count` further structures, as a Dataset that is empty at the end of the file."""
        return Dataset._made(library.tern_reader_next, self, operator.index(count), NEW)

    def __iter__(self):
        dataset = self.read(self.chunk)
        while len(dataset):
            yield from dataset
            dataset = self.read(self.chunk)

    def close(self):
        """Closes the file."""
        self._release()

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.close()


class Writer(Owner):
    """A structure file that is written piece by piece.

    It appears under its name at `close`, whole. In a `with`, an exception discards it.

    Parameters
    ----------
    path : str or path
        gzip when the name ends in .gz.
    """

    _free = "tern_writer_free"

    def __init__(self, path):
        self._own(library.tern_writer_open, NEW, encode(path))

    def append(self, system, energy=None, forces=None, virial=None):
        """Writes a Frame, or a System with the targets that are known; see Dataset.append."""
        frame = system if isinstance(system, Frame) else Frame(system, energy, forces, virial)
        _give(library.tern_writer_append, self, frame)

    def close(self):
        """Completes the file and puts it under its name."""
        if self._as_parameter_ is not None:
            check(library.tern_writer_close(self))
            self._release()

    def discard(self):
        """Ends without leaving a file."""
        self._release()

    def __enter__(self):
        return self

    def __exit__(self, kind, exception, trace):
        if kind is None:
            self.close()
        self._release()
