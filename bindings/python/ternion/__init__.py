# SPDX-License-Identifier: BSD-3-Clause
"""Complete descriptions of atomic environments, and fits of energies, forces and virials on them.

>>> train = ternion.Dataset("train.extxyz")
>>> model = ternion.fit("ridge", train, descriptor="power_spectrum", cutoff=5.0)
>>> model.save("silicon.tern")
>>> dimer = ternion.System([14, 14], [[0, 0, 0], [0, 0, 2.35]])
>>> energy, forces, virial = model.predict(dimer)

Lengths are in Angstrom, energies in eV, forces in eV/Angstrom, virials (-dE/dstrain) in eV; species are atomic numbers;
atoms, rows and structures count from 0. Arrays that are already contiguous float64 (species: int32) are read in place.
Calls release Python's lock; any number of threads may compute and predict with one descriptor or model together.
`ternion.options(kind)` lists what can be set; `ternion.ase.Calculator` needs ASE, nothing else does.
"""

import importlib

from ._analysis import Comparison, Sensitivity, compare, sensitivity
from ._library import info, version
from ._options import Kind, Option, kinds, options
from .dataset import Dataset, Frame, Reader, Writer
from .descriptor import Descriptor, Jacobian
from .errors import (ArgumentError, Cancelled, DataError, FileError, FormatError, MemoryRefused, MissingError,
                     NumericalError, OptionError, TernionError, VersionError)
from .model import AtomPrediction, Model, Prediction, Uncertainty, fit
from .system import System

__all__ = [
    "ArgumentError", "AtomPrediction", "Cancelled", "Comparison", "DataError", "Dataset", "Descriptor", "FileError",
    "FormatError", "Frame", "Jacobian", "Kind", "MemoryRefused", "MissingError", "Model", "NumericalError", "Option",
    "OptionError", "Prediction", "Reader", "Sensitivity", "System", "TernionError", "Uncertainty", "VersionError",
    "Writer", "compare", "fit", "info", "kinds", "options", "sensitivity", "version",
]


def __getattr__(name):
    if name == "ase":
        return importlib.import_module(".ase", __name__)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
