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
  doubt doubt;
  measures measures;
  int64_t frames;
  progress_bar bar;
} stream;

/* ---- what is printed of a frame ---- */

static void print_object(const stream *stream) {
  const prediction *prediction = &stream->prediction;
  printf("{\"event\": \"frame\", \"frame\": %lld, \"atoms\": %lld, \"energy\": %.17g", (long long)stream->frames,
         (long long)prediction->n_atoms, prediction->energy);
  if (!isnan(prediction->reference_energy))
    printf(", \"reference\": %.17g", prediction->reference_energy);
  if (stream->doubt.judged)
    printf(", \"energy_std\": %.10g", stream->doubt.deviation);
  if (!isnan(stream->doubt.score))
    printf(", \"extrapolation\": %.10g", stream->doubt.score);
  if (stream->doubt.ratio < 1)
    printf(", \"shortest_ratio\": %.10g", stream->doubt.ratio);
  puts("}");
}

static void print_titles(bool judged) {
  printf("%8s %8s %18s", "frame", "atoms", "energy/eV");
  if (judged)
    printf(" %14s %10s", "deviation/eV", "score");
  printf(" %18s\n", "reference/eV");
}

static void print_line(const stream *stream) {
  const prediction *prediction = &stream->prediction;
  const bool judged = stream->doubt.judged, known = !isnan(prediction->reference_energy);
  if (stream->frames == 0)
    print_titles(judged);
  printf("%8lld %8lld %18.8f", (long long)stream->frames, (long long)prediction->n_atoms, prediction->energy);
  if (judged)
    printf(" %14.6g %10.3g", stream->doubt.deviation, isnan(stream->doubt.score) ? 0 : stream->doubt.score);
  if (known)
    printf(" %18.8f", prediction->reference_energy);
  putchar('\n');
}

static void print_frame_json(const stream *stream) {
  const prediction *prediction = &stream->prediction;
  if (prediction->target.kind == TARGET_TENSOR)
    tensor_print_json(&prediction->tensor, &prediction->target, stream->frames, prediction->n_atoms);
  else if (prediction->target.kind == TARGET_VECTORS)
    vectors_print_json(&prediction->vectors, stream->frames, prediction->n_atoms);
  else
    print_object(stream);
}

static void print_frame(const stream *stream) {
  const prediction *prediction = &stream->prediction;
  if (prediction->target.kind == TARGET_TENSOR)
    tensor_print(&prediction->tensor, &prediction->target, stream->frames, prediction->n_atoms);
  else if (prediction->target.kind == TARGET_VECTORS)
    vectors_print(&prediction->vectors, prediction->target.name, stream->frames);
  else
    print_line(stream);
}

/* ---- one frame ---- */

static int32_t judge(stream *stream, const tern_system *system) {
  const arguments *arguments = stream->arguments;
  const prediction *prediction = &stream->prediction;
  doubt *doubt = &stream->doubt;
  if (arguments->quiet && !arguments->json && !arguments->uncertainty)
    return TERN_SUCCESS;
  const int32_t status = doubt_make(doubt, stream->model, system, arguments->uncertainty);
  if (status != TERN_SUCCESS)
    return status;
  if (doubt->deviation > 0 && !isnan(prediction->reference_energy))
    measures_add_deviation(&stream->measures, prediction->energy - prediction->reference_energy, doubt->deviation);
  if (!arguments->quiet)
    doubt_warn(doubt, stream->frames, arguments->inputs[1], &stream->bar);
  return TERN_SUCCESS;
}

static int32_t write_frame(const stream *stream, const tern_system *system) {
  const prediction *prediction = &stream->prediction;
  const target *target = &prediction->target;
  if (target->kind == TARGET_TENSOR)
    return tensor_write(&prediction->tensor, target, system, stream->writer);
  if (target->kind == TARGET_VECTORS)
    return vectors_write(&prediction->vectors, target->name, prediction->n_atoms, system, stream->writer);
  return predicted_write(stream->writer, stream->model, system, prediction, &stream->doubt, stream->arguments->atoms);
}

static int32_t predict_system(stream *stream, const tern_dataset *chunk, int64_t index, const tern_system *system) {
  int32_t status =
      prediction_make(&stream->prediction, stream->model, chunk, index, system, &stream->measures);
  if (status == TERN_SUCCESS)
    status = judge(stream, system);
  return status == TERN_SUCCESS && stream->writer != NULL ? write_frame(stream, system) : status;
}

static int32_t predict_frame(stream *stream, const tern_dataset *chunk, int64_t index) {
  tern_system *system = NULL;
  int32_t status = tern_dataset_system(chunk, index, &system);
  if (status == TERN_SUCCESS)
    status = predict_system(stream, chunk, index, system);
  tern_system_free(system);
  if (status != TERN_SUCCESS) {
    progress_end(&stream->bar);
    fprintf(stderr, "ternion: frame %lld of %s (counted from 0):\n", (long long)stream->frames,
            stream->arguments->inputs[1]);
    return status;
  }
  if (stream->arguments->json)
    print_frame_json(stream);
  else if (stream->writer == NULL && !stream->arguments->quiet)
    print_frame(stream);
  ++stream->frames;
  return TERN_SUCCESS;
}

/* ---- all frames ---- */

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

/* What is known of energies only is asked for in vain. */
static int32_t check_target(const stream *stream) {
  const target *target = &stream->prediction.target;
  if (target->kind == TARGET_ENERGY || (!stream->arguments->uncertainty && !stream->arguments->atoms))
    return TERN_SUCCESS;
  fprintf(stderr, "ternion: %s is of energies, but %s predicts '%s'\n",
          stream->arguments->uncertainty ? "--uncertainty" : "--atoms", stream->arguments->inputs[0], target->name);
  return ALREADY_TOLD;
}

static int32_t predict_frames(stream *stream) {
  const arguments *arguments = stream->arguments;
  int64_t size = 0;
  int32_t status = prediction_open(&stream->prediction, stream->model, arguments->options);
  if (status == TERN_SUCCESS)
    status = check_target(stream);
  if (status == TERN_SUCCESS)
    status = tern_reader_open(&stream->reader, arguments->inputs[1], arguments->options);
  if (status == TERN_SUCCESS && arguments->output)
    status = tern_writer_open(&stream->writer, arguments->output);
  while (status == TERN_SUCCESS && (status = predict_chunk(stream, &size)) == TERN_SUCCESS && size > 0)
    if (stream->writer && progress_show("predict", stream->frames, 0, -1, &stream->bar))
      status = TERN_CANCELLED;
  progress_end(&stream->bar);
  if (status == TERN_SUCCESS && stream->writer)
    status = tern_writer_close(stream->writer);
  return status;
}

static void print_summary(const stream *stream) {
  const arguments *arguments = stream->arguments;
  if (arguments->json) {
    measures_print_json(&stream->measures, arguments->inputs[1], arguments->pairs);
    return;
  }
  if (arguments->quiet)
    return;
  printf("%lld frames%s%s\n", (long long)stream->frames, arguments->output ? ": " : "",
         arguments->output ? arguments->output : "");
  measures_print(&stream->measures, "errors", arguments->pairs);
  doubt_summarize(&stream->doubt, stream->frames);
}

static int32_t predict_all(stream *stream) {
  int32_t status = tern_model_load(&stream->model, stream->arguments->inputs[0]);
  if (status == TERN_SUCCESS)
    status = predict_frames(stream);
  if (status == TERN_SUCCESS)
    print_summary(stream);
  return status;
}

int verb_predict(const arguments *arguments) {
  if (arguments->atoms && arguments->output == NULL)
    return usage_error("predict --atoms needs -o OUT.extxyz to write the atoms' energies and virials to");
  stream stream = {.arguments = arguments, .bar = progress_new(arguments)};
  const bool bad = failed(predict_all(&stream));
  prediction_free(&stream.prediction);
  doubt_free(&stream.doubt);
  measures_free(&stream.measures);
  tern_writer_free(stream.writer);
  tern_reader_free(stream.reader);
  tern_model_free(stream.model);
  return bad ? EXIT_FAILED : EXIT_SUCCESS;
}
