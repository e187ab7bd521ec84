# SPDX-License-Identifier: BSD-3-Clause
"""Prints what triplets and frames cost on one core: coupled triplets against NumPy, frames against our own coupled
triplets for the same environments, and the time per atom as the system grows. Exits 1 when a ratio is below what it
must be.

The environments are those of the first atoms of B8 clusters and of a silicon crystal, every ordered pair of neighbours
a triplet. Both sides include their neighbour lists; ours write into arrays that were allocated before, and what takes
microseconds is repeated until it takes milliseconds.
"""
import argparse
import os
import sys
import tempfile
import numpy as np
import structures
from compare import Bench, in_turns, option_words, timed
from coupled import Coupled

B8 = dict(cutoff=2.0, cutoff_width=0.1, n_max=6, l_max=3, sigma=0.2, centers=0)
SILICON = dict(cutoff=4.2, cutoff_width=0.5, n_max=6, l_max=3, sigma=0.3)
SOLID = dict(cutoff=4.0, cutoff_width=0.5, n_max=4, sigma=0.4, tag_cutoff=2.8)
MUST = {"numpy": 50, "frames, B8": 20, "frames, silicon": 20}


def start(program, kind, path, options, *more):
    bench = Bench(program)
    rows, _, features = map(int, bench.ask("describe", kind, path, *option_words(options), *more))
    return bench, rows, features


def report(name, features, seconds, rows, gradient=None):
    slope = "" if gradient is None else f"{1e6 * gradient / rows:11.2f}"
    print(f"{name:38s} {features:8d} {1e6 * seconds / rows:11.2f} {slope}", flush=True)


def against_numpy(program, folder, path, atoms_list, repeats):
    """Ours and NumPy's features in turns; seconds of each, and our triplets."""
    ours, rows, features = start(program, "triplets", path, B8)
    numpy = Coupled(B8)
    numpy.at_once(atoms_list[:1])  # coefficients are made once
    some = atoms_list[:max(2, len(atoms_list) // 8)]
    share = len(some) / len(atoms_list)
    ours.ask("values")
    theirs, together, mine, back = in_turns(
        repeats, lambda: timed(lambda: numpy.one_by_one(some)) / share,
        lambda: timed(lambda: numpy.at_once(some)) / share,
        lambda: ours.ask("values")[0], lambda: ours.ask("pullback")[0])
    report("NumPy, one triplet after the other", features, theirs, rows)
    report("NumPy, all of a centre at once", features, together, rows)
    report("triplets", features, mine, rows, back)
    dumped = os.path.join(folder, "dump")
    ours.ask("dump", dumped)
    ours.close()
    for way in (Coupled(B8, spline_accuracy=None).one_by_one, Coupled(B8, spline_accuracy=None).at_once):
        exact = way(atoms_list[:1])
        found = np.fromfile(dumped, count=exact.size).reshape(exact.shape)
        print(f"largest difference of features: {np.abs(found - exact).max() / np.abs(exact).max():.1e} (relative)")
    return theirs / mine, together / mine


def against_triplets(name, program, path, options, repeats):
    """Frames and triplets of the same environments in turns."""
    triplets, rows, features = start(program, "triplets", path, options)
    frames, frame_rows, frame_features = start(program, "frames", path, options)
    assert rows == frame_rows
    for bench in (triplets, frames):
        bench.ask("values")
    slow, fast, fast_back = in_turns(repeats, lambda: triplets.ask("values")[0], lambda: frames.ask("values", 20)[0],
                                     lambda: frames.ask("pullback")[0])
    report(f"triplets, {name}", features, slow, rows)
    report(f"frames, {name}", frame_features, fast, rows, fast_back)
    triplets.close()
    frames.close()
    return slow / fast


def smaller_forms(program, path, repeats):
    for name, more in (("triplets, pair form (per pair)", ["tags=1"]),
                       ("triplets, summed (per centre)", ["sum_tags=1"]),
                       ("triplets, summed, without self pairs", ["sum_tags=1", "self_pairs=0"])):
        bench, count, width = start(program, "triplets", path, B8, *more)
        bench.ask("values")
        seconds, back = in_turns(repeats, lambda: bench.ask("values", 20)[0], lambda: bench.ask("pullback")[0])
        report(name, width, seconds, count, back)
        bench.close()


def growth(program, folder, most):
    """Time per atom of silicon crystals, four tags an atom, from 10^3 to 10^5 atoms."""
    path, ratios = os.path.join(folder, "solid.xyz"), []
    cases = {"frames": ("frames", ["l_max=3"]), "triplets, summed": ("triplets", ["l_max=2", "sum_tags=1"]),
             "triplets, pairs": ("triplets", ["l_max=3", "tags=1"])}
    for name, (kind, more) in cases.items():
        times = []
        for repeat in (5, 11, 23):
            atoms = structures.silicon(repeat, 0)
            if len(atoms) > most:
                break
            structures.write(path, [atoms])
            bench, rows, _ = start(program, kind, path, SOLID, *more)
            seconds = min(bench.ask("values")[0] for _ in range(3))
            times.append(seconds / len(atoms))
            print(f"{name:20s} {len(atoms):8d} atoms {rows:9d} rows {1e6 * times[-1]:9.2f} us/atom", flush=True)
            bench.close()
        ratios.append(max(times) / min(times))
    return max(ratios)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--quick", action="store_true", help="fewer structures and repeats, smaller systems")
    arguments = parser.parse_args()
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    repeats, count = (3, 8) if arguments.quick else (9, 24)
    atoms_list = structures.boron(count)
    print("triplets of B8:                        features   us/row   gradient us/row")
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "b8.xyz")
        structures.write(path, atoms_list)
        solid = os.path.join(folder, "silicon.xyz")
        structures.write(solid, [structures.silicon(1, 0)])
        ratio, together = against_numpy(arguments.program, folder, path, atoms_list, repeats)
        ratios = {"numpy": ratio,
                  "frames, B8": against_triplets("B8", arguments.program, path, B8, repeats),
                  "frames, silicon": against_triplets("silicon", arguments.program, solid, SILICON, repeats)}
        smaller_forms(arguments.program, path, repeats)
        print(f"NumPy / triplets: {ratio:.0f} x (must be {MUST['numpy']}), {together:.0f} x all of a centre at once")
        print(f"triplets / frames: {ratios['frames, B8']:.0f} x for B8, {ratios['frames, silicon']:.0f} x for silicon "
              f"(must be {MUST['frames, B8']})")
        print("growth of the system:")
        spread = growth(arguments.program, folder, 10000 if arguments.quick else 100000)
        print(f"slowest / fastest time per atom: {spread:.2f}")
    sys.exit(any(ratios[name] < least for name, least in MUST.items()))


if __name__ == "__main__":
    main()
