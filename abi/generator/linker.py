# SPDX-License-Identifier: BSD-3-Clause
"""The linker's version script, and the plain list of exported functions for the tests."""


def symbols(contract):
    return [f"{contract.prefix}_{function.name}" for function in contract.functions]


def write_script(contract, notice):
    names = "".join(f"    {symbol};\n" for symbol in symbols(contract))
    return f"/* {notice} */\n{contract.name.upper()}_{contract.abi} {{\n  global:\n{names}  local:\n    *;\n}};\n"


def write_symbols(contract, notice):
    return f"# {notice}\n" + "".join(f"{symbol}\n" for symbol in symbols(contract))
