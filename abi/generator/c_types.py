# SPDX-License-Identifier: BSD-3-Clause
"""How arguments look in C; shared by the header, the entry points and the reference page."""

import textwrap

NUMBERS = {"int32": "int32_t", "int64": "int64_t", "double": "double", "char": "char"}


def argument_type(contract, argument):
    """The C type of an argument, with the star of a pointer at its end."""
    kind = argument.type
    if kind == "handle":
        name = f"{contract.prefix}_{argument.target}"
        return {"in": f"const {name} *", "inout": f"{name} *", "free": f"{name} *", "new": f"{name} **"}[argument.direction]
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
    """`head(arguments)`, broken after commas where it grows beyond the line."""
    words = ", ".join(parameters(contract, function.arguments))
    return textwrap.fill(f"{head}({words})", 120, subsequent_indent=" " * (len(head) + 1), break_long_words=False)


def shape_text(argument):
    return "".join(f"[{item}]" for item in argument.shape)
