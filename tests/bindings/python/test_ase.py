# SPDX-License-Identifier: BSD-3-Clause
"""The calculator of the Atomic Simulation Environment."""

import unittest

import ase
import ase.build
import numpy
from ase.calculators.calculator import PropertyNotImplementedError

import ternion
from support import Case, clusters, morse


def crystals(count, seed=2):
    """Strained and shaken silicon crystals with energies of the pair potential over the nearest images."""
    random = numpy.random.default_rng(seed)
    dataset = ternion.Dataset()
    for _ in range(count):
        atoms = ase.build.bulk("Si", cubic=True)
        atoms.set_cell(atoms.cell.array @ (numpy.eye(3) + random.normal(scale=0.02, size=(3, 3))), scale_atoms=True)
        atoms.rattle(0.08, rng=random)
        dataset.append(ternion.System.from_ase(atoms), morse(atoms.positions)[0])
    return dataset


class Calculators(Case):
    @classmethod
    def setUpClass(cls):
        cls.model = ternion.fit("ridge", crystals(20), cutoff=4.0, n_max=3, l_max=2, force_weight=0.0)

    def crystal(self):
        atoms = ase.build.bulk("Si", cubic=True)
        atoms.rattle(0.05, rng=numpy.random.default_rng(4))
        atoms.calc = ternion.ase.Calculator(self.model)
        return atoms

    def test_agrees_with_the_model(self):
        atoms = self.crystal()
        energy, forces, virial = self.model.predict(ternion.System(atoms.numbers, atoms.positions, atoms.cell, atoms.pbc))
        self.assertEqual(atoms.get_potential_energy(), energy)
        numpy.testing.assert_array_equal(atoms.get_forces(), forces)
        self.assert_close(atoms.get_stress(voigt=False), -virial / atoms.get_volume(), 1e-12)
        self.assertAlmostEqual(atoms.get_potential_energies().sum(), energy, 9)

    def test_derivatives(self):
        atoms = self.crystal()
        forces, stress = atoms.get_forces(), atoms.get_stress(voigt=False)
        numerical = atoms.calc.calculate_numerical_forces(atoms, 1e-4)
        self.assert_close(forces, numerical, 1e-5)
        cell, volume, energies = atoms.cell.array.copy(), atoms.get_volume(), []
        for step in (1e-4, -1e-4):
            strain = numpy.eye(3)
            strain[0, 1] += step / 2
            strain[1, 0] += step / 2
            atoms.set_cell(cell @ strain, scale_atoms=True)
            energies.append(atoms.get_potential_energy())
            atoms.set_cell(cell, scale_atoms=True)
        self.assertAlmostEqual((energies[0] - energies[1]) / 2e-4 / volume, stress[0, 1], 6)

    def test_molecules_and_files(self):
        model = ternion.fit("ridge", clusters(10), cutoff=4.0, n_max=3, l_max=2)
        model.save(self.folder / "silicon.tern")
        frame = clusters(1)[0]
        atoms = ase.Atoms("Si5", frame.system.positions, calculator=ternion.ase.Calculator(str(self.folder / "silicon.tern")))
        self.assertEqual(atoms.get_potential_energy(), model.predict(frame.system).energy)
        self.assertRaises(PropertyNotImplementedError, atoms.get_stress)

    def test_cells_of_fewer_directions(self):
        wire = ase.Atoms("Si", cell=[0, 0, 2.5], pbc=True)
        pairs, vectors = ternion.System.from_ase(wire).neighbours(2.6)
        numpy.testing.assert_allclose(numpy.sort(vectors[:, 2]), [-2.5, 2.5])
        self.assertEqual(len(pairs), 2)
        self.assertEqual(len(ternion.System.from_ase(ase.Atoms("Si", pbc=True)).neighbours(3.0)[0]), 0)


if __name__ == "__main__":
    unittest.main()
