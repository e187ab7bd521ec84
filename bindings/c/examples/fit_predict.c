/* SPDX-License-Identifier: BSD-3-Clause */
/* cc demo.c $(pkg-config --cflags --libs ternion) */
#include <stdio.h>
#include <stdlib.h>
#include <ternion.h>

static void check(int32_t status) {
  if (status == TERN_SUCCESS) return;
  char message[512];
  tern_last_error(message, sizeof message, NULL);
  fprintf(stderr, "%s\n", message);
  exit(1);
}

int main(void) {
  tern_dataset *train = NULL;
  tern_options *options = NULL;
  tern_model *model = NULL;
  tern_system *dimer = NULL;
  const int32_t species[2] = {14, 14};
  const double positions[2][3] = {{0, 0, 0}, {0, 0, 2.35}};
  double energy, forces[2][3], virial[3][3];

  check(tern_dataset_read(&train, "train.extxyz", NULL));
  check(tern_options_new(&options));
  check(tern_options_set(options, "descriptor", "power_spectrum"));  /* text, as on the command line */
  check(tern_options_set_double(options, "cutoff", 5.0));            /* or typed */
  check(tern_model_fit(&model, "ridge", train, options, NULL, NULL)); /* progress callback, its context */
  check(tern_model_save(model, "silicon.tern"));
  check(tern_system_new(&dimer, 2, species, positions[0], NULL, NULL)); /* cell[3][3], periodic[3] */
  check(tern_model_predict(model, dimer, &energy, forces[0], virial[0])); /* any output may be NULL */
  printf("%.6f eV\n", energy);
  tern_system_free(dimer);
  tern_model_free(model);
  tern_options_free(options);
  tern_dataset_free(train);
}
