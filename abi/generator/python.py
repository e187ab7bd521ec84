# SPDX-License-Identifier: BSD-3-Clause
"""The raw layer of Python: ctypes prototypes that are put on a loaded library."""

HEAD = '''\
# SPDX-License-Identifier: BSD-3-Clause
# {notice}
"""The functions of lib{name} as they are, one to one: numbers of the contract, and prototypes for ctypes.

Arrays are plain addresses, so nothing is copied: c_void_p takes `array.ctypes.data`, a ctypes array, byref(..) or None.
"""

from ctypes import CFUNCTYPE, POINTER, byref, c_char_p, c_double, c_int32, c_int64, c_void_p

ABI_VERSION = {abi}  # of the binary interface that this file was generated for
VERSION_STRING = "{release}"
'''

TAIL = '''

def abi_number(library):
    """Number of the binary interface of a loaded library; to be compared with ABI_VERSION before `bind`."""
    number = c_int32(-1)
    library.{prefix}_abi_version(byref(number))
    return number.value


def bind(library):
    """Puts the prototypes on the functions of a loaded library, which then refuse arguments of the wrong type."""
    for name, types in PROTOTYPES.items():
        function = getattr(library, name)
        function.restype = c_int32
        function.argtypes = types
    return library
'''

NUMBERS = {"int32": "c_int32", "int64": "c_int64", "double": "c_double"}


def write(contract, notice):
    parts = [HEAD.format(notice=notice, name=contract.name, abi=contract.abi, release=contract.release)]
    parts += [_enum(enum) for enum in contract.enums.values()]
    parts += [_callback(callback) for callback in contract.callbacks.values()]
    parts.append("\nPROTOTYPES = {\n")
    parts += [_function(contract, function) for function in contract.functions]
    return "".join(parts) + "}\n" + TAIL.format(prefix=contract.prefix)


def _enum(enum):
    lines = ["", f"# {enum.doc}"]
    for value in enum.values:
        if value.retired:
            lines.append(f"# {value.number} was {value.name} (retired)")
        else:
            lines.append(f"{value.name} = {value.number}  # {value.doc}")
    return "\n".join(lines + [""])


def _callback(callback):
    types = ", ".join(["c_int32"] + [_type(argument) for argument in callback.arguments])
    return f"\n# {callback.doc}\n{callback.name.upper()} = CFUNCTYPE({types})\n"


def _function(contract, function):
    lines = [f"    # {', '.join(argument.name for argument in function.arguments)}"]
    types = ", ".join(_type(argument) for argument in function.arguments)
    return "\n".join(lines + [f'    "{contract.prefix}_{function.name}": [{types}],', ""])


def _type(argument):
    kind = argument.type
    if kind == "string":
        return "c_char_p"
    if kind == "enum":
        return "c_int32"
    if argument.is_value:
        return NUMBERS[kind]
    if kind == "handle" and argument.direction == "new":
        return "POINTER(c_void_p)"
    if argument.is_scalar:
        return f"POINTER({NUMBERS[kind]})"
    return "c_void_p"
