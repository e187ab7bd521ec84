"""The golden text format: a file is a sequence of named blocks.

    name real rank dim_1 ... dim_rank     then the numbers, row-major
    name text 1 count                     then `count` lines
"""
import math

NUMBERS_PER_LINE = 6
ZERO = 1e-25  # what is left of an exact zero after 50-digit arithmetic


def number(value):
    """Shortest decimal that reads back as the double nearest to `value`."""
    value = float(value)
    if abs(value) < ZERO:
        return "0"
    text = repr(value)
    return text[:-2] if text.endswith(".0") else text


def shape_of(values):
    shape = []
    while isinstance(values, (list, tuple)):
        shape.append(len(values))
        values = values[0] if len(values) else None
    return shape


def flatten(values):
    if not isinstance(values, (list, tuple)):
        return [values]
    return [x for part in values for x in flatten(part)]


def real(name, values, shape=None):
    shape = shape_of(values) if shape is None else shape
    numbers = [number(x) for x in flatten(values)]
    assert len(numbers) == math.prod(shape), name
    lines = [" ".join([name, "real", str(len(shape)), *map(str, shape)])]
    for start in range(0, len(numbers), NUMBERS_PER_LINE):
        lines.append(" ".join(numbers[start:start + NUMBERS_PER_LINE]))
    return "\n".join(lines) + "\n"


def text(name, lines):
    assert all(line.strip() and len(line) < 200 for line in lines), name
    return "\n".join([f"{name} text 1 {len(lines)}", *lines]) + "\n"


def read(path):
    """All blocks of a file: {name: (shape, numbers)} or {name: lines}."""
    blocks = {}
    with open(path) as file:
        for header in file:
            name, kind, _, *shape = header.split()
            shape = [int(x) for x in shape]
            count = math.prod(shape)
            if kind == "text":
                blocks[name] = [next(file).rstrip("\n") for _ in range(count)]
                continue
            numbers = []
            while len(numbers) < count:
                numbers += map(float, next(file).split())
            blocks[name] = (shape, numbers)
    return blocks
