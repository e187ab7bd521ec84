/* SPDX-License-Identifier: BSD-3-Clause */
/* Plain or gzip input, strict about damage: zlib checks length and checksum of every member. */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "core/error.h"
#include "core/memory.h"
#include "io/file.h"

enum { INPUT_BLOCK = 1 << 16 };

struct input_file {
  char *path;
  int descriptor; /* -1: bytes in memory */
  bool known, gzip, inflating, ended;
  unsigned char *block;       /* own buffer of a descriptor */
  const unsigned char *bytes; /* what was fetched and not used yet */
  int64_t count;
  z_stream zlib;
};

static int32_t input_new(input_file **file, const char *path) {
  input_file *made = NULL;
  TRY(MEMORY_NEW(NULL, &made, 1, "an input stream"));
  made->descriptor = -1;
  made->path = memory_text(path);
  if (made->path == NULL) {
    memory_free(NULL, made);
    return error_set(TERN_ERROR_MEMORY, "no memory for the name of '%s'", path);
  }
  *file = made;
  return TERN_SUCCESS;
}

static int32_t input_connect(input_file *file) {
  struct stat status;
  file->descriptor = open(file->path, O_RDONLY | O_CLOEXEC);
  if (file->descriptor < 0 || fstat(file->descriptor, &status) != 0)
    return error_set(TERN_ERROR_FILE, "cannot open '%s' for reading: %s", file->path, strerror(errno));
  if (S_ISDIR(status.st_mode))
    return error_set(TERN_ERROR_FILE, "'%s' is a directory; a file is needed", file->path);
  return MEMORY_NEW(NULL, &file->block, INPUT_BLOCK, "an input buffer");
}

int32_t input_open(input_file **file, const char *path) {
  input_file *made = NULL;
  TRY(input_new(&made, path));
  const int32_t status = input_connect(made);
  if (status != TERN_SUCCESS) {
    input_close(made);
    return status;
  }
  *file = made;
  return TERN_SUCCESS;
}

int32_t input_open_memory(input_file **file, const char *name, const void *data, int64_t bytes) {
  input_file *made = NULL;
  TRY(input_new(&made, name));
  made->bytes = data;
  made->count = bytes;
  *file = made;
  return TERN_SUCCESS;
}

const char *input_path(const input_file *file) { return file->path; }

void input_close(input_file *file) {
  if (file == NULL)
    return;
  if (file->gzip)
    inflateEnd(&file->zlib);
  if (file->descriptor >= 0)
    close(file->descriptor);
  memory_free(NULL, file->block);
  memory_free(NULL, file->path);
  memory_free(NULL, file);
}

static int32_t input_fetch(input_file *file, void *buffer, int64_t capacity, int64_t *count) {
  ssize_t got = 0;
  if (file->descriptor >= 0) {
    do {
      got = read(file->descriptor, buffer, (size_t)capacity);
    } while (got < 0 && errno == EINTR);
  }
  if (got < 0)
    return error_set(TERN_ERROR_FILE, "cannot read '%s': %s", file->path, strerror(errno));
  *count = got;
  return TERN_SUCCESS;
}

/* More bytes behind those not used yet, which are moved to the front of the block. */
static int32_t input_refill(input_file *file) {
  int64_t got = 0;
  if (file->descriptor < 0)
    return TERN_SUCCESS;
  memmove(file->block, file->bytes != NULL ? file->bytes : file->block, (size_t)file->count);
  file->bytes = file->block;
  TRY(input_fetch(file, file->block + file->count, INPUT_BLOCK - file->count, &got));
  file->count += got;
  return TERN_SUCCESS;
}

/* Whether a gzip member begins here: at least two bytes are looked at where there are two. */
static int32_t input_at_member(input_file *file, bool *member) {
  int64_t before = -1;
  while (file->count < 2 && file->count != before) {
    before = file->count;
    TRY(input_refill(file));
  }
  *member = file->count >= 2 && file->bytes[0] == 0x1f && file->bytes[1] == 0x8b;
  return TERN_SUCCESS;
}

static int32_t input_recognise(input_file *file) {
  bool member = false;
  if (file->known)
    return TERN_SUCCESS;
  TRY(input_at_member(file, &member));
  if (member && inflateInit2(&file->zlib, 15 + 16) != Z_OK)
    return error_set(TERN_ERROR_MEMORY, "no memory to decompress '%s'", file->path);
  file->gzip = file->inflating = member;
  file->known = true;
  return TERN_SUCCESS;
}

static int32_t input_next_member(input_file *file) {
  bool member = false;
  TRY(input_at_member(file, &member));
  file->inflating = false;
  if (file->count == 0) {
    file->ended = true;
    return TERN_SUCCESS;
  }
  if (!member)
    return error_set(TERN_ERROR_FORMAT, "'%s' is damaged: other data follow the end of the gzip data", file->path);
  inflateReset(&file->zlib);
  file->inflating = true;
  return TERN_SUCCESS;
}

static int32_t input_damage(const input_file *file) {
  const char *detail = file->zlib.msg != NULL ? file->zlib.msg : "invalid data";
  return error_set(TERN_ERROR_FORMAT, "'%s' is a damaged gzip file (%s)", file->path, detail);
}

static int32_t input_inflate(input_file *file, void *buffer, int64_t capacity, int64_t *count) {
  int64_t made = 0;
  while (made == 0 && !file->ended) {
    if (file->count == 0)
      TRY(input_refill(file));
    if (file->count == 0)
      return error_set(TERN_ERROR_FORMAT, "'%s' is a truncated gzip file", file->path);
    const uInt given = (uInt)(file->count < INPUT_BLOCK ? file->count : INPUT_BLOCK);
    const uInt room = (uInt)(capacity < INPUT_BLOCK ? capacity : INPUT_BLOCK);
    file->zlib.next_in = (Bytef *)(uintptr_t)file->bytes;
    file->zlib.avail_in = given;
    file->zlib.next_out = buffer;
    file->zlib.avail_out = room;
    const int result = inflate(&file->zlib, Z_NO_FLUSH);
    made = room - file->zlib.avail_out;
    file->bytes += given - file->zlib.avail_in;
    file->count -= given - file->zlib.avail_in;
    if (result == Z_STREAM_END)
      TRY(input_next_member(file));
    else if (result != Z_OK)
      return input_damage(file);
  }
  *count = made;
  return TERN_SUCCESS;
}

int32_t input_read(input_file *file, void *buffer, int64_t capacity, int64_t *count) {
  TRY(input_recognise(file));
  if (file->gzip)
    return input_inflate(file, buffer, capacity, count);
  if (file->count == 0)
    return input_fetch(file, buffer, capacity, count);
  const int64_t given = file->count < capacity ? file->count : capacity;
  memcpy(buffer, file->bytes, (size_t)given);
  file->bytes += given;
  file->count -= given;
  *count = given;
  return TERN_SUCCESS;
}
