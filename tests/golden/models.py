"""Stored models of every kind with random numbers in them, and what they predict: the file is read back and the
formulas are evaluated, derivatives by central differences of the energies (50 digits, steps of 1e-15).

    E_i = e0(species_i) + repulsion_i + highest + F_i (y_i - highest), y_i the sum over parts

(without baseline: e0 + y_i).
"""
import json
import math
import random
import struct
from mpmath import mp, mpf

import blocks
import training
import zbl
from descriptors import Basis, frame_features, power_spectrum
from radial import CUTOFF_FUNCTIONS
from systems import System

SPECIES = [1, 6]
STEP = mpf(10) ** -15
TYPES = {"F64": "d", "I64": "q", "I32": "i"}
UNITS = {"length": "Angstrom", "energy": "eV", "forces": "eV/Angstrom", "virial": "eV"}


# ---- safetensors ----

class Tensors:
    """Tensors by name, (type, shape, numbers), and texts."""

    def __init__(self):
        self.tensors, self.metadata = {}, {}

    def put(self, name, shape, numbers, kind="F64"):
        assert len(numbers) == math.prod(shape), name
        self.tensors[name] = kind, shape, numbers

    def numbers(self, name):
        return self.tensors[name][2]

    def table(self, name):
        _, (_, columns), numbers = self.tensors[name]
        return [numbers[k:k + columns] for k in range(0, len(numbers), columns)]

    def bytes(self):
        header, data = {"__metadata__": self.metadata}, b""
        for name, (kind, shape, numbers) in self.tensors.items():
            piece = struct.pack(f"<{len(numbers)}{TYPES[kind]}", *numbers)
            header[name] = dict(dtype=kind, shape=shape, data_offsets=[len(data), len(data) + len(piece)])
            data += piece
        text = json.dumps(header).encode()
        text += b" " * (-len(text) % 8)
        return struct.pack("<Q", len(text)) + text + data


def read_tensors(content):
    size, = struct.unpack_from("<Q", content)
    header, data, found = json.loads(content[8:8 + size]), content[8 + size:], Tensors()
    found.metadata = header.pop("__metadata__")
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        kind = TYPES[entry["dtype"]]
        count = (end - begin) // struct.calcsize(kind)
        found.put(name, entry["shape"], list(struct.unpack(f"<{count}{kind}", data[begin:end])), entry["dtype"])
    return found


# ---- parts ----

def dot(a, b):
    return mp.fdot(map(mpf, a), map(mpf, b))


def project(x, axes, columns):
    """axes flat [x][columns]"""
    return [dot(x, axes[c::columns]) for c in range(columns)]


def silu(z):
    return z / (1 + mp.exp(-z))


class Part:
    def __init__(self, file, prefix, kind, model, descriptor):
        self.file, self.prefix, self.kind = file, prefix, kind
        self.options, o = model["options"], descriptor["options"]
        self.descriptor, self.description = descriptor["kind"], o
        smearing = dict(sigma=float(o["sigma"])) if "sigma" in o else {}
        self.basis = Basis(
            descriptor["species"], cutoff=float(o["cutoff"]), cutoff_width=float(o["cutoff_width"]),
            n_max=int(o["n_max"]), l_max=int(o["l_max"]), radial_basis=o["radial_basis"],
            cutoff_function=o["cutoff_function"], **smearing)
        if "network.sizes" in self.names():
            self.read_network()

    def names(self):
        return [name[len(self.prefix):] for name in self.file.tensors if name.startswith(self.prefix)]

    def numbers(self, name):
        return self.file.numbers(self.prefix + name)

    def table(self, name):
        return self.file.table(self.prefix + name)

    def energies(self, system):
        if self.kind in ("ridge", "kernel", "network"):
            of_row = getattr(self, self.kind)
            kinds = map(self.basis.species.index, system.species)
            return [of_row(kind, row) for kind, row in zip(kinds, power_spectrum(self.basis, system))]
        return [self.triplets(system, i) for i in range(len(system.species))]

    def ridge(self, kind, x):
        return dot(self.table("ridge.weights")[kind], x)

    def kernel(self, kind, x):
        """sum_m c_m k(u . p_m), u = A x / sqrt(|A x|^2 + softening)"""
        form, zeta, width = map(mpf, self.numbers("kernel.function"))
        axes = f"kernel.axes.{kind}"
        y = [dot(row, x) for row in self.table(axes)] if axes in self.names() else x
        length = mp.sqrt(dot(y, y) + mpf(self.numbers(f"kernel.softening.{kind}")[0]))
        products = [dot(p, y) / length for p in self.table(f"kernel.points.{kind}")]
        rate = 1 / width ** 2
        compared = [mp.expm1(rate * s) / mp.expm1(rate) if form == 1 else s ** int(zeta) for s in products]
        return dot(self.numbers(f"kernel.weights.{kind}"), compared)

    # ---- networks ----

    def read_network(self):
        self.even, self.odd, self.sets, self.biases, _, layers, *self.widths = self.numbers("network.sizes")
        assert len(self.widths) == layers
        columns = self.even + self.odd
        first = self.widths[0]
        self.set_size = (columns + self.biases) * first + sum(
            (a + 1) * b for a, b in zip(self.widths, self.widths[1:])) + self.widths[-1]
        self.unit, self.norm = mpf(self.numbers("network.unit")[0]), mpf(self.numbers("inputs.norm")[0])
        weights, total = self.numbers("network.weights"), self.sets * self.set_size + len(self.basis.species)
        self.members = [weights[k:k + total] for k in range(0, len(weights), total)]
        assert len(weights) % total == 0
        self.constants = [mp.fsum(m[self.sets * self.set_size + kind] for m in self.members)
                          for kind in range(len(self.basis.species))]

    def psi(self, which, bias, inputs):
        """One row: `which` of the sets of weights, and of the biases of the first layer; the sum over members."""
        return mp.fsum(self.psi_of(member, which, bias, inputs) for member in self.members)

    def psi_of(self, member, which, bias, inputs):
        start = which * self.set_size
        weights = iter(member[start:start + self.set_size])

        def take(count):
            return [mpf(next(weights)) for _ in range(count)]
        first = self.widths[0]
        even, odd, biases = take(self.even * first), take(self.odd * first), take(self.biases * first)
        P = [a + b for a, b in zip(project(inputs[:self.even], even, first), biases[bias * first:])]
        if self.odd:
            Q = project(inputs[self.even:], odd, first)
            h = [silu(p + q) + silu(p - q) for p, q in zip(P, Q)]
        else:
            h = [silu(p) for p in P]
        for width in self.widths[1:]:
            W, b = take(len(h) * width), take(width)
            h = [silu(x + y) for x, y in zip(project(h, W, width), b)]
        return dot(take(len(h)), h)

    def network(self, kind, x):
        inputs = [a + mpf(b) for a, b in zip(project(x, self.numbers("inputs.axes"), self.even + self.odd),
                                             self.numbers("inputs.offset"))]
        return self.unit * (self.norm * self.psi(kind, 0, inputs) + mpf(self.constants[kind]))

    def triplets(self, system, i):
        options, kinds = self.description, self.basis.species
        center = kinds.index(system.species[i])
        fade = CUTOFF_FUNCTIONS[options["cutoff_function"]]
        tag_cutoff = mpf(options.get("tag_cutoff", options["cutoff"]))
        around = system.neighbours(i, self.basis.cutoff)
        tags = [(j, v) for j, v in around if mp.norm(v) < tag_cutoff]
        weights = [fade(mp.norm(v), tag_cutoff, mpf(options["tag_width"]))[0] for _, v in tags]
        total = mpf(0)
        for a, (j1, v1) in enumerate(tags):
            for b, (j2, v2) in enumerate(tags):
                if a == b and options["self_pairs"] == "0":
                    continue
                row = frame_features(self.basis, system, around, v1, v2, int(options.get("tag_gaussians", 0)))
                bias = (center * len(kinds) + kinds.index(system.species[j1])) * len(kinds) + kinds.index(
                    system.species[j2])
                total += weights[a] * weights[b] * self.psi(0, bias, self.triplet_inputs(row))
        return self.unit * (self.norm * total + mpf(self.constants[center]))

    def triplet_inputs(self, row):
        columns, offset = self.even + self.odd, self.numbers("inputs.offset")
        products = self.numbers("inputs.sizes")[2:5]
        made = self.tag_products(row, *products) if products[0] else project(row, self.numbers("inputs.axes"), columns)
        return [a + mpf(b) for a, b in zip(made, offset)]

    def density_columns(self, row, mu, sign):
        """[species][l >= mu][n], or combinations of them."""
        own = [x for x, (l, m, n) in zip(row, self.basis.order() * len(self.basis.species)) if m == sign * mu]
        if "inputs.turns" not in self.names():
            return own
        kept, raw = self.numbers("inputs.kept"), [
            len(self.basis.species) * self.basis.n_max * (self.basis.l_max + 1 - k) for k in range(mu + 1)]
        start = sum(a * b for a, b in zip(raw[:mu], kept))
        return project(own, self.numbers("inputs.turns")[start:start + raw[mu] * kept[mu]], kept[mu])

    def tag_products(self, row, p, q, degrees):
        """{1, s^|mu| rho_mu} (x) g_p(r1) (x) g_q(r2) (x) P_k(cos theta)"""
        n, columns = self.basis.n_max, self.even + self.odd
        R1, R2, cosine = row[-2 * n - 1:-n - 1], row[-n - 1:-1], row[-1]
        functions = self.numbers("inputs.tag_functions")
        g1, g2 = (project(R, functions, max(p, q)) for R in (R1, R2))
        right = [g * mp.legendre(k, cosine) for g in g2[:q] for k in range(degrees)]
        axes, place, made = self.numbers("inputs.axes"), 0, [mpf(0)] * columns
        for mu in range(self.basis.l_max + 1):
            plus = ([mpf(1)] if mu == 0 else []) + self.density_columns(row, mu, 1)
            minus = self.density_columns(row, mu, -1) if mu else None
            for g in g1[:p]:
                for k, value in enumerate(plus):
                    for r in right:
                        own = axes[place:place + columns]
                        place += columns
                        for c in range(columns):
                            if c < self.even:
                                made[c] += mpf(own[c]) * g * value * r
                            elif mu:
                                made[c] += mpf(own[c]) * g * minus[k] * r
        assert place == len(axes)
        return made


# ---- models ----

class Model:
    def __init__(self, content):
        self.file = read_tensors(content)
        m = self.file.metadata
        first = dict(kind=m["kind"], model=json.loads(m["model"]), descriptor=json.loads(m["descriptor"]))
        further = json.loads(m.get("further_parts", "[]"))
        self.parts = [Part(self.file, f"{k}." if k > 1 else "", **part) for k, part in enumerate([first, *further], 1)]
        self.options = first["model"]["options"]
        self.e0 = dict(zip(self.file.numbers("species"), self.file.numbers("e0")))

    def energies(self, system):
        parts = [part.energies(system) for part in self.parts]
        fitted = [mp.fsum(column) for column in zip(*parts)]
        if self.options["baseline"] == "zbl":
            fitted = [self.with_repulsion(system, i, y) for i, y in enumerate(fitted)]
        return [mpf(self.e0[s]) + y for s, y in zip(system.species, fitted)]

    def with_repulsion(self, system, i, y):
        own, repulsion, factor = system.species[i], mpf(0), mpf(1)
        highest = mpf(dict(zip(SPECIES, self.file.numbers("zbl.highest")))[own])
        crowding = mpf(0)
        for j, vector in system.neighbours(i, 5):
            r, other = mp.norm(vector), system.species[j]
            inner, outer, near, far, shortest = self.limits(own, other)
            reach = min(2 * shortest, *(part.basis.cutoff for part in self.parts), 5)
            if r < reach:
                crowding += (shortest / r) ** 6 * (1 - (r / reach) ** 2) ** 3
            taken = zbl.switch(r, near, far)
            factor *= 1 - taken
            repulsion += zbl.bare(own, other, r) / 2 * (1 - (1 - zbl.switch(r, inner, outer)) * (1 - taken))
        crowded = mpf(dict(zip(SPECIES, self.file.numbers("zbl.crowded")))[own])
        if crowding > 0:
            ratio = (crowded / crowding) ** (mpf(1) / 6)
            factor *= 1 - zbl.switch(ratio, *(mpf(self.options[key]) for key in ("fade_inner", "fade_outer")))
        return repulsion + highest + factor * (y - highest)

    def limits(self, a, b):
        """Where the repulsion is switched off, and where the fitted parts fade; a pair that the data do not have fades
        as if its bond length were the shortest distance."""
        inner, outer = (mpf(self.options[key]) * zbl.bond(a, b) for key in ("zbl_inner", "zbl_outer"))
        shortest = mpf(self.file.numbers("shortest_distances")[SPECIES.index(a) * 2 + SPECIES.index(b)])
        cutoff = max(part.basis.cutoff for part in self.parts)
        if shortest >= cutoff:
            shortest = min(cutoff, outer)
        return [inner, outer, *(shortest * mpf(self.options[key]) for key in ("fade_inner", "fade_outer")), shortest]

    def predict(self, system):
        """Energies and virials [3][3] of the atoms, forces [atom][3]."""
        atoms = range(len(system.species))

        def slopes(up, down):
            return [(b - a) / (2 * STEP) for a, b in zip(self.energies(up), self.energies(down))]
        forces = [[mp.fsum(slopes(system.displaced(k, x, STEP), system.displaced(k, x, -STEP))) for x in range(3)]
                  for k in atoms]
        strains = [[slopes(system.strained(a, b, STEP), system.strained(a, b, -STEP)) for b in range(3)]
                   for a in range(3)]
        virials = [[[strains[a][b][k] for b in range(3)] for a in range(3)] for k in atoms]
        return self.energies(system), forces, virials


# ---- writing them ----

class Writer:
    """Collects a model's parts; numbers are random with few decimals."""

    def __init__(self, seed, **options):
        self.source, self.file, self.parts = random.Random(seed), Tensors(), []
        self.options = dict(dict(baseline="none", zbl_inner="0.5", zbl_outer="1", fade_inner="0.7",
                                 fade_outer="0.95"), **options)
        self.file.put("e0", [2], [-1.25, -3.5])
        self.file.put("species", [2], SPECIES, "I32")

    def shortest(self, distances, highest, crowded):
        self.file.put("shortest_distances", [4], distances)
        self.file.put("zbl.highest", [2], highest)
        self.file.put("zbl.crowded", [2], crowded)

    def random(self, count, scale=1.0):
        return [round(scale * self.source.uniform(-1, 1), 4) for _ in range(count)]

    def part(self, kind, descriptor, options, **basis):
        options = dict(dict(cutoff=3.0, cutoff_function="shifted-cosine", cutoff_width=0.5, radial_basis="gto",
                            n_max=2, l_max=2, center_weight=0), **options, **basis)
        if options["radial_basis"] == "gto":
            options.setdefault("sigma", 0.4)
        descriptor = dict(kind=descriptor, options={k: str(v) for k, v in options.items()}, species=SPECIES,
                          fitted=True)
        self.parts.append(dict(kind=kind, model=dict(options=self.options, species=SPECIES), descriptor=descriptor))
        self.prefix = f"{len(self.parts)}." if len(self.parts) > 1 else ""
        n, size = options["n_max"], options["l_max"] + 1
        self.n_max, self.size = n, size
        self.spectrum = 3 * size * n * n if n else 0  # three pairs of species
        self.raw = [2 * n * (size - mu) for mu in range(size)]

    def put(self, name, shape, numbers, kind="F64"):
        self.file.put(self.prefix + name, shape, numbers, kind)

    def ridge(self, **basis):
        self.part("ridge", "power_spectrum", {}, **basis)
        self.put("ridge.weights", [2, self.spectrum], self.random(2 * self.spectrum, 0.8))

    def kernel(self, form, zeta, width, **basis):
        """Species 0 on all features, species 1 on combinations of them."""
        self.part("kernel", "power_spectrum", {}, **basis)
        self.put("kernel.function", [3], [form, zeta, width])
        for species, (points, dimensions) in enumerate([(3, self.spectrum), (4, 5)]):
            for row, (name, shape) in enumerate([("points", [points, dimensions]), ("weights", [points]),
                                                 ("softening", [1])]):
                numbers = self.random(math.prod(shape), (0.4, 2.0, 1)[row])
                self.put(f"kernel.{name}.{species}", shape, [abs(numbers[0])] if name == "softening" else numbers)
        self.put("kernel.axes.1", [5, self.spectrum], self.random(5 * self.spectrum, 0.5))

    def network_numbers(self, even, odd, sets, biases, widths, members=1):
        first = widths[0]
        size = (even + odd + biases) * first + sum((a + 1) * b for a, b in zip(widths, widths[1:])) + widths[-1]
        self.put("network.sizes", [6 + len(widths)], [even, odd, sets, biases, 2, len(widths), *widths], "I64")
        self.put("network.unit", [1], [1.7])
        self.put("network.weights", [members * (sets * size + 2)], self.random(members * (sets * size + 2)))
        self.put("inputs.norm", [1], [0.6])
        self.put("inputs.offset", [even + odd], self.random(even, 0.3) + [0.0] * odd)  # else mirror images differ

    def network(self, **basis):
        self.part("network", "power_spectrum", {}, **basis)
        self.network_numbers(5, 0, 2, 1, [4, 3])
        self.put("inputs.sizes", [6], [5, 0, 0, 0, 0, 0], "I64")
        self.put("inputs.axes", [self.spectrum * 5], self.random(self.spectrum * 5, 0.5))

    def triplet(self, products=(0, 0, 0), kept=None, self_pairs=1, tag_cutoff=2.2, gaussians=0, members=1,
                **basis):
        self.part("triplet", "frames", dict(tag_cutoff=tag_cutoff, tag_width=0.7, self_pairs=self_pairs,
                                            **(dict(tag_gaussians=gaussians) if gaussians else {})), **basis)
        even, odd = 4, 3
        self.network_numbers(even, odd, 1, 8, [4, 3], members)
        self.put("inputs.sizes", [6], [even, odd, *products, int(kept is not None)], "I64")
        if products[0]:
            self.product_numbers(products, kept, even, odd)
        else:
            self.frame_numbers(even, odd, gaussians)

    def frame_numbers(self, even, odd, gaussians):
        """Axes of even columns end at even features, those of odd ones at odd features."""
        order = [m for l in range(self.size) for m in range(-l, l + 1) for _ in range(self.n_max)] * 2
        order += [0] * (2 * self.n_max + 1 + gaussians)
        axes = []
        for m in order:
            axes += self.random(even, 0.5) + [0.0] * odd if m >= 0 else [0.0] * even + self.random(odd, 0.5)
        self.put("inputs.axes", [len(axes)], axes)

    def product_numbers(self, products, kept, even, odd):
        p, q, degrees = products
        columns = self.raw if kept is None else kept
        self.put("inputs.tag_functions", [self.n_max * max(p, q)], self.random(self.n_max * max(p, q), 1.5))
        self.put("inputs.kept", [self.size], columns, "I64")
        if kept is not None:
            turns = sum(a * b for a, b in zip(self.raw, kept))
            self.put("inputs.turns", [turns], self.random(turns))
        axes = []
        for mu in range(self.size):
            rows = p * (columns[mu] + (mu == 0)) * q * degrees
            for _ in range(rows):
                axes += self.random(even, 0.5) + (self.random(odd, 0.5) if mu else [0.0] * odd)
        self.put("inputs.axes", [len(axes)], axes)

    def bytes(self):
        first, *further = self.parts
        self.file.metadata = dict(
            format="ternion.model", format_version="2" if further else "1", kind=first["kind"],
            model=json.dumps(first["model"]), descriptor=json.dumps(first["descriptor"]), report="{}",
            provenance="{}", units=json.dumps(UNITS))
        if further:
            self.file.metadata["further_parts"] = json.dumps(further)
        return self.file.bytes()


def ridge_model():
    writer = Writer(1, baseline="zbl", zbl_inner="0.4", zbl_outer="1.1")
    writer.shortest([0.7, 0.75, 0.75, 1.3], [2.1, -0.4], [0.5, 1.1])
    writer.ridge()
    return writer


def kernel_model(form, zeta=3, **basis):
    writer = Writer(2 + form)
    writer.kernel(form, zeta, 0.8, **basis)
    return writer


def network_model():
    writer = Writer(4)
    writer.network(cutoff_function="quintic", cutoff_width=1.2, radial_basis="bessel")
    return writer


def triplet_model(seed, **choices):
    writer = Writer(seed)
    writer.triplet(**choices)
    return writer


def sum_model():
    writer = Writer(7, baseline="zbl", fade_inner="0.6")
    writer.shortest([0.7, 0.75, 0.75, 3.0], [0.6, 1.3], [1.5, 0.7])
    writer.ridge(radial_basis="bessel")
    writer.triplet((1, 2, 2), kept=[3, 2, 1], tag_cutoff=1.9, cutoff=2.5)
    return writer


MODELS = {
    "ridge": ridge_model(),
    "kernel": kernel_model(0),
    "kernel_square": kernel_model(0, zeta=2),
    "kernel_gaussian": kernel_model(1, radial_basis="bessel"),
    "network": network_model(),
    "triplet": triplet_model(5),
    "triplet_members": triplet_model(8, gaussians=3, members=2),
    "triplet_products": triplet_model(6, products=(2, 1, 2), self_pairs=0, radial_basis="bessel"),
    "sum": sum_model(),
}
# Nearer than any bond and any data, so that the repulsion of nuclei counts and fitted parts fade.
CLOSE = System([1, 6, 6], [[0, 0, 0], [0.5, 0.3, -0.1], [0.1, -0.2, 0.9]])


def prediction_blocks(model, system, prefix):
    energies, forces, virials = model.predict(system)
    return "".join([
        blocks.real(prefix + "species", system.species), blocks.real(prefix + "positions", system.positions),
        blocks.real(prefix + "cell", system.cell), blocks.real(prefix + "periodic", list(system.periodic)),
        blocks.real(prefix + "energy", [mp.fsum(energies)]), blocks.real(prefix + "forces", forces),
        blocks.real(prefix + "virial", [[mp.fsum(v[a][b] for v in virials) for b in range(3)] for a in range(3)]),
        blocks.real(prefix + "atom_energies", energies), blocks.real(prefix + "atom_virials", virials)])


def model_files():
    """{name: text or bytes}: the models, what they predict, and the list of both."""
    files = {}
    for name, writer in MODELS.items():
        content = writer.bytes()
        model = Model(content)
        files[f"model_{name}.tern"] = content
        files[f"model_{name}.txt"] = "".join([
            blocks.text("model", [f"model_{name}.tern"]),
            *(prediction_blocks(model, system, f"test{k}_") for k, system in enumerate([*training.TEST, CLOSE], 1))])
    files["models.txt"] = blocks.text("files", sorted(f"model_{name}.txt" for name in MODELS))
    return files
