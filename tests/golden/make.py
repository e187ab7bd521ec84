"""Writes the golden files: the same numbers for every language, from formulas
that share nothing with the library.

    python3 make.py            writes *.txt, *.tern, ridge_train.extxyz and bad/
    python3 make.py --check    exits 1 when a file differs from what it would write
"""
import os
import re
import sys
from mpmath import mp

mp.dps = 50  # before anything is computed

import blocks
import errors
import models
import systems
import tensors
import training
import vector_model
from correlations import Correlations
from descriptors import (Basis, density, density_derivatives, frames, power_spectrum,
                         power_spectrum_derivatives)
from radial import radial_functions
from ridge import Features, design, least_squares_e0, predict, solve
from triplets import Triplets
import zbl

HERE = os.path.dirname(os.path.abspath(__file__))


def system_blocks(system, prefix=""):
    return "".join([
        blocks.real(prefix + "species", system.species),
        blocks.real(prefix + "positions", system.positions),
        blocks.real(prefix + "cell", system.cell),
        blocks.real(prefix + "periodic", list(system.periodic))])


def option_block(options):
    return blocks.text("options", [f"{key} {value}" for key, value in options.items()])


def radial_file(distances, cutoff_function="shifted-cosine", radial_basis="gto", **hypers):
    radial = radial_functions(radial_basis, cutoff_function=cutoff_function, **hypers)
    tables = [radial(r) for r in distances]
    for r, (values, _) in zip(distances, tables):
        expected = blocks.flatten(radial.closed_form(r))
        error = max(abs(a - b) for a, b in zip(blocks.flatten(values), expected))
        assert error < 1e-30, "quadrature and closed form of the radial functions differ"
    options = dict(hypers, cutoff_function=cutoff_function, radial_basis=radial_basis)
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


def frames_file(system, gaussians, **hypers):
    basis = Basis(**hypers)
    indices, rows = frames(basis, system, gaussians)
    options = dict(basis.options, self_pairs=1, tag_gaussians=gaussians)
    return "".join([
        blocks.text("kinds", ["frames"]),
        option_block(options), system_blocks(system),
        blocks.real("rows", [[0, *row] for row in indices]),
        blocks.real("frames", rows)])


def only(centers, options):
    return options if centers is None else dict(options, centers=",".join(map(str, centers)))


def kind_file(kind, system, options, indices, rows, derivatives):
    parts = [blocks.text("kinds", [kind]), option_block(options), system_blocks(system),
             blocks.real("rows", [[0, *index] for index in indices]), blocks.real(kind, rows)]
    for name, part in zip(("_positions", "_strain"), derivatives):
        parts.append(blocks.real(kind + name, part))
    return "".join(parts)


def correlations_file(system, basis, nu_min, nu_max, lambda_max, group, centers=None, derivatives=False):
    """`centers`: the only atoms that are centres; all if None."""
    correlations = Correlations(basis, nu_min, nu_max, lambda_max, group)
    described = range(len(system.species)) if centers is None else centers
    return kind_file(
        "correlations", system, only(centers, correlations.options), [[i] for i in described],
        correlations.values(system, described),
        correlations.derivatives(system, described) if derivatives else [])


def triplets_file(system, basis, centers=None, derivatives=False, **choices):
    triplets = Triplets(basis, **choices)
    described = range(len(system.species)) if centers is None else centers
    return kind_file(
        "triplets", system, only(centers, triplets.options), *triplets.rows(system, described),
        triplets.derivatives(system, described) if derivatives else [])


def ridge_file(labelled, features, tests, e0, regularization, weights):
    """One fit and what it predicts; e0 a list of energies, or None for least squares."""
    basis = tests[0].basis
    options = dict({"descriptor": "power_spectrum"}, **basis.options)
    del options["species"]  # those of the data
    given = e0 and ",".join(f"{s}:{energy}" for s, energy in zip(basis.species, e0))
    options.update(e0=given or "least_squares", regularization=regularization, **weights)
    e0 = e0 or least_squares_e0(basis, labelled)
    solution = solve(*design(features, labelled, e0, **weights), regularization)
    parts = [
        blocks.text("train", ["ridge_train.extxyz"]), option_block(options),
        blocks.real("e0", e0),
        blocks.real("weights", solution, [len(e0), len(solution) // len(e0)])]
    for k, test in enumerate(tests, 1):
        energies, forces, virials = predict(test, e0, solution)
        parts += [
            system_blocks(test.system, f"test{k}_"),
            blocks.real(f"test{k}_energy", [mp.fsum(energies)]),
            blocks.real(f"test{k}_forces", forces),
            blocks.real(f"test{k}_virial", [[mp.fsum(v[x][y] for v in virials) for y in range(3)]
                                            for x in range(3)]),
            blocks.real(f"test{k}_atom_energies", energies),
            blocks.real(f"test{k}_atom_virials", virials)]
    return "".join(parts)


def radial_files():
    b8 = dict(cutoff=2.0, cutoff_width=0.1, n_max=6, l_max=3, sigma=0.2)
    silicon = dict(cutoff=5.0, cutoff_width=0.5, n_max=8, l_max=6, sigma=0.3)
    small = dict(cutoff=3.0, cutoff_width=3.0, n_max=2, l_max=1, sigma=0.5)
    points = dict(cutoff=3.5, cutoff_width=0.5, radial_basis="bessel")
    below = [1e-6, 0.2, 0.9, 1.7, 2.6, 3.02, 3.1, 3.25, 3.4, 3.49, 3.5, 4]
    return {
        "radial_bessel.txt": radial_file([0, *below], n_max=6, l_max=5, **points),
        "radial_bessel_quintic.txt": radial_file(
            below, n_max=3, l_max=2, cutoff_function="quintic", **points),
        "radial_bump.txt": radial_file(
            [0, *below], cutoff=3.5, cutoff_width=0.5, n_max=4, l_max=3, sigma=0.3, cutoff_function="bump"),
        "radial_b8.txt": radial_file(
            [0, 1e-6, 0.05, 0.7, 1.3, 1.9, 1.95, 1.999, 1.999999, 2.0, 2.1], **b8),
        "radial_silicon.txt": radial_file(
            [0, 1e-6, 0.3, 1.1, 2.35, 3.84, 4.5, 4.75, 4.999, 5.0, 6], **silicon),
        "radial_small.txt": radial_file([0, 0.01, 0.5, 1.5, 2.5, 2.999999, 3.0], **small)}


def descriptor_files():
    def small(species, **changes):
        return dict(dict(species=species, cutoff=3.0, cutoff_width=0.5, n_max=3, l_max=3,
                         sigma=0.4), **changes)
    b8 = dict(species=[5, 14], cutoff=2.0, cutoff_width=0.1, n_max=6, l_max=3, sigma=0.2)
    tiny = dict(n_max=2, l_max=2)
    three = [1, 6, 8]
    return {
        "atom.txt": descriptor_file(systems.ATOM, **b8),
        "atom_center.txt": descriptor_file(systems.ATOM, **b8, center_weight=1.0),
        "chain.txt": descriptor_file(systems.CHAIN, **small([1, 6])),
        "frames.txt": frames_file(systems.FRAMES, 3, **small(three, cutoff=2.5, **tiny)),
        "jacobian_crystal.txt": jacobian_file(systems.CRYSTAL, **small([3, 9], **tiny)),
        "jacobian_trimer.txt": jacobian_file(
            systems.TRIMER, **small([1, 7], center_weight=0.5, **tiny)),
        "molecule.txt": descriptor_file(systems.MOLECULE, **small(three)),
        "molecule_center.txt": descriptor_file(
            systems.MOLECULE, **small(three, center_weight=1.0)),
        "slab.txt": descriptor_file(systems.SLAB, **small([8, 13], l_max=4)),
        **correlation_files(), **triplet_files(),
        "bessel.txt": descriptor_file(systems.MOLECULE, **small(
            three, sigma=None, radial_basis="bessel", cutoff_function="quintic", center_weight=1.0)),
        "triclinic.txt": descriptor_file(systems.TRICLINIC, **small([8, 14], n_max=4)),
        "triclinic_center.txt": descriptor_file(
            systems.TRICLINIC, **small([8, 14], center_weight=1.0))}


def small_basis(species, n_max, l_max, **changes):
    return Basis(**dict(dict(species=species, cutoff=3.0, cutoff_width=0.5, n_max=n_max, l_max=l_max,
                             sigma=0.4), **changes))


def correlation_files():
    points = dict(sigma=None, radial_basis="bessel")
    return {
        "correlations_o3.txt": correlations_file(
            systems.MOLECULE, small_basis([1, 6, 8], 2, 2), 1, 3, 0, "o3"),
        "correlations_so3.txt": correlations_file(
            systems.TRICLINIC, small_basis([8, 14], 1, 2, center_weight=1.0), 1, 4, 2, "so3"),
        "correlations_four.txt": correlations_file(
            systems.PEROXIDE, small_basis([1, 8], 2, 1, **points), 4, 4, 1, "so3", centers=[1, 2]),
        "correlations_peroxide.txt": correlations_file(
            systems.PEROXIDE, small_basis([1, 8], 1, 1), 1, 3, 1, "so3", centers=[0], derivatives=True),
        "correlations_crystal.txt": correlations_file(
            systems.CRYSTAL, small_basis([3, 9], 1, 2, cutoff_function="bump"), 3, 4, 0, "o3", derivatives=True)}


def triplet_files():
    hydrogen_oxygen, crystal, points = [1, 8], [3, 9], dict(sigma=None, radial_basis="bessel")
    return {
        "triplets.txt": triplets_file(systems.PEROXIDE, small_basis(hydrogen_oxygen, 2, 2), centers=[0]),
        "triplets_center.txt": triplets_file(
            systems.PEROXIDE, small_basis(hydrogen_oxygen, 1, 3, **points), centers=[1], center_tags=1),
        "triplets_tag_cutoff.txt": triplets_file(
            systems.FRAMES, small_basis([1, 6, 8], 1, 2, cutoff_function="quintic"), self_pairs=0,
            tag_cutoff=1.5, tag_width=0.4),
        "triplets_pairs.txt": triplets_file(
            systems.MOLECULE, small_basis([1, 6, 8], 2, 2), tags=1, center_tags=1),
        "triplets_peroxide.txt": triplets_file(
            systems.PEROXIDE, small_basis(hydrogen_oxygen, 1, 1), centers=[0], derivatives=True,
            center_tags=1, self_pairs=0, tag_cutoff=1.6, tag_width=0.5),
        "triplets_sum.txt": triplets_file(
            systems.CRYSTAL, small_basis(crystal, 1, 2), derivatives=True, sum_tags=1,
            tag_cutoff=2.8, tag_width=0.6),
        "triplets_sum_pairs.txt": triplets_file(
            systems.CRYSTAL, small_basis(crystal, 2, 2), derivatives=True, tags=1, sum_tags=1)}


def ridge_files():
    basis = Basis([1, 6], cutoff=3.0, cutoff_width=0.5, n_max=2, l_max=2, sigma=0.4)
    labelled = training.structures()
    features = [Features(basis, item.system) for item in labelled]
    tests = [Features(basis, system) for system in training.TEST]

    def fit(e0, regularization, *weights):
        names = ("energy_weight", "force_weight", "virial_weight")
        return ridge_file(labelled, features, tests, e0, regularization, dict(zip(names, weights)))
    return {
        "ridge_train.extxyz": training.extxyz(labelled),
        "ridge_energies.txt": fit(None, 1e-4, 2.0, 0, 0),
        "ridge_forces.txt": fit([-1.25, -3.5], 1e-3, 2.0, 0.5, 0),
        "ridge_virial.txt": fit(None, 1e-3, 2.0, 0.5, 0.3)}


def contents(descriptors, radial):
    """What there is to loop over."""
    def holding(pattern):
        return sorted(name for name, text in descriptors.items() if re.search(pattern, text, re.MULTILINE))
    return "".join([
        blocks.text("files", sorted(descriptors)), blocks.text("rows", holding("^rows real")),
        blocks.text("derivatives", holding("^[a-z_]+_strain real")), blocks.text("radial", sorted(radial))])


def golden_files():
    """{name: bytes} of everything."""
    descriptors, radial = descriptor_files(), radial_files()
    texts = {**radial, **descriptors, **ridge_files(),
             "descriptors.txt": contents(descriptors, radial),
             "errors.txt": errors.errors_file(), "zbl.txt": zbl.zbl_file()}
    texts.update(models.model_files())
    texts.update(vector_model.vector_files())
    texts.update(tensors.tensor_files())
    return {**{name: text if isinstance(text, bytes) else text.encode()
               for name, text in texts.items()}, **errors.bad_files()}


def leftovers(files):
    """Files of a golden kind that nothing here writes any more."""
    found = [name for name in os.listdir(HERE) if name.endswith((".txt", ".extxyz", ".tern"))]
    found += ["bad/" + name for name in os.listdir(os.path.join(HERE, "bad"))]
    return sorted(set(found) - set(files))


def stored(path):
    if not os.path.exists(path):
        return None
    with open(path, "rb") as file:
        return file.read()


def main():
    arguments = sys.argv[1:]
    if arguments not in ([], ["--check"]):
        sys.exit("usage: make.py [--check]")
    files = golden_files()
    stale = [name for name in files if stored(os.path.join(HERE, name)) != files[name]]
    if arguments:
        wrong = stale + leftovers(files)
        sys.exit("golden files differ from what make.py writes: " + " ".join(wrong) if wrong else 0)
    for name in stale:
        path = os.path.join(HERE, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(files[name])


if __name__ == "__main__":
    main()
