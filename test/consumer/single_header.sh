#!/usr/bin/env bash
# Copyright (c) 2026 The localsgd authors
# SPDX-License-Identifier: BSL-1.0
#
# usage: test/consumer/single_header.sh COMPILER PROGRAM.cpp FOLDER
# Compiles PROGRAM.cpp with the single header in place of the library's headers, and runs it.
set -euo pipefail
compiler=$1 program=$2 folder=$3
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)

rm -rf "$folder"
mkdir -p "$folder"
python3 "$root/packaging/single_header.py" --output "$folder/localsgd.hpp"
sed 's|^#include <localsgd/minimize.hpp>|#include "localsgd.hpp"|' "$program" >"$folder/first_program.cpp"
cd "$folder"
if grep -n '#.*include.*localsgd/' localsgd.hpp first_program.cpp; then
  echo 'an include of the library is left' >&2
  exit 1
fi
"$compiler" -std=c++20 -O1 first_program.cpp -o first_program -pthread
./first_program
