#!/usr/bin/env bash
# Copyright (c) 2026 The localsgd authors
# SPDX-License-Identifier: BSL-1.0
#
# usage: benchmark/compare/run.sh [--quick] [--datasets w8a,a9a,...] [--repeats N] [--epochs N]
#        benchmark/compare/run.sh --battery [--quick] [--datasets NAME,...|all] [--losses NAME,...]
#          [--lambdas C/n,...] [--systems NAME,...] [--repeats N] [--cap S] [--budget S] [--minutes M]
#          [--clock wall|cpu] [--fresh] [--report]
#        benchmark/compare/run.sh --penalties [--seconds] [--quick] [--datasets NAME,...]
#          [--repeats N] [--cap S] [--clock wall|cpu]
#        benchmark/compare/run.sh --busy [--datasets NAME,...] [--repeats N]
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
# --battery: many data sets, every loss that fits, lambda = 100/n, 1/n, 0.01/n, and glmnet and SciPy
# among the others, all on the same objective, to 1e-3 and 1e-6 of f(0) - f*. localsgd's time is that
# of a whole call that ends by its certificate. Prints the share of cells in which each library is
# the fastest, within 2, 5, ... times of it, and the cells that localsgd loses; draws the performance
# profile. Results go to build/compare/battery; cells that are in its results.csv are not measured
# again.
#
#   --quick     coarse grids, data sets that take little time, one run of each
#   --datasets  names of battery_data.py, or all of them
#   --losses    logistic,squared_hinge,smoothed_hinge,squared,huber,poisson,softmax
#   --systems   localsgd and some of LIBLINEAR,scikit-learn,glmnet,SciPy; kept in a file of their own
#   --cap       seconds after which a run has failed (30; with --quick 5)
#   --budget    seconds of tuning for each system in each cell (60; with --quick 5)
#   --minutes   after which no cell is begun: a later call goes on
#   --clock     cpu: the seconds of all threads count, which a busy machine changes less; they are
#               kept in results_cpu.csv
#   --fresh     forget what was measured
#   --report    measure nothing
#
# --penalties: L1, elastic net and L2, intercepts (none, penalised, free), offsets, and smoothed
# quantiles, on a9a, w8a, mails, digits, fashion_tenth, diamonds_pairs, diamonds_tenth, lasso,
# boston_std, randhie_std and claims. Prints F of localsgd and of LIBLINEAR, glmnet and scikit-learn,
# how far they are apart, the certificate, and the supports; what differs by more than 1e-9 says so.
# Results go to build/compare/penalties.csv and penalties.txt.
#
#   --seconds   wall and CPU seconds to 1e-3 and 1e-6, certified, of L1-penalised models, against
#               tuned others, and of a path of 50 lambdas on the mails; to penalties_seconds.txt
#   --cap       seconds that a run may take (20)
#   --clock     by which the others are tuned (wall)
#
# --busy: beside 1, 2 and 4 busy processes, on one core, and in cgroups with half a core and one (as
# root): how much slower localsgd and LIBLINEAR are than alone.
#
#   --datasets  names of battery_data.py (a9a,w8a,spam,shuttle_binary)
#   --repeats   runs of each, turn by turn (9)
#
# w8a.gz and a9a.gz are looked for in the folder LOCALSGD_DATA, ../shared/data beside the checkout
# unless set. PYTHON names the Python that has scikit-learn and matplotlib. What is missing is
# skipped, saying so. Results go to build/compare: results.csv, table.txt, curves.csv and the figure
# compare.svg, compare.png. They mean something only on a machine that does nothing else.
set -euo pipefail
source_folder=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
build=$source_folder/build/compare

program=compare
target=benchmark.compare
packages=(compare)
arguments=()
for argument in "$@"; do
  if [[ $argument == --battery ]]; then
    program=battery
    target=benchmark.compare.battery
    packages+=(battery)
    continue
  fi
  if [[ $argument == --penalties ]]; then
    program=penalties
    target=benchmark.compare.penalties
    packages+=(battery)
    continue
  fi
  if [[ $argument == --busy ]]; then
    program=busy
    target=benchmark.compare.battery
    packages+=(battery)
    continue
  fi
  arguments+=("$argument")
  if [[ $argument == -h || $argument == --help ]]; then
    sed -n '5,61s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"
    exit 0
  fi
done

bash "$source_folder/cmake/install_packages.sh" "${packages[@]}"

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
build_quietly "$build" "$target" -DLOCALSGD_COMPARE=ON

# No system may use more threads than there are cores this process may run on.
unset OMP_NUM_THREADS  # nproc would heed it
OMP_NUM_THREADS=$(nproc)
export OMP_NUM_THREADS OPENBLAS_NUM_THREADS=$OMP_NUM_THREADS
export PYTHONDONTWRITEBYTECODE=1

"$python" "$source_folder/benchmark/compare/$program.py" --build "$build" \
  --data "${LOCALSGD_DATA:-$source_folder/../shared/data}" ${arguments[@]+"${arguments[@]}"}
