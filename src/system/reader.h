/* SPDX-License-Identifier: BSD-3-Clause */
/* A reader over any stream, in pieces of any size. */
#ifndef TERNION_SYSTEM_READER_H
#define TERNION_SYSTEM_READER_H

#include "io/lines.h"

/* As reader_open; the stream belongs to the reader, also after a failure. */
int32_t reader_open_input(tern_reader **reader, input_file *input, const tern_options *options, int64_t chunk);

#endif
