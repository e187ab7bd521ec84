"""Correlations of the density of any order: iterated Clebsch-Gordan products of
sorted items, and their derivatives."""
import random
from collections import Counter
from itertools import combinations_with_replacement, product
from math import factorial, prod
from mpmath import mp, mpf
from clebsch_gordan import couple
from descriptors import density, density_derivatives

STEP = mpf(10) ** -16  # of numerical derivatives: an error of STEP^2, and 34 digits are left


class Channels:
    """The density of one centre as vectors over m: item (l, c), c = species * n_max + n."""

    def __init__(self, basis, row):
        self.row, self.products = row, {}
        index = {lmn: k for k, lmn in enumerate(basis.order())}
        self.items = {
            (l, a * basis.n_max + n): [row[a * basis.block + index[l, m, n]] for m in range(-l, l + 1)]
            for a in range(len(basis.species)) for l in range(basis.l_max + 1) for n in range(basis.n_max)}

    def product(self, items, path):
        """((item_1 x item_2)_path_0 x item_3)_path_1 ..."""
        if len(items) == 1:
            return self.items[items[0]]
        key = items, path
        if key not in self.products:
            self.products[key] = couple(
                self.product(items[:-1], path[:-1]), self.items[items[-1]], path[-1])
        return self.products[key]


def parity(ls, path):
    return prod((-1) ** (l1 + l2 + l) for l1, l2, l in zip((ls[0], *path), ls[1:], path))


def paths(ls, last):
    """All lambda_2 .. lambda_nu with lambda_nu = last, lexicographic."""
    found = [()]
    for k in range(1, len(ls)):
        found = [(*path, l) for path in found
                 for before in [path[-1] if path else ls[0]]
                 for l in range(abs(before - ls[k]), before + ls[k] + 1)]
    return [path for path in found if (path[-1] if path else ls[0]) == last]


def tuples(ls, n_channels):
    """Channels of a block, c_nu slowest; not decreasing where the l are equal."""
    for reverse in product(range(n_channels), repeat=len(ls)):
        channels = reverse[::-1]
        if all(la < lb or ca <= cb for la, lb, ca, cb in zip(ls, ls[1:], channels, channels[1:])):
            yield channels


def candidates(basis, orders, lambda_max, group):
    """(factor, items, path) of all columns, m left out, in their order."""
    n_channels = basis.n_max * len(basis.species)
    for nu in orders:
        for last, sign in product(range(lambda_max + 1), (1,) if group == "o3" else (1, -1)):
            for ls in combinations_with_replacement(range(basis.l_max + 1), nu):
                for path in paths(ls, last):
                    if parity(ls, path) != sign:
                        continue
                    for channels in tuples(ls, n_channels):
                        items = tuple(zip(ls, channels))
                        equal = prod(factorial(k) for k in Counter(items).values())
                        yield mp.sqrt(mpf(factorial(nu)) / equal), items, path


class Correlations:
    def __init__(self, basis, nu_min, nu_max, lambda_max, group):
        self.basis = basis
        self.options = dict(basis.options, nu_min=nu_min, nu_max=nu_max, lambda_max=lambda_max, group=group)
        everything = list(candidates(basis, range(nu_min, nu_max + 1), lambda_max, group))
        numbers = random.Random(1)
        probe = Channels(basis, [mpf(numbers.uniform(-1, 1)) for _ in range(basis.block * len(basis.species))])
        # What is zero for random numbers to all digits is zero for any density.
        self.columns = [c for c in everything if max(map(abs, probe.product(*c[1:]))) > mpf(10) ** -35]

    def row(self, density_row):
        channels = Channels(self.basis, density_row)
        return [factor * x for factor, items, path in self.columns for x in channels.product(items, path)]

    def values(self, system, centers):
        rows = density(self.basis, system)
        return [self.row(rows[i]) for i in centers]

    def derivatives(self, system, centers):
        """[row][column][atom][3] and [row][column][3][3]."""
        def slope(row, change):
            up, down = (self.row([x + sign * STEP * d for x, d in zip(row, change)]) for sign in (1, -1))
            return [(a - b) / (2 * STEP) for a, b in zip(up, down)]

        def part(rows, changes):
            found = []
            for row, change in ((rows[i], changes[i]) for i in centers):
                shape = range(len(change[0])), range(3)
                slopes = [[slope(row, [c[u][v] for c in change]) for v in shape[1]] for u in shape[0]]
                found.append([[[slopes[u][v][k] for v in shape[1]] for u in shape[0]]
                              for k in range(len(slopes[0][0]))])
            return found
        rows = density(self.basis, system)
        return tuple(part(rows, changes) for changes in density_derivatives(self.basis, system))
