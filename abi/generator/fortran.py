# SPDX-License-Identifier: BSD-3-Clause
"""The raw layer of Fortran: bind(c) interfaces in one module."""

import textwrap

HEAD = """\
! SPDX-License-Identifier: BSD-3-Clause
! {notice}
!> The functions of lib{name} as they are, one to one. What may be NULL is a c_ptr; outputs are intent(inout), because
!> a failed call leaves them alone.
module {name}_raw
  use, intrinsic :: iso_c_binding, only: c_char, c_double, c_funptr, c_int32_t, c_int64_t, c_ptr
  implicit none
  private

{public}

  !> Number of the binary interface that this file was generated for.
  integer(c_int32_t), parameter :: {macro}_ABI = {abi}_c_int32_t
  !> Release that this file belongs to.
  character(len=*), parameter :: {macro}_RELEASE = '{release}'
"""

NUMBERS = {"int32": "integer(c_int32_t)", "int64": "integer(c_int64_t)", "double": "real(c_double)",
           "char": "character(kind=c_char)"}
WIDTH = 120


def write(contract, notice):
    parts = [HEAD.format(notice=notice, name=contract.name, macro=contract.macro, abi=contract.abi,
                         release=contract.release, public=_public(contract))]
    parts += [_enum(contract, enum) for enum in contract.enums.values()]
    if contract.callbacks:
        parts.append("\n  abstract interface\n")
        parts += [_callback(contract, callback) for callback in contract.callbacks.values()]
        parts.append("  end interface\n")
    parts.append("\n  interface\n")
    parts += [_function(contract, function) for function in contract.functions]
    return "".join(parts) + f"  end interface\nend module {contract.name}_raw\n"


def _public(contract):
    names = [f"{contract.macro}_ABI", f"{contract.macro}_RELEASE"]
    names += [f"{contract.macro}_{value.name}" for enum in contract.enums.values() for value in enum.living]
    names += [f"{contract.prefix}_{name}" for name in contract.callbacks]
    names += [f"{contract.prefix}_{function.name}" for function in contract.functions]
    return "\n".join(f"  public :: {name}" for name in names)


def _comment(text, indent):
    return textwrap.wrap(text, WIDTH, initial_indent=f"{indent}!> ", subsequent_indent=f"{indent}!> ",
                         break_long_words=False, break_on_hyphens=False)


def _continued(text, indent):
    """A statement, continued where it grows beyond the line."""
    lines = textwrap.wrap(text, WIDTH, initial_indent=indent, subsequent_indent=indent + "  ", break_long_words=False)
    return [line + " &" for line in lines[:-1]] + lines[-1:]


def _enum(contract, enum):
    lines = ["", *_comment(enum.doc, "  ")]
    for value in enum.values:
        name = f"{contract.macro}_{value.name}"
        if value.retired:
            lines.append(f"  ! {value.number} was {name} (retired)")
        else:
            lines += _comment(value.doc, "  ")
            lines.append(f"  integer(c_int32_t), parameter :: {name} = {value.number}_c_int32_t")
    return "\n".join(lines + [""])


def _callback(contract, callback):
    return _interface(f"{contract.prefix}_{callback.name}", "bind(c)", callback)


def _function(contract, function):
    name = f"{contract.prefix}_{function.name}"
    return _interface(name, f"bind(c, name='{name}')", function)


def _interface(name, binding, function):
    names = ", ".join(argument.name for argument in function.arguments)
    declared = [(argument.name, _declaration(argument)) for argument in function.arguments]
    kinds = {"c_int32_t"} | {kind for _, text in declared for kind in _kinds(text)}
    lines = _comment(function.doc, "    ")
    lines += _continued(f"function {name}({names}) {binding} result(status)", "    ")
    lines.append(f"      import :: {', '.join(sorted(kinds))}")
    for argument, text in declared:
        suffix = "(*)" if text.endswith("*") else ""
        lines.append(f"      {text.rstrip('*')} :: {argument}{suffix}")
    lines += ["      integer(c_int32_t) :: status", f"    end function {name}", ""]
    return "\n".join(lines)


def _kinds(text):
    return [kind for kind in ("c_char", "c_double", "c_funptr", "c_int32_t", "c_int64_t", "c_ptr") if kind in text]


def _declaration(argument):
    """Type and attributes; a * at the end marks an array of any size."""
    kind = argument.type
    if kind == "callback":
        return "type(c_funptr), value"
    if kind == "handle" and argument.direction == "new":
        return "type(c_ptr), intent(inout)"
    if kind in ("handle", "context") or argument.optional:
        return "type(c_ptr), value"
    if kind == "string":
        return "character(kind=c_char), intent(in)*"
    if argument.is_value:
        return NUMBERS["int32" if kind == "enum" else kind] + ", value"
    intent = "intent(in)" if argument.direction == "in" else "intent(inout)"
    return f"{NUMBERS[kind]}, {intent}{'*' if argument.is_array else ''}"
