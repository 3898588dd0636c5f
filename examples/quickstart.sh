#!/usr/bin/env bash
# Copyright (c) 2026 The localsgd authors
# SPDX-License-Identifier: BSL-1.0
#
# usage: examples/quickstart.sh [argument of the program...]
# Installs what is missing, builds the example quickstart for this machine and runs it.
set -euo pipefail
source_folder=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
build=$source_folder/build/quickstart

bash "$source_folder/cmake/install_packages.sh" quickstart

# Only trouble is worth reading before the program's own words.
log=$(mktemp)
trap 'rm -f "$log"' EXIT
quietly() {
  if ! "$@" >"$log" 2>&1; then
    cat "$log" >&2
    exit 1
  fi
}
echo 'Building the example ...'
quietly cmake -S "$source_folder" -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Release \
  -DCMAKE_CXX_FLAGS_RELEASE='-O3 -DNDEBUG' -DLOCALSGD_NATIVE=ON -DLOCALSGD_TESTS=OFF \
  -DLOCALSGD_EXAMPLES=ON
quietly cmake --build "$build" --target quickstart

"$build/examples/quickstart" "$@"
