# SPDX-License-Identifier: BSD-3-Clause
"""The grammar of the contract: reads a TOML file and refuses what is not written down here, naming the place."""

import keyword
import re
import tomllib

from .contract import BYTES, NUMBERS, Argument, Callback, Contract, Enum, Function, Handle, Size, Value

WORDS = NUMBERS + ("char", "string", "context")
REFERENCES = ("enum", "handle", "callback")
DIRECTIONS = ("in", "out", "inout", "new", "free")
# Names that some language, or the generated code itself, keeps for itself.
RESERVED = set(keyword.kwlist) | set("""
auto bool case catch char class const default delete do double end enum explicit export extern float function goto guard
inline int let local long macro module namespace new operator private public quote register short signed sizeof static
status struct switch template this throw typedef union unsigned using virtual void volatile""".split())


class ContractError(Exception):
    """A contract that does not follow the grammar."""


def read(path):
    """The contract in a TOML file."""
    try:
        with open(path, "rb") as file:
            tables = tomllib.load(file)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ContractError(f"not valid TOML: {error}") from error
    return _contract(tables)


def _contract(tables):
    top = {"library": dict, "enum": dict, "size": dict, "handle": dict, "callback": dict, "function": list}
    _keys(tables, "the file", {"library": dict, "enum": dict, "function": list}, top)
    library = _library(tables["library"])
    contract = Contract(
        **library,
        enums={name: _enum(name, table) for name, table in tables["enum"].items()},
        sizes={name: _size(name, table) for name, table in tables.get("size", {}).items()},
        handles={name: _handle(name, table) for name, table in tables.get("handle", {}).items()},
        callbacks={},
    )
    _check_status(contract)
    for name, table in tables.get("callback", {}).items():
        contract.callbacks[name] = _callback(name, table, contract)
    for index, table in enumerate(tables["function"]):
        contract.functions.append(_function(index, table, contract))
    _check_names(contract)
    _check_handles(contract)
    _check_groups(contract)
    _check_sizes(contract)
    return contract


# ------------------------------------------------------------------------------------------------ tables of the file
def _library(table):
    keys = {"name": str, "prefix": str, "abi": int, "abi_history": list, "release": str, "doc": str,
            "conventions": list}
    place = "[library]"
    _keys(table, place, keys)
    _identifier(table["name"], place)
    _identifier(table["prefix"], place)
    for key in ("abi_history", "conventions"):
        _texts(table[key], f"{place}, key '{key}'")
    if not re.fullmatch(r"\d+\.\d+\.\d+", table["release"]):
        raise ContractError(f"{place}: release '{table['release']}' is not of the form 1.2.3")
    numbers = [line.split(":")[0] for line in table["abi_history"]]
    if numbers != [str(n) for n in range(1, table["abi"] + 1)]:
        raise ContractError(f"{place}: abi_history must have one line 'NUMBER: what changed' for each of "
                            f"1 to {table['abi']}")
    return table


def _enum(name, table):
    place = f"enum '{name}'"
    _keys(table, place, {"doc": str, "values": list})
    if name != "status":  # reserved for results, which is what this one is
        _identifier(name, place)
    values = []
    for index, entry in enumerate(table["values"]):
        here = _place(f"{place}, value", entry, index)
        _keys(entry, here, {"name": str, "number": int, "doc": str}, {"retired": bool})
        if not re.fullmatch(r"[A-Z][A-Z0-9_]*", entry["name"]):
            raise ContractError(f"{here}: a value is named in capitals")
        if abs(entry["number"]) >= 2**31:
            raise ContractError(f"{here}: number {entry['number']} does not fit in int32 (in Fortran: +-2147483647)")
        for other in values:
            if other.number == entry["number"]:
                raise ContractError(f"{here}: number {other.number} is taken by '{other.name}'; "
                                    "numbers are never reused")
        values.append(Value(entry["name"], entry["number"], entry["doc"], entry.get("retired", False)))
    if not any(not value.retired for value in values):
        raise ContractError(f"{place}: has no values")
    return Enum(name, table["doc"], values)


def _size(name, table):
    place = f"size '{name}'"
    _keys(table, place, {"doc": str})
    _identifier(name, place)
    return Size(name, table["doc"])


def _handle(name, table):
    place = f"handle '{name}'"
    _keys(table, place, {"doc": str, "threads": str})
    _identifier(name, place)
    return Handle(name, table["doc"], table["threads"])


def _callback(name, table, contract):
    place = f"callback '{name}'"
    _keys(table, place, {"doc": str, "arguments": list})
    _identifier(name, place)
    arguments = _arguments(table["arguments"], place, contract)
    for argument in arguments:
        if argument.type not in NUMBERS + ("string", "context") or argument.shape or argument.direction != "in":
            raise ContractError(f"{place}, argument '{argument.name}': "
                                "a callback takes input numbers, strings and its context only")
        if argument.optional:
            raise ContractError(f"{place}, argument '{argument.name}': a callback's argument is not optional")
    if [index for index, a in enumerate(arguments, 1) if a.type == "context"] != [len(arguments)]:
        raise ContractError(f"{place}: the last argument, and only that, is its context")
    return Callback(name, table["doc"], arguments)


def _function(index, table, contract):
    place = _place("function", table, index)
    _keys(table, place, {"name": str, "group": str, "doc": str, "arguments": list}, {"keeps_error": bool})
    _identifier(table["name"], place)
    _identifier(table["group"], place)
    function = Function(table["name"], table["group"], table["doc"], table.get("keeps_error", False),
                        _arguments(table["arguments"], place, contract))
    for argument in function.arguments:
        _check_shape(function, argument, contract, f"{place}, argument '{argument.name}'")
    _check_keeps_error(function, place)
    for this, following in zip(function.arguments, function.arguments[1:] + [None]):
        if (this.type == "callback") and (following is None or following.type != "context"):
            raise ContractError(f"{place}, argument '{this.name}': a callback is followed by its context")
    for previous, this in zip([None] + function.arguments, function.arguments):
        if this.type == "context" and (previous is None or previous.type != "callback"):
            raise ContractError(f"{place}, argument '{this.name}': a context follows its callback")
    return function


def _arguments(entries, place, contract):
    arguments = []
    for index, entry in enumerate(entries):
        here = _place(f"{place}, argument", entry, index)
        keys = {"name": str, "type": str, "shape": list, "unit": str, "doc": str}
        _keys(entry, here, keys, {"direction": str, "optional": bool})
        _identifier(entry["name"], here)
        if any(other.name == entry["name"] for other in arguments):
            raise ContractError(f"{here}: there is another argument of that name")
        _texts(entry["shape"], f"{here}, key 'shape'")
        kind, target = _type(entry["type"], here, contract)
        argument = Argument(entry["name"], kind, target, entry.get("direction", "in"), entry["shape"], entry["unit"],
                            entry["doc"], entry.get("optional", False))
        _check_direction(argument, here)
        _check_optional(argument, here)
        arguments.append(argument)
    return arguments


def _type(text, place, contract):
    if text in WORDS:
        return text, ""
    kind, _, target = text.partition(".")
    known = {"enum": contract.enums, "handle": contract.handles, "callback": contract.callbacks}
    if kind not in known or not target:
        valid = ", ".join(WORDS) + ", " + ", ".join(f"{word}.NAME" for word in REFERENCES)
        raise ContractError(f"{place}: unknown type '{text}' (valid: {valid})")
    if target not in known[kind]:
        raise ContractError(f"{place}: type '{text}' names no [{kind}.{target}] (there are: {', '.join(known[kind])})")
    return kind, target


# ------------------------------------------------------------------------------------------------ rules of arguments
def _check_direction(argument, place):
    valid = {"handle": ("in", "inout", "new", "free"), "char": ("out",), "int32": ("in", "out"), "int64": ("in", "out"),
             "double": ("in", "out")}.get(argument.type, ("in",))
    if argument.direction not in DIRECTIONS:
        raise ContractError(f"{place}: unknown direction '{argument.direction}' (valid: {', '.join(DIRECTIONS)})")
    if argument.direction not in valid:
        raise ContractError(f"{place}: a {argument.type} cannot have direction '{argument.direction}' "
                            f"(valid: {', '.join(valid)})")
    if argument.shape and argument.type not in BYTES:
        raise ContractError(f"{place}: a {argument.type} has no shape")
    if argument.type == "char" and len(argument.shape) != 1:
        raise ContractError(f"{place}: a char buffer has the shape [its capacity]")


def _check_optional(argument, place):
    if argument.optional and (argument.is_value or argument.direction in ("new", "inout")):
        raise ContractError(f"{place}: cannot be optional: it is no pointer, or a handle that is made or changed")
    if argument.direction == "free" and not argument.optional:
        raise ContractError(f"{place}: a handle that is ended is optional, NULL is fine")


def _check_keeps_error(function, place):
    """What leaves the last error alone fails without a message, so it takes only what can hardly be wrong."""
    for argument in function.arguments:
        is_plain = argument.type == "char" or argument.type in NUMBERS and argument.is_scalar
        if function.keeps_error and (not is_plain or argument.type == "double" and argument.direction == "in"):
            raise ContractError(f"{place}, argument '{argument.name}': a function that keeps the error takes only "
                                "buffers, counts and output numbers")


def _check_shape(function, argument, contract, place):
    for item in argument.shape:
        size = function.argument(item)
        if item.isdigit():
            if int(item) < 1:
                raise ContractError(f"{place}: size {item} in the shape is not positive")
        elif size is not None:
            if size.type != "int64" or not size.is_value:
                raise ContractError(f"{place}: size '{item}' in the shape is not an input int64")
        elif item not in contract.sizes:
            raise ContractError(f"{place}: size '{item}' in the shape is no number, no argument, and no [size.{item}]")


# ------------------------------------------------------------------------------------------------ rules of the whole
def _check_status(contract):
    status = contract.enums.get("status")
    if status is None:
        raise ContractError("[enum.status] is missing")
    numbers = {value.name: value.number for value in status.living}
    if numbers.get("SUCCESS") != 0 or "ERROR_ARGUMENT" not in numbers:
        raise ContractError("enum 'status': needs SUCCESS = 0 and ERROR_ARGUMENT")
    for value in status.values:
        if value.number < 0:
            raise ContractError(f"enum 'status', value '{value.name}': negative numbers belong to callbacks")


def _check_names(contract):
    """No two things of one name, capitals aside: Fortran does not tell them apart."""
    seen = {}
    things = [(f"enum '{e.name}', value '{v.name}'", v.name) for e in contract.enums.values() for v in e.values]
    things += [(f"callback '{name}'", name) for name in contract.callbacks]
    things += [(f"handle '{name}'", name) for name in contract.handles]
    things += [(f"function '{function.name}'", function.name) for function in contract.functions]
    for place, name in things:
        if name.lower() in seen:
            raise ContractError(f"{place}: the name is taken by {seen[name.lower()]}")
        seen[name.lower()] = place


def _check_handles(contract):
    for name in contract.handles:
        made = ended = 0
        for function in contract.functions:
            for argument in function.arguments:
                if argument.type == "handle" and argument.target == name:
                    made += argument.direction == "new"
                    ended += argument.direction == "free"
        if made < 1 or ended != 1:
            raise ContractError(f"handle '{name}': {made} functions make it and {ended} end it; "
                                "at least one and exactly one must")


def _check_groups(contract):
    previous, seen = None, set()
    for function in contract.functions:
        if function.group != previous and function.group in seen:
            raise ContractError(f"function '{function.name}': group '{function.group}' was left before; "
                                "keep a group together")
        seen.add(function.group)
        previous = function.group


def _check_sizes(contract):
    used = {item for function in contract.functions for argument in function.arguments for item in argument.shape
            if not function.argument(item)}
    for name in contract.sizes:
        if name not in used:
            raise ContractError(f"size '{name}': no shape uses it")


# ------------------------------------------------------------------------------------------------ keys and texts
def _keys(table, place, required, optional=None):
    known = {**required, **(optional or {})}
    if not isinstance(table, dict):
        raise ContractError(f"{place}: is not a table")
    for key, value in table.items():
        if key not in known:
            raise ContractError(f"{place}: unknown key '{key}' (valid: {', '.join(known)})")
        if not isinstance(value, known[key]) or (known[key] is int and isinstance(value, bool)):
            raise ContractError(f"{place}: key '{key}' is not of type {known[key].__name__}")
        if isinstance(value, str) and not value.strip():
            raise ContractError(f"{place}: key '{key}' is empty")
    for key in required:
        if key not in table:
            raise ContractError(f"{place}: key '{key}' is missing")


def _place(what, table, index):
    """Where a table stands, by its name as far as it has one."""
    return f"{what} '{table.get('name', index)}'" if isinstance(table, dict) else f"{what} {index}"


def _texts(values, place):
    for value in values:
        if not isinstance(value, str) or not value.strip():
            raise ContractError(f"{place}: is not a list of texts")


def _identifier(text, place):
    if not re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", text):
        raise ContractError(f"{place}: '{text}' is no name; names are of small letters, digits and single _")
    if text in RESERVED:
        raise ContractError(f"{place}: the name '{text}' is reserved in one of the languages")
