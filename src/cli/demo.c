/* SPDX-License-Identifier: BSD-3-Clause */
/* Fits on the degenerate pairs of B8 clusters of J. Nigam et al., APL Mach. Learn. 2, 016110 (2024). */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "demo.h"

enum { BLIND_TOLERANCE = 2 }; /* % by which a delta may differ from 100 */

/* What the library would say of a cancelled call is not true here: rows are kept. */
static int32_t stop_kindly(demo *demo, int32_t status) {
  if (status != TERN_CANCELLED)
    return status;
  demo->ended = true;
  interrupt_forget();
  return TERN_SUCCESS;
}

static int32_t run_rows(demo *demo, int tables) {
  bool titled = false;
  for (int i = 0; i < demo_n_rows && !demo->ended; ++i) {
    const demo_row *row = &demo_rows[i];
    demo_result *result = &demo->results[i];
    int32_t status = TERN_SUCCESS;
    if ((row->tables & tables) == 0)
      continue;
    if (!titled)
      demo_print_title(demo);
    titled = true;
    ++demo->row;
    if (!result->there) {
      status = stop_kindly(demo, demo_fit(demo, row, result));
      progress_end(&demo->bar);
      if (status == TERN_SUCCESS && result->there)
        status = demo_keep(demo, row, result);
    }
    if (status != TERN_SUCCESS)
      return status;
    if (result->there)
      demo_print_row(demo, row, result);
  }
  return TERN_SUCCESS;
}

static int32_t print_comparison(demo *demo) {
  int64_t n_same = 0;
  double smallest = 0;
  const int32_t status = demo_compare(demo, &n_same, &smallest);
  if (status != TERN_SUCCESS)
    return status;
  if (demo->arguments->json)
    printf("{\"event\": \"pairs\", \"same\": %lld, \"smallest_rmsd\": %.6g}\n", (long long)n_same, smallest);
  else if (!demo->arguments->quiet)
    printf("\nBy superposition, %lld of the test pairs are one structure; the closest two differ by %.4f A (rmsd).\n",
           (long long)n_same, smallest);
  return TERN_SUCCESS;
}

static int32_t run(demo *demo) {
  int32_t status = demo_take_over(demo);
  if (status != TERN_SUCCESS)
    return status;
  demo_print_head(demo);
  status = run_rows(demo, demo->tables & ~DEMO_CURVE);
  if (status == TERN_SUCCESS && !demo->ended && (demo->tables & DEMO_CURVE)) {
    if (!demo->arguments->json && !demo->arguments->quiet)
      printf("\nErrors against the number of structures, each with the same time of training:\n");
    status = run_rows(demo, DEMO_CURVE);
  }
  if (status == TERN_SUCCESS && !demo->ended)
    status = stop_kindly(demo, print_comparison(demo));
  if (status == TERN_SUCCESS && !demo->ended)
    status = stop_kindly(demo, demo_pair(demo));
  return status;
}

/* Whether every model that must be blind is; a training that was ended early is no exception. */
static bool check_blind(const demo *demo) {
  bool good = true;
  for (int i = 0; i < demo_n_rows; ++i) {
    const demo_result *result = &demo->results[i];
    if (!result->there || !demo_rows[i].blind || fabs(result->delta - 100) <= BLIND_TOLERANCE)
      continue;
    fprintf(stderr, "ternion: the delta of '%s' is %.1f %%, and must be 100 %% within %d\n", demo_rows[i].label,
            result->delta, BLIND_TOLERANCE);
    good = false;
  }
  return good;
}

static bool make_folder(const char *folder) {
  if (mkdir(folder, 0777) == 0 || errno == EEXIST)
    return true;
  fprintf(stderr, "ternion: %s: %s\n", folder, strerror(errno));
  return false;
}

static int count_rows(const demo *demo, bool there) {
  int count = 0;
  for (int i = 0; i < demo_n_rows; ++i)
    count += demo_wanted(demo, &demo_rows[i]) && (!there || demo->results[i].there);
  return count;
}

/* Pictures and checks of what is there, also after Ctrl-C. */
static int finish(demo *demo) {
  const int n_there = count_rows(demo, true);
  if (demo->ended)
    fprintf(stderr, "ternion: ended early; %d of %d rows are in %s/rows.jsonl, and --go-on adds the others\n", n_there,
            demo->n_wanted, demo->folder);
  const bool drawn = n_there == 0 || demo_plot(demo);
  if (!check_blind(demo) || !drawn)
    return EXIT_FAILED;
  return demo->ended ? EXIT_ENDED_EARLY : EXIT_SUCCESS;
}

int verb_demo(const arguments *arguments) {
  demo demo = {.arguments = arguments,
               .folder = arguments->output ? arguments->output : "ternion-demo",
               .tables = arguments->full ? DEMO_FULL | DEMO_CURVE : DEMO_SHORT,
               .bar = progress_new(arguments)};
  const int code = demo_check(&demo);
  if (code != EXIT_SUCCESS)
    return code;
  demo.results = calloc((size_t)demo_n_rows, sizeof *demo.results);
  if (demo.results == NULL || !make_folder(demo.folder)) {
    free(demo.results);
    return EXIT_FAILED;
  }
  demo.n_wanted = count_rows(&demo, false);
  int32_t status = demo_read(&demo);
  if (status == TERN_SUCCESS)
    status = run(&demo);
  progress_end(&demo.bar);
  const int result = failed(status) ? EXIT_FAILED : finish(&demo);
  demo_vectors_free(&demo);
  tern_dataset_free(demo.train);
  tern_dataset_free(demo.energies);
  tern_dataset_free(demo.test);
  free(demo.results);
  return result;
}
