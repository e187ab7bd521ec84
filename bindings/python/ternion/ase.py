# SPDX-License-Identifier: BSD-3-Clause
"""Ternion models as calculators of the Atomic Simulation Environment; the only module that needs it."""

import os

import numpy
from ase.calculators.calculator import Calculator as _Calculator
from ase.calculators.calculator import PropertyNotImplementedError, all_changes
from ase.stress import full_3x3_to_voigt_6_stress

from .model import Model
from .system import System


class Calculator(_Calculator):
    """Energies, forces and stress of a model, energies and stresses of atoms; its uncertainty by
    ``get_property("energy_std")`` (eV) and ``get_property("extrapolation")`` (of each atom).

    Parameters
    ----------
    model : Model, str or path
        A fitted model or a file of one.

    Examples
    --------
    >>> atoms.calc = ternion.ase.Calculator("silicon.tern")
    >>> atoms.get_potential_energy(), atoms.get_forces(), atoms.get_stress()
    """

    implemented_properties = ["energy", "free_energy", "energies", "forces", "stress", "stresses", "energy_std",
                              "extrapolation"]
    nolabel = True

    def __init__(self, model, **keywords):
        super().__init__(**keywords)
        self.model = model if isinstance(model, Model) else Model(os.fspath(model))

    def calculate(self, atoms=None, properties=("energy",), system_changes=all_changes):
        """Fills `results`; what is of each atom only when it is asked for. Stresses of the atoms add up to the
        stress."""
        super().calculate(atoms, properties, system_changes)
        solid = self.atoms.cell.rank == 3
        if ("stress" in properties or "stresses" in properties) and not solid:
            raise PropertyNotImplementedError("a stress needs a cell with a volume")
        system = System.from_ase(self.atoms)
        energy, forces, virial = self.model.predict(system)
        self.results.update(energy=energy, free_energy=energy, forces=forces)
        if solid:
            self.results["stress"] = full_3x3_to_voigt_6_stress(-virial / self.atoms.get_volume())
        if "energies" in properties or "stresses" in properties:
            of_atoms = self.model.predict_atoms(system)
            self.results["energies"] = of_atoms.energies
            if solid:
                self.results["stresses"] = [full_3x3_to_voigt_6_stress(-v / self.atoms.get_volume())
                                            for v in of_atoms.virials]
                self.results["stresses"] = numpy.array(self.results["stresses"]).reshape(-1, 6)
        if "energy_std" in properties or "extrapolation" in properties:
            deviation, scores = self.model.uncertainty(system)
            self.results.update(energy_std=deviation, extrapolation=scores)
