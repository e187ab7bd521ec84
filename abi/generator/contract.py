# SPDX-License-Identifier: BSD-3-Clause
"""What a contract is made of, once it was read."""

from dataclasses import dataclass, field

NUMBERS = ("int32", "int64", "double")
BYTES = {"int32": 4, "int64": 8, "double": 8, "char": 1}


@dataclass
class Value:
    name: str
    number: int
    doc: str
    retired: bool


@dataclass
class Enum:
    name: str
    doc: str
    values: list

    @property
    def living(self):
        return [value for value in self.values if not value.retired]


@dataclass
class Handle:
    name: str
    doc: str
    threads: str


@dataclass
class Size:
    name: str
    doc: str


@dataclass
class Argument:
    name: str
    type: str  # "double", "handle", "enum", ...
    target: str  # the NAME of handle.NAME, enum.NAME, callback.NAME; empty otherwise
    direction: str
    shape: list
    unit: str
    doc: str
    optional: bool

    @property
    def is_scalar(self):
        return self.type in NUMBERS and not self.shape

    @property
    def is_value(self):
        """Passed by value: an input number."""
        return self.type == "enum" or (self.is_scalar and self.direction == "in")

    @property
    def is_array(self):
        return bool(self.shape)


@dataclass
class Callback:
    name: str
    doc: str
    arguments: list


@dataclass
class Function:
    name: str
    group: str
    doc: str
    keeps_error: bool
    arguments: list

    def argument(self, name):
        return next((a for a in self.arguments if a.name == name), None)

    def is_count(self, argument):
        """Does an array of this function have this size?"""
        return any(argument.name in other.shape for other in self.arguments)

    def shape_is_known(self, argument):
        """Can the number of elements be told from the arguments alone?"""
        return all(item.isdigit() or self.argument(item) for item in argument.shape)


@dataclass
class Contract:
    name: str
    prefix: str
    abi: int
    abi_history: list
    release: str
    doc: str
    conventions: list
    enums: dict
    sizes: dict
    handles: dict
    callbacks: dict
    functions: list = field(default_factory=list)

    @property
    def macro(self):
        return self.prefix.upper()

    @property
    def groups(self):
        """Names of the groups with their functions, in the order of the file."""
        result = {}
        for function in self.functions:
            result.setdefault(function.group, []).append(function)
        return result
