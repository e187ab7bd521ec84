"""Real Clebsch-Gordan coefficients, from Racah's formula in exact fractions."""
from fractions import Fraction
from functools import lru_cache
from math import factorial
from mpmath import mp, mpf


def root(fraction):
    return mp.sqrt(mpf(fraction.numerator) / fraction.denominator)


def complex_coefficient(l1, m1, l2, m2, l, m):
    """<l1 m1 l2 m2 | l m> by G. Racah, Phys. Rev. 62, 438 (1942), eq. (16)."""
    if m1 + m2 != m or not abs(l1 - l2) <= l <= l1 + l2:
        return mpf(0)
    f = factorial
    square = Fraction((2 * l + 1) * f(l + l1 - l2) * f(l - l1 + l2) * f(l1 + l2 - l), f(l1 + l2 + l + 1))
    square *= f(l + m) * f(l - m) * f(l1 - m1) * f(l1 + m1) * f(l2 - m2) * f(l2 + m2)
    total = Fraction(0)
    for k in range(l1 + l2 - l + 1):
        below = [k, l1 + l2 - l - k, l1 - m1 - k, l2 + m2 - k, l - l2 + m1 + k, l - l1 - m2 + k]
        if min(below) >= 0:
            product = 1
            for x in below:
                product *= f(x)
            total += Fraction((-1) ** k, product)
    return root(square) * (mpf(total.numerator) / total.denominator)


def to_real(l):
    """Rows: real harmonics m = -l..l; {complex m: coefficient}."""
    rows = []
    for m in range(-l, l + 1):
        k, sign = abs(m), (-1) ** m
        if m == 0:
            rows.append({0: mp.mpc(1)})
        elif m > 0:
            rows.append({k: sign / mp.sqrt(2) + mp.mpc(0), -k: 1 / mp.sqrt(2) + mp.mpc(0)})
        else:
            rows.append({k: -mp.j * sign / mp.sqrt(2), -k: mp.j / mp.sqrt(2)})
    return rows


@lru_cache(None)
def real_coefficients(l1, l2, l):
    """[m]: list of (m1, m2, coefficient), all counted from 0: the real or the
    imaginary part of the coefficients in real harmonics, whichever is there."""
    table = []
    for row in to_real(l):
        entries = []
        for i1, row1 in enumerate(to_real(l1)):
            for i2, row2 in enumerate(to_real(l2)):
                x = mp.fsum(u * mp.conj(u1) * mp.conj(u2) * complex_coefficient(l1, m1, l2, m2, l, m)
                            for m, u in row.items() for m1, u1 in row1.items() for m2, u2 in row2.items())
                kept, other = (x.imag, x.real) if (l1 + l2 + l) % 2 else (x.real, x.imag)
                assert abs(other) < 1e-40
                if abs(kept) > 1e-40:
                    entries.append((i1, i2, kept))
        table.append(entries)
    return table


def couple(a, b, l):
    """(a x b)_l of two lists over m."""
    table = real_coefficients((len(a) - 1) // 2, (len(b) - 1) // 2, l)
    return [mp.fsum(a[i] * b[j] * c for i, j, c in entries) for entries in table]
