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

/* Covalent radii in pm: B. Cordero et al., Dalton Trans. 2832 (2008); of Mn, Fe and Co those of low spin. */
enum { ELEMENTS_MEASURED = 96 };
static const int16_t elements_radii[ELEMENTS_MEASURED] = {
    31, 28, 128, 96, 84, 76, 71, 66, 57, 58, 166, 141, 121, 111, 107, 105, 102, 106, 203, 176, 170, 160, 153, 139,
    139, 132, 126, 124, 132, 122, 122, 120, 119, 120, 120, 116, 220, 195, 190, 175, 164, 154, 147, 146, 142, 139,
    145, 144, 142, 139, 139, 138, 139, 140, 244, 215, 207, 204, 203, 201, 199, 198, 198, 196, 194, 192, 192, 189,
    190, 187, 187, 175, 170, 162, 151, 144, 141, 136, 136, 132, 145, 146, 148, 140, 150, 150, 260, 221, 215, 206,
    200, 196, 190, 187, 180, 169};

const char *elements_symbol(int32_t number) {
  return number >= 1 && number <= ELEMENTS_COUNT ? elements_symbols[number - 1] : NULL;
}

int32_t elements_number(const char *symbol, int64_t length) {
  for (int32_t i = 0; i < ELEMENTS_COUNT && length > 0 && length <= 2; i++)
    if (strlen(elements_symbols[i]) == (size_t)length && memcmp(elements_symbols[i], symbol, (size_t)length) == 0)
      return i + 1;
  return 0;
}

double elements_radius(int32_t number) {
  if (number < 1 || number > ELEMENTS_COUNT)
    return 0;
  return 0.01 * elements_radii[(number < ELEMENTS_MEASURED ? number : ELEMENTS_MEASURED) - 1];
}
