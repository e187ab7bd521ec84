/* SPDX-License-Identifier: BSD-3-Clause */
/* What users type, in the words of the reference, with a callback in addition. */
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

static int32_t watch(const char *stage, int64_t done, int64_t total, double loss, void *context) {
  (void)context;
  return printf("%s %d/%d %g\n", stage, (int)done, (int)total, loss) < 0 ? -5 : 0;
}

int main(void) {
  tern_dataset *train = NULL;
  tern_options *options = NULL;
  tern_model *model = NULL;
  tern_system *dimer = NULL;
  tern_descriptor *descriptor = NULL;
  const int32_t species[2] = {14, 14};
  const double positions[2][3] = {{0, 0, 0}, {0, 0, 2.35}};
  double energy, forces[2][3], virial[3][3];
  int64_t rows, features;

  check(tern_dataset_read(&train, "train.extxyz", NULL));
  check(tern_options_new(&options));
  check(tern_options_set(options, "descriptor", "power_spectrum"));
  check(tern_options_set_double(options, "cutoff", 5.0));
  check(tern_model_fit(&model, "ridge", train, options, watch, NULL));
  check(tern_model_save(model, "silicon.tern"));
  check(tern_system_new(&dimer, 2, species, positions[0], NULL, NULL));
  check(tern_model_predict(model, dimer, &energy, forces[0], virial[0]));
  check(tern_descriptor_new(&descriptor, "power_spectrum", options));
  check(tern_descriptor_fit(descriptor, train, NULL, NULL));
  check(tern_descriptor_shape(descriptor, dimer, &rows, &features));
  printf("%.6f eV\n", energy);
  tern_descriptor_free(descriptor);
  tern_system_free(dimer);
  tern_model_free(model);
  tern_options_free(options);
  tern_dataset_free(train);
}
