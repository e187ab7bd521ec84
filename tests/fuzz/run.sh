#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# run.sh PROGRAM FORMAT SOURCE BINARY SECONDS: one fuzzer from the seeds; what it finds stays in BINARY/FORMAT, and an
# input that fails is kept there as crash-*. SECONDS `long`: those of TERNION_FUZZ_SECONDS.
set -eu
program=$1 format=$2 source=$3 binary=$4 seconds=$5
[ "$seconds" = long ] && seconds=${TERNION_FUZZ_SECONDS:-600}
mkdir -p "$binary/$format/found"
seeds="$source/corpus/$format"
[ "$format" = extxyz ] && set -- "$seeds" "$source/../golden/bad" || set -- "$seeds"
exec "$program" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=1024 -max_len=8192 -print_final_stats=1 \
  -dict="$source/$format.dict" -artifact_prefix="$binary/$format/" "$binary/$format/found" "$@"
