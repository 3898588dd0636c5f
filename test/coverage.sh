#!/usr/bin/env bash
# Copyright (c) 2026 The localsgd authors
# SPDX-License-Identifier: BSL-1.0
#
# usage: test/coverage.sh [path/name...]
# Which lines and branches of include/ the tests test/path/name.cpp execute, or all tests but those of
# MPI and Gloo, which takes more than an hour. Prints a table; build/coverage/lines.txt shows each line.
# Needs clang++ and its llvm-profdata and llvm-cov.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
bash cmake/install_packages.sh test clang

tests=("$@")
if ((${#tests[@]} == 0)); then
  mapfile -t tests < <(cd test && find . -name '*.cpp' | sed 's#^\./##; s#\.cpp$##' |
    grep -vE '^(compile_fail|consumer|docs|fuzz|matrix|mpi|support)/|/(gloo|processes)' | sort)
fi

build=$PWD/build/coverage
mkdir -p "$build"
rm -f "$build"/*.profraw
objects=()
failed=()
for test in "${tests[@]}"; do
  program=$build/${test//\//.}
  if ! clang++ -std=c++20 -O0 -g0 -fprofile-instr-generate -fcoverage-mapping -Iinclude -I. \
    -DBOOST_TEST_DYN_LINK "-DLOCALSGD_DEFAULT_DATA=\"$PWD/../shared/data\"" "test/$test.cpp" \
    -o "$program" -lboost_unit_test_framework -lz -pthread; then
    failed+=("$test does not compile")
    continue
  fi
  LLVM_PROFILE_FILE="$program.profraw" "$program" --color_output=no >"$program.output" 2>&1 ||
    failed+=("$test fails")
  objects+=(-object "$program")
done
llvm-profdata merge -sparse "$build"/*.profraw -o "$build/all.profdata"
llvm-cov show "${objects[@]:1}" -instr-profile "$build/all.profdata" "$PWD/include" \
  >"$build/lines.txt"
llvm-cov report "${objects[@]:1}" -instr-profile "$build/all.profdata" "$PWD/include"
if ((${#failed[@]} > 0)); then
  printf 'coverage: %s\n' "${failed[@]}" >&2
  exit 1
fi
