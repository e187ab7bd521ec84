"""Coupled triplets: the density with two tags, or with one."""
from mpmath import mp, mpf
from clebsch_gordan import couple
from descriptors import density


class Triplets:
    """`tag_cutoff` below the cutoff lets the tags fade out there."""

    def __init__(self, basis, tags=2, center_tags=0, self_pairs=1, sum_tags=0, tag_cutoff=None, tag_width=None):
        self.basis, self.tags, self.center_tags = basis, tags, center_tags
        self.self_pairs, self.sum_tags = self_pairs, sum_tags
        self.tag_cutoff, self.tag_width = tag_cutoff, tag_width
        self.options = dict(basis.options, tags=tags, center_tags=center_tags, self_pairs=self_pairs,
                            sum_tags=sum_tags)
        if tag_cutoff:
            self.options.update(tag_cutoff=tag_cutoff, tag_width=tag_width)

    def tags_of(self, system, i):
        """(index, g) of the tags of a centre, itself first if it counts; g[l][n] is a vector over m."""
        found = [(-1, self.functions(None))] if self.center_tags else []
        for j, vector in system.neighbours(i, self.tag_cutoff or self.basis.cutoff):
            weight = self.basis.radial.cutoff_function(
                mp.norm(vector), mpf(self.tag_cutoff), mpf(self.tag_width))[0] if self.tag_cutoff else 1
            found.append((j, [[[weight * x for x in over_m] for over_m in row] for row in self.functions(vector)]))
        return found

    def functions(self, vector):
        flat = self.basis.centre() if vector is None else self.basis.neighbour(vector)
        return self.grouped(flat)

    def grouped(self, flat):
        """[l][n] of vectors over m, from [l][m][n]."""
        index = {lmn: k for k, lmn in enumerate(self.basis.order())}
        return [[[flat[index[l, m, n]] for m in range(-l, l + 1)] for n in range(self.basis.n_max)]
                for l in range(self.basis.l_max + 1)]

    def species_densities(self, row):
        block = self.basis.block
        return [self.grouped(row[k * block:(k + 1) * block]) for k in range(len(self.basis.species))]

    def pair_features(self, rho, g):
        """One tag: columns [l][species][n][n1]."""
        return [couple(rho[a][l][n], g[l][n1], 0)[0]
                for l in range(self.basis.l_max + 1) for a in range(len(rho))
                for n in range(self.basis.n_max) for n1 in range(self.basis.n_max)]

    def triplet_features(self, rho, g1, g2):
        """Two tags: columns [l][l1][l2][species][n][n1][n2]."""
        n_max, l_max, features = self.basis.n_max, self.basis.l_max, []
        for l in range(l_max + 1):
            for l1 in range(l_max + 1):
                for l2 in range(abs(l - l1), min(l_max, l + l1) + 1):
                    pair = [[couple(g1[l1][n1], g2[l2][n2], l) for n2 in range(n_max)] for n1 in range(n_max)]
                    features += [couple(rho[a][l][n], pair[n1][n2], 0)[0] for a in range(len(rho))
                                 for n in range(n_max) for n1 in range(n_max) for n2 in range(n_max)]
        return features

    def centre_rows(self, system, i, row):
        """Indices (centre, tags ...) and features."""
        rho, tags = self.species_densities(row), self.tags_of(system, i)
        if self.tags == 1:
            return [([i, j], self.pair_features(rho, g)) for j, g in tags]
        return [([i, j1, j2], self.triplet_features(rho, g1, g2))
                for k1, (j1, g1) in enumerate(tags) for k2, (j2, g2) in enumerate(tags)
                if self.self_pairs or k1 != k2]

    def rows(self, system, centers):
        """Indices and features of all rows."""
        indices, features = [], []
        for i, row in enumerate(density(self.basis, system)):
            if i not in centers:
                continue
            found = self.centre_rows(system, i, row)
            if self.sum_tags:
                found = [([i], [mp.fsum(column) for column in zip(*(f for _, f in found))])]
            indices += [index for index, _ in found]
            features += [f for _, f in found]
        return indices, features

    def derivatives(self, system, centers):
        """[row][column][atom][3] and [row][column][3][3], by central differences of
        positions and of all vectors; with this step the error is about 1e-29."""
        step = mpf(10) ** -15

        def slope(move):
            up, down = (self.rows(move(sign * step), centers)[1] for sign in (1, -1))
            return [[(a - b) / (2 * step) for a, b in zip(*rows)] for rows in zip(up, down)]

        atoms = range(len(system.species))
        moved = [[slope(lambda d: system.displaced(j, x, d)) for x in range(3)] for j in atoms]
        strained = [[slope(lambda d: system.strained(x, y, d)) for y in range(3)] for x in range(3)]

        def turned(parts):  # [u][v][row][column] to [row][column][u][v]
            return [[[[parts[u][v][r][c] for v in range(3)] for u in range(len(parts))]
                     for c in range(len(parts[0][0][0]))] for r in range(len(parts[0][0]))]
        return turned(moved), turned(strained)
