/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/blas.h"

#include <dlfcn.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/error.h"

/* RTLD_DEEPBIND keeps the library's inner calls (dgemm_ from LAPACK ...) away from another BLAS that the process has
   loaded globally. The sanitizers refuse the flag. */
#ifdef __has_feature
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define BLAS_SANITIZED
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || defined(BLAS_SANITIZED) || !defined(RTLD_DEEPBIND)
#define BLAS_OPEN_FLAGS (RTLD_NOW | RTLD_LOCAL)
#else
#define BLAS_OPEN_FLAGS (RTLD_NOW | RTLD_LOCAL | RTLD_DEEPBIND)
#endif

#define BLAS_ADVICE "install libopenblas0-serial, or set TERNION_BLAS to the path of an LP64 OpenBLAS"

typedef struct blas_library {
  blas_table table;
  void *handle;
  const char *(*config)(void);
  char path[1024];
} blas_library;

static const struct {
  const char *name;
  size_t offset;
} blas_routines[] = {
#define ROUTINE(name) {#name "_", offsetof(blas_table, name)}
  ROUTINE(dgemm),  ROUTINE(dgemv), ROUTINE(dsyrk),  ROUTINE(dtrsm),  ROUTINE(ddot),   ROUTINE(dgeqrf),
  ROUTINE(dgesdd), ROUTINE(dsyev), ROUTINE(dpotrf), ROUTINE(dpotrs), ROUTINE(dpocon), ROUTINE(dgelsd),
  ROUTINE(dsymm),  ROUTINE(dorgqr), ROUTINE(dsyevr), ROUTINE(dpstrf), ROUTINE(dtrtri),
#undef ROUTINE
};

/* Set once, by whichever thread has its library ready first; then constant. */
static _Atomic(blas_library *) blas_in_use;

/* As a 64-bit integer the pair {2, -1} is negative, and a dot product of so many numbers is 0. */
static bool blas_is_lp64(const blas_table *table) {
  const double x[2] = {3, 5}, y[2] = {7, 11};
  const int32_t n[2] = {2, -1}, one[2] = {1, 0};
  return table->ddot(n, x, one, y, one) == 3 * 7 + 5 * 11;
}

static int32_t blas_fill(blas_library *library, const char *name) {
  for (size_t i = 0; i < sizeof blas_routines / sizeof *blas_routines; i++) {
    void *routine = dlsym(library->handle, blas_routines[i].name);
    if (!routine)
      return error_set(TERN_ERROR_BLAS, "BLAS '%s' lacks the routine %s; " BLAS_ADVICE, name, blas_routines[i].name);
    memcpy((char *)&library->table + blas_routines[i].offset, &routine, sizeof routine);
  }
  if (!blas_is_lp64(&library->table))
    return error_set(TERN_ERROR_BLAS,
                     "BLAS '%s' uses 64-bit integers; Ternion needs the 32-bit (LP64) one: " BLAS_ADVICE, name);
  void *config = dlsym(library->handle, "openblas_get_config");
  memcpy(&library->config, &config, sizeof config);
  return TERN_SUCCESS;
}

/* The path of the file that was opened, the name as given where that is not known. */
static void blas_keep_path(blas_library *library, const char *name) {
  Dl_info info;
  void *routine;
  memcpy(&routine, &library->table.ddot, sizeof routine);
  const char *path = dladdr(routine, &info) && info.dli_fname ? info.dli_fname : name;
  strncpy(library->path, path, sizeof library->path - 1);
}

static int32_t blas_open(blas_library *library, const char *name) {
  library->handle = dlopen(name, BLAS_OPEN_FLAGS);
  if (!library->handle) {
    const char *reason = dlerror();
    return error_set(TERN_ERROR_BLAS, "BLAS cannot be opened: %s; " BLAS_ADVICE, reason ? reason : name);
  }
  const int32_t status = blas_fill(library, name);
  if (status != TERN_SUCCESS)
    dlclose(library->handle);
  else
    blas_keep_path(library, name);
  return status;
}

/* The failure reported is the last one: that of the name that the system resolves. */
static int32_t blas_search(blas_library *library) {
  static const char *const candidates[] = {
    TERNION_BLAS_PATH,
#if defined(__x86_64__)
    "/usr/lib/x86_64-linux-gnu/openblas-serial/libopenblas.so.0",
    "/usr/lib/x86_64-linux-gnu/openblas-pthread/libopenblas.so.0",
#elif defined(__aarch64__)
    "/usr/lib/aarch64-linux-gnu/openblas-serial/libopenblas.so.0",
    "/usr/lib/aarch64-linux-gnu/openblas-pthread/libopenblas.so.0",
#endif
    "libopenblas.so.0"};
  const char *chosen = getenv("TERNION_BLAS");
  int32_t status = TERN_ERROR_BLAS;
  if (chosen && *chosen) {
    status = blas_open(library, chosen);
    return status == TERN_SUCCESS ? status : error_prefix(status, "TERNION_BLAS: ");
  }
  for (size_t i = 0; i < sizeof candidates / sizeof *candidates && status != TERN_SUCCESS; i++)
    status = blas_open(library, candidates[i]);
  return status;
}

int32_t blas_get(const blas_table **table) {
  blas_library *library = atomic_load(&blas_in_use);
  if (!library) {
    blas_library *nobody = NULL;
    library =
        calloc(1, sizeof *library); /* for the life of the process; the pointer kept is that of the block itself */
    const int32_t status =
        library ? blas_search(library) : error_set(TERN_ERROR_MEMORY, "no memory for the table of BLAS");
    if (status != TERN_SUCCESS) {
      free(library);
      return status;
    }
    if (!atomic_compare_exchange_strong(&blas_in_use, &nobody, library)) {
      dlclose(library->handle);
      free(library);
      library = nobody;
    }
  }
  *table = &library->table;
  return TERN_SUCCESS;
}

/* The process that is at work in BLAS, 0: none. A fork's child must not wait for a thread that it does not have. */
static _Atomic int64_t blas_owner;

int32_t blas_begin(const blas_table **table) {
  const int32_t status = blas_get(table);
  if (status != TERN_SUCCESS)
    return status;
  const int64_t self = getpid();
  struct timespec pause = {0, 20000};
  int64_t owner = 0;
  while (!atomic_compare_exchange_strong(&blas_owner, &owner, self)) {
    if (owner != self && atomic_compare_exchange_strong(&blas_owner, &owner, self))
      break;
    owner = 0;
    nanosleep(&pause, NULL);
    pause.tv_nsec = pause.tv_nsec < 500000 ? 2 * pause.tv_nsec : 1000000;
  }
  return TERN_SUCCESS;
}

void blas_end(void) {
  atomic_store(&blas_owner, 0);
}

const char *blas_path(void) {
  const blas_library *library = atomic_load(&blas_in_use);
  return library ? library->path : "";
}

const char *blas_config(void) {
  const blas_library *library = atomic_load(&blas_in_use);
  return library && library->config ? library->config() : "";
}
