#!/usr/bin/env bash
# Copyright (c) 2026 The localsgd authors
# SPDX-License-Identifier: BSL-1.0
#
# usage: test/mpi/lost.sh TIMES PROGRAM MPIRUN...
# MPIRUN... is a command to which "-np 3 PROGRAM" can be added. Has the last rank of a run throw,
# leave, be killed or be stopped TIMES times each, in random rounds. The job must end in failure no
# later than the deadline of 2 s and 5 s more, and leave no process behind.
set -euo pipefail

times=$1 program=$2
shift 2
log=$(mktemp)
trap 'rm -f "$log"' EXIT
mistakes=0
mistake() {
  echo "$how at call $call, by $by: $1" >&2
  sed 's/^/  /' "$log" >&2
  mistakes=$((mistakes + 1))
}

for how in throw exit kill stop absent; do
  for ((i = 0; i != times; ++i)); do
    call=$((RANDOM % 300))
    if ((i % 2 == 0)); then by=memory; else by=messages; fi
    begin=${EPOCHREALTIME/[^0-9]/}
    status=0
    timeout --kill-after=5 60 "$@" -np 3 "$program" "$how" "$call" $by >"$log" 2>&1 || status=$?
    elapsed=$(((${EPOCHREALTIME/[^0-9]/} - begin) / 1000))
    if ((status == 0)); then mistake "the job ended well"; fi
    # Two seconds more than promised, to start and to end the job.
    if ((elapsed > 9000)); then mistake "the job took $elapsed ms"; fi
    if [[ $how == throw ]] && ! grep -q 'rank 2 failed in round .*: the end' "$log"; then
      mistake "the others do not say which rank failed"
    fi
    if [[ $how =~ stop|absent ]] && ! grep -q 'no message from ' "$log"; then
      mistake "the others do not say what they missed"
    fi
    sleep 0.2
    if pgrep -f "^$program $how" >/dev/null; then mistake "a process is left"; fi
  done
done
if ((mistakes != 0)); then exit 1; fi
echo "each job ended in time"
