#!/usr/bin/env bash
# Copyright (c) 2026 The localsgd authors
# SPDX-License-Identifier: BSL-1.0
#
# usage: test/restart/kills.sh gloo PROGRAM
#        test/restart/kills.sh mpi PROGRAM MPIRUN...
# Runs PROGRAM, of gloo.cpp or mpi.cpp here, under tools/restart/localsgd-restart on four ranks, of
# which random ones are killed in random rounds: three in the run, or LOCALSGD_KILLED_RANKS. Each
# restart has a rank less, but at least two. The result must have the bits of a run on one process
# that is not cut; each kill may cost the rounds since the last checkpoint; nothing may be left.
# MPIRUN... is a command to which "-np 3 PROGRAM" can be added.
set -euo pipefail

kills=${LOCALSGD_KILLED_RANKS:-3}
rounds=$((kills * 40))
kind=$1 program=$2
shift 2
supervisor=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)/tools/restart/localsgd-restart
if [[ $kind == mpi ]]; then launcher=("$@" -np '{ranks}'); else launcher=(); fi

folder=$(mktemp -d)
mistakes=0
mistake() {
  echo "$kind, seed $seed: $1" >&2
  sed 's/^/  /' "$folder.log" >&2
  mistakes=$((mistakes + 1))
}
now() { echo $((${EPOCHREALTIME/[^0-9]/} / 1000)); }
# The job under the supervisor, with these options of it.
run() {  # KILLS option...
  local cut=$1 begin
  shift
  begin=$(now)
  status=0
  printed=$(timeout --kill-after=5 "$((60 + 10 * cut))" "$supervisor" "$kind" "$@" "${launcher[@]}" \
    "$program" "$folder" "$rounds" "$cut" "$seed" 2>"$folder.log") || status=$?
  took=$(($(now) - begin))
}
trap 'rm -rf "$folder" "$folder.log"' EXIT

seed=0
run 0 --ranks 1
expected=$printed
if ((status != 0)) || [[ $expected != "$((rounds + 1)) "* ]]; then
  mistake "the run on one process fails: '$expected'"
  exit 1
fi
run 0 --ranks 2
whole=$took
if [[ $printed != "$expected" ]]; then mistake 'two ranks have other bits'; fi

seed=$RANDOM
rm -f "$folder/rounds"
run "$kills" --ranks 4 --min-ranks 2 --restarts "$kills"
if ((status != 0)); then mistake "the job ended with code $status"; fi
if [[ $printed != "$expected" ]]; then mistake "'$printed' instead of '$expected'"; fi
for ((i = 1; i <= kills; ++i)); do
  left=$((i < 2 ? 3 : 2))
  if ! grep -q "restart $i of at most $kills, on $left ranks" "$folder.log"; then
    mistake "it does not say that it restarts on $left ranks for the ${i}th time"
  fi
done
if ! grep -q "finished on 2 ranks after $kills restarts" "$folder.log"; then
  mistake 'it does not say how the job ended'
fi
seen=$(wc -l <"$folder/rounds") distinct=$(sort -u "$folder/rounds" | wc -l)
if ((distinct != rounds + 1)); then mistake "$distinct of $((rounds + 1)) rounds were seen"; fi
# Checkpoints are five rounds apart.
if ((seen - distinct > 5 * kills)); then mistake "$((seen - distinct)) rounds were repeated"; fi
rm -f "$folder/rounds"
if [[ -n $(ls -A "$folder") ]]; then mistake "files are left: $(ls -A "$folder")"; fi
if pgrep -f "^$program $folder" >/dev/null; then mistake 'a process is left'; fi
echo "$kind, seed $seed: $kills kills, $((seen - distinct)) rounds repeated, $took ms in total" \
  "instead of $whole: $(((took - whole) / kills)) ms lost for each kill"
if ((mistakes != 0)); then exit 1; fi
