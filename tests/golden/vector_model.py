"""A stored model of vectors with random numbers in it, and what it predicts: vector k of a centre is what a network for
energies with the last weights and constants of output k says; gradients by central differences."""
import json

from mpmath import mp, mpf

import blocks
import training
from models import SPECIES, STEP, Part, Writer, read_tensors

OUTPUTS = 3


class VectorPart(Part):
    output = 0

    def read_network(self):
        """The constants of all outputs are added by vectors()."""
        self.outputs, = self.numbers("network.outputs")
        super().read_network()
        self.constants = [0] * len(SPECIES)

    def numbers(self, name):
        """Weights of one output: the hidden layers', then its own last ones, without constants."""
        numbers = super().numbers(name)
        if name != "network.weights":
            return numbers
        width, = super().numbers("network.sizes")[-1:]
        hidden = len(numbers) - self.outputs * (width + len(SPECIES))
        last = hidden + self.output * width
        return numbers[:hidden] + numbers[last:last + width] + [0] * len(SPECIES)

    def psi(self, which, bias, inputs):
        values = []
        for self.output in range(self.outputs):
            self.members = [self.numbers("network.weights")]
            values.append(super().psi(which, bias, inputs))
        return mp.matrix(values)

    def vectors(self, system):
        constants = self.file.numbers("network.weights")[-self.outputs * len(SPECIES):]
        found = []
        for i, species in enumerate(system.species):
            own = SPECIES.index(species) * self.outputs
            found.append(list(self.triplets(system, i) + mp.matrix(constants[own:own + self.outputs])))
        return found


def writer():
    made = Writer(11)
    made.triplet((2, 1, 2), kept=[3, 2, 1])
    sizes = made.file.numbers("network.sizes")
    hidden = len(made.file.numbers("network.weights")) - sizes[-1] - len(SPECIES)
    total = hidden + OUTPUTS * (sizes[-1] + len(SPECIES))
    made.put("network.weights", [total], made.random(total))
    made.put("network.unit", [1], [1.0])
    made.put("network.outputs", [1], [OUTPUTS], "I64")
    return made


def content():
    made = writer()
    made.bytes()
    made.file.metadata.update(format_version="3", vectors="shape")
    return made.file.bytes()


def weighted(part, system, weights):
    return mp.fsum(mp.fdot(map(mpf, w), v) for w, v in zip(weights, part.vectors(system)))


def test_blocks(part, system, prefix):
    weights = [[round(mp.sin(7 * i + 3 * k), 3) for k in range(OUTPUTS)] for i in range(len(system.species))]
    weights = [[float(x) for x in row] for row in weights]
    gradient = [[(weighted(part, system.displaced(i, x, STEP), weights)
                  - weighted(part, system.displaced(i, x, -STEP), weights)) / (2 * STEP) for x in range(3)]
                for i in range(len(system.species))]
    return "".join([
        blocks.real(prefix + "species", system.species), blocks.real(prefix + "positions", system.positions),
        blocks.real(prefix + "cell", system.cell), blocks.real(prefix + "periodic", list(system.periodic)),
        blocks.real(prefix + "vectors", part.vectors(system)), blocks.real(prefix + "weights", weights),
        blocks.real(prefix + "gradient", gradient)])


def vector_files():
    """{name: text or bytes}: the model, and its predictions."""
    stored = content()
    file = read_tensors(stored)
    part = VectorPart(file, "", file.metadata["kind"], json.loads(file.metadata["model"]),
                      json.loads(file.metadata["descriptor"]))
    texts = [test_blocks(part, system, f"test{k}_") for k, system in enumerate(training.TEST, 1)]
    return {"model_vectors.tern": stored, "model_vectors.txt": "".join(texts)}
