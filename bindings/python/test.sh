#!/usr/bin/env bash
# Copyright (c) 2026 The localsgd authors
# SPDX-License-Identifier: BSL-1.0
#
# usage: bindings/python/test.sh [--no-install] [build folder]
#
# Builds the Python module in build/python, or the given folder, and runs its tests. On Debian it
# first installs what is missing. PYTHON is the interpreter, by default /usr/bin/python3, whose
# packages Debian provides.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

install=yes
if [[ ${1:-} == --no-install ]]; then install=no; shift; fi
build=${1:-build/python}
python=${PYTHON:-/usr/bin/python3}

if [[ $install == yes ]]; then bash cmake/install_packages.sh python; fi
cmake -S . -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DPython_EXECUTABLE="$python" \
  -DLOCALSGD_PYTHON=ON -DLOCALSGD_TESTS=OFF -DLOCALSGD_EXAMPLES=OFF -DLOCALSGD_MPI=OFF \
  -DLOCALSGD_GLOO=OFF -DLOCALSGD_JSON=OFF >/dev/null
cmake --build "$build"
PYTHONPATH=$build/bindings/python "$python" -m unittest discover -s bindings/python/test
