#!/usr/bin/env bash
# Copyright (c) 2026 The localsgd authors
# SPDX-License-Identifier: BSL-1.0
#
# usage: benchmark/compare/run.sh [--quick] [--datasets w8a,a9a,...] [--repeats N] [--epochs N]
#
# Compares localsgd with LIBLINEAR and scikit-learn: the seconds of training until f - f* is at most
# 5e-3 ... 1e-8. localsgd runs as it comes; of every other system the fastest configuration for each
# level is found first. Then all run turn by turn, N times each (5, with --quick 3); the median
# counts.
#
#   --quick     coarser grids, and no synthetic problem, which takes most of the time
#   --datasets  some of w8a,a9a,heart_scale,synthetic,fashion,file_to_model,post_local
#   --epochs    the budget of localsgd, which ends early once f - f* <= 1e-9 (400)
#
# w8a.gz and a9a.gz are looked for in the folder LOCALSGD_DATA, ../shared/data beside the checkout
# unless set. PYTHON names the Python that has scikit-learn and matplotlib. What is missing is
# skipped, saying so. Results go to build/compare: results.csv, table.txt, curves.csv and the figure
# compare.svg, compare.png. They mean something only on a machine that does nothing else.
set -euo pipefail
source_folder=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
build=$source_folder/build/compare

for argument in "$@"; do
  if [[ $argument == -h || $argument == --help ]]; then
    sed -n '5,21s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"
    exit 0
  fi
done

bash "$source_folder/cmake/install_packages.sh" compare

# Debian's packages belong to Debian's Python, which need not be the first on the PATH.
python=
for candidate in ${PYTHON:+"$PYTHON"} python3 /usr/bin/python3; do
  if "$candidate" -c 'import sklearn, matplotlib' 2>/dev/null; then
    python=$candidate
    break
  fi
done
if [[ -z $python ]]; then
  echo "$0: no Python with scikit-learn and matplotlib; PYTHON may name one" >&2
  exit 1
fi

source "$source_folder/cmake/build_quietly.sh"
echo 'Building ...'
build_quietly "$build" benchmark.compare -DLOCALSGD_COMPARE=ON

# No system may use more threads than there are cores this process may run on.
unset OMP_NUM_THREADS  # nproc would heed it
OMP_NUM_THREADS=$(nproc)
export OMP_NUM_THREADS OPENBLAS_NUM_THREADS=$OMP_NUM_THREADS
export PYTHONDONTWRITEBYTECODE=1

"$python" "$source_folder/benchmark/compare/compare.py" --build "$build" \
  --data "${LOCALSGD_DATA:-$source_folder/../shared/data}" "$@"
