#!/usr/bin/env bash
# Copyright (c) 2026 The localsgd authors
# SPDX-License-Identifier: BSL-1.0
#
# usage: benchmark/paper/run.sh [--quick|--full] [--threads N] [--messages C,C,...]
#
# The experiment of Stich (ICLR 2019), section 4: logistic regression on w8a, lambda = 1/n, no
# intercept, from x = 0. For b = 4 to f - f* <= 0.005, and for b = 16 to 0.0001: the steps that K
# workers with H local steps need, each with its best step size, by the last consensus or by an
# average of all iterates.
#
#   --quick     K = 1, 4, ..., 1024 and H = 1, 4, 16, 64, once each; a few minutes (the default)
#   --full      K = 1, 2, ..., 1024 and H = 1, 2, ..., 64, with three seeds (nine for K = 1); the
#               median counts
#   --threads   points measured at a time, as many as there are cores unless given
#   --messages  what a message costs, in gradients of one sample, a row of panels each (0,1/25,1,25)
#
# w8a.gz is looked for in the folder LOCALSGD_DATA, ../shared/data beside the checkout unless set.
# PYTHON names the Python that has matplotlib. Results go to build/paper. points.csv grows by a row
# as a point is done: a run that was stopped goes on from there, and --full from --quick. Made from
# it: theory.csv, tables.md, and the figures speed_up and asynchronous as .svg and .png. The points
# are counts, so they do not depend on how busy the machine is.
set -euo pipefail
source_folder=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
build=$source_folder/build/paper
data=${LOCALSGD_DATA:-$source_folder/../shared/data}/w8a.gz

size=() threads=$(nproc) messages=0,1/25,1,25
while (($# > 0)); do
  case $1 in
    -h | --help) sed -n '5,23s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" && exit 0 ;;
    --quick) size=() ;;
    --full) size=(--full) ;;
    --threads) threads=${2:?} && shift ;;
    --messages) messages=${2:?} && shift ;;
    *) echo "$0: unknown argument '$1'; see --help" >&2 && exit 2 ;;
  esac
  shift
done
if [[ ! -e $data ]]; then
  echo "$0: there is no $data; LOCALSGD_DATA may name its folder" >&2
  exit 1
fi

bash "$source_folder/cmake/install_packages.sh" paper
source "$source_folder/cmake/build_quietly.sh"
echo 'Building ...'
build_quietly "$build" benchmark.paper -DLOCALSGD_PAPER=ON

program=$build/benchmark/paper/benchmark.paper
"$program" --check >"$build/check.txt"
"$program" --run "$data" --csv "$build/points.csv" --threads "$threads" "${size[@]}"
IFS=, read -ra costs <<<"$messages"
"$program" --theory "${costs[@]}" >"$build/theory.csv"

# Debian's packages belong to Debian's Python, which need not be the first on the PATH.
figure='skipped: figures and tables, no Python with matplotlib was found; PYTHON may name one'
for candidate in ${PYTHON:+"$PYTHON"} python3 /usr/bin/python3; do
  if "$candidate" -c 'import matplotlib' 2>/dev/null; then
    PYTHONDONTWRITEBYTECODE=1 "$candidate" "$source_folder/benchmark/paper/plot.py" "$build"
    cat "$build/tables.md"
    figure="In $build: points.csv, theory.csv, tables.md, speed_up.svg, asynchronous.svg and .png"
    break
  fi
done
echo "$figure"
