#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""The recorded binary interface: signatures of the exported functions (baseline.abi) and numbers (baseline.numbers).

  python3 abi/baseline.py compare LIBRARY     exit 1 and say what differs from the record
  python3 abi/baseline.py record LIBRARY      record anew from a Release build, when functions or numbers were added

What is added goes into the record. What is changed or taken away breaks programs that are linked already: raise `abi`
in ternion.toml first, and say in `abi_history` why. Needs abidw and abidiff of libabigail; the signatures come from the
debug symbols of entry.c, which are always there.
"""

import pathlib
import re
import subprocess
import sys

from generator import grammar

HERE = pathlib.Path(__file__).resolve().parent
SIGNATURES, NUMBERS = HERE / "baseline.abi", HERE / "baseline.numbers"
PUBLIC = [str(HERE / "include")]  # types that the header does not define are opaque
PORTABLE = ["--no-corpus-path", "--no-comp-dir-path", "--no-architecture", "--no-elf-needed", "--no-show-locs",
            "--drop-private-types", "--exported-interfaces-only"]


def numbers():
    contract = grammar.read(HERE / "ternion.toml")
    lines = [f"abi {contract.abi}"]
    values = [value for enum in contract.enums.values() for value in enum.values]
    return lines + [f"{contract.macro}_{value.name} {value.number}" for value in values]


def record(library):
    subprocess.run(["abidw", *PORTABLE, "--headers-dir", *PUBLIC, "--out-file", str(SIGNATURES), library], check=True)
    text = SIGNATURES.read_text(encoding="utf-8")
    SIGNATURES.write_text(re.sub(r" path='[^']*/(src/[^']*)'", r" path='\1'", text), encoding="utf-8")
    NUMBERS.write_text("".join(f"{line}\n" for line in numbers()), encoding="utf-8")


def compare(library):
    command = ["abidiff", "--no-show-locs", "--no-architecture", "--drop-private-types", "--headers-dir2", *PUBLIC]
    answer = subprocess.run([*command, str(SIGNATURES), library], capture_output=True, text=True, check=False)
    lines = [answer.stdout + answer.stderr] if answer.returncode else []
    recorded, current = NUMBERS.read_text(encoding="utf-8").split("\n")[:-1], numbers()
    lines += [f"baseline.numbers has '{line}', the contract has not" for line in recorded if line not in current]
    lines += [f"the contract has '{line}', baseline.numbers has not" for line in current if line not in recorded]
    return "\n".join(lines)


def main():
    if len(sys.argv) != 3 or sys.argv[1] not in ("record", "compare"):
        sys.exit(__doc__)
    if sys.argv[1] == "record":
        record(sys.argv[2])
        return
    message = compare(sys.argv[2])
    if message:
        sys.exit(f"{message}\nThe binary interface is not the recorded one; see the head of abi/baseline.py.")


if __name__ == "__main__":
    main()
