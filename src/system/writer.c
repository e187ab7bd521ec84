/* SPDX-License-Identifier: BSD-3-Clause */
/* Extended XYZ, written so that reading gives the same numbers to the last bit. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/elements.h"
#include "core/error.h"
#include "core/handle_tags.h"
#include "core/memory.h"
#include "core/text.h"
#include "io/file.h"
#include "system/dataset.h"
#include "system/system_check.h"

struct tern_writer {
  uint32_t tag;
  bool failed; /* part of a structure may be written */
  output_file *output;
  text text; /* the structure at hand */
};

int32_t writer_open(tern_writer **writer, const char *path) {
  tern_writer *made = NULL;
  TRY(MEMORY_NEW(NULL, &made, 1, "a writer"));
  made->tag = HANDLE_WRITER;
  const int32_t status = output_open(&made->output, path);
  if (status != TERN_SUCCESS) {
    writer_free(made);
    return status;
  }
  *writer = made;
  return TERN_SUCCESS;
}

void writer_free(tern_writer *writer) {
  if (writer == NULL)
    return;
  output_free(writer->output);
  text_free(&writer->text);
  writer->tag = HANDLE_END(HANDLE_WRITER);
  memory_free(NULL, writer);
}

/* Zero keeps its sign; every number has a point or an exponent, so that no reader takes it for an integer. */
static void writer_real(text *text, double value) {
  char number[40];
  double back = NAN;
  for (int digits = 15; digits <= 17 && back != value; ++digits) {
    text_format(number, sizeof number, "%.*g", digits, value);
    text_to_real(number, &back);
  }
  text_add(text, strpbrk(number, ".e") != NULL ? "%s" : "%s.0", number);
}

static void writer_list(text *text, const char *key, double factor, int64_t count, const double *values) {
  text_add(text, "%s=%s", key, count > 1 ? "\"" : "");
  for (int64_t i = 0; i < count; ++i) {
    text_add(text, i == 0 ? "" : " ");
    writer_real(text, factor * values[i]);
  }
  text_add(text, count > 1 ? "\" " : " ");
}

static void writer_comment(text *text, const frame *frame) {
  const tern_system *system = frame->system;
  double volume = 0;
  if (system->has_cell)
    writer_list(text, "Lattice", 1, 9, system->cell[0]);
  text_add(text, "Properties=species:S:1:pos:R:3%s", frame->forces != NULL ? ":forces:R:3" : "");
  for (int64_t k = 0; k < frame->n_vectors; ++k)
    text_add(text, ":%s:R:%lld", frame->vectors[k].name, (long long)frame->vectors[k].width);
  text_add(text, " ");
  if (frame->has_energy)
    writer_list(text, "energy", 1, 1, &frame->energy);
  if (frame->has_virial)
    writer_list(text, "virial", 1, 9, frame->virial[0]);
  if (frame->has_virial && system_volume(system, &volume))
    writer_list(text, "stress", -1 / volume, 9, frame->virial[0]);
  for (int64_t k = 0; k < frame->n_tensors; ++k)
    writer_list(text, frame->tensors[k].name, 1, tensor_count(frame->tensors[k].order), frame->tensors[k].values);
  text_add(text, "pbc=\"%c %c %c\"\n", system->periodic[0] ? 'T' : 'F', system->periodic[1] ? 'T' : 'F',
           system->periodic[2] ? 'T' : 'F');
}

static void writer_reals(text *text, int64_t count, const double *values) {
  for (int64_t k = 0; k < count; ++k) {
    text_add(text, " ");
    writer_real(text, values[k]);
  }
}

/* Text goes on to the file in blocks, so that a large structure does not stand in memory as text. */
static int32_t writer_flush(tern_writer *writer, int64_t unless_below) {
  text *text = &writer->text;
  if (text->failed)
    return error_set(TERN_ERROR_MEMORY, "no memory for the text of a structure");
  if (text->length < unless_below)
    return TERN_SUCCESS;
  TRY(output_write(writer->output, text->data, text->length));
  text->length = 0;
  return TERN_SUCCESS;
}

static int32_t writer_atoms(tern_writer *writer, const frame *frame) {
  const tern_system *system = frame->system;
  for (int64_t i = 0; i < system->n_atoms; ++i) {
    text_add(&writer->text, "%s", elements_symbol(system->species[i]));
    writer_reals(&writer->text, 3, system->positions + 3 * i);
    if (frame->forces != NULL)
      writer_reals(&writer->text, 3, frame->forces + 3 * i);
    for (int64_t k = 0; k < frame->n_vectors; ++k)
      writer_reals(&writer->text, frame->vectors[k].width, frame->vectors[k].values + i * frame->vectors[k].width);
    text_add(&writer->text, "\n");
    TRY(writer_flush(writer, 1 << 16));
  }
  return writer_flush(writer, 0);
}

int32_t writer_append_frame(tern_writer *writer, const frame *frame) {
  if (writer->output == NULL || writer->failed)
    return error_set(TERN_ERROR_ARGUMENT,
                     writer->failed ? "writing failed before: start a new file" : "the file is closed already");
  if (frame->system->positions == NULL)
    return error_set(TERN_ERROR_MISSING, "a system made from pairs has no positions to write");
  writer->text.length = 0;
  text_add(&writer->text, "%lld\n", (long long)frame->system->n_atoms);
  writer_comment(&writer->text, frame);
  const int32_t status = writer_atoms(writer, frame);
  writer->failed = status != TERN_SUCCESS;
  return status;
}

int32_t writer_append(tern_writer *writer, const tern_system *system, const double *energy, const double *forces,
                      const double *virial) {
  frame frame = {.system = (tern_system *)(uintptr_t)system, .forces = (double *)(uintptr_t)forces};
  TRY(system_check_targets(system, energy, forces, virial));
  frame.has_energy = energy != NULL;
  frame.energy = energy != NULL ? *energy : 0;
  frame.has_virial = virial != NULL;
  if (virial != NULL)
    memcpy(frame.virial, virial, sizeof frame.virial);
  return writer_append_frame(writer, &frame);
}

int32_t writer_close(tern_writer *writer) {
  if (writer->output == NULL || writer->failed)
    return error_set(TERN_ERROR_ARGUMENT,
                     writer->failed ? "writing failed before: start a new file" : "the file is closed already");
  TRY(output_commit(writer->output));
  output_free(writer->output);
  writer->output = NULL;
  return TERN_SUCCESS;
}

static int32_t writer_all(tern_writer *writer, const tern_dataset *dataset) {
  for (int64_t i = 0; i < dataset->size; ++i)
    TRY(writer_append_frame(writer, dataset->frames[i]));
  return writer_close(writer);
}

int32_t dataset_write(const tern_dataset *dataset, const char *path) {
  tern_writer *writer = NULL;
  TRY(writer_open(&writer, path));
  const int32_t status = writer_all(writer, dataset);
  writer_free(writer);
  return status;
}
