#!/usr/bin/env bash
# Copyright (c) 2026 The localsgd authors
# SPDX-License-Identifier: BSL-1.0
#
# usage: benchmark/family/run.sh [quadratic | data set ...]
#
# Counts the exchanges and epochs that sgd, scaffnew, fedac, slowcal and asynchronous sgd need, with the best
# parameters of a grid, next to svrg, loopless_svrg and dane: on quadratics, a9a and w8a, with 8 random
# shards and shards sorted by label. LOCALSGD_DATA names the folder of the data, by default
# ../shared/data. No figure depends on the machine. It takes about forty minutes.
set -euo pipefail
source_folder=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
build=$source_folder/build/family

for argument in "$@"; do
  if [[ $argument == -h || $argument == --help ]]; then
    sed -n '5,10s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"
    exit 0
  fi
done

bash "$source_folder/cmake/install_packages.sh" benchmark

source "$source_folder/cmake/build_quietly.sh"
echo 'Building ...'
build_quietly "$build" benchmark.family -DLOCALSGD_BENCHMARKS=ON

"$build/benchmark/benchmark.family" "$@"
