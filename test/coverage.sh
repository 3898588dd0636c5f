#!/usr/bin/env bash
# Copyright (c) 2026 The localsgd authors
# SPDX-License-Identifier: BSL-1.0
#
# usage: test/coverage.sh [path/name...]
# Which lines and branches of include/ the tests test/path/name.cpp execute, or all tests that this
# machine can build, which takes about 40 minutes on two cores. Prints a table, which is kept in
# build/coverage/table.txt; build/coverage/lines.txt shows each line. Needs clang++ and LLVM's tools.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
if [[ ${1:-} == -h || ${1:-} == --help ]]; then sed -n '5,8s/^# //p' "${BASH_SOURCE[0]}" && exit 0; fi
bash cmake/install_packages.sh test
bash cmake/install_packages.sh clang

build=$PWD/build/coverage
profiles=$build/profiles
rm -rf "$profiles"
mkdir -p "$profiles"
instrumented='-fprofile-instr-generate -fcoverage-mapping'
# All processes of one program add to one file.
export LLVM_PROFILE_FILE=$profiles/%m.profraw

status=0
programs=()
if (($# > 0)); then
  for test in "$@"; do
    program=$build/${test//\//.}
    # shellcheck disable=SC2086
    clang++ -std=c++20 -O0 -g0 $instrumented -Iinclude -I. -DBOOST_TEST_DYN_LINK \
      "-DLOCALSGD_DEFAULT_DATA=\"$PWD/../shared/data\"" "test/$test.cpp" -o "$program" \
      -lboost_unit_test_framework -lz -pthread
    "$program" --color_output=no >"$program.output" 2>&1 || {
      echo "coverage: $test fails: see $program.output" >&2
      status=1
    }
    programs+=("$program")
  done
else
  cmake --preset dev -B "$build/suite" -DCMAKE_CXX_COMPILER=clang++ "-DCMAKE_CXX_FLAGS=$instrumented" \
    -DLOCALSGD_TESTS=ON -DLOCALSGD_TEST_PCH=ON -DLOCALSGD_TEST_UNITS=ON -DLOCALSGD_TEST_TIMEOUT=1200
  cmake --build "$build/suite" -- -k 0
  ctest --test-dir "$build/suite" --output-on-failure --no-tests=error --parallel 2 \
    --label-exclude 'toolchain|packages' || status=$?
  mapfile -t programs < <(find "$build/suite/test" -type f -perm -u+x ! -name '*.sh' ! -name '*.so' |
    grep -v CMakeFiles | sort)
fi

objects=()  # the first is not an option
for program in "${programs[@]}"; do objects+=(-object "$program"); done
llvm-profdata merge -sparse "$profiles"/*.profraw -o "$build/all.profdata"
llvm-cov show "${objects[@]:1}" -instr-profile "$build/all.profdata" "$PWD/include" >"$build/lines.txt"
llvm-cov report "${objects[@]:1}" -instr-profile "$build/all.profdata" "$PWD/include" |
  tee "$build/table.txt"
exit "$status"
