# SPDX-License-Identifier: BSD-3-Clause
"""Fitted models."""

import ctypes
import json
from typing import NamedTuple, Optional

import numpy

from . import _progress
from ._arrays import address
from ._library import NEW, Owner, check, encode, library, number, text
from ._options import handle_of
from .dataset import Dataset
from .system import System


class Prediction(NamedTuple):
    """Energy (eV), forces ((n, 3), eV/Angstrom) and virial -dE/dstrain ((3, 3), eV); None: not asked for."""

    energy: float
    forces: Optional[numpy.ndarray]
    virial: Optional[numpy.ndarray]


class Uncertainty(NamedTuple):
    """Standard deviation of the energy (eV) and extrapolation scores ((n_owned,)) of the owned atoms."""

    deviation: float
    scores: numpy.ndarray


class AtomPrediction(NamedTuple):
    """Energies ((n_owned,), eV) and virials ((n_owned, 3, 3), eV) of the owned atoms.

    Element [i, a, b] of the virials is -sum_j dE_i/dr_ij,a r_ij,b, as the heat flux needs it.
    """

    energies: numpy.ndarray
    virials: numpy.ndarray


class VectorPrediction(NamedTuple):
    """Atoms that are centres ((n_centers,)) and their vectors ((n_centers, width))."""

    centers: numpy.ndarray
    values: numpy.ndarray


class Model(Owner):
    """A fitted model: what `ternion.fit` returns, or read from a file.

    Parameters
    ----------
    path : str or path
        A file that `save` wrote.
    """

    _free = "tern_model_free"

    def __init__(self, path):
        self._own(library.tern_model_load, NEW, encode(path))

    def save(self, path):
        """Writes the model, whole or not at all; `Model(path)` predicts the same numbers bit for bit."""
        check(library.tern_model_save(self, encode(path)))

    @property
    def info(self):
        """Kind, options, species, provenance and the report of the fit, as a dict."""
        return json.loads(text(library.tern_model_info, self))

    def predict(self, system, forces=True, virial=True):
        """Energy, forces and virial.

        Parameters
        ----------
        system : System or Dataset
        forces, virial : bool, optional
            What is not wanted costs nothing and comes as None.

        Returns
        -------
        Prediction, or a list of them for a Dataset
        """
        if isinstance(system, Dataset):
            return [self.predict(frame.system, forces, virial) for frame in system]
        energy, system = ctypes.c_double(), System._given(system)
        force_values = numpy.empty((len(system), 3)) if forces else None
        virial_values = numpy.empty((3, 3)) if virial else None
        check(library.tern_model_predict(self, system, ctypes.byref(energy), address(force_values),
                                         address(virial_values)))
        return Prediction(energy.value, force_values, virial_values)

    def predict_atoms(self, system):
        """Energy and virial of each owned atom, which sum to those of `predict`, as an AtomPrediction."""
        owned = System._given(system).n_owned
        result = AtomPrediction(numpy.empty(owned), numpy.empty((owned, 3, 3)))
        check(library.tern_model_predict_atoms(self, system, *map(address, result)))
        return result

    @property
    def vectors(self):
        """Name of the vectors of centres that the model predicts; None when it predicts energies."""
        return self.info.get("vectors")

    def predict_vectors(self, system):
        """The vector of each centre, (n_centers, width), of a model that was fitted with `target`; see
        VectorPrediction."""
        n_centers, width = ctypes.c_int64(), ctypes.c_int64()
        check(library.tern_model_vectors_shape(self, System._given(system), ctypes.byref(n_centers),
                                               ctypes.byref(width)))
        result = VectorPrediction(numpy.empty(n_centers.value, numpy.int64),
                                  numpy.empty((n_centers.value, width.value)))
        check(library.tern_model_predict_vectors(self, system, *map(address, result)))
        return result

    @property
    def target(self):
        """What the model predicts: 'energy', or the name of the tensor or of the vectors that it was fitted on."""
        return text(library.tern_model_target, self)

    @property
    def target_order(self):
        """The order of the tensor that the model predicts; -1 when it predicts energies or vectors of centres."""
        return number(library.tern_model_target_order, self, kind=ctypes.c_int32)

    def predict_tensor(self, system):
        """The tensor of a System, from a model that was fitted with ``target="dipole"`` or the like.

        Returns
        -------
        numpy.ndarray of as many dimensions, 3 each, as the tensor has indices; a list of them for a Dataset
        """
        if isinstance(system, Dataset):
            return [self.predict_tensor(frame.system) for frame in system]
        values = numpy.empty((3,) * max(self.target_order, 0))
        check(library.tern_model_predict_tensor(self, System._given(system), address(values)))
        return values

    def uncertainty(self, system):
        """Standard deviation of the energy (eV) and extrapolation score of each owned atom, as an Uncertainty.

        Above 1 an atom is outside of what the model was trained on. Needs a model that was not fitted with
        ``uncertainty="none"``.
        """
        deviation = ctypes.c_double()
        scores = numpy.empty(System._given(system).n_owned)
        check(library.tern_model_predict_uncertainty(self, system, ctypes.byref(deviation), address(scores)))
        return Uncertainty(deviation.value, scores)

    def distance_ratios(self, system):
        """For each owned atom its distance from a neighbour over the shortest one of these species in the data that the
        model was fitted on, the least of all neighbours; 1 where all are farther. Below 1 a prediction is a guess."""
        ratios = numpy.empty(System._given(system).n_owned)
        check(library.tern_model_distance_ratios(self, system, address(ratios)))
        return ratios

    def __repr__(self):
        return f"<ternion.Model {self.info.get('kind', '')}>"


def fit(kind, dataset, progress=None, **options):
    """Fits a model to the energies, forces and virials of a data set.

    Parameters
    ----------
    kind : str
        Such as 'ridge'; `ternion.kinds()` lists them.
    dataset : Dataset
        Structures with targets.
    progress : callable, optional
        Called with (stage, done, total, loss), a named tuple, a few times a second at most. When it returns False the
        fit is cancelled, which raises `ternion.Cancelled`; an exception that it raises comes through, and so does
        Ctrl-C.
    **options
        `ternion.options(kind)` lists them; those of the descriptor apply too.

    Returns
    -------
    Model
        Its `info` has the report of the fit.
    """
    handle = ctypes.c_void_p()
    with handle_of(options) as chosen:
        _progress.call(library.tern_model_fit, ctypes.byref(handle), encode(kind), Dataset._given(dataset), chosen,
                       progress=progress)
    model = Model.__new__(Model)
    model._hold(handle.value)
    return model
