#!/usr/bin/env bash
# Copyright (c) 2026 The localsgd authors
# SPDX-License-Identifier: BSL-1.0
#
# usage: benchmark/scaling/run.sh [--quick] [--repeats N]
#
# Measures what a component gradient costs as n, d, the nonzeros of a row, K, H, b and the threads
# grow, one at a time from the base point n = 20000, d = 1000, 20 nonzeros, K = 8, H = 64, b = 1,
# one thread. All points in turn, N times (5, with --quick 3); the median counts. --quick also
# leaves out points. Results go to build/scaling: scaling.csv, scaling.svg, scaling.png. They mean
# something only on a machine that does nothing else.
set -euo pipefail
source_folder=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
build=$source_folder/build/scaling

for argument in "$@"; do
  if [[ $argument == -h || $argument == --help ]]; then
    sed -n '5,11s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"
    exit 0
  fi
done

bash "$source_folder/cmake/install_packages.sh" scaling

source "$source_folder/cmake/build_quietly.sh"
echo 'Building ...'
build_quietly "$build" benchmark.scaling -DLOCALSGD_SCALING=ON

"$build/benchmark/scaling/benchmark.scaling" "$@" >"$build/scaling.csv.part"
mv "$build/scaling.csv.part" "$build/scaling.csv"
cat "$build/scaling.csv"

# Debian's packages belong to Debian's Python, which need not be the first on the PATH.
figure='skipped: the figure, no Python with matplotlib was found; PYTHON may name one'
for candidate in ${PYTHON:+"$PYTHON"} python3 /usr/bin/python3; do
  if "$candidate" -c 'import matplotlib' 2>/dev/null; then
    "$candidate" "$source_folder/benchmark/scaling/plot.py" "$build"
    figure="In $build: scaling.csv, scaling.svg, scaling.png"
    break
  fi
done
echo "$figure"
