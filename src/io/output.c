/* SPDX-License-Identifier: BSD-3-Clause */
/* Output that replaces a file whole: temporary file in the same folder, fsync, rename, fsync of the folder. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "core/error.h"
#include "core/memory.h"
#include "core/text.h"
#include "io/file.h"

enum { OUTPUT_BLOCK = 1 << 16, OUTPUT_ATTEMPTS = 100 };

struct output_file {
  char *path;      /* as the caller wrote it, for messages */
  char *target;    /* what is replaced: the path with symbolic links followed */
  char *temporary; /* "" when a device or a pipe is written directly */
  int descriptor;
  bool gzip, committed;
  unsigned char *block;
  int64_t count;
  z_stream zlib;
};

static int32_t output_failure(const output_file *file, const char *what) {
  return error_set(TERN_ERROR_FILE, "cannot %s '%s': %s", what, file->path, strerror(errno));
}

/* Length of the folder's part of a path, its last slash included; 0: the working directory. */
static size_t output_folder(const char *path) {
  const char *slash = strrchr(path, '/');
  return slash == NULL ? 0 : (size_t)(slash - path) + 1;
}

/* A new file beside the target. open, not mkstemp, so that the umask decides on its mode. */
static int32_t output_temporary(output_file *file) {
  const size_t folder = output_folder(file->target), capacity = folder + 40;
  uint64_t number = 0;
  TRY(MEMORY_NEW(NULL, &file->temporary, (int64_t)capacity, "a file name"));
  for (int attempt = 0; attempt < OUTPUT_ATTEMPTS; ++attempt) {
    if (getrandom(&number, sizeof number, 0) != (ssize_t)sizeof number)
      number = (uint64_t)getpid() * OUTPUT_ATTEMPTS + (uint64_t)attempt;
    text_format(file->temporary, capacity, "%.*s.ternion-%016llx.tmp", (int)folder, file->target,
                (unsigned long long)number);
    file->descriptor = open(file->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (file->descriptor >= 0 || errno != EEXIST)
      break;
  }
  if (file->descriptor < 0) {
    file->temporary[0] = '\0';
    return output_failure(file, "create");
  }
  return TERN_SUCCESS;
}

static int32_t output_device(output_file *file) {
  TRY(MEMORY_NEW(NULL, &file->temporary, 1, "a file name"));
  file->descriptor = open(file->target, O_WRONLY | O_CLOEXEC);
  return file->descriptor < 0 ? output_failure(file, "open for writing") : TERN_SUCCESS;
}

/* Follows links; a file that exists has to be writable, and keeps its mode. */
static int32_t output_connect(output_file *file) {
  struct stat status;
  const bool exists = stat(file->path, &status) == 0;
  char *resolved = exists ? realpath(file->path, NULL) : NULL;
  /* A pipe without a name, as /dev/stdout may be, has no path to resolve. */
  file->target = memory_text(resolved != NULL ? resolved : file->path);
  free(resolved);
  if (file->target == NULL)
    return error_set(TERN_ERROR_MEMORY, "no memory for the name of '%s'", file->path);
  if (!exists && lstat(file->path, &status) == 0)
    return error_set(TERN_ERROR_FILE, "'%s' is a symbolic link to a file that does not exist", file->path);
  if (!exists)
    return output_temporary(file);
  if (S_ISDIR(status.st_mode))
    return error_set(TERN_ERROR_FILE, "'%s' is a directory; the name of a file is needed", file->path);
  if (!S_ISREG(status.st_mode))
    return output_device(file);
  if (faccessat(AT_FDCWD, file->path, W_OK, AT_EACCESS) != 0)
    return output_failure(file, "overwrite");
  TRY(output_temporary(file));
  return fchmod(file->descriptor, status.st_mode & 0777) == 0 ? TERN_SUCCESS : output_failure(file, "set the mode of");
}

static int32_t output_prepare(output_file *file, const char *path) {
  const size_t length = strlen(path);
  file->path = memory_text(path);
  if (file->path == NULL)
    return error_set(TERN_ERROR_MEMORY, "no memory for the name of '%s'", path);
  TRY(MEMORY_NEW(NULL, &file->block, OUTPUT_BLOCK, "an output buffer"));
  TRY(output_connect(file));
  if (length < 3 || strcmp(path + length - 3, ".gz") != 0)
    return TERN_SUCCESS;
  if (deflateInit2(&file->zlib, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK)
    return error_set(TERN_ERROR_MEMORY, "no memory to compress '%s'", path);
  file->gzip = true;
  return TERN_SUCCESS;
}

int32_t output_open(output_file **file, const char *path) {
  output_file *made = NULL;
  TRY(MEMORY_NEW(NULL, &made, 1, "an output stream"));
  made->descriptor = -1;
  const int32_t status = output_prepare(made, path);
  if (status != TERN_SUCCESS) {
    output_free(made);
    return status;
  }
  *file = made;
  return TERN_SUCCESS;
}

static int32_t output_flush(output_file *file) {
  int64_t done = 0;
  while (done < file->count) {
    const ssize_t written = write(file->descriptor, file->block + done, (size_t)(file->count - done));
    if (written < 0 && errno != EINTR)
      return output_failure(file, "write");
    done += written > 0 ? written : 0;
  }
  file->count = 0;
  return TERN_SUCCESS;
}

static int32_t output_deflate(output_file *file, const void *data, int64_t bytes, int flush) {
  int result = Z_OK;
  file->zlib.next_in = (Bytef *)(uintptr_t)data;
  file->zlib.avail_in = (uInt)bytes;
  do {
    if (file->count == OUTPUT_BLOCK)
      TRY(output_flush(file));
    file->zlib.next_out = file->block + file->count;
    file->zlib.avail_out = (uInt)(OUTPUT_BLOCK - file->count);
    result = deflate(&file->zlib, flush);
    file->count = OUTPUT_BLOCK - file->zlib.avail_out;
  } while (file->zlib.avail_in > 0 || (flush == Z_FINISH && result == Z_OK));
  return TERN_SUCCESS;
}

int32_t output_write(output_file *file, const void *data, int64_t bytes) {
  const unsigned char *source = data;
  while (bytes > 0) {
    const int64_t room = file->gzip ? OUTPUT_BLOCK : OUTPUT_BLOCK - file->count;
    const int64_t part = bytes < room ? bytes : room;
    if (file->gzip) {
      TRY(output_deflate(file, source, part, Z_NO_FLUSH));
    } else if (part == 0) {
      TRY(output_flush(file));
    } else {
      memcpy(file->block + file->count, source, (size_t)part);
      file->count += part;
    }
    source += part;
    bytes -= part;
  }
  return TERN_SUCCESS;
}

int32_t output_printf(output_file *file, const char *format, ...) {
  char line[512], *longer = NULL;
  va_list arguments, again;
  va_start(arguments, format);
  va_copy(again, arguments);
  const int length = text_format_list(line, sizeof line, format, arguments);
  int32_t status = TERN_SUCCESS;
  if (length >= (int)sizeof line) {
    status = MEMORY_NEW(NULL, &longer, (int64_t)length + 1, "a line of text");
    if (status == TERN_SUCCESS)
      text_format_list(longer, (size_t)length + 1, format, again);
  }
  va_end(again);
  va_end(arguments);
  if (status == TERN_SUCCESS)
    status = length < 0 ? error_set(TERN_ERROR_INTERNAL, "text for '%s' could not be formatted", file->path)
                        : output_write(file, longer != NULL ? longer : line, length);
  memory_free(NULL, longer);
  return status;
}

/* The rename itself must survive a crash. Folders that cannot be synchronised (some network file systems) are left at
 * that. */
static void output_sync_folder(const output_file *file) {
  const size_t length = output_folder(file->target);
  char *folder = length > 0 ? memory_text(file->target) : memory_text(".");
  if (folder == NULL)
    return;
  if (length > 0)
    folder[length] = '\0';
  const int descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor >= 0) {
    fsync(descriptor);
    close(descriptor);
  }
  memory_free(NULL, folder);
}

int32_t output_commit(output_file *file) {
  if (file->committed)
    return error_set(TERN_ERROR_ARGUMENT, "'%s' is complete already", file->path);
  if (file->gzip)
    TRY(output_deflate(file, NULL, 0, Z_FINISH));
  TRY(output_flush(file));
  const bool direct = file->temporary[0] == '\0';
  if (!direct && fsync(file->descriptor) != 0)
    return output_failure(file, "write");
  const int closed = close(file->descriptor);
  file->descriptor = -1;
  if (closed != 0)
    return output_failure(file, "write");
  if (!direct && rename(file->temporary, file->target) != 0)
    return output_failure(file, "replace");
  file->committed = true;
  if (!direct)
    output_sync_folder(file);
  return TERN_SUCCESS;
}

void output_free(output_file *file) {
  if (file == NULL)
    return;
  if (file->gzip)
    deflateEnd(&file->zlib);
  if (file->descriptor >= 0)
    close(file->descriptor);
  if (!file->committed && file->temporary != NULL && file->temporary[0] != '\0')
    unlink(file->temporary);
  memory_free(NULL, file->temporary);
  memory_free(NULL, file->target);
  memory_free(NULL, file->path);
  memory_free(NULL, file->block);
  memory_free(NULL, file);
}
