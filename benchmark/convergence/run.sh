#!/usr/bin/env bash
# Copyright (c) 2026 The localsgd authors
# SPDX-License-Identifier: BSL-1.0
#
# usage: benchmark/convergence/run.sh [figure.svg]
# Draws f - f* against exchanges and time on a simulated cluster, by default to
# build/convergence/convergence.svg. Needs no data. The result does not depend on the load.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
bash cmake/install_packages.sh scaling
build=build/convergence
mkdir -p "$build"
${CXX:-c++} -std=c++20 -O2 -Iinclude benchmark/convergence/convergence.cpp \
  -o "$build/convergence" -pthread
"$build/convergence" >"$build/convergence.csv"
# Debian's packages belong to Debian's Python, which need not be the first on the PATH.
for candidate in ${PYTHON:+"$PYTHON"} python3 /usr/bin/python3; do
  if "$candidate" -c 'import matplotlib' 2>/dev/null; then
    "$candidate" benchmark/convergence/plot.py "$build/convergence.csv" \
      "${1:-$build/convergence.svg}"
    echo "The figure is in ${1:-$build/convergence.svg}"
    exit 0
  fi
done
echo 'skipped the figure: no Python with matplotlib was found; PYTHON may name one' >&2
