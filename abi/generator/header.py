# SPDX-License-Identifier: BSD-3-Clause
"""The C header."""

import textwrap

from . import c_types

MARKS = {"in": "in", "inout": "in,out", "out": "out", "new": "out", "free": "in"}

HEAD = """\
/* SPDX-License-Identifier: BSD-3-Clause */
/* {notice} */
/**
 * @file
{doc}
 */
#ifndef {guard}
#define {guard}

#include <stdint.h>

/** Number of this binary interface; compare it with {prefix}_abi_version. {history} */
#define {macro}_ABI_VERSION {abi}
/** Release that this header belongs to. */
#define {macro}_VERSION_STRING "{release}"

#if defined(__GNUC__) || defined(__clang__)
#define {macro}_API __attribute__((visibility("default")))
#else
#define {macro}_API
#endif

#ifdef __cplusplus
extern "C" {{
#endif
"""

TAIL = """
#ifdef __cplusplus
}
#endif

#endif
"""


def write(contract, notice):
    parts = [_head(contract, notice)]
    parts += [_enum(contract, enum) for enum in contract.enums.values()]
    parts += [_handle(contract, handle) for handle in contract.handles.values()]
    parts += [_callback(contract, callback) for callback in contract.callbacks.values()]
    for group, functions in contract.groups.items():
        parts.append(f"\n/* {'-' * max(0, 112 - len(group))} {group} */\n")
        parts += [_function(contract, function) for function in functions]
    return "".join(parts) + TAIL


def _head(contract, notice):
    lines = _comment(contract.doc) + [" *"]
    for text in contract.conventions:
        lines += _comment(text, "- ")
    if contract.sizes:
        lines += [" *", " * Sizes in the shapes below that are no arguments of the same function:"]
        for size in contract.sizes.values():
            lines += _comment(f"{size.name}: {size.doc}", "- ")
    history = " ".join(f"({line})" for line in contract.abi_history)
    return HEAD.format(notice=notice, doc="\n".join(lines), guard=f"{contract.name.upper()}_H", prefix=contract.prefix,
                       macro=contract.macro, abi=contract.abi, release=contract.release, history=history)


def _enum(contract, enum):
    lines = ["", f"/** {enum.doc} */", f"enum {contract.prefix}_{enum.name} {{"]
    living = enum.living
    for value in enum.values:
        if value.retired:
            lines.append(f"  /* {value.number} was {contract.macro}_{value.name} (retired): {value.doc} */")
        else:
            comma = "" if value is living[-1] else ","
            lines.append(f"  {contract.macro}_{value.name} = {value.number}{comma} /**< {value.doc} */")
    return "\n".join(lines + ["};", ""])


def _handle(contract, handle):
    name = f"{contract.prefix}_{handle.name}"
    lines = ["", "/**"] + _comment(handle.doc) + _comment(f"Threads: {handle.threads}") + [" */"]
    return "\n".join(lines + [f"typedef struct {name} {name};", ""])


def _callback(contract, callback):
    lines = ["", "/**"] + _comment(callback.doc) + _documented(callback.arguments) + [" */"]
    words = ", ".join(c_types.parameters(contract, callback.arguments))
    return "\n".join(lines + [f"typedef int32_t (*{contract.prefix}_{callback.name})({words});", ""])


def _function(contract, function):
    lines = ["", "/**"] + _comment(function.doc) + _documented(function.arguments) + [" */"]
    head = f"{contract.macro}_API int32_t {contract.prefix}_{function.name}"
    return "\n".join(lines + [c_types.prototype(contract, function, head) + ";", ""])


def _documented(arguments):
    lines = []
    for argument in arguments:
        unit = "" if argument.unit == "1" else argument.unit
        where = ", ".join(filter(None, (c_types.shape_text(argument), unit)))
        text = (f"({where}) " if where else "") + argument.doc
        if argument.optional and "NULL" not in argument.doc:
            text += " May be NULL."
        lines += _comment(text, f"@param[{MARKS[argument.direction]}] {argument.name} ", "    ")
    return lines


def _comment(text, first="", rest=None):
    return textwrap.wrap(text, 120, initial_indent=f" * {first}", break_long_words=False, break_on_hyphens=False,
                         subsequent_indent=" * " + (" " * len(first) if rest is None else rest))
