#!/usr/bin/env bash
# Copyright (c) 2026 The localsgd authors
# SPDX-License-Identifier: BSL-1.0
#
# usage: test/reliability/run.sh [--long] [ctest argument...]
# The tests of failures, bad input, certificates, checkpoints and restarts, by g++. With --long many more
# cases of each, every fault on ranks, 50 killed ranks in one run, 100,000 rounds in one process, and
# half an hour of fuzzing for each reader: about eight hours on two cores.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

long=false
arguments=()
while (($# > 0)); do
  case $1 in
    --long) long=true && shift ;;
    -h | --help) sed -n '5,8s/^# //p' "${BASH_SOURCE[0]}" && exit 0 ;;
    *) arguments+=("$1") && shift ;;
  esac
done
if ((${#arguments[@]} == 0)); then
  arguments=(-R '^(reliability|checkpoint|restart|fuzz)\.|^mpi\.(checkpoint|failures|faults|killed|lost)|^runs\.certificates$')
fi

if $long; then
  export LOCALSGD_TEST_TIMEOUT=${LOCALSGD_TEST_TIMEOUT:-14400}
  export LOCALSGD_RUNS=${LOCALSGD_RUNS:-10000} LOCALSGD_ROUNDS=${LOCALSGD_ROUNDS:-100000}
  export LOCALSGD_PROBLEMS=${LOCALSGD_PROBLEMS:-10000} LOCALSGD_KILLS=${LOCALSGD_KILLS:-500}
  export LOCALSGD_ALL_FAULTS=1 LOCALSGD_KILLED_RANKS=${LOCALSGD_KILLED_RANKS:-50}
fi
bash test/run.sh --all "${arguments[@]}"
if $long; then bash test/fuzz/run.sh --seconds 1800; fi
