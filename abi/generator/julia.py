# SPDX-License-Identifier: BSD-3-Clause
"""The raw layer of Julia: one function for each of the library's, called through a table of pointers."""

import textwrap

HEAD = """\
# SPDX-License-Identifier: BSD-3-Clause
# {notice}
"The functions of lib{name} as they are, one to one. Handles are `Ptr{{Cvoid}}`, every function returns a status."
module Raw

using Libdl

"Number of the binary interface that this file was generated for."
const ABI_VERSION = Int32({abi})
"Release that this file belongs to."
const VERSION_STRING = "{release}"
"""

TABLE = """
const NAMES = (
{names})

"Where the functions are in memory, in the order of NAMES; filled once by `load!`."
const POINTERS = fill(C_NULL, length(NAMES))

"Number of the binary interface of an open library; to be compared with ABI_VERSION before `load!`."
function abi_number(library::Ptr{{Cvoid}})
    number = Ref{{Int32}}(-1)
    ccall(Libdl.dlsym(library, :{prefix}_abi_version), Int32, (Ptr{{Int32}},), number)
    return number[]
end

"Looks up every function in an open library; called from `__init__`."
function load!(library::Ptr{{Cvoid}})
    for (index, name) in enumerate(NAMES)
        POINTERS[index] = Libdl.dlsym(library, name)
    end
end
"""

NUMBERS = {"int32": "Int32", "int64": "Int64", "double": "Float64", "char": "UInt8"}


def write(contract, notice):
    parts = [HEAD.format(notice=notice, name=contract.name, abi=contract.abi, release=contract.release)]
    parts += [_enum(enum) for enum in contract.enums.values()]
    parts += [_callback(callback) for callback in contract.callbacks.values()]
    names = "".join(f"    :{contract.prefix}_{function.name},\n" for function in contract.functions)
    parts.append(TABLE.format(names=names, prefix=contract.prefix))
    parts += [_function(index, function) for index, function in enumerate(contract.functions, 1)]
    return "".join(parts) + "\nend\n"


def _text(text):
    """A Julia string on one line."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("$", "\\$") + '"'


def _enum(enum):
    lines = ["", f"# {enum.doc}"]
    for value in enum.values:
        if value.retired:
            lines.append(f"# {value.number} was {value.name} (retired)")
        else:
            lines += [_text(value.doc), f"const {value.name} = Int32({value.number})"]
    return "\n".join(lines + [""])


def _callback(callback):
    """The types that @cfunction needs."""
    types = ", ".join(_type(argument) for argument in callback.arguments)
    name = callback.name.upper()
    return (f"\n{_text(f'Argument types of a {callback.name} callback, which returns Int32: for @cfunction.')}\n"
            f"const {name}_TYPES = ({types},)\n")


def _function(index, function):
    names = ", ".join(argument.name for argument in function.arguments)
    types = ", ".join(_type(argument) for argument in function.arguments)
    types = f"({types},)" if types else "()"
    body = textwrap.wrap(f"ccall(POINTERS[{index}], Int32, {types}{', ' if names else ''}{names})", 112,
                         initial_indent="    ", subsequent_indent=" " * 10, break_long_words=False)
    return "\n".join(["", _text(function.doc), f"function {function.name}({names})", *body, "end", ""])


def _type(argument):
    kind = argument.type
    if kind in ("context", "callback"):
        return "Ptr{Cvoid}"
    if kind == "handle":
        return "Ptr{Ptr{Cvoid}}" if argument.direction == "new" else "Ptr{Cvoid}"
    if kind == "string":
        return "Cstring"
    if kind == "enum":
        return "Int32"
    return NUMBERS[kind] if argument.is_value else f"Ptr{{{NUMBERS[kind]}}}"
