"""Prints what correlations cost: the bispectrum against featomic's Clebsch-Gordan products in turns on one core,
whether the numbers agree, and the time per centre and per feature of every order, in full and contracted."""
import argparse
import os
import tempfile

import numpy as np
from featomic import SphericalExpansion
from featomic.clebsch_gordan import DensityCorrelations
from metatensor import Labels

import structures
from compare import Bench, in_turns, option_words, timed

SCALAR = Labels(["o3_lambda", "o3_sigma"], np.array([[0, 1]]))
PAPER = dict(cutoff=2.0, cutoff_width=0.1, n_max=6, l_max=3, sigma=0.2)
SOLID = dict(cutoff=4.0, cutoff_width=0.5, n_max=4, l_max=4, sigma=0.3)


class Peer:
    """featomic's spherical expansion and its iterated products, three densities to scalars."""

    def __init__(self, options, redundant, **basis):
        self.expansion = SphericalExpansion(**structures.featomic_hypers(options, **basis))
        self.products = DensityCorrelations(n_correlations=2, max_angular=2 * options["l_max"],
                                            skip_redundant=not redundant)

    def __call__(self, atoms_list):
        density = self.expansion.compute(atoms_list, use_native_system=True).keys_to_properties("neighbor_type")
        return self.products.compute(density, selected_keys=SCALAR)

    def gram(self, atoms_list):
        blocks = [block.values.reshape(len(block.values), -1) for _, block in self(atoms_list).items()]
        return sum(b @ b.T for b in blocks)


def bispectrum(program, folder, name, atoms_list, options, repeats):
    """One species, so that featomic's blocks list the same centres in the same order as ours."""
    path, ours, peer = os.path.join(folder, name + ".xyz"), Bench(program), Peer(options, redundant=False)
    structures.write(path, atoms_list)
    rows, _, features = map(int, ours.ask("describe", "correlations", path, "nu_min=3", "nu_max=3",
                                          *option_words(options)))
    theirs, mine = in_turns(repeats, lambda: timed(lambda: peer(atoms_list)), lambda: ours.ask("values")[0])
    count = sum(block.values.shape[-1] for _, block in peer(atoms_list).items())
    print(f"{name:8s} featomic {1e6 * theirs / rows:8.1f} us per centre ({count} features), "
          f"ours {1e6 * mine / rows:7.2f} us ({features}, {1e9 * mine / rows / features:.2f} ns each): "
          f"{theirs / mine:.0f} x", flush=True)
    ours.ask("gradients")
    ours.ask("dump", os.path.join(folder, "dump"))
    ours.close()
    few = atoms_list[:3]
    n = sum(map(len, few))
    values = np.fromfile(os.path.join(folder, "dump"))[:n * features].reshape(n, features)
    expected = Peer(options, redundant=True, spline_accuracy=None).gram(few)
    error = np.abs(values @ values.T - expected).max() / np.abs(expected).max()
    print(f"{name:8s} Gram matrices differ by {error:.1e} (relative)")


def orders(program, folder, atoms_list, options):
    path = os.path.join(folder, "orders.xyz")
    structures.write(path, atoms_list)
    for label, nu_most, more in (("in full", 4, []),
                                 ("contracted, components 40", 7, ["components=40", "fit_environments=400"])):
        for nu in range(2, nu_most + 1):
            ours = Bench(program)
            rows, _, features = map(int, ours.ask("describe", "correlations", path, f"nu_min={nu}", f"nu_max={nu}",
                                                  *more, *option_words(options)))
            seconds = np.median([ours.ask("values")[0] for _ in range(5)])
            print(f"nu = {nu} {label:26s} {features:7d} features {1e6 * seconds / rows:9.2f} us per centre"
                  f" {1e9 * seconds / rows / features:7.2f} ns per feature", flush=True)
            ours.close()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--quick", action="store_true", help="fewer structures and repeats")
    arguments = parser.parse_args()
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    count, repeats = (50, 5) if arguments.quick else (200, 15)
    with tempfile.TemporaryDirectory() as folder:
        print("bispectrum (nu = 3):")
        bispectrum(arguments.program, folder, "B8", structures.boron(count), PAPER, repeats)
        bispectrum(arguments.program, folder, "Si", [structures.silicon(2, 0)], SOLID, repeats)
        print("orders, B8, one centre each:")
        orders(arguments.program, folder, structures.boron(count), {**PAPER, "centers": 0})


if __name__ == "__main__":
    main()
