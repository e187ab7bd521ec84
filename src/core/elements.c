/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/elements.h"

#include <stddef.h>
#include <string.h>

static const char elements_symbols[ELEMENTS_COUNT][3] = {
    "H",  "He", "Li", "Be", "B",  "C",  "N",  "O",  "F",  "Ne", "Na", "Mg", "Al", "Si", "P",  "S",  "Cl",
    "Ar", "K",  "Ca", "Sc", "Ti", "V",  "Cr", "Mn", "Fe", "Co", "Ni", "Cu", "Zn", "Ga", "Ge", "As", "Se",
    "Br", "Kr", "Rb", "Sr", "Y",  "Zr", "Nb", "Mo", "Tc", "Ru", "Rh", "Pd", "Ag", "Cd", "In", "Sn", "Sb",
    "Te", "I",  "Xe", "Cs", "Ba", "La", "Ce", "Pr", "Nd", "Pm", "Sm", "Eu", "Gd", "Tb", "Dy", "Ho", "Er",
    "Tm", "Yb", "Lu", "Hf", "Ta", "W",  "Re", "Os", "Ir", "Pt", "Au", "Hg", "Tl", "Pb", "Bi", "Po", "At",
    "Rn", "Fr", "Ra", "Ac", "Th", "Pa", "U",  "Np", "Pu", "Am", "Cm", "Bk", "Cf", "Es", "Fm", "Md", "No",
    "Lr", "Rf", "Db", "Sg", "Bh", "Hs", "Mt", "Ds", "Rg", "Cn", "Nh", "Fl", "Mc", "Lv", "Ts", "Og"};

const char *elements_symbol(int32_t number) {
  return number >= 1 && number <= ELEMENTS_COUNT ? elements_symbols[number - 1] : NULL;
}

int32_t elements_number(const char *symbol, int64_t length) {
  for (int32_t i = 0; i < ELEMENTS_COUNT && length > 0 && length <= 2; i++)
    if (strlen(elements_symbols[i]) == (size_t)length && memcmp(elements_symbols[i], symbol, (size_t)length) == 0)
      return i + 1;
  return 0;
}
