# SPDX-License-Identifier: BSD-3-Clause
"""The exported functions in C: they check their arguments by type and call the bodies, which are written by hand."""

import textwrap

from . import c_types
from .contract import BYTES

TAGS = """\
/* SPDX-License-Identifier: BSD-3-Clause */
/* {notice} */
/* Every handle begins with its tag, so that a wrong or ended one is recognised. */
#ifndef TERNION_CORE_HANDLE_TAGS_H
#define TERNION_CORE_HANDLE_TAGS_H

#define HANDLE_LIVING {living:#x}u
#define HANDLE_ENDED {ended:#x}u
#define HANDLE_END(tag) ((tag) - HANDLE_LIVING + HANDLE_ENDED) /* what a tag becomes when its handle is freed */

{tags}

/* In the order of the tags. */
#define HANDLE_NAMES {names}

#endif
"""

BODIES = """\
/* SPDX-License-Identifier: BSD-3-Clause */
/* {notice} */
/* What is behind each exported function. The arguments were checked: pointers that are not optional, handles, counts,
   texts, and numbers as far as their shape is told by the arguments alone. */
#ifndef TERNION_API_BODIES_H
#define TERNION_API_BODIES_H

#include <{name}.h>

{bodies}

#endif
"""

ENTRY = """\
/* SPDX-License-Identifier: BSD-3-Clause */
/* {notice} */
#include <stddef.h>
#include <{name}.h>

#include "api/bodies.h"
#include "api/check.h"
#include "core/guard.h"
#include "core/handle_tags.h"
"""

LIVING, ENDED = 0x7e4e0000, 0xDEAD0000


def write_tags(contract, notice):
    handles = enumerate(contract.handles.values(), 1)
    tags = "\n".join(f"#define HANDLE_{handle.name.upper()} (HANDLE_LIVING + {number}u)" for number, handle in handles)
    names = ", ".join(f'"{contract.prefix}_{name}"' for name in contract.handles)
    names = textwrap.fill(names, 100).replace("\n", " \\\n  ")
    return TAGS.format(notice=notice, living=LIVING, ended=ENDED, tags=tags, names=names)


def write_bodies(contract, notice):
    bodies = [c_types.prototype(contract, function, f"int32_t api_{function.name}") for function in contract.functions]
    return BODIES.format(notice=notice, name=contract.name, bodies="\n".join(f"{body};" for body in bodies))


def write_entry(contract, notice):
    parts = [ENTRY.format(notice=notice, name=contract.name)]
    used = {argument.target for function in contract.functions for argument in function.arguments}
    parts += [_choices(contract, enum) for enum in contract.enums.values() if enum.name in used]
    for function in contract.functions:
        parts += [_checked(contract, function), _exported(contract, function)]
    return "".join(parts)


def _choices(contract, enum):
    rows = "".join(f'  {{{value.number}, "{contract.macro}_{value.name}"}},\n' for value in enum.living)
    return f"\nstatic const check_choice choices_{enum.name}[] = {{\n{rows}}};\n"


def _checked(contract, function):
    """The checks in their fixed order, each rule with every argument, then the body."""
    lines = ["", c_types.prototype(contract, function, f"static int32_t checked_{function.name}") + " {"]
    checks = _quiet_checks(contract, function) if function.keeps_error else _checks(contract, function)
    body = c_types.call(f"  return api_{function.name}", [argument.name for argument in function.arguments]) + ";"
    return "\n".join(lines + checks + [body, "}", ""])


def _exported(contract, function):
    head = c_types.prototype(contract, function, f"int32_t {contract.prefix}_{function.name}") + " {"
    names = [argument.name for argument in function.arguments]
    call = c_types.call(f"  const int32_t status = checked_{function.name}", names) + ";"
    lines = ["", head, "  guard guard;", "  guard_enter(&guard);", call, "  guard_leave(&guard);", "  return status;"]
    return "\n".join(lines + ["}", ""])


def _quiet_checks(contract, function):
    """A function that leaves the last error alone returns a status only."""
    lines = []
    for argument in function.arguments:
        if not argument.is_value and not argument.optional:
            lines.append(f"  if ({argument.name} == NULL)\n    return {contract.macro}_ERROR_ARGUMENT;")
        if function.is_count(argument):
            lines.append(f"  if ({argument.name} < 0)\n    return {contract.macro}_ERROR_ARGUMENT;")
    return lines


def _checks(contract, function):
    lines = []
    for rule in (_pointer, _count, _array, _enum, _handle, _text, _number):
        for argument in function.arguments:
            check = rule(function, argument)
            if check:
                place = f'(check_place){{"{contract.prefix}_{function.name}", "{argument.name}"}}'
                value = _given(function, argument) if rule is _pointer else argument.name
                lines.append(c_types.call(f"  TRY({check[0]}", [place, value, *check[1:]]) + ");")
    return lines


def _given(function, argument):
    """An array of no items may be NULL, as an empty std::vector is."""
    empty = [f"{item} == 0" for item in argument.shape if function.argument(item)]
    return " || ".join([f"{argument.name} != NULL", *empty])


# A rule returns the name of its check and what comes after place and argument; an empty list where it does not apply.
def _pointer(_, argument):
    return [] if argument.is_value or argument.optional else ["check_pointer"]


def _count(function, argument):
    return ["check_count"] if function.is_count(argument) else []


def _array(function, argument):
    """Fixed shapes need no check."""
    if not any(function.argument(item) for item in argument.shape) or not function.shape_is_known(argument):
        return []
    return ["check_array", str(BYTES[argument.type]), *_dimensions(argument)]


def _enum(_, argument):
    table = f"choices_{argument.target}"
    return ["check_enum", f"(int32_t)(sizeof {table} / sizeof {table}[0])", table] if argument.type == "enum" else []


def _handle(_, argument):
    is_given = argument.type == "handle" and argument.direction != "new"
    return ["check_handle", f"HANDLE_{argument.target.upper()}"] if is_given else []


def _text(_, argument):
    return ["check_text"] if argument.type == "string" else []


def _number(function, argument):
    if argument.type != "double" or argument.direction != "in" or not function.shape_is_known(argument):
        return []
    return ["check_number"] if argument.is_scalar else ["check_numbers", *_dimensions(argument)]


def _dimensions(argument):
    return [str(len(argument.shape)), f"(const int64_t[]){{{', '.join(argument.shape)}}}"]
