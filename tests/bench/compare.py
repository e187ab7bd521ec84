"""Prints featomic's times and ours, measured in turns on one core, the share of the machine's limit that ours reach,
whether the numbers are the same, and what the forces of a fitted model cost as the system grows.

Both sides include their neighbour lists and run on one thread; featomic gets native systems and its default splines, we
write into arrays that were allocated before.
"""
import argparse
import os
import subprocess
import tempfile
import time
import numpy as np
from featomic import SoapPowerSpectrum
import limits
import structures


class Bench:
    """Our program, one command and one answer at a time."""

    def __init__(self, *command):
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, *words):
        self.process.stdin.write(" ".join(map(str, words)) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline().split()
        if not answer:
            raise SystemExit("the benchmark program failed: " + " ".join(map(str, words)))
        return [float(x) for x in answer]

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def option_words(options):
    return [f"{key}={value!r}" for key, value in options.items()]


def in_turns(repeats, *calls):
    """Median seconds of each call, interleaved so that a slow moment hits all."""
    times = [[] for _ in calls]
    for _ in range(repeats):
        for k, call in enumerate(calls):
            times[k].append(call())
    return [float(np.median(t)) for t in times]


def timed(call):
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def largest_difference(ours, rows, features, blocks, options, atoms_list, numbers, calculator):
    """Of features and of derivatives, each relative to the largest."""
    raw = np.fromfile(ours, dtype=np.float64)
    values = raw[:rows * features].reshape(rows, features)
    names = raw[rows * features:rows * features + 2 * blocks].view(np.int64).reshape(blocks, 2)
    jacobian = raw[rows * features + 2 * blocks:].reshape(blocks, 3, features)
    starts = np.cumsum([0] + [len(a) for a in atoms_list])
    place, row_start, seen = {}, 0, -1
    for k, (row, atom) in enumerate(names):  # rows count from 0 in each structure
        if row < seen:
            row_start += seen + 1
        seen = row
        place[row_start + row, int(atom)] = k
    tensor = calculator.compute(atoms_list, gradients=["positions"], use_native_system=True)
    width = options["n_max"] ** 2 * (options["l_max"] + 1)
    pairs = {(a, b): k for k, (a, b) in enumerate((a, b) for i, a in enumerate(numbers) for b in numbers[i:])}
    errors = [0.0, 0.0]
    for key, block in tensor.items():
        columns = slice(pairs[int(key[1]), int(key[2])] * width, (pairs[int(key[1]), int(key[2])] + 1) * width)
        lines = [starts[int(s["system"])] + int(s["atom"]) for s in block.samples]
        errors[0] = max(errors[0], np.abs(values[lines, columns] - block.values).max())
        gradient = block.gradient("positions")
        for sample, expected in zip(gradient.samples, gradient.values):
            k = place[lines[int(sample["sample"])], int(sample["atom"])]
            errors[1] = max(errors[1], np.abs(jacobian[k][:, columns] - expected).max())
    return errors[0] / np.abs(values).max(), errors[1] / np.abs(jacobian).max()


def compare(program, folder, name, atoms_list, options, repeats, machine):
    path = os.path.join(folder, name + ".xyz")
    structures.write(path, atoms_list)
    ours, calculator = Bench(program), SoapPowerSpectrum(**structures.featomic_hypers(options))
    rows, blocks, features = map(int, ours.ask("describe", "power_spectrum", path, *option_words(options)))
    numbers = sorted({int(z) for atoms in atoms_list for z in atoms.numbers})

    def featomic(gradients):
        return timed(lambda: calculator.compute(atoms_list, gradients=gradients, use_native_system=True))

    for gradients, command in (([], "values"), (["positions"], "gradients")):
        theirs, mine = in_turns(repeats, lambda: featomic(gradients), lambda: ours.ask(command)[0])
        work = limits.power_spectrum(atoms_list, options, numbers, rows, blocks, features, bool(gradients))
        share, bound = machine.share(work, mine)
        print(f"{name:8s} {command:10s} {1e6 * theirs / rows:9.1f} {1e6 * mine / rows:9.2f} {theirs / mine:7.1f} x"
              f" {100 * share:8.0f} % of {bound}", flush=True)
    dumped = os.path.join(folder, "dump")
    ours.ask("dump", dumped)
    exact = SoapPowerSpectrum(**structures.featomic_hypers(options, spline_accuracy=None))
    some = atoms_list[:8]  # without splines featomic is slow
    errors = largest_difference(dumped, rows, features, blocks, options, some, numbers, exact)
    ours.close()
    return errors


def force_path(program, folder, most):
    """Energy and forces of a ridge model on silicon, from small to large."""
    training = [structures.silicon(1, seed) for seed in range(6)]
    energies = [-5.0 * len(atoms) + 0.01 * k for k, atoms in enumerate(training)]
    forces = [0.1 * np.random.default_rng(k).normal(size=(len(atoms), 3)) for k, atoms in enumerate(training)]
    path, ours = os.path.join(folder, "training.xyz"), Bench(program)
    structures.write(path, training, energies, forces)
    ours.ask("fit", "ridge", path, "descriptor=power_spectrum", "regularization=1e-6",
             *option_words(structures.DEFAULTS))
    for repeat in (2, 3, 5, 8, 11, 16, 23):
        atoms = structures.silicon(repeat, 0)
        if len(atoms) > most:
            break
        structures.write(path, [atoms])
        seconds = ours.ask("predict", path)[0]
        print(f"{len(atoms):8d} atoms {1e6 * seconds / len(atoms):9.2f} us/atom", flush=True)
    ours.close()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--quick", action="store_true", help="fewer structures and repeats, smaller systems")
    arguments = parser.parse_args()
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    repeats = 5 if arguments.quick else 15
    bench = Bench(arguments.program)
    machine = limits.Machine(bench.ask("triad")[0])
    bench.close()
    print(machine)
    print("power spectrum, us per centre:\n"
          "system   what        featomic      ours    ratio    share of the limit", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        errors = {name: compare(arguments.program, folder, name, *case, repeats, machine)
                  for name, case in structures.systems(arguments.quick).items()}
        for name, (values, gradients) in errors.items():
            print(f"{name:8s} largest difference to featomic: values {values:.1e}, "
                  f"gradients {gradients:.1e} (relative)")
        print("energy and forces of a ridge model on the power spectrum of silicon:")
        force_path(arguments.program, folder, 10000 if arguments.quick else 100000)


if __name__ == "__main__":
    main()
