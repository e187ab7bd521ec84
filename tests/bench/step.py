"""python step.py PROGRAM FILE [--turns N]: a Gauss-Newton step of a network on triplets beside PyTorch, one core.

250 structures with an energy and two directional derivatives each, hidden layers of 96 and 64 units, float32: our
program (step.c) hands over its inputs and weights, so that both sides do the same work on the same numbers, and the
Jacobians are compared. PyTorch gets its inputs gathered beforehand; ours gathers them in the time of the Jacobian.
Both work in turns. Each time is the processor's, which other programs disturb least, and the best one of all turns.
Then our step on one and two threads, by the clock: that needs a machine that does nothing else.
"""
import argparse
import ctypes
import math
import os
import time
import numpy as np
import torch
from compare import Bench

COUNT, WIDTHS, PIECE, BLOCK = 250, (96, 64), 25, 128
FACTORS = torch.tensor([1.0, 0.1, 0.1])  # of the rows: energy, derivatives


def activation(z):
    """act(z) = z / (1 + exp(-z)), its slope and its curvature."""
    s = torch.sigmoid(z)
    rest = z * (1 - s)
    return z * s, s * (1 + rest), s * (1 - s) * (2 + rest - z * s)


class Network:
    """Two hidden layers on rows with even and odd inputs. Slot 0 of arrays [structure][slot][...] holds values, the
    others derivatives along directions; the gradient of a slot's result is the derivative of the first one's
    gradient."""

    def __init__(self, even, odd, weights, scales):
        first, last = WIDTHS
        shapes = [(even, first), (odd, first), (first,), (first, last), (last,), (last,), (1,)]
        sizes = [math.prod(shape) for shape in shapes]
        self.shapes, self.total = shapes, sum(sizes)
        self.weights = [part.reshape(shape) for part, shape in zip(weights.split(sizes), shapes)]
        self.scales = [float(part[0]) for part in scales.split(sizes)]
        self.ends = np.cumsum([0] + sizes)

    def place(self, jacobian, k):
        return jacobian[..., self.ends[k]:self.ends[k + 1]].unflatten(-1, self.shapes[k])

    def put(self, jacobian, k, values):
        torch.mul(values, self.scales[k] * FACTORS.reshape(-1, *[1] * (values.dim() - 2)), out=self.place(jacobian, k))

    def outer(self, jacobian, k, inputs, gradients):
        """Weights of a layer: X0' G0, and for the others Xk' G0 + X0' Gk, as one product with the triplets of both."""
        to, count = self.place(jacobian, k), inputs.shape[1] - 1
        gradients = gradients * self.scales[k]
        to[:, 0] = inputs[:, 0].mT @ gradients[:, 0]
        left = torch.cat([inputs[:, 1:], inputs[:, :1].expand(-1, count, -1, -1)], 2)
        right = torch.cat([gradients[:, :1].expand(-1, count, -1, -1), gradients[:, 1:]], 2) * FACTORS[1]
        to[:, 1:] = left.mT @ right

    def linearize(self, even, odd, row_weights, jacobian):
        """Fills jacobian [structure][slot][parameter], returns the results [structure][slot]."""
        w_even, w_odd, bias, w_inner, inner_bias, w_last, constant = self.weights
        p, q = even @ w_even, odd @ w_odd
        p[:, 0] += bias
        up, down = p + q, p - q
        (a, a1, a2), (b, b1, b2) = activation(up[:, :1]), activation(down[:, :1])
        hidden = torch.cat([a + b, a1 * up[:, 1:] + b1 * down[:, 1:]], 1)
        z = hidden @ w_inner
        z[:, 0] += inner_bias
        c, c1, c2 = activation(z[:, :1])
        values = torch.cat([c, c1 * z[:, 1:]], 1)
        first, others = row_weights[:, :1, None], row_weights[:, 1:, None]
        sums = (first @ values)[:, :, 0]
        sums[:, 1:] += (others @ values[:, :1])[:, :, 0]
        results = sums @ w_last
        results[:, 0] += constant
        # the way back
        g = row_weights[..., None] * w_last
        g = torch.cat([g[:, :1] * c1, g[:, 1:] * c1 + g[:, :1] * c2 * z[:, 1:]], 1)
        self.put(jacobian, 5, sums)
        self.put(jacobian, 4, g.sum(2))
        self.outer(jacobian, 3, hidden, g)
        g = g @ w_inner.T
        g_up = torch.cat([g[:, :1] * a1, g[:, 1:] * a1 + g[:, :1] * a2 * up[:, 1:]], 1)
        g_down = torch.cat([g[:, :1] * b1, g[:, 1:] * b1 + g[:, :1] * b2 * down[:, 1:]], 1)
        g_even = g_up + g_down
        self.put(jacobian, 2, g_even.sum(2))
        self.outer(jacobian, 0, even, g_even)
        self.outer(jacobian, 1, odd, g_up - g_down)
        self.place(jacobian, 6)[:] = torch.eye(jacobian.shape[1], 1) * self.scales[6]
        return results


class Peer:
    """The step, with the seconds of its parts."""

    def __init__(self, shape, path):
        even, odd, triplets, slots, parameters = shape
        numbers = torch.from_numpy(np.fromfile(path, dtype=np.float32))
        counts = [COUNT * slots * triplets * (even + odd), COUNT * slots * triplets, parameters, parameters,
                  COUNT * slots * parameters]
        inputs, weights, values, scales, self.expected = numbers.split(counts)
        inputs = inputs.reshape(COUNT, slots, triplets, even + odd)
        weights = weights.reshape(COUNT, slots, triplets)
        self.pieces = [(x[..., :even].contiguous(), x[..., even:].contiguous(), w.contiguous())
                       for x, w in zip(inputs.split(PIECE), weights.split(PIECE))]
        self.network = Network(even, odd, values, scales)
        self.jacobian = torch.empty(COUNT, slots, parameters)
        self.momentum = torch.zeros(parameters)
        self.targets = torch.randn(COUNT, slots)
        self.seconds = dict.fromkeys(("jacobian", "gram", "cholesky", "rest"), math.inf)
        self.whole = math.inf

    def step(self):
        marks, residual = [time.thread_time()], torch.empty_like(self.targets)
        for k, piece in enumerate(self.pieces):
            part = slice(k * PIECE, (k + 1) * PIECE)
            residual[part] = self.targets[part] - self.network.linearize(*piece, self.jacobian[part])
        marks.append(time.thread_time())
        rows = self.jacobian.reshape(residual.numel(), -1)
        gram = torch.zeros(len(rows), len(rows))
        for k in range(0, len(rows), BLOCK):  # the lower triangle
            gram[k:, k:k + BLOCK] = rows[k:] @ rows[k:k + BLOCK].T
        marks.append(time.thread_time())
        gram.diagonal().add_(1e-2 * gram.diagonal().mean())
        factor = torch.linalg.cholesky(gram)
        marks.append(time.thread_time())
        right = residual.flatten() - 0.9 * (rows @ self.momentum)
        self.momentum = 0.9 * self.momentum + rows.T @ torch.cholesky_solve(right[:, None], factor)[:, 0]
        marks.append(time.thread_time())
        for name, seconds in zip(self.seconds, np.diff(marks)):
            self.seconds[name] = min(self.seconds[name], seconds)
        self.whole = min(self.whole, marks[-1] - marks[0])

    def difference(self):
        ours = self.expected.reshape(self.jacobian.shape)
        scale = ours.abs().amax((0, 2), keepdim=True)
        return float(((self.jacobian - ours) / scale).abs().max())


def compare(program, path, products, turns, folder):
    ours = Bench(program, path, str(COUNT), str(products))
    shape = list(map(int, ours.ask("shape")))
    dumped = os.path.join(folder, "dump")
    ours.ask("dump", dumped)
    peer = Peer(shape, dumped)
    mine = dict.fromkeys(("jacobian", "gram", "cholesky", "step", "sgemm"), math.inf)
    for _ in range(turns):
        peer.step()
        for name in ("jacobian", "gram", "cholesky"):
            mine[name] = min(mine[name], ours.ask(name, 1, 3)[1])
        mine["step"] = min(mine["step"], ours.ask("step", 1, 3)[1])
        mine["sgemm"] = min(mine["sgemm"], ours.ask("sgemm", 1)[1])
    rows, parameters = COUNT * shape[3], shape[4]
    mine["rest"] = mine["step"] - mine["jacobian"] - mine["gram"] - mine["cholesky"]
    print(f"{'tag products' if products else 'plain frames'}: {shape[0]}+{shape[1]} inputs, {rows} rows, {parameters} "
          f"parameters; largest difference of the Jacobians {peer.difference():.1e} (relative)\n"
          "ms             PyTorch      ours    ratio")
    for name, theirs in [*peer.seconds.items(), ("step", peer.whole)]:
        print(f"  {name:10s}{1e3 * theirs:10.1f}{1e3 * mine[name]:10.1f}{theirs / mine[name]:9.1f}")
    flops = 1e-9 * rows * rows * parameters
    gram, sgemm = flops / mine["gram"], 2 * flops / mine["sgemm"]
    print(f"J J^T {gram:.1f} GFLOP/s, sgemm {sgemm:.1f}: {100 * gram / sgemm:.0f} %", flush=True)
    return ours


def threads(ours, turns):
    """By one and two threads, again in turns."""
    one = two = math.inf
    for _ in range(turns):
        one = min(one, ours.ask("step", 1, 3)[0])
        two = min(two, ours.ask("step", 2, 3)[0])
    print(f"a step on one thread {1e3 * one:.1f} ms, on two {1e3 * two:.1f} ms: {one / two:.2f} times as fast\n",
          flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("file", help="extended XYZ with energies and forces; the first 250 structures are taken")
    parser.add_argument("--turns", type=int, default=10)
    arguments = parser.parse_args()
    library = ctypes.CDLL(None)  # keep freed memory, which spares PyTorch page faults
    library.mallopt(-3, 1 << 25), library.mallopt(-1, 1 << 30)
    torch.set_num_threads(1)
    torch.manual_seed(0)
    for products in (0, 3):
        folder = os.environ.get("TMPDIR", "/tmp")
        ours = compare(arguments.program, arguments.file, products, arguments.turns, folder)
        threads(ours, arguments.turns)
        ours.close()


if __name__ == "__main__":
    main()
