"""Error paths: options and structure files that must be refused, and what the
message must say. Statuses are the numbers of abi/ternion.toml, never reused."""
import blocks

OPTION, FILE, FORMAT = 2, 3, 4

# key, value, two pieces of text that the message must contain
OPTIONS = [
    ("cutof", "5.0", "cutof", "cutoff"),
    ("nmax", "4", "nmax", "n_max"),
    ("regularisation", "1e-3", "regularisation", "regularization"),
    ("cutoff", "-1", "cutoff", "-1"),
    ("cutoff", "0", "cutoff", "0"),
    ("cutoff", "5.0A", "cutoff", "5.0A"),
    ("cutoff", "nan", "cutoff", "nan"),
    ("cutoff", "inf", "cutoff", "inf"),
    ("cutoff_function", "cosine", "cosine", "shifted-cosine"),
    ("radial_basis", "gtoo", "gtoo", "gto"),
    ("n_max", "0", "n_max", "0"),
    ("n_max", "2.5", "n_max", "2.5"),
    ("n_max", "99999999999999999999", "n_max", "99999999999999999999"),
    ("l_max", "-1", "l_max", "-1"),
    ("sigma", "0", "sigma", "0"),
    ("center_weight", "one", "center_weight", "one"),
    ("species", "5,Qq", "species", "Qq"),
    ("species", "0", "species", "0"),
    ("group", "o4", "o4", "so3"),
    ("energy_weight", "-1", "energy_weight", "-1"),
    ("self_pairs", "2", "self_pairs", "2"),
]

PROPERTIES = "Properties=species:S:1:pos:R:3"
CELL = 'Lattice="5 0 0 0 5 0 0 0 5"'
GOOD = f"1\n{PROPERTIES} energy=-1.0\nH 0.0 0.0 0.0\n"


def frame(*atoms, header=PROPERTIES, count=None):
    return "\n".join([str(len(atoms)) if count is None else count, header, *atoms]) + "\n"


# name, content, where: ":line:column" (1-based, first character of the offending
# word), ":line:" where the column is a matter of taste, "" where the line is, too
FILES = [
    ("count_not_a_number", frame("H 0.0 0.0 0.0", count="1x"), ":1:1"),
    ("count_negative", frame("H 0.0 0.0 0.0", count="-1"), ":1:1"),
    ("count_overflow", frame("H 0.0 0.0 0.0", count="99999999999999999999"), ":1:1"),
    ("count_too_small", frame("H 0.0 0.0 0.0", "H 0.0 0.0 1.0", count="1"), ":4:1"),
    ("count_too_large", frame("H 0.0 0.0 0.0", "H 0.0 0.0 1.0", count="3") + GOOD, ":5:"),
    ("truncated_frame", frame("H 0.0 0.0 0.0", "H 0.0 0.0 1.0", count="3"), ""),
    ("truncated_header", "2\n", ""),
    ("position_not_a_number", frame("H 0.0 0.0 0.0", "H 0.0 1.0x 2.0"), ":4:7"),
    ("position_nan", frame("H 0.0 0.0 0.0", "O  0.5 0.0 nan"), ":4:12"),
    ("position_infinite", frame("H -inf 0.0 0.0"), ":3:3"),
    ("position_overflow", frame("H 0.0 1e999 0.0"), ":3:7"),
    ("position_missing", frame("H 0.0 0.0 0.0", "H 0.0 1.0"), ":4:"),
    ("column_too_many", frame("H 0.0 0.0 0.0 7"), ":3:15"),
    ("element_unknown", frame("H 0.0 0.0 0.0", "Qq 0.0 0.0 1.0"), ":4:1"),
    ("second_frame", GOOD + frame("H 0.0 0.0 zero"), ":6:11"),
    ("force_not_a_number", frame("H 0 0 0 0.1 0.2 -", header=PROPERTIES + ":forces:R:3"), ":3:17"),
    ("lattice_eight_numbers", frame("H 0 0 0", header='Lattice="5 0 0 0 5 0 0 0" ' + PROPERTIES), ":2:"),
    ("lattice_not_a_number", frame("H 0 0 0", header='Lattice="5 0 0 0 5 0 0 0 a" ' + PROPERTIES), ":2:"),
    ("lattice_nan", frame("H 0 0 0", header='Lattice="nan 0 0 0 5 0 0 0 5" ' + PROPERTIES), ":2:"),
    ("lattice_flat", frame("H 0 0 0", header=f'Lattice="5 0 0 0 5 0 5 5 0" {PROPERTIES} pbc="T T T"'), ":2:"),
    ("pbc_unknown", frame("H 0 0 0", header=f'{CELL} {PROPERTIES} pbc="T T X"'), ":2:"),
    ("quote_open", frame("H 0 0 0", header=f'{PROPERTIES} Lattice="5 0 0 0 5 0 0 0 5'), ":2:"),
    ("energy_not_a_number", frame("H 0 0 0", header=PROPERTIES + " energy=low"), ":2:"),
    ("energy_nan", frame("H 0 0 0", header=PROPERTIES + " energy=nan"), ":2:"),
    ("virial_eight_numbers", frame("H 0 0 0", header=f'{CELL} {PROPERTIES} virial="1 0 0 0 1 0 0 0"'), ":2:"),
    ("properties_without_positions", frame("H", header="Properties=species:S:1"), ":2:"),
    ("properties_two_positions", frame("H 0 0", header="Properties=species:S:1:pos:R:2"), ":2:"),
    ("properties_unknown_type", frame("H 0 0 0", header="Properties=species:S:1:pos:X:3"), ":2:"),
    ("properties_bad_count", frame("H 0 0 0", header="Properties=species:S:1:pos:R:three"), ":2:"),
]
NOT_UTF8 = b"1\nProperties=species:S:1:pos:R:3 comment=\xff\xfe\nH 0.0 0.0 0.0\n"


def bad_files():
    files = {f"bad/{name}.extxyz": content.encode() for name, content, _ in FILES}
    files["bad/not_utf8.extxyz"] = NOT_UTF8
    return files


def errors_file():
    keys, values, says, says_too = zip(*OPTIONS)
    paths = [(f"bad/{name}.extxyz", FORMAT, f"{name}.extxyz{where}") for name, _, where in FILES]
    paths.append(("bad/not_utf8.extxyz", FORMAT, "not_utf8.extxyz:2:"))
    paths.append(("bad/does_not_exist.extxyz", FILE, "does_not_exist.extxyz"))
    paths.append(("bad", FILE, "bad"))  # a directory
    return "".join([
        blocks.text("option_keys", keys),
        blocks.text("option_values", values),
        blocks.real("option_status", [OPTION] * len(keys)),
        blocks.text("option_says", says),
        blocks.text("option_says_too", says_too),
        blocks.text("file_paths", [p for p, _, _ in paths]),
        blocks.real("file_status", [s for _, s, _ in paths]),
        blocks.text("file_says", [s for _, _, s in paths])])
