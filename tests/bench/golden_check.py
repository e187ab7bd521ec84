# SPDX-License-Identifier: BSD-3-Clause
"""Compares the golden densities, power spectra and their derivatives, and the
Gram matrices of the golden correlations, with featomic (0.6, which also brings
ase and numpy). Exits 1 above 1e-9 relative.

featomic knows no mixed periodicity: there the other directions get a long cell
vector, which is the same physics.
"""
import os
import sys

import ase
import numpy as np
from featomic import SoapPowerSpectrum, SphericalExpansion
from featomic.clebsch_gordan import DensityCorrelations
from metatensor import Labels

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "golden")
sys.path.insert(0, HERE)
import blocks  # noqa: E402: lies beside the data
TOLERANCE = 1e-9  # of the largest value


def array(block):
    shape, numbers = block
    return np.array(numbers).reshape(shape)


def hypers(options):
    return dict(
        cutoff={"radius": float(options["cutoff"]), "smoothing": {
            "type": "ShiftedCosine", "width": float(options["cutoff_width"])}},
        density={"type": "Gaussian", "width": float(options["sigma"]),
                 "center_atom_weight": float(options["center_weight"])},
        basis={"type": "TensorProduct", "max_angular": int(options["l_max"]), "radial": {
            "type": "Gto", "max_radial": int(options["n_max"]) - 1}, "spline_accuracy": None})


def atoms_of(golden):
    cell, periodic = array(golden["cell"]), array(golden["periodic"]).astype(bool)
    atoms = ase.Atoms(array(golden["species"]).astype(int), array(golden["positions"]))
    if periodic.any():
        cell[~periodic] *= 10  # far beyond the cutoff
        atoms.set_cell(cell)
        atoms.pbc = True
    return atoms


def assembled(tensor, columns, atoms, gradient=None):
    """[atom][column] (or its derivatives) in the order of the golden columns.

    columns: {key without the centre: (first column, last column + 1)}.
    """
    width = max(last for _, last in columns.values())
    n = len(atoms)
    tail = {None: (), "positions": (n, 3), "strain": (3, 3)}[gradient]
    values = np.zeros((n, width, *tail))
    for key, block in tensor.items():
        first, last = columns[tuple(v for k, v in zip(key.names, key.values) if k != "center_type")]
        rows = block.samples.column("atom")
        part = block if gradient is None else block.gradient(gradient)
        # components (m) before properties: [l][m][n] as it stands
        for sample, data in zip(part.samples, part.values):
            if gradient is None:
                values[int(sample["atom"]), first:last] = data.ravel()
                continue
            row = rows[int(sample["sample"])]
            axes = len(tail) - 1 if gradient == "positions" else 2
            flat = np.moveaxis(data.reshape(*data.shape[:axes], -1), -1, 0)
            if gradient == "positions":
                values[row, first:last, int(sample["atom"])] = flat
            else:  # components (xyz_2, xyz_1): the second index of the strain first
                values[row, first:last] = np.swapaxes(flat, 1, 2)
    return values


def density_columns(species, n_max, l_max):
    width = n_max * (l_max + 1) ** 2
    return {(l, 1, a): (k * width + l * l * n_max, k * width + (l + 1) ** 2 * n_max)
            for k, a in enumerate(species) for l in range(l_max + 1)}


def power_spectrum_columns(species, n_max, l_max):
    width = n_max ** 2 * (l_max + 1)
    pairs = [(a, b) for k, a in enumerate(species) for b in species[k:]]
    return {pair: (k * width, (k + 1) * width) for k, pair in enumerate(pairs)}


def options_of(golden):
    return dict(line.split(maxsplit=1) for line in golden["options"])


def known(golden):
    """Does featomic have this basis and cutoff function?"""
    options = options_of(golden)
    return options["radial_basis"] == "gto" and options["cutoff_function"] == "shifted-cosine"


def gram(tensor, keys, rows):
    """Sum over columns and components of products of rows, for the keys (lambda, sigma)."""
    total = np.zeros((len(rows), len(rows)))
    for key, block in tensor.items():
        if (key["o3_lambda"], key["o3_sigma"]) in keys:
            place = {int(atom): k for k, atom in enumerate(block.samples.column("atom"))}
            values = block.values.reshape(len(place), -1)[[place[i] for i in rows]]
            total += values @ values.T
    return total


def compare_correlations(name, golden):
    """All columns of all orders at once: the Gram matrix does not ask for an order of columns."""
    options = options_of(golden)
    signs = (1,) if options["group"] == "o3" else (1, -1)
    keys = [(l, sign) for l in range(int(options["lambda_max"]) + 1) for sign in signs]
    rows = [int(row[1]) for row in array(golden["rows"])]
    density = SphericalExpansion(**hypers(options)).compute(atoms_of(golden))
    density = density.keys_to_samples("center_type").keys_to_properties("neighbor_type")
    found = np.zeros((len(rows), len(rows)))
    for nu in range(int(options["nu_min"]), int(options["nu_max"]) + 1):
        product = density if nu == 1 else DensityCorrelations(
            n_correlations=nu - 1, max_angular=nu * int(options["l_max"]), skip_redundant=False).compute(
                density, selected_keys=Labels(["o3_lambda", "o3_sigma"], np.array(keys)))
        found += gram(product, keys, rows)
    values = array(golden["correlations"])
    error = np.abs(values @ values.T - found).max() / np.abs(found).max()
    print(f"{name:26s} correlations    Gram       {error:.1e}")
    return error


def compare(name, golden):
    options = options_of(golden)
    species = [int(x) for x in options["species"].split(",")]
    shape = species, int(options["n_max"]), int(options["l_max"])
    atoms, worst = atoms_of(golden), 0.0
    for kind, calculator, columns in (
            ("density", SphericalExpansion, density_columns(*shape)),
            ("power_spectrum", SoapPowerSpectrum, power_spectrum_columns(*shape))):
        wanted = [g for g in ("positions", "strain") if f"{kind}_{g}" in golden]
        strain_needs_cell = atoms.pbc.any() or "strain" not in wanted
        if not strain_needs_cell:
            atoms = atoms.copy()
            atoms.set_cell(np.eye(3) * 100)  # strain is refused without a cell
            atoms.pbc = True
        tensor = calculator(**hypers(options)).compute(atoms, gradients=wanted)
        for part in [None, *wanted]:
            expected = array(golden[kind if part is None else f"{kind}_{part}"])
            found = assembled(tensor, columns, atoms, part)[:, :expected.shape[1]]
            padded = np.zeros_like(expected)
            padded[:, :found.shape[1]] = found
            scale = np.abs(expected).max() or 1.0  # all zero for an isolated atom
            error = np.abs(padded - expected).max() / scale
            print(f"{name:26s} {kind:15s} {part or 'values':10s} {error:.1e}")
            worst = max(worst, error)
    return worst


def main():
    files = blocks.read(os.path.join(HERE, "descriptors.txt"))["files"]
    worst = 0.0
    for name in files:
        golden = blocks.read(os.path.join(HERE, name))
        if "density" in golden["kinds"] and known(golden):
            worst = max(worst, compare(name, golden))
        if "correlations" in golden["kinds"] and known(golden):
            worst = max(worst, compare_correlations(name, golden))
    print(f"largest difference {worst:.1e} (relative to the largest value)")
    sys.exit(0 if worst < TOLERANCE else 1)


if __name__ == "__main__":
    main()
