# Copyright (c) 2026 The localsgd authors
# SPDX-License-Identifier: BSL-1.0
#
# usage: source cmake/build_quietly.sh
#        build_quietly BUILD_FOLDER TARGET [cmake option...]
#
# Configures BUILD_FOLDER and builds TARGET there, optimised for this machine, without the tests and
# the examples. The options come last, so they win: -DLOCALSGD_EXAMPLES=ON brings the examples back.
# Prints nothing unless something fails: then what CMake said, to the standard error, and the status
# is 1, which ends a script under set -e.
#
# shellcheck shell=bash

build_quietly() (  # a subshell: its trap and its variables are its own
  root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
  folder=$1 target=$2
  shift 2
  log=$(mktemp)
  trap 'rm -f "$log"' EXIT
  quietly() {
    if ! "$@" >"$log" 2>&1; then
      cat "$log" >&2
      exit 1
    fi
  }
  quietly cmake -S "$root" -B "$folder" -G Ninja -DCMAKE_BUILD_TYPE=Release \
    -DCMAKE_CXX_FLAGS_RELEASE='-O3 -DNDEBUG' -DLOCALSGD_NATIVE=ON -DLOCALSGD_TESTS=OFF \
    -DLOCALSGD_EXAMPLES=OFF "$@"
  quietly cmake --build "$folder" --target "$target"
)
