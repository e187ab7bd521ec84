"""Cutoff functions and the radial functions `gto` and `bessel`, from their definitions.

`gto`: a neighbour at distance r is a normalised Gaussian of width sigma. Its overlap
with x^k exp(-d_k x^2) Y_lm is a one-dimensional integral over x, done here by
Gauss-Legendre quadrature; `closed_form` is the hypergeometric result of that
integral and serves as a check only.

`bessel`: spherical Bessel functions with a zero at the cutoff as hypergeometric
series, normalised by quadrature over the ball.
"""
from functools import lru_cache
from mpmath import mp, mpf

NODES = 150


@lru_cache(None)
def legendre_rule(n):
    """Nodes and weights on [-1, 1], by Newton's iteration on P_n."""
    rule = []
    for i in range(n):
        x = mp.cos(mp.pi * (i + mpf(3) / 4) / (n + mpf(1) / 2))
        while True:
            p0, p1 = mpf(1), x
            for k in range(2, n + 1):
                p0, p1 = p1, ((2 * k - 1) * x * p1 - (k - 1) * p0) / k
            slope = n * (x * p1 - p0) / (x * x - 1)
            step = p1 / slope
            x -= step
            if abs(step) < mpf(10) ** (-mp.dps + 5):
                break
        rule.append((x, 2 / ((1 - x * x) * slope * slope)))
    return rule


def scaled_bessel(l_max, z):
    """exp(-z) i_l(z), l = 0..l_max, modified spherical Bessel functions."""
    if z < 1:  # the recurrence below cancels here
        scale, values, double_factorial = mp.exp(-z), [], mpf(1)
        for l in range(l_max + 1):
            double_factorial *= 2 * l + 1
            term, total, k = mpf(1), mpf(1), 0
            while term > mp.eps / 10:
                k += 1
                term *= z * z / (2 * k * (2 * l + 2 * k + 1))
                total += term
            values.append(scale * z ** l / double_factorial * total)
        return values
    decay = mp.exp(-2 * z)
    values = [(1 - decay) / (2 * z)]
    if l_max > 0:
        values.append((1 + decay) / (2 * z) - values[0] / z)
    for l in range(1, l_max):
        values.append(values[l - 1] - (2 * l + 1) / z * values[l])
    return values


def shell(shape):
    """A function of x in the shell below the cutoff, with its derivative, as one of r."""
    def function(r, cutoff, width):
        if r >= cutoff:
            return mpf(0), mpf(0)
        if r <= cutoff - width:
            return mpf(1), mpf(0)
        value, slope = shape((r - cutoff + width) / width)
        return value, slope / width
    return function


def shifted_cosine(x):
    return (1 + mp.cos(mp.pi * x)) / 2, -mp.pi * mp.sin(mp.pi * x) / 2


def quintic(x):
    return 1 - 10 * x ** 3 + 15 * x ** 4 - 6 * x ** 5, -30 * x ** 2 + 60 * x ** 3 - 30 * x ** 4


def bump(x):
    """h(1-x) / (h(x) + h(1-x)), h(x) = exp(-1/x)."""
    up, down = mp.exp(-1 / x), mp.exp(-1 / (1 - x))
    up_slope, down_slope = up / x ** 2, -down / (1 - x) ** 2
    total = up + down
    return down / total, (down_slope * total - down * (up_slope + down_slope)) / total ** 2


CUTOFF_FUNCTIONS = {"shifted-cosine": shell(shifted_cosine), "quintic": shell(quintic), "bump": shell(bump)}


class Tabulated:
    """R_nl(r) and dR_nl/dr, both [n][l], with the cutoff function; `smooth` gives them without."""

    def __init__(self, cutoff, cutoff_width, n_max, l_max, cutoff_function):
        self.cutoff, self.width = mpf(cutoff), mpf(cutoff_width)
        self.n_max, self.l_max = n_max, l_max
        self.cutoff_function = CUTOFF_FUNCTIONS[cutoff_function]
        self.cache = {}

    def __call__(self, r):
        r = mpf(r)
        if r not in self.cache:
            f, df = self.cutoff_function(r, self.cutoff, self.width)
            if f == 0:
                zero = [[mpf(0)] * (self.l_max + 1) for _ in range(self.n_max)]
                self.cache[r] = zero, zero
            else:
                R, dR = self.smooth(r)
                self.cache[r] = ([[f * x for x in row] for row in R],
                                 [[f * y + df * x for x, y in zip(row, slopes)]
                                  for row, slopes in zip(R, dR)])
        return self.cache[r]


class Gto(Tabulated):
    def __init__(self, cutoff, cutoff_width, n_max, l_max, sigma, cutoff_function="shifted-cosine"):
        super().__init__(cutoff, cutoff_width, n_max, l_max, cutoff_function)
        self.sigma = mpf(sigma)
        self.c = 1 / (2 * self.sigma ** 2)
        widths = [self.cutoff * max(mp.sqrt(k), 1) / n_max for k in range(n_max)]
        self.d = [1 / (2 * s * s) for s in widths]
        self.mix = self.orthonormalisation()
        self.grid = self.quadrature()

    def primitive_overlap(self, i, j):
        power = mpf(3 + i + j) / 2
        return mp.gamma(power) / (2 * (self.d[i] + self.d[j]) ** power)

    def orthonormalisation(self):
        """Rows n: R_n = sum_k mix[n][k] x^k exp(-d_k x^2) (Loewdin)."""
        n = self.n_max
        norm = [1 / mp.sqrt(self.primitive_overlap(k, k)) for k in range(n)]
        overlap = mp.matrix(n, n)
        for i in range(n):
            for j in range(n):
                overlap[i, j] = norm[i] * norm[j] * self.primitive_overlap(i, j)
        values, vectors = mp.eigsy(overlap)
        return [[norm[k] * mp.fsum(vectors[i, e] * vectors[k, e] / mp.sqrt(values[e])
                                   for e in range(n)) for k in range(n)] for i in range(n)]

    def quadrature(self):
        """Nodes x with the factors x^(k+2) exp(-d_k x^2) weight, for each k.

        The range ends where the integrand is below 1e-45 for any r < cutoff.
        """
        end = self.cutoff + mp.sqrt(105 / (self.c + min(self.d)))
        grid = []
        for t, weight in legendre_rule(NODES):
            x = end * (t + 1) / 2
            grid.append((x, [x ** (k + 2) * mp.exp(-self.d[k] * x * x) * weight * end / 2
                             for k in range(self.n_max)]))
        return grid

    def smooth(self, r):
        """Values and derivatives [n][l] without the cutoff function."""
        front = 4 * mp.pi * (mp.pi * self.sigma ** 2) ** (mpf(-3) / 4)
        value_factors = [[] for _ in range(self.l_max + 1)]
        slope_factors = [[] for _ in range(self.l_max + 1)]
        for x, _ in self.grid:
            bessel = scaled_bessel(self.l_max + 1, 2 * self.c * r * x)
            gauss = front * mp.exp(-self.c * (r - x) ** 2)  # = exp(-c(x^2+r^2)) exp(z)
            for l in range(self.l_max + 1):
                lower = bessel[l - 1] * l if l else mpf(0)
                slope = (lower + (l + 1) * bessel[l + 1]) / (2 * l + 1)  # i_l'(z)
                value_factors[l].append(gauss * bessel[l])
                slope_factors[l].append(2 * self.c * gauss * (x * slope - r * bessel[l]))
        columns = [[weights[k] for _, weights in self.grid] for k in range(self.n_max)]
        J = [[mp.fdot(columns[k], f) for f in value_factors] for k in range(self.n_max)]
        dJ = [[mp.fdot(columns[k], f) for f in slope_factors] for k in range(self.n_max)]
        return self.mixed(J), self.mixed(dJ)

    def mixed(self, J):
        return [[mp.fdot(row, [J[k][l] for k in range(self.n_max)])
                 for l in range(self.l_max + 1)] for row in self.mix]

    def closed_form(self, r):
        """R_nl(r) by the confluent hypergeometric function."""
        r, front = mpf(r), (mp.pi / self.sigma ** 2) ** (mpf(3) / 4)
        def J(k, l):
            a, b, s = mpf(k + l + 3) / 2, l + mpf(3) / 2, self.c + self.d[k]
            return (front * mp.exp(-self.c * r * r) * (self.c * r) ** l * s ** (-a)
                    * mp.gamma(a) / mp.gamma(b) * mp.hyp1f1(a, b, (self.c * r) ** 2 / s))
        f = self.cutoff_function(r, self.cutoff, self.width)[0]
        table = [[f * J(k, l) for l in range(self.l_max + 1)] for k in range(self.n_max)]
        return self.mixed(table)


def spherical_bessel(l, x):
    """j_l(x) and its derivative."""
    front, b, z = 1 / mp.fac2(2 * l + 1), l + mpf(3) / 2, -x * x / 4
    series, slope = mp.hyp0f1(b, z), mp.hyp0f1(b + 1, z) / b * (-x / 2)
    return front * x ** l * series, front * ((l * x ** (l - 1) * series if l else 0) + x ** l * slope)


class Bessel(Tabulated):
    def __init__(self, cutoff, cutoff_width, n_max, l_max, cutoff_function="shifted-cosine"):
        super().__init__(cutoff, cutoff_width, n_max, l_max, cutoff_function)
        self.wave = [[mp.besseljzero(l + mpf(1) / 2, n + 1) / self.cutoff for l in range(l_max + 1)]
                     for n in range(n_max)]
        self.norm = [[1 / mp.sqrt(self.square(l, k)) for l, k in enumerate(row)] for row in self.wave]

    def square(self, l, wave):
        """Integral of (j_l(wave r) r)^2 over the ball."""
        half = self.cutoff / 2
        return mp.fsum(half * w * (half * (t + 1) * spherical_bessel(l, wave * half * (t + 1))[0]) ** 2
                       for t, w in legendre_rule(NODES))

    def smooth(self, r):
        table = [[spherical_bessel(l, k * r) for l, k in enumerate(row)] for row in self.wave]
        return ([[c * f for c, (f, _) in zip(*rows)] for rows in zip(self.norm, table)],
                [[c * k * df for c, k, (_, df) in zip(*rows)] for rows in zip(self.norm, self.wave, table)])

    def closed_form(self, r):
        """R_nl(r) with the norm sqrt(2/R^3) / |j_(l+1)(zero)|."""
        f, front = self.cutoff_function(mpf(r), self.cutoff, self.width)[0], mp.sqrt(2 / self.cutoff ** 3)
        return [[f * front * spherical_bessel(l, k * mpf(r))[0]
                 / abs(spherical_bessel(l + 1, k * self.cutoff)[0]) for l, k in enumerate(row)]
                for row in self.wave]


@lru_cache(None)
def radial_functions(radial_basis="gto", **hypers):
    return {"gto": Gto, "bessel": Bessel}[radial_basis](**hypers)
