/* SPDX-License-Identifier: BSD-3-Clause */
/* Any bytes as a structure file: read or refused, the same however they arrive. */
#include <stdlib.h>

#include "system/dataset.h"
#include "system/reader.h"

static int32_t read_bytes(const uint8_t *data, size_t size, int64_t chunk, tern_dataset **dataset) {
  input_file *input = NULL;
  tern_reader *reader = NULL;
  int32_t status = input_open_memory(&input, "input", data, (int64_t)size);
  if (status == TERN_SUCCESS)
    status = reader_open_input(&reader, input, NULL, chunk);
  if (status == TERN_SUCCESS)
    status = reader_next(reader, INT64_MAX, dataset);
  reader_free(reader);
  return status;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  tern_dataset *whole = NULL, *parts = NULL;
  const int32_t first = read_bytes(data, size, LINES_CHUNK, &whole), second = read_bytes(data, size, 13, &parts);
  if (first != second || (whole == NULL) != (first != TERN_SUCCESS) || (parts == NULL) != (first != TERN_SUCCESS) ||
      (whole != NULL && whole->size != parts->size))
    abort();
  dataset_free(whole);
  dataset_free(parts);
  return 0;
}
