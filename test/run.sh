#!/usr/bin/env bash
# Copyright (c) 2026 The localsgd authors
# SPDX-License-Identifier: BSL-1.0
#
# usage: test/run.sh [--preset dev|release|plain|asan|tsan] [--compiler COMMAND] [ctest argument...]
# Installs what is missing, builds every test and runs it. Without --compiler, CXX is respected.
# All other arguments go to CTest: test/run.sh -R objective
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

preset=dev
arguments=()
while (($# > 0)); do
  case $1 in
    --preset) preset=${2:?--preset needs a name} && shift 2 ;;
    --compiler) export CXX=${2:?--compiler needs a command} && shift 2 ;;
    -h | --help) sed -n '5,7s/^# //p' "${BASH_SOURCE[0]}" && exit 0 ;;
    *) arguments+=("$1") && shift ;;
  esac
done

# One folder for each preset and compiler, so that none disturbs another's.
build=build/test
if [[ $preset != dev ]]; then build+=-$preset; fi
if [[ -n ${CXX:-} ]]; then build+=-$(basename "${CXX%% *}"); fi

bash cmake/install_packages.sh test
if [[ ${CXX:-} == *clang* ]]; then bash cmake/install_packages.sh clang; fi

options=(-DLOCALSGD_TESTS=ON -DLOCALSGD_EXAMPLES=ON)
targets=()
if command -v ccache >/dev/null; then options+=(-DCMAKE_CXX_COMPILER_LAUNCHER=ccache); fi
# What MPI does depends little on the compiler, and ranks wait long for each other when not optimised.
if [[ $preset == plain ]]; then arguments+=(--label-exclude mpi); fi
# Tests that look at the sources or run the compiler cannot differ under a sanitizer, long ones take
# too long, and MPI itself is not clean. One thread has no races.
if [[ $preset == asan ]]; then
  arguments+=(--label-exclude 'toolchain|long|mpi|examples|formulas')
  targets=(--target tests_but_long)
fi
if [[ $preset == tsan ]]; then
  arguments+=(--label-regex threads)
  targets=(--target tests_with_threads)
fi

cmake --preset "$preset" -B "$build" "${options[@]}"
cmake --build "$build" "${targets[@]}"
# Whether each header includes what it needs is no question for every compiler.
if [[ -z ${CXX:-} && $preset == dev ]]; then cmake --build "$build" --target headers_alone; fi

status=0
ctest --test-dir "$build" --output-on-failure --no-tests=error --parallel 2 \
  "${arguments[@]}" || status=$?

# Boost.Test counts a skipped case as passed; say which were skipped, and why.
if grep -h 'is skipped because' "$build/Testing/Temporary/LastTest.log" | sort -u |
  sed 's/^.*Test /Test /' | grep .; then
  echo 'The test cases above were skipped.'
fi
exit "$status"
