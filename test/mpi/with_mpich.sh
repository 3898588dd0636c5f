#!/usr/bin/env bash
# Copyright (c) 2026 The localsgd authors
# SPDX-License-Identifier: BSL-1.0
#
# usage: test/mpi/with_mpich.sh SOURCE_FOLDER WORK_FOLDER NAME...
# Compiles test/mpi/NAME.cpp with MPICH and runs it on three ranks. Ends with status 77, which says
# that the test was skipped, where there is no MPICH.
set -euo pipefail

source=$1 work=$2
shift 2
for command in mpicxx.mpich mpirun.mpich; do
  if ! command -v "$command" >/dev/null; then
    echo "The test with MPICH is skipped because there is no $command (libmpich-dev, mpich)"
    exit 77
  fi
done
compiling=()
for name in "$@"; do
  mpicxx.mpich -std=c++20 -O1 -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror \
    -DBOOST_TEST_DYN_LINK -I "$source/include" -I "$source" "$source/test/mpi/$name.cpp" \
    -o "$work/$name.mpich" -lboost_unit_test_framework &
  compiling+=($!)
done
for process in "${compiling[@]}"; do wait "$process"; done
for name in "$@"; do
  timeout 240 mpirun.mpich -np 3 "$work/$name.mpich" --report_level=no --color_output=no
done
