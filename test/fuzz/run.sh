#!/usr/bin/env bash
# Copyright (c) 2026 The localsgd authors
# SPDX-License-Identifier: BSL-1.0
#
# usage: test/fuzz/run.sh [--seconds N] [target...]
# Fuzzes the readers of files and messages with libFuzzer, AddressSanitizer and UBSan: all targets, or
# those named, each for N seconds (60). Needs clang++. A target begins with its inputs in
# test/fuzz/corpus/TARGET and keeps those that it finds in build/fuzz/corpus/TARGET. An input that
# breaks a rule is written to build/fuzz/TARGET-*; add it to test/fuzz/corpus with the correction, so
# that the test fuzz.replay repeats it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

seconds=60
targets=()
while (($# > 0)); do
  case $1 in
    --seconds) seconds=${2:?--seconds needs a number} && shift 2 ;;
    -h | --help) sed -n '5,10s/^# //p' "${BASH_SOURCE[0]}" && exit 0 ;;
    *) targets+=("$1") && shift ;;
  esac
done
if ((${#targets[@]} == 0)); then
  for source in test/fuzz/*.cpp; do
    target=$(basename "$source" .cpp)
    if [[ $target != replay ]]; then targets+=("$target"); fi
  done
fi

compiler=${CXX:-clang++}
build=build/fuzz
mkdir -p "$build"
failed=()
for target in "${targets[@]}"; do
  mkdir -p "$build/corpus/$target"
  "$compiler" -std=c++20 -O1 -g1 -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=undefined \
    -Iinclude -Itest "test/fuzz/$target.cpp" -o "$build/$target" -pthread
  # A reader may need memory in proportion to its input, which is short; never what the input claims.
  "$build/$target" -max_total_time="$seconds" -max_len=4096 -timeout=10 -malloc_limit_mb=64 \
    -rss_limit_mb=2048 -print_final_stats=1 -artifact_prefix="$build/$target-" \
    "$build/corpus/$target" "test/fuzz/corpus/$target" || failed+=("$target")
done
if ((${#failed[@]} > 0)); then
  echo "fuzz: ${failed[*]} broke a rule" >&2
  exit 1
fi
