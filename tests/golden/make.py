"""Writes the golden files: the same numbers for every language, from formulas
that share nothing with the library.

    python3 make.py            writes *.txt, ridge_train.extxyz and bad/
    python3 make.py --check    exits 1 when a file differs from what it would write
"""
import os
import sys
from mpmath import mp, mpf

mp.dps = 50  # before the modules below keep constants

import blocks
import systems
from descriptors import (Basis, density, density_derivatives, frames, power_spectrum,
                         power_spectrum_derivatives)
from radial import Radial

HERE = os.path.dirname(os.path.abspath(__file__))


def system_blocks(system, prefix=""):
    return "".join([
        blocks.real(prefix + "species", system.species),
        blocks.real(prefix + "positions", system.positions),
        blocks.real(prefix + "cell", system.cell),
        blocks.real(prefix + "periodic", list(system.periodic))])


def option_block(options):
    return blocks.text("options", [f"{key} {value}" for key, value in options.items()])


def radial_file(distances, **hypers):
    radial = Radial(**hypers)
    tables = [radial(r) for r in distances]
    for r, (values, _) in zip(distances, tables):
        expected = blocks.flatten(radial.closed_form(r))
        error = max(abs(a - b) for a, b in zip(blocks.flatten(values), expected))
        assert error < 1e-30, "quadrature and closed form of the radial functions differ"
    options = dict(hypers, cutoff_function="shifted-cosine", radial_basis="gto")
    return "".join([
        option_block(options),
        blocks.real("r", distances),
        blocks.real("values", [v for v, _ in tables]),
        blocks.real("derivatives", [d for _, d in tables])])


def descriptor_file(system, **hypers):
    basis = Basis(**hypers)
    return "".join([
        blocks.text("kinds", ["density", "power_spectrum"]),
        option_block(basis.options), system_blocks(system),
        blocks.real("density", density(basis, system)),
        blocks.real("power_spectrum", power_spectrum(basis, system))])


def jacobian_file(system, **hypers):
    basis = Basis(**hypers)
    positions, strain = density_derivatives(basis, system)
    spectrum_positions, spectrum_strain = power_spectrum_derivatives(basis, system)
    return descriptor_file(system, **hypers) + "".join([
        blocks.real("density_positions", positions),
        blocks.real("density_strain", strain),
        blocks.real("power_spectrum_positions", spectrum_positions),
        blocks.real("power_spectrum_strain", spectrum_strain)])


def frames_file(system, **hypers):
    basis = Basis(**hypers)
    indices, rows = frames(basis, system)
    options = dict(basis.options, tag_products=0, self_pairs=1)
    return "".join([
        blocks.text("kinds", ["frames"]),
        option_block(options), system_blocks(system),
        blocks.real("rows", [[0, *row] for row in indices]),
        blocks.real("frames", rows)])


def radial_files():
    b8 = dict(cutoff=2.0, cutoff_width=0.1, n_max=6, l_max=3, sigma=0.2)
    silicon = dict(cutoff=5.0, cutoff_width=0.5, n_max=8, l_max=6, sigma=0.3)
    small = dict(cutoff=3.0, cutoff_width=3.0, n_max=2, l_max=1, sigma=0.5)
    return {
        "radial_b8.txt": lambda: radial_file(
            [0, 1e-6, 0.05, 0.7, 1.3, 1.9, 1.95, 1.999, 1.999999, 2.0, 2.1], **b8),
        "radial_silicon.txt": lambda: radial_file(
            [0, 1e-6, 0.3, 1.1, 2.35, 3.84, 4.5, 4.75, 4.999, 5.0, 6], **silicon),
        "radial_small.txt": lambda: radial_file(
            [0, 0.01, 0.5, 1.5, 2.5, 2.999999, 3.0], **small)}


def descriptor_files():
    def small(species, **changes):
        return dict(dict(species=species, cutoff=3.0, cutoff_width=0.5, n_max=3, l_max=3,
                         sigma=0.4), **changes)
    b8 = dict(species=[5, 14], cutoff=2.0, cutoff_width=0.1, n_max=6, l_max=3, sigma=0.2)
    tiny = dict(n_max=2, l_max=2)
    three = [1, 6, 8]
    return {
        "molecule.txt": lambda: descriptor_file(systems.MOLECULE, **small(three)),
        "molecule_center.txt": lambda: descriptor_file(
            systems.MOLECULE, **small(three, center_weight=1.0)),
        "triclinic.txt": lambda: descriptor_file(systems.TRICLINIC, **small([8, 14], n_max=4)),
        "triclinic_center.txt": lambda: descriptor_file(
            systems.TRICLINIC, **small([8, 14], center_weight=1.0)),
        "chain.txt": lambda: descriptor_file(systems.CHAIN, **small([1, 6])),
        "slab.txt": lambda: descriptor_file(systems.SLAB, **small([8, 13], l_max=4)),
        "atom.txt": lambda: descriptor_file(systems.ATOM, **b8),
        "atom_center.txt": lambda: descriptor_file(systems.ATOM, **b8, center_weight=1.0),
        "jacobian_trimer.txt": lambda: jacobian_file(
            systems.TRIMER, **small([1, 7], center_weight=0.5, **tiny)),
        "jacobian_crystal.txt": lambda: jacobian_file(systems.CRYSTAL, **small([3, 9], **tiny)),
        "frames.txt": lambda: frames_file(
            systems.FRAMES, **small([1, 6, 8], cutoff=2.5, **tiny))}


def build(files):
    """{name: text} of all files; a builder may be text already."""
    return {name: maker() if callable(maker) else maker for name, maker in files.items()}


def main():
    files = build({**radial_files(), **descriptor_files()})
    files["descriptors.txt"] = blocks.text("files", sorted(descriptor_files()))
    stale = []
    for name, content in files.items():
        path = os.path.join(HERE, name)
        old = open(path, newline="").read() if os.path.exists(path) else None
        if old != content:
            stale.append(name)
            if "--check" not in sys.argv[1:]:
                os.makedirs(os.path.dirname(path), exist_ok=True)
                with open(path, "w", newline="") as file:
                    file.write(content)
    if "--check" in sys.argv[1:] and stale:
        sys.exit("golden files differ from make.py: " + " ".join(stale))


if __name__ == "__main__":
    main()
