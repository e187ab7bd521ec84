"""Structures and their neighbours. Coordinates are short decimals, taken as the
doubles that every language reads, so all languages see the same input."""
from itertools import product
from mpmath import mp, mpf

NO_CELL = [[0, 0, 0]] * 3


class System:
    def __init__(self, species, positions, cell=None, periodic=(0, 0, 0)):
        self.species, self.positions = species, positions
        self.cell, self.periodic = cell or NO_CELL, periodic

    def neighbours(self, i, cutoff):
        """(j, vector from i to the image of j) closer than the cutoff, all images."""
        found = []
        for shift in product(*(range(-n, n + 1) for n in self.images(cutoff))):
            for j, position in enumerate(self.positions):
                if j == i and shift == (0, 0, 0):
                    continue
                vector = [mpf(position[x]) - mpf(self.positions[i][x])
                          + mp.fsum(n * mpf(row[x]) for n, row in zip(shift, self.cell))
                          for x in range(3)]
                if mp.fdot(vector, vector) < mpf(cutoff) ** 2:
                    found.append((j, vector))
        return found

    def images(self, cutoff):
        """Images to visit on each side, per cell vector: enough for positions
        up to two cells outside of the cell, whatever is not periodic."""
        counts = [0, 0, 0]
        periodic = [k for k in range(3) if self.periodic[k]]
        for k in periodic:
            height = mpf(abs(self.volume())) / self.face(k)
            counts[k] = int(mp.ceil(cutoff / height)) + 2
        return counts

    def displaced(self, atom, axis, distance):
        """One atom and its images, moved."""
        positions = [list(map(mpf, position)) for position in self.positions]
        positions[atom][axis] += distance
        return System(self.species, positions, self.cell, self.periodic)

    def strained(self, a, b, amount):
        """r_a += amount r_b, positions and cell."""
        def moved(vectors):
            return [[mpf(v[x]) + (amount * mpf(v[b]) if x == a else 0) for x in range(3)] for v in vectors]
        return System(self.species, moved(self.positions), moved(self.cell), self.periodic)

    def volume(self):
        a, b, c = ([mpf(x) for x in row] for row in self.cell)
        return mp.fdot(a, cross(b, c))

    def face(self, k):
        a, b = ([mpf(x) for x in self.cell[(k + s) % 3]] for s in (1, 2))
        return mp.norm(cross(a, b))


def cross(a, b):
    return [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]


# Three species, one bond along z, all within the cutoff of 3 A of some others.
MOLECULE = System(
    [8, 6, 1, 1, 6],
    [[0.1, -0.2, 0.3], [0.1, -0.2, 1.52], [0.97, 0.21, 2.04], [-0.83, -0.46, 2.11],
     [-0.72, 1.25, -0.41]])
# Smaller than the cutoff of 3 A: each atom sees its own images; one position
# lies outside of the cell.
TRICLINIC = System(
    [14, 8], [[0.2, 0.1, -0.3], [2.9, 1.7, 1.4]],
    [[2.6, 0.1, -0.2], [0.9, 2.8, 0.3], [-0.7, 0.5, 3.1]], (1, 1, 1))
# Periodic along the first vector only, which is not along an axis.
CHAIN = System(
    [1, 6, 1], [[0, 0, 0], [0.8, 0.9, 0.2], [1.9, -0.6, 0.5]],
    [[2.5, 0.4, 0.3], [0, 9, 0], [0, 0, 10]], (1, 0, 0))
# Periodic along the first and third vectors.
SLAB = System(
    [13, 13, 8], [[0, 0, 0], [1.1, 1.9, 0.7], [0.4, -1.6, 1.2]],
    [[2.9, 0, 0.4], [0.3, 12, 0], [-0.8, 0, 3.3]], (1, 0, 1))
ATOM = System([5], [[0.3, -1.2, 4.5]])
# For the derivatives: small, because a Jacobian has many numbers.
TRIMER = System(
    [7, 1, 7], [[0, 0, 0], [0.4, -0.7, 0.9], [-1.1, 0.2, 0.6]])
CRYSTAL = System(
    [3, 9], [[0.1, 0.2, 0.3], [1.4, 1.7, 1.3]],
    [[2.7, 0.2, 0], [-0.3, 2.9, 0.4], [0.5, -0.1, 3]], (1, 1, 1))
# Atoms 1, 0 and 2 on a line through the centre 0: the frame of that pair of
# tags degenerates.
FRAMES = System(
    [6, 8, 1, 8], [[0, 0, 0], [0, 0, 1.1], [0, 0, -1.3], [1.2, 0.5, 0.4]])
# Chiral: each oxygen sees three neighbours that are not in one plane.
PEROXIDE = System(
    [8, 8, 1, 1], [[0, 0, 0], [1.4, 0.1, 0.2], [-0.3, 0.9, 0.1], [1.6, -0.4, -0.7]])
