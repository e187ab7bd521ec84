# SPDX-License-Identifier: BSD-3-Clause
"""How arguments look in C; shared by the header, the entry points and the reference page."""

NUMBERS = {"int32": "int32_t", "int64": "int64_t", "double": "double", "char": "char"}


def argument_type(contract, argument):
    """The C type of an argument, with the star of a pointer at its end."""
    kind = argument.type
    if kind == "handle":
        const = "const " if argument.direction == "in" else ""
        star = "**" if argument.direction == "new" else "*"
        return f"{const}{contract.prefix}_{argument.target} {star}"
    if kind == "enum":
        return "int32_t "
    if kind == "string":
        return "const char *"
    if kind == "context":
        return "void *"
    if kind == "callback":
        return f"{contract.prefix}_{argument.target} "
    number = NUMBERS[kind]
    if argument.direction == "out":
        return f"{number} *"
    return f"const {number} *" if argument.is_array else f"{number} "


def parameters(contract, arguments):
    return [argument_type(contract, argument) + argument.name for argument in arguments] or ["void"]


def prototype(contract, function, head):
    return call(head, parameters(contract, function.arguments), 116)


def call(head, items, width=116):
    """`head(items)`, broken between items where it grows beyond the width."""
    lines, line = [], head + "("
    for item in items:
        if line[-1] != "(" and len(line) + len(item) > width:
            lines.append(line)
            line = " " * len(head)
        line += ("" if line[-1] == "(" else " ") + item + ","
    return "\n".join(lines + [line.rstrip(",") + ")"])


def shape_text(argument):
    return "".join(f"[{item}]" for item in argument.shape)
