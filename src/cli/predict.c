/* SPDX-License-Identifier: BSD-3-Clause */
/* Frames are read, predicted and written in a stream: memory does not grow with their number. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli.h"

enum { CHUNK = 64 };

typedef struct stream {
  const arguments *arguments;
  tern_model *model;
  tern_reader *reader;
  tern_writer *writer; /* NULL: nothing to write */
  prediction prediction;
  measures measures;
  int64_t frames;
} stream;

static void print_frame(const stream *stream) {
  const prediction *prediction = &stream->prediction;
  const bool known = !isnan(prediction->reference_energy);
  if (stream->arguments->json) {
    printf("{\"event\": \"frame\", \"frame\": %lld, \"atoms\": %lld, \"energy\": %.17g", (long long)stream->frames,
           (long long)prediction->n_atoms, prediction->energy);
    if (known)
      printf(", \"reference\": %.17g", prediction->reference_energy);
    puts("}");
  } else if (stream->writer == NULL && !stream->arguments->quiet) {
    if (stream->frames == 0)
      printf("%8s %8s %18s %18s\n", "frame", "atoms", "energy/eV", "reference/eV");
    printf("%8lld %8lld %18.8f", (long long)stream->frames, (long long)prediction->n_atoms, prediction->energy);
    if (known)
      printf(" %18.8f", prediction->reference_energy);
    putchar('\n');
  }
}

static int32_t predict_frame(stream *stream, const tern_dataset *chunk, int64_t index) {
  tern_system *system = NULL;
  prediction *prediction = &stream->prediction;
  int32_t status = tern_dataset_system(chunk, index, &system);
  if (status == TERN_SUCCESS)
    status = prediction_make(prediction, stream->model, chunk, index, system, &stream->measures);
  if (status == TERN_SUCCESS && stream->writer)
    status = tern_writer_append(stream->writer, system, &prediction->energy, prediction->forces, prediction->virial);
  tern_system_free(system);
  if (status != TERN_SUCCESS) {
    fprintf(stderr, "ternion: frame %lld of %s (counted from 0):\n", (long long)stream->frames, stream->arguments->inputs[1]);
    return status;
  }
  print_frame(stream);
  ++stream->frames;
  return TERN_SUCCESS;
}

static int32_t predict_chunk(stream *stream, int64_t *size) {
  tern_dataset *chunk = NULL;
  int32_t status = tern_reader_next(stream->reader, CHUNK, &chunk);
  if (status == TERN_SUCCESS)
    status = tern_dataset_size(chunk, size);
  for (int64_t i = 0; status == TERN_SUCCESS && i < *size; ++i)
    status = interrupted() || ferror(stdout) ? TERN_CANCELLED : predict_frame(stream, chunk, i);
  tern_dataset_free(chunk);
  return status;
}

static int32_t predict_all(stream *stream) {
  const arguments *arguments = stream->arguments;
  progress_bar bar = progress_new(arguments);
  int64_t size = 0;
  int32_t status = tern_model_load(&stream->model, arguments->inputs[0]);
  if (status == TERN_SUCCESS)
    status = tern_reader_open(&stream->reader, arguments->inputs[1], arguments->options);
  if (status == TERN_SUCCESS && arguments->output)
    status = tern_writer_open(&stream->writer, arguments->output);
  while (status == TERN_SUCCESS && (status = predict_chunk(stream, &size)) == TERN_SUCCESS && size > 0)
    if (stream->writer && progress_show("predict", stream->frames, 0, -1, &bar))
      status = TERN_CANCELLED;
  progress_end(&bar);
  if (status == TERN_SUCCESS && stream->writer)
    status = tern_writer_close(stream->writer);
  return status;
}

int verb_predict(const arguments *arguments) {
  stream stream = {.arguments = arguments};
  const bool bad = failed(predict_all(&stream));
  if (!bad && arguments->json)
    measures_print_json(&stream.measures, arguments->inputs[1], arguments->pairs);
  else if (!bad && !arguments->quiet) {
    printf("%lld frames%s%s\n", (long long)stream.frames, arguments->output ? ": " : "", arguments->output ? arguments->output : "");
    measures_print(&stream.measures, "errors", arguments->pairs);
  }
  prediction_free(&stream.prediction);
  tern_writer_free(stream.writer);
  tern_reader_free(stream.reader);
  tern_model_free(stream.model);
  return bad ? EXIT_FAILED : EXIT_SUCCESS;
}
