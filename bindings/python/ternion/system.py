# SPDX-License-Identifier: BSD-3-Clause
"""Structures: atoms, cell and periodicity, or a host program's pairs."""

import ctypes
import operator

import numpy

from ._arrays import address, array, integers
from ._library import NEW, Owner, check, library, number


class System(Owner):
    """A structure.

    Parameters
    ----------
    species : array_like of int, (n,)
        Atomic numbers.
    positions : array_like, (n, 3)
        Positions, Angstrom; atoms may lie outside the cell.
    cell : array_like, (3, 3), optional
        Cell vectors, one a row, Angstrom.
    periodic : sequence of 3 bool, optional
        Periodic directions; all of them with a cell, none without, unless given.

    Attributes
    ----------
    species, positions, cell, periodic : numpy.ndarray
        What was given, as copies; zeros where there is no cell.
    """

    _free = "tern_system_free"

    def __init__(self, species, positions, cell=None, periodic=None):
        species = integers("species", species, (None,), numpy.int32)
        positions = array("positions", numpy.reshape(positions, (0, 3)) if len(species) == 0 else positions,
                          (len(species), 3))
        cell = None if cell is None else array("cell", cell, (3, 3))
        periodic = None if periodic is None else integers("periodic", periodic, (3,), numpy.int32)
        self._own(library.tern_system_new, NEW, len(species), address(species), address(positions), address(cell),
                  address(periodic))

    @classmethod
    def from_pairs(cls, species, pairs, vectors, cutoff, n_owned=None):
        """A structure from a host program's own neighbour list.

        Parameters
        ----------
        species : array_like of int, (n,)
            Atomic numbers, owned atoms first, then ghosts.
        pairs : array_like of int, (n_pairs, 2)
            Centre (owned) and neighbour (owned or ghost), both orders, in any sequence.
        vectors : array_like, (n_pairs, 3)
            Position of the neighbour minus that of the centre, Angstrom.
        cutoff : float
            Distance to which the list is complete, Angstrom.
        n_owned : int, optional
            Number of owned atoms; all of them unless given.
        """
        species = integers("species", species, (None,), numpy.int32)
        pairs = integers("pairs", pairs, (None, 2), numpy.int64)
        vectors = array("vectors", vectors if len(pairs) else numpy.zeros((0, 3)), (len(pairs), 3))
        n_owned = len(species) if n_owned is None else operator.index(n_owned)
        return cls._made(library.tern_system_new_from_pairs, NEW, n_owned, len(species), address(species), len(pairs),
                         address(pairs), address(vectors), cutoff)

    @classmethod
    def from_ase(cls, atoms):
        """A structure from an `ase.Atoms`: numbers, positions, cell (where there is one) and periodicity."""
        if atoms.cell.rank == 0:
            return cls(atoms.numbers, atoms.positions)
        # A direction without a vector is not periodic, and any vector does for it.
        return cls(atoms.numbers, atoms.positions, atoms.cell.complete().array, atoms.pbc & atoms.cell.any(1))

    def __len__(self):
        return number(lambda count: library.tern_system_size(self, count, None))

    @property
    def n_owned(self):
        """Number of owned atoms; the others are ghosts."""
        return number(lambda count: library.tern_system_size(self, ctypes.byref(ctypes.c_int64()), count))

    @property
    def species(self):
        values = numpy.empty(len(self), numpy.int32)
        check(library.tern_system_species(self, address(values)))
        return values

    @property
    def positions(self):
        values = numpy.empty((len(self), 3))
        check(library.tern_system_positions(self, address(values)))
        return values

    @property
    def cell(self):
        return self._cell()[0]

    @property
    def periodic(self):
        return self._cell()[1].astype(bool)

    def _cell(self):
        cell, periodic = numpy.empty((3, 3)), numpy.empty(3, numpy.int32)
        check(library.tern_system_cell(self, address(cell), address(periodic)))
        return cell, periodic

    def neighbours(self, cutoff):
        """The neighbour pairs within a cutoff (Angstrom), both orders and periodic images included, sorted by centre.

        Returns
        -------
        pairs : numpy.ndarray of int64, (n_pairs, 2)
            Centre and neighbour.
        vectors : numpy.ndarray, (n_pairs, 3)
            From centre to neighbour, Angstrom.
        """
        count = number(library.tern_system_pairs_count, self, cutoff)
        pairs, vectors = numpy.empty((count, 2), numpy.int64), numpy.empty((count, 3))
        check(library.tern_system_pairs(self, cutoff, address(pairs), address(vectors)))
        return pairs, vectors

    def __copy__(self):
        return self  # immutable

    def __reduce__(self):
        cell, periodic = self._cell()
        return (System, (self.species, self.positions, *((cell, periodic) if cell.any() else ())))

    def __repr__(self):
        return f"<ternion.System of {len(self)} atoms>"
