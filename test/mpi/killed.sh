#!/usr/bin/env bash
# Copyright (c) 2026 The localsgd authors
# SPDX-License-Identifier: BSL-1.0
#
# usage: test/mpi/killed.sh TIMES PROGRAM MPIRUN...
# MPIRUN... is a command to which "-np 3 PROGRAM" can be added. TIMES times a rank of a run that
# keeps a checkpoint after every round is killed at a random moment. No process may be left; the
# file must be that of the last round, or of the one before it; and the run that goes on from there
# must come to the bits of one that was never killed.
set -euo pipefail

times=$1 program=$2
shift 2
folder=$(mktemp -d)
job=

pids() { cat "$folder"/pid.* 2>/dev/null || true; }
clean_up() {
  local pid
  for pid in $job $(pids); do kill -KILL "$pid" 2>/dev/null || true; done
  rm -rf "$folder"
}
trap clean_up EXIT

mistakes=0
mistake() {
  echo "kill $kills: $1" >&2
  sed 's/^/  /' "$folder/log" >&2
  mistakes=$((mistakes + 1))
}
now() { echo "${EPOCHREALTIME/[^0-9]/}"; }

# Starts the run and waits until all ranks are there.
start() {
  rm -f "$folder"/pid.* "$folder/rounds"
  timeout --kill-after=5 60 "$@" "$folder" >"$folder/log" 2>&1 &
  job=$!
  for ((i = 0; i != 1000; ++i)); do
    if (($(pids | wc -l) == 3)); then return; fi
    sleep 0.01
  done
  mistake "the ranks do not start"
  exit 1
}
# Whether none of the ranks is left within 5 s.
all_gone() {
  local i pid left
  for ((i = 0; i != 50; ++i)); do
    left=
    for pid in $(pids); do
      # A zombie is gone: whoever inherits it may be slow to say so.
      if kill -0 "$pid" 2>/dev/null && ! grep -qs '^State:.Z' "/proc/$pid/status"; then left=yes; fi
    done
    if [[ -z $left ]]; then return; fi
    sleep 0.1
  done
  return 1
}

kills=0 tries=0 resumed=0
touch "$folder/log"
expected=$(timeout --kill-after=5 60 "$@" -np 3 "$program" "$folder" alone)
end=$((${expected%% *} - 2))  # evaluations are of the rounds 0, 1, …, end + 1
start "$@" -np 3 "$program"
begin=$(now)
wait "$job"
job=
whole=$(($(now) - begin))  # microseconds of work, and a little more
if [[ $(cat "$folder/log") != "$expected" ]]; then mistake "not the bits of a run without checkpoints"; fi

while ((kills != times && tries != 20 * times)); do
  tries=$((tries + 1))
  start "$@" -np 3 "$program"
  moment=$(((RANDOM * 32768 + RANDOM) % whole))
  sleep "$(printf '%d.%06d' $((moment / 1000000)) $((moment % 1000000)))"
  kill -KILL "$(cat "$folder/pid.$((RANDOM % 3))")" 2>/dev/null || true
  status=0
  wait "$job" || status=$?
  job=
  if ! all_gone; then mistake "a process is left"; fi
  if ((status == 0)); then continue; fi  # it was at its end
  last=$(tail -n 1 "$folder/rounds" 2>/dev/null || true)
  # The last round makes no checkpoint, and the end of the run removes the one before it.
  if ((${last:-0} > end)); then
    if [[ ! -e $folder/run.checkpoint ]]; then continue; fi
    last=$end
  fi
  kills=$((kills + 1))
  if [[ -e $folder/run.checkpoint ]]; then resumed=$((resumed + 1)); fi

  # The evaluation after a round follows its checkpoint.
  rm -f "$folder/rounds"
  status=0
  timeout --kill-after=5 60 "$@" -np 3 "$program" "$folder" >"$folder/log" 2>&1 || status=$?
  if ((status != 0)); then mistake "it does not go on"; fi
  if [[ $(cat "$folder/log") != "$expected" ]]; then mistake "it comes to other bits"; fi
  first=$(head -n 1 "$folder/rounds" 2>/dev/null || true)
  if ((${first:--1} != ${last:-0} && ${first:--1} != ${last:-0} + 1)); then
    mistake "round ${last:-0} was seen, but it goes on from ${first:-none}"
  fi
  if [[ -e $folder/run.checkpoint ]]; then mistake "the file is there at the end"; fi
done
if ((kills != times)); then mistake "only $kills kills"; fi
if ((resumed == 0)); then mistake "no checkpoint was found: nothing was tested"; fi
if ((mistakes != 0)); then exit 1; fi
echo "$kills kills of $tries, $resumed went on from a checkpoint"
