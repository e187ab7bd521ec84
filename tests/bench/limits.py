"""What the machine can do at most, and what the work at hand needs at least."""
import time
import numpy as np
from ase.neighborlist import neighbor_list


class Machine:
    def __init__(self, bytes_per_second):
        self.bytes_per_second = bytes_per_second
        self.flops_per_second = self.dgemm()

    @staticmethod
    def dgemm(n=768):
        a, b, best = np.random.rand(n, n), np.random.rand(n, n), 0.0
        for _ in range(6):
            start = time.perf_counter()
            a @ b
            best = max(best, 2 * n ** 3 / (time.perf_counter() - start))
        return best

    def __str__(self):
        return (f"one core: dgemm {self.flops_per_second / 1e9:.1f} Gflop/s, "
                f"triad {self.bytes_per_second / 1e9:.1f} GB/s")

    def share(self, work, seconds):
        """The larger of the two shares, and its name."""
        flops, moved = work
        shares = {"flops": flops / self.flops_per_second / seconds,
                  "bytes": moved / self.bytes_per_second / seconds}
        bound = max(shares, key=shares.get)
        return shares[bound], bound


def power_spectrum(atoms_list, options, numbers, rows, blocks, features, gradients):
    """Flops by formula, without padding, for channels that are not empty; bytes of the results, each written once.

    Per neighbour: six rows of a spline table for each (n, l), one multiply-add per coefficient; per pair of channels
    one multiply-add per (l, m, n, n'). Derivatives: slopes, four contractions over m per channel, and two products per
    column (four for equal species).
    """
    n, l = options["n_max"], options["l_max"] + 1
    species, flops = len(numbers), 0.0
    for atoms in atoms_list:
        centre, neighbour = neighbor_list("ij", atoms, options["cutoff"])
        counts = np.zeros((len(atoms), species))
        np.add.at(counts, (centre, np.searchsorted(numbers, atoms.numbers[neighbour])), 1)
        channels = (counts > 0).sum(axis=1)
        pairs = (channels * (channels + 1) / 2).sum()
        flops += 2 * len(centre) * n * (6 * l + l * l) + 2 * pairs * n * n * l * l
        if gradients:
            others = (counts.sum(axis=1) * channels).sum()  # neighbours times channels
            flops += 12 * len(centre) * n * l + 8 * others * n * l * l + 3 * n * n * l * (3 * others + 4 * len(centre))
    written = 8.0 * rows * features + (24.0 * blocks * features if gradients else 0)
    return flops, written
