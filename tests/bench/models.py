"""python models.py PROGRAM [--training FILE] [--quick]: energy and forces of models in silicon beside featomic.

Models: as the shipped settings for metals say, a sparse kernel of 2000 points on the power spectrum, a triplet network.
What featomic takes for the gradients of its power spectrum alone (cutoff 5 Angstrom, n 8, l 6) is the measure. What is
predicted does not change its time: without --training the models are fitted to random energies of some small cells. One
core; times are the processor's, which other programs disturb least; best of three.
"""
import argparse
import os
import tempfile
import time
import ase.io
import numpy as np
from featomic import SoapPowerSpectrum
import structures
from compare import Bench, option_words

SETTINGS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "src", "cli", "settings", "metal")


def metal():
    """Kind and options of the shipped settings."""
    with open(SETTINGS) as file:
        pairs = [line.split("#")[0].split("=") for line in file if "=" in line.split("#")[0]]
    options = {key.strip(): value.strip() for key, value in pairs}
    return options.pop("model"), [f"{key}={value}" for key, value in options.items()]


def models():
    cheap = ["uncertainty=none"]
    yield ("settings for metals", *metal())
    yield ("kernel, 2000 points", "kernel",
           ["descriptor=power_spectrum", "points=2000", *option_words(structures.DEFAULTS), *cheap])
    yield ("triplet network", "triplet",
           ["cutoff=5.0", "tag_cutoff=3.5", "n_max=6", "l_max=3", "epochs=1", "batch=4", *cheap])


def training_set(path, source):
    """Structures with energies, of a file or made up."""
    if source:
        atoms = ase.io.read(source, ":40", format="extxyz")
        energies = [float(a.get_potential_energy()) for a in atoms]
    else:
        atoms = [structures.silicon(2, seed) for seed in range(40)]
        energies = [-5.0 * len(a) + float(e) for a, e in zip(atoms, np.random.default_rng(0).normal(size=len(atoms)))]
    structures.write(path, atoms, energies)


def featomic_seconds(atoms):
    """Of one atom, for the gradients."""
    calculator, best = SoapPowerSpectrum(**structures.featomic_hypers(structures.DEFAULTS)), np.inf
    for _ in range(3):
        start = time.process_time()
        calculator.compute([atoms], gradients=["positions"], use_native_system=True)
        best = min(best, time.process_time() - start)
    return best / len(atoms)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("--training", help="extended XYZ of silicon, of which 40 structures are taken")
    parser.add_argument("--quick", action="store_true", help="no more than 10 000 atoms")
    arguments = parser.parse_args()
    theirs = featomic_seconds(structures.silicon(3, 0))
    print(f"featomic, gradients of the power spectrum: {1e6 * theirs:.0f} us/atom", flush=True)
    ours = Bench(arguments.program)
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "silicon.xyz")
        for name, kind, options in models():
            training_set(path, arguments.training)
            ours.ask("fit", kind, path, *options)
            for repeat in (5, 11, 20, 23):
                atoms = structures.silicon(repeat, 0)
                if arguments.quick and len(atoms) > 11000:
                    break
                structures.write(path, [atoms])
                seconds = ours.ask("predict", path)[2] / len(atoms)
                print(f"{name:20s} {len(atoms):7d} atoms {1e6 * seconds:8.1f} us/atom {theirs / seconds:7.1f} x",
                      flush=True)
    ours.close()


if __name__ == "__main__":
    main()
