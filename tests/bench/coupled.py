# SPDX-License-Identifier: BSD-3-Clause
"""Coupled triplets the straightforward way: featomic's spherical expansion by pair and NumPy's einsum.

For a centre with tags 1 and 2: [rho_l (x) [g_l1(1) (x) g_l2(2)]_l]_0 for all l, l1, l2 and all n, n1, n2.
"""
from fractions import Fraction
from functools import lru_cache
from math import factorial, sqrt
import numpy as np
from featomic import SphericalExpansionByPair
from metatensor import Labels
import structures


def complex_coefficient(l1, m1, l2, m2, l, m):
    """Racah's formula, exact up to the square root."""
    if m1 + m2 != m:
        return 0.0
    f = factorial
    total = sum(Fraction((-1) ** k, f(k) * f(l1 + l2 - l - k) * f(l1 - m1 - k) * f(l2 + m2 - k) * f(l - l2 + m1 + k)
                         * f(l - l1 - m2 + k))
                for k in range(max(0, l2 - l - m1, l1 - l + m2), min(l1 + l2 - l, l1 - m1, l2 + m2) + 1))
    square = Fraction((2 * l + 1) * f(l1 + l2 - l) * f(l1 - l2 + l) * f(l2 - l1 + l), f(l1 + l2 + l + 1))
    for a, b in ((l1, m1), (l2, m2), (l, m)):
        square *= f(a + b) * f(a - b)
    return float(total) * sqrt(square)


def to_real(l):
    """Rows: real harmonics without the Condon-Shortley phase in complex ones with it."""
    matrix = np.zeros((2 * l + 1, 2 * l + 1), complex)
    matrix[l, l] = 1
    for m in range(1, l + 1):
        matrix[l + m, [l + m, l - m]] = np.array([(-1) ** m, 1]) / sqrt(2)
        matrix[l - m, [l + m, l - m]] = np.array([(-1) ** m, -1]) / (1j * sqrt(2))
    return matrix


@lru_cache(None)
def coefficients(l1, l2, l):
    """[m1][m2][m] of the real harmonics: the real part, or the imaginary for odd l1 + l2 + l."""
    table = np.array([[[complex_coefficient(l1, m1, l2, m2, l, m) for m in range(-l, l + 1)]
                       for m2 in range(-l2, l2 + 1)] for m1 in range(-l1, l1 + 1)])
    table = np.einsum("ai,bj,ck,ijk->abc", to_real(l1).conj(), to_real(l2).conj(), to_real(l), table)
    return np.ascontiguousarray(table.imag if (l1 + l2 + l) % 2 else table.real)


class Coupled:
    """Features of all triplets of atom 0 of structures of one species that have the same number of neighbours."""

    def __init__(self, options, **basis):
        self.l_max = options["l_max"]
        self.calculator = SphericalExpansionByPair(**structures.featomic_hypers(options, **basis))
        self.centre = Labels("first_atom", np.array([[0]]))

    def pairs(self, atoms_list):
        """[l]: [structure][neighbour][m][n]"""
        expansion = self.calculator.compute(atoms_list, selected_samples=self.centre, use_native_system=True)
        found = []
        for l in range(self.l_max + 1):
            block = expansion.block({"o3_lambda": l})
            others = block.samples.column("second_atom") != 0
            values = block.values[others]
            order = np.lexsort((block.samples.column("second_atom")[others], block.samples.column("system")[others]))
            found.append(values[order].reshape(len(atoms_list), -1, *values.shape[1:]))
        return found

    def blocks(self, tags):
        """l, l1, l2, coefficients and the density with its factor, of the neighbours of one centre."""
        for l in range(self.l_max + 1):
            density = tags[l].sum(axis=0) * (-1) ** l / sqrt(2 * l + 1)
            for l1 in range(self.l_max + 1):
                for l2 in range(abs(l - l1), min(self.l_max, l + l1) + 1):
                    yield l1, l2, coefficients(l1, l2, l), density

    def one_by_one(self, atoms_list):
        """[structure * tag 1 * tag 2][features], one triplet after the other"""
        rows = []
        for atoms in atoms_list:
            tags = [g[0] for g in self.pairs([atoms])]
            for j in range(len(tags[0])):
                for k in range(len(tags[0])):
                    row = []
                    for l1, l2, couple, density in self.blocks(tags):
                        both = np.einsum("mi,pj,mpq->ijq", tags[l1][j], tags[l2][k], couple)
                        row.append(np.einsum("ijq,qn->nij", both, density).ravel())
                    rows.append(np.concatenate(row))
        return np.array(rows)

    def at_once(self, atoms_list):
        """The same with all triplets of a centre in one product, and matrix products where einsum finds them."""
        rows = []
        for atoms in atoms_list:
            tags, row = [g[0] for g in self.pairs([atoms])], []
            for l1, l2, couple, density in self.blocks(tags):
                both = np.einsum("xmi,ypj,mpq->xyijq", tags[l1], tags[l2], couple, optimize=True)
                row.append(np.einsum("xyijq,qn->xynij", both, density, optimize=True).reshape(len(tags[0]) ** 2, -1))
            rows.append(np.concatenate(row, axis=1))
        return np.concatenate(rows)
