#!/usr/bin/env bash
# Copyright (c) 2026 The localsgd authors
# SPDX-License-Identifier: BSL-1.0
#
# usage: test/run.sh [--all | --without-code] [--preset dev|release|asan|tsan] [--compiler COMMAND]
#                    [ctest argument...]
# Installs what is missing, builds tests and runs them: those that compile quickly or, with --all, the
# whole suite. A preset with sanitizers leaves out the tests from which they learn nothing. The preset
# tsan has the tests of threads only. --without-code: whether the tests that the presets asan and tsan
# leave out, except those of MPI, and the examples compile without a warning; runs only those that run the
# compiler. Without --compiler, CXX is respected. All other arguments go to CTest:
#   test/run.sh -R objective
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

suite=quick
preset=dev
arguments=()
while (($# > 0)); do
  case $1 in
    --all) suite=all && shift ;;
    --without-code) suite=without_code && shift ;;
    --preset) preset=${2:?--preset needs a name} && shift 2 ;;
    --compiler) export CXX=${2:?--compiler needs a command} && shift 2 ;;
    -h | --help) sed -n '5,15s/^# //p' "${BASH_SOURCE[0]}" && exit 0 ;;
    *) arguments+=("$1") && shift ;;
  esac
done
case $preset-$suite in
  asan-quick) suite=for_asan_quick ;;
  asan-*) suite=for_asan ;;
  tsan-*) suite=for_tsan ;;
esac

# One folder for each preset and compiler, so that none disturbs another's.
build=build/test
if [[ $preset != dev ]]; then build+=-$preset; fi
if [[ -n ${CXX:-} ]]; then build+=-$(basename "${CXX%% *}"); fi
if [[ $suite == without_code ]]; then build+=-without-code; fi

bash cmake/install_packages.sh test
if [[ ${CXX:-} == *clang* ]]; then bash cmake/install_packages.sh clang; fi

options=(-DLOCALSGD_TESTS=ON -DLOCALSGD_EXAMPLES=ON)
if [[ $suite == without_code ]]; then
  options+=("-DCMAKE_CXX_COMPILER_LAUNCHER=bash;$PWD/test/without_code.sh")
elif command -v ccache >/dev/null; then
  options+=(-DCMAKE_CXX_COMPILER_LAUNCHER=ccache)
fi
# What precompiled headers and units hide, includes that a header lacks, the target headers_alone finds.
options+=(-DLOCALSGD_TEST_PCH=ON -DLOCALSGD_TEST_UNITS=ON)
options+=("-DLOCALSGD_TEST_TIMEOUT=${LOCALSGD_TEST_TIMEOUT:-300}")
export CCACHE_SLOPPINESS=${CCACHE_SLOPPINESS:+$CCACHE_SLOPPINESS,}pch_defines,time_macros
# test/CMakeLists.txt says what the labels mean. The examples need what is not built for the others.
targets=()
case $suite in
  quick)
    targets=(tests_quick first_program)
    arguments+=(--label-exclude 'large|long|processes|mpi|examples')
    ;;
  for_asan_quick)
    targets=(tests_for_asan_quick)
    arguments+=(--label-exclude 'large|long|processes|formulas|mpi|toolchain|examples')
    ;;
  for_asan)
    targets=(tests_for_asan)
    arguments+=(--label-exclude 'long|processes|formulas|mpi|toolchain|examples')
    ;;
  for_tsan)
    targets=(tests_for_tsan)
    arguments+=(--label-regex '^threads$')
    ;;
  without_code)
    targets=(tests_without_code examples_without_code)
    arguments+=(--label-regex '^toolchain$' --label-exclude '^(mpi|packages)$'
      --exclude-regex '^(layers|readme)$')
    ;;
esac

cmake --preset "$preset" -B "$build" "${options[@]}"
cmake --build "$build" ${targets:+--target "${targets[@]}"} -- -k 0  # tells of all errors
# Whether each header includes what it needs is no question for every compiler.
if [[ $suite == all && -z ${CXX:-} ]]; then cmake --build "$build" --target headers_alone; fi

status=0
ctest --test-dir "$build" --output-on-failure --no-tests=error --parallel 2 \
  "${arguments[@]}" || status=$?

# Boost.Test counts a skipped case as passed; say which were skipped, and why. The other tests of a unit
# are disabled.
if grep -h 'is skipped because' "$build/Testing/Temporary/LastTest.log" | grep -v 'disabled$' | sort -u |
  sed 's/^.*Test /Test /' | grep .; then
  echo 'The test cases above were skipped.'
fi
exit "$status"
