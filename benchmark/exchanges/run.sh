#!/usr/bin/env bash
# Copyright (c) 2026 The localsgd authors
# SPDX-License-Identifier: BSL-1.0
#
# usage: benchmark/exchanges/run.sh [data set [K ...]]
#
# Counts the exchanges that dane, L-BFGS, GIANT and DANE as published need on a9a and w8a, K = 8 and 64,
# random shards and shards sorted by label. LOCALSGD_DATA names the folder of the data, by default
# ../shared/data. No figure depends on the machine. It takes about ten minutes.
set -euo pipefail
source_folder=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
build=$source_folder/build/exchanges

for argument in "$@"; do
  if [[ $argument == -h || $argument == --help ]]; then
    sed -n '5,9s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"
    exit 0
  fi
done

bash "$source_folder/cmake/install_packages.sh" benchmark

source "$source_folder/cmake/build_quietly.sh"
echo 'Building ...'
build_quietly "$build" benchmark.exchanges -DLOCALSGD_BENCHMARKS=ON

"$build/benchmark/benchmark.exchanges" "$@"
