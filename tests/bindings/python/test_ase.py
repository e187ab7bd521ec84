# SPDX-License-Identifier: BSD-3-Clause
"""The calculator of the Atomic Simulation Environment."""

import unittest

import ase
import ase.build
import numpy
import ase.units
from ase.calculators.calculator import PropertyNotImplementedError
from ase.calculators.emt import EMT
from ase.md.velocitydistribution import MaxwellBoltzmannDistribution, Stationary
from ase.md.verlet import VelocityVerlet

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
        energy, forces, virial = self.model.predict(ternion.System(atoms.numbers, atoms.positions, atoms.cell,
                                                                   atoms.pbc))
        self.assertEqual(atoms.get_potential_energy(), energy)
        numpy.testing.assert_array_equal(atoms.get_forces(), forces)
        self.assert_close(atoms.get_stress(voigt=False), -virial / atoms.get_volume(), 1e-12)
        self.assertAlmostEqual(atoms.get_potential_energies().sum(), energy, 9)
        stresses = atoms.get_stresses()
        self.assertEqual(stresses.shape, (len(atoms), 6))
        self.assert_close(stresses.sum(axis=0), atoms.get_stress(), 1e-12)

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
        atoms = ase.Atoms("Si5", frame.system.positions,
                          calculator=ternion.ase.Calculator(str(self.folder / "silicon.tern")))
        self.assertEqual(atoms.get_potential_energy(), model.predict(frame.system).energy)
        self.assertRaises(PropertyNotImplementedError, atoms.get_stress)

    def test_cells_of_fewer_directions(self):
        wire = ase.Atoms("Si", cell=[0, 0, 2.5], pbc=True)
        pairs, vectors = ternion.System.from_ase(wire).neighbours(2.6)
        numpy.testing.assert_allclose(numpy.sort(vectors[:, 2]), [-2.5, 2.5])
        self.assertEqual(len(pairs), 2)
        self.assertEqual(len(ternion.System.from_ase(ase.Atoms("Si", pbc=True)).neighbours(3.0)[0]), 0)


def springs(positions, ideal):
    """Energy and forces of springs between all atoms, stiff where they are bonded."""
    def distances(places):
        vectors = places[:, None] - places
        return vectors, numpy.linalg.norm(vectors, axis=2) + numpy.eye(len(places))
    vectors, lengths = distances(positions)
    rest = distances(ideal)[1]
    stiffness = numpy.where(rest < 1.6, 30.0, 3.0)  # eV/Angstrom^2
    forces = -(stiffness * (lengths - rest) / lengths)[:, :, None] * vectors
    return (stiffness * (lengths - rest) ** 2).sum() / 4, forces.sum(axis=1)


class Dynamics(Case):
    """Total energies of molecular dynamics without a thermostat neither drift nor jump."""

    def metals(self, ideal, count):
        """Shaken and strained crystals with the energies of effective-medium theory."""
        random, dataset = numpy.random.default_rng(3), ternion.Dataset()
        for _ in range(count):
            atoms = ideal.copy()
            atoms.set_cell(atoms.cell.array @ (numpy.eye(3) + random.normal(scale=0.02, size=(3, 3))), scale_atoms=True)
            atoms.rattle(0.12, rng=random)
            atoms.calc = EMT()
            dataset.append(ternion.System.from_ase(atoms), atoms.get_potential_energy(), forces=atoms.get_forces())
        return dataset

    def molecules(self, ideal, count):
        random, dataset = numpy.random.default_rng(3), ternion.Dataset()
        for _ in range(count):
            atoms = ideal.copy()
            atoms.rattle(0.07, rng=random)
            energy, forces = springs(atoms.positions, ideal.positions)
            dataset.append(ternion.System.from_ase(atoms), energy, forces=forces)
        return dataset

    def check(self, atoms, model, temperature, timestep, steps):
        """Means over fifths do not differ, once potential and kinetic energy have mixed in the first one."""
        atoms.calc = ternion.ase.Calculator(model)
        MaxwellBoltzmannDistribution(atoms, temperature_K=temperature, rng=numpy.random.default_rng(5))
        Stationary(atoms)
        energies, motion = [], VelocityVerlet(atoms, timestep=timestep * ase.units.fs, logfile=None)
        motion.attach(lambda: energies.append(atoms.get_total_energy() / len(atoms)), interval=2)
        start = atoms.positions.copy()
        motion.run(steps)
        fifth = len(energies) // 5
        self.assertGreater(abs(atoms.positions - start).max(), 0.1)
        means = numpy.reshape(energies[-4 * fifth:], (4, fifth)).mean(axis=1)
        self.assertLess(numpy.ptp(means), 2e-5)
        self.assertLess(numpy.ptp(energies), 1e-3)

    def test_crystal(self):
        ideal = ase.build.bulk("Cu", cubic=True) * 2
        dataset = self.metals(ideal, 6)
        model = ternion.fit("ridge", dataset, cutoff=4.5, cutoff_width=2.0, n_max=4, l_max=3, baseline="zbl")
        self.check(ase.build.bulk("Cu") * 4, model, 900, 2.0, 400)

    def test_molecule(self):
        ethanol = ase.build.molecule("CH3CH2OH")
        dataset = self.molecules(ethanol, 25)
        options = dict(cutoff=3.5, cutoff_width=2.5, n_max=4, l_max=3)
        self.check(ethanol.copy(), ternion.fit("kernel", dataset, regularization=1e-6, **options), 600, 0.25, 800)
        model = ternion.fit("triplet", dataset, epochs=40, hidden="12,8", tag_cutoff=2.5, tag_width=1.5,
                            force_weight=0.3, **options)
        self.check(ethanol.copy(), model, 600, 0.25, 400)


if __name__ == "__main__":
    unittest.main()
