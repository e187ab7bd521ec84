# SPDX-License-Identifier: BSD-3-Clause
"""The reference page."""

from . import c_types

MARKS = {"in": "in", "inout": "in, changed", "out": "out", "new": "new handle", "free": "ended"}


def write(contract, notice):
    title = f"lib{contract.name} {contract.release}: reference of the C interface"
    parts = [f"<!-- {notice} -->\n# {title}\n\n{contract.doc}\n"]
    parts += [_conventions(contract), _versions(contract), _contents(contract), _handles(contract), _sizes(contract)]
    parts += ["\n## Callbacks\n" if contract.callbacks else ""]
    parts += [_callback(contract, callback) for callback in contract.callbacks.values()]
    parts += ["\n## Numbers\n"] + [_enum(contract, enum) for enum in contract.enums.values()]
    for group, functions in contract.groups.items():
        parts.append(f"\n## Functions: {group}\n")
        parts += [_function(contract, function) for function in functions]
    return "".join(parts)


def _row(*cells):
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n"


def _table(*titles):
    return "\n" + _row(*titles) + "|" + "---|" * len(titles) + "\n"


def _conventions(contract):
    return "\n" + "".join(f"- {text}\n" for text in contract.conventions)


def _versions(contract):
    history = "".join(f"- {line}\n" for line in contract.abi_history)
    return f"\nNumber of this binary interface: **{contract.abi}**.\n\n{history}"


def _contents(contract):
    lines = []
    for group, functions in contract.groups.items():
        names = ", ".join(f"[`{contract.prefix}_{f.name}`](#{contract.prefix}_{f.name})" for f in functions)
        lines.append(f"- {group}: {names}\n")
    return "\n## Contents\n\n" + "".join(lines)


def _handles(contract):
    rows = [_row(f"`{contract.prefix}_{h.name}`", h.doc, h.threads) for h in contract.handles.values()]
    return "\n## Handles\n" + _table("handle", "is", "threads") + "".join(rows) if rows else ""


def _sizes(contract):
    rows = [_row(f"`{size.name}`", size.doc) for size in contract.sizes.values()]
    title = "\n## Sizes in shapes that are no arguments of the same function\n"
    return title + _table("size", "is") + "".join(rows) if rows else ""


def _enum(contract, enum):
    rows = []
    for value in enum.values:
        doc = f"(retired) {value.doc}" if value.retired else value.doc
        rows.append(_row(f"`{contract.macro}_{value.name}`", str(value.number), doc))
    return f"\n### {contract.prefix}_{enum.name}\n\n{enum.doc}\n" + _table("name", "number", "meaning") + "".join(rows)


def _callback(contract, callback):
    name = f"{contract.prefix}_{callback.name}"
    signature = c_types.call(f"typedef int32_t (*{name})", c_types.parameters(contract, callback.arguments)) + ";"
    return _entry(name, callback, signature)


def _function(contract, function):
    name = f"{contract.prefix}_{function.name}"
    return _entry(name, function, c_types.prototype(contract, function, f"int32_t {name}") + ";")


def _entry(name, function, signature):
    text = f"\n### {name}\n\n{function.doc}\n\n```c\n{signature}\n```\n"
    rows = map(_argument, function.arguments)
    return text + _table("argument", "direction", "shape", "unit", "meaning") + "".join(rows)


def _argument(argument):
    direction = MARKS[argument.direction] + (", may be NULL" if argument.optional else "")
    return _row(f"`{argument.name}`", direction, c_types.shape_text(argument), argument.unit, argument.doc)
