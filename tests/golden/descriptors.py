"""Density, power spectrum, their derivatives, and the features in the frame of
two tags, with 50 digits."""
from mpmath import mp, mpf
from harmonics import harmonics, harmonics_gradient
from radial import radial_functions
from systems import cross


class Basis:
    """Options of a descriptor and the expansion of one neighbour."""

    def __init__(self, species, cutoff, cutoff_width, n_max, l_max, sigma=None, center_weight=0,
                 radial_basis="gto", cutoff_function="shifted-cosine"):
        self.species, self.center_weight = sorted(species), center_weight
        self.cutoff, self.n_max, self.l_max = cutoff, n_max, l_max
        smearing = {} if sigma is None else dict(sigma=sigma)
        self.options = dict(
            cutoff=cutoff, cutoff_function=cutoff_function, cutoff_width=cutoff_width,
            radial_basis=radial_basis, n_max=n_max, l_max=l_max, **smearing,
            center_weight=center_weight, species=",".join(map(str, self.species)))
        self.radial = radial_functions(
            radial_basis, cutoff=cutoff, cutoff_width=cutoff_width, n_max=n_max, l_max=l_max,
            cutoff_function=cutoff_function, **smearing)
        self.block = n_max * (l_max + 1) ** 2  # columns per species

    def order(self):
        """(l, m, n) in the order of the columns."""
        return [(l, m, n) for l in range(self.l_max + 1) for m in range(-l, l + 1)
                for n in range(self.n_max)]

    def neighbour(self, vector):
        """R_nl(r) Y_lm(u), flat in [l][m][n]."""
        R, _ = self.radial(mp.norm(vector))
        Y = harmonics(self.l_max, vector)
        return [R[n][l] * Y[l][l + m] for l, m, n in self.order()]

    def neighbour_gradient(self, vector):
        """Derivatives of `neighbour` with respect to the vector, [axis][...]."""
        r = mp.norm(vector)
        R, dR = self.radial(r)
        Y, dY = harmonics(self.l_max, vector), harmonics_gradient(self.l_max, vector)
        return [[dR[n][l] * vector[x] / r * Y[l][l + m] + R[n][l] * dY[x][l][l + m]
                 for l, m, n in self.order()] for x in range(3)]

    def centre(self):
        """The centre itself, a neighbour at r = 0: only l = 0 is left."""
        R, _ = self.radial(0)
        Y00 = 1 / mp.sqrt(4 * mp.pi)
        return [R[n][l] * Y00 if l == 0 else mpf(0) for l, m, n in self.order()]


def add(target, start, values, factor=1):
    for k, x in enumerate(values):
        target[start + k] += factor * x


def density(basis, system):
    """Rows: centres; columns: [species][l][m][n]."""
    rows = []
    for i, kind in enumerate(system.species):
        row = [mpf(0)] * (basis.block * len(basis.species))
        add(row, basis.species.index(kind) * basis.block, basis.centre(), basis.center_weight)
        for j, vector in system.neighbours(i, basis.cutoff):
            channel = basis.species.index(system.species[j])
            add(row, channel * basis.block, basis.neighbour(vector))
        rows.append(row)
    return rows


def density_derivatives(basis, system):
    """d density / d positions [row][column][atom][3] and d strain [row][column][3][3].

    A strain moves every vector r to (1 + strain) r, periodic images included.
    """
    atoms, positions, strains = len(system.species), [], []
    for i in range(atoms):
        width = basis.block * len(basis.species)
        moved = [[[mpf(0)] * 3 for _ in range(atoms)] for _ in range(width)]
        strained = [[[mpf(0)] * 3 for _ in range(3)] for _ in range(width)]
        for j, vector in system.neighbours(i, basis.cutoff):
            first = basis.species.index(system.species[j]) * basis.block
            for x, values in enumerate(basis.neighbour_gradient(vector)):
                for k, value in enumerate(values, first):
                    moved[k][j][x] += value
                    moved[k][i][x] -= value
                    for y in range(3):
                        strained[k][x][y] += value * vector[y]
        positions.append(moved)
        strains.append(strained)
    return positions, strains


def power_spectrum_terms(basis):
    """Per column [pair a <= b][l][n][n']: the factor and the pairs of density columns."""
    index = {}
    for a in range(len(basis.species)):
        for k, lmn in enumerate(basis.order()):
            index[(a, *lmn)] = a * basis.block + k
    for a in range(len(basis.species)):
        for b in range(a, len(basis.species)):
            for l in range(basis.l_max + 1):
                factor = (-1) ** l / mp.sqrt(2 * l + 1) * (mp.sqrt(2) if a < b else 1)
                for n1 in range(basis.n_max):
                    for n2 in range(basis.n_max):
                        yield factor, [(index[a, l, m, n1], index[b, l, m, n2])
                                       for m in range(-l, l + 1)]


def power_spectrum(basis, system):
    terms = list(power_spectrum_terms(basis))
    return [[factor * mp.fsum(row[p] * row[q] for p, q in pairs) for factor, pairs in terms]
            for row in density(basis, system)]


def power_spectrum_derivatives(basis, system):
    """Product rule on the derivatives of the density; same shapes."""
    terms, rows = list(power_spectrum_terms(basis)), density(basis, system)

    def product(row, slopes):
        def component(pairs, u, v):
            return mp.fsum(slopes[p][u][v] * row[q] + row[p] * slopes[q][u][v] for p, q in pairs)
        outer = range(len(slopes[0]))
        return [[[factor * component(pairs, u, v) for v in range(3)] for u in outer]
                for factor, pairs in terms]

    return tuple([product(row, slopes) for row, slopes in zip(rows, part)]
                 for part in density_derivatives(basis, system))


def tag_frame(u1, u2):
    """Axes x, y, z: z along tag 1, tag 2 in the half-plane x > 0. On a line any
    x will do, because only mu = 0 is kept there."""
    across = [b - mp.fdot(u1, u2) * a for a, b in zip(u1, u2)]
    if mp.norm(across) < mpf(10) ** -30:
        smallest = min(range(3), key=lambda k: abs(u1[k]))
        across = cross(u1, [mpf(k == smallest) for k in range(3)])
    x = [a / mp.norm(across) for a in across]
    return [x, cross(u1, x), u1]


def frames(basis, system, gaussians=0):
    """Row indices (centre, tag 1, tag 2) and rows: s^|mu| rho in the frame,
    [species][l][mu][n], then R_n0(r1), R_n0(r2), cos theta, and Gaussians of the
    distance between the tags."""
    indices, rows = [], []
    for i in range(len(system.species)):
        around = system.neighbours(i, basis.cutoff)
        for j1, v1 in around:
            for j2, v2 in around:
                indices.append([i, j1, j2])
                rows.append(frame_features(basis, system, around, v1, v2, gaussians))
    return indices, rows


def frame_features(basis, system, around, v1, v2, gaussians=0):
    r1, r2 = mp.norm(v1), mp.norm(v2)
    u1, u2 = [x / r1 for x in v1], [x / r2 for x in v2]
    axes, s = tag_frame(u1, u2), mp.norm(cross(u1, u2))
    row = [mpf(0)] * (basis.block * len(basis.species))
    for k, vector in around:
        turned = [mp.fdot(axis, vector) for axis in axes]
        add(row, basis.species.index(system.species[k]) * basis.block, basis.neighbour(turned))
    weights = [s ** abs(m) for l, m, n in basis.order()] * len(basis.species)
    distances = [basis.radial(r)[0][n][0] for r in (r1, r2) for n in range(basis.n_max)]
    between = mp.norm([a - b for a, b in zip(v1, v2)])
    widths = [mpf(7) / 10 * mpf(basis.cutoff) / mp.sqrt(2) ** k for k in range(gaussians)]
    return [w * x for w, x in zip(weights, row)] + distances + [mp.fdot(u1, u2)] + [
        mp.exp(-(between / width) ** 2 / 2) for width in widths]
