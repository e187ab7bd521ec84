"""Real spherical harmonics: orthonormal, no Condon-Shortley phase, m = -l..l.

Y_l,+m ~ P_l^(m)(z) Re (x+iy)^m and Y_l,-m ~ P_l^(m)(z) Im (x+iy)^m on the unit
sphere, with P_l^(m) the m-th derivative of the Legendre polynomial, whose
coefficients are exact.
"""
from fractions import Fraction
from functools import lru_cache
from math import comb, factorial
from mpmath import mp, mpf


@lru_cache(None)
def legendre_derivative(l, m):
    """Coefficients of z^0, z^1, ... of the m-th derivative of P_l."""
    c = [Fraction(0)] * (l + 1)
    for k in range(l // 2 + 1):
        c[l - 2 * k] = Fraction((-1) ** k * comb(l, k) * comb(2 * l - 2 * k, l), 2 ** l)
    for _ in range(m):
        c = [power * x for power, x in enumerate(c)][1:]
    return [mpf(x.numerator) / x.denominator for x in c]


@lru_cache(None)
def norm(l, m):
    square = Fraction((2 * l + 1) * factorial(l - m), factorial(l + m)) * (2 if m else 1)
    return mp.sqrt(mpf(square.numerator) / square.denominator / (4 * mp.pi))


def harmonics(l_max, vector):
    """Y[l][l+m] of the direction of `vector`."""
    r = mp.sqrt(mp.fdot(vector, vector))
    x, y, z = (v / r for v in vector)
    powers = [mp.mpc(1)]
    for _ in range(l_max):
        powers.append(powers[-1] * mp.mpc(x, y))
    values = []
    for l in range(l_max + 1):
        row = [mpf(0)] * (2 * l + 1)
        for m in range(l + 1):
            radial = norm(l, m) * mp.polyval(legendre_derivative(l, m)[::-1], z)
            row[l + m] = radial * powers[m].real
            if m:
                row[l - m] = radial * powers[m].imag
        values.append(row)
    return values


def harmonics_gradient(l_max, vector):
    """d Y / d vector as [axis][l][m], by central differences.

    With 50 digits and this step the error is about 1e-29.
    """
    step, gradient = mpf(10) ** -15, []
    for axis in range(3):
        ends = []
        for sign in (1, -1):
            moved = list(vector)
            moved[axis] += sign * step
            ends.append(harmonics(l_max, moved))
        gradient.append([[(a - b) / (2 * step) for a, b in zip(up, down)]
                         for up, down in zip(*ends)])
    return gradient
