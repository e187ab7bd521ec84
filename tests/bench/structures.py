"""The structures of the benchmark and the options of both libraries."""
import os
import ase.build
import ase.io
import numpy as np

DATA = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "data")
DEFAULTS = dict(cutoff=5.0, cutoff_width=0.5, n_max=8, l_max=6, sigma=0.3)

# One ethanol molecule, Angstrom; tetrahedral angles and usual bond lengths.
ETHANOL = ("CCOHHHHHH", [
    [-0.748, 0.015, 0.024], [0.558, 0.420, -0.278], [1.293, -0.202, -0.901],
    [-1.263, 0.754, 0.600], [-0.699, -0.934, 0.609], [-1.316, -0.147, -0.909],
    [0.463, 1.371, -0.861], [1.087, 0.607, 0.687], [1.325, -0.977, -0.330]])


def silicon(repeat, seed):
    atoms = ase.build.bulk("Si", "diamond", a=5.43, cubic=True) * (repeat, repeat, repeat)
    atoms.rattle(0.05, seed=seed)
    return atoms


def ethanol(seed):
    atoms = ase.Atoms(*ETHANOL)
    atoms.rattle(0.05, seed=seed)
    return atoms


def boron(count):
    path = os.path.join(DATA, "b8_gfn2_8000.extxyz.gz")
    return [ase.Atoms(a.numbers, a.positions) for a in ase.io.read(path, f"0:{count}", format="extxyz")]


def systems(quick):
    """name: (structures, options)"""
    few = 4 if quick else 1
    return {
        "Si": ([silicon(2, seed) for seed in range(max(1, 4 // few))], DEFAULTS),
        "ethanol": ([ethanol(seed) for seed in range(100 // few)], DEFAULTS),
        "B8": (boron(400 // few), dict(cutoff=2.0, cutoff_width=0.1, n_max=6, l_max=3, sigma=0.2)),
    }


def write(path, structures, energies=None, forces=None):
    """Extended XYZ with the digits that make both libraries see the same numbers."""
    with open(path, "w") as file:
        for k, atoms in enumerate(structures):
            comment = [] if energies is None else [f"energy={energies[k]!r}"]
            if atoms.pbc.any():
                comment += ['Lattice="%s"' % " ".join(map(repr, atoms.cell[:].ravel().tolist())), 'pbc="T T T"']
            columns = "species:S:1:pos:R:3" + ("" if forces is None else ":forces:R:3")
            file.write(f"{len(atoms)}\n{' '.join(comment + ['Properties=' + columns])}\n")
            for i, symbol in enumerate(atoms.symbols):
                numbers = atoms.positions[i].tolist() + ([] if forces is None else np.asarray(forces[k])[i].tolist())
                file.write(" ".join([symbol, *map(repr, numbers)]) + "\n")


def featomic_hypers(o, **basis):
    """Splines as featomic sets them unless basis has spline_accuracy."""
    return dict(
        cutoff={"radius": o["cutoff"], "smoothing": {"type": "ShiftedCosine", "width": o["cutoff_width"]}},
        density={"type": "Gaussian", "width": o["sigma"], "center_atom_weight": 0.0},
        basis={"type": "TensorProduct", "max_angular": o["l_max"],
               "radial": {"type": "Gto", "max_radial": o["n_max"] - 1}, **basis})
