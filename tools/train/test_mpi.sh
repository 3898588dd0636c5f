#!/usr/bin/env bash
# Copyright (c) 2026 The localsgd authors
# SPDX-License-Identifier: BSL-1.0
#
# usage: tools/train/test_mpi.sh <localsgd-train with MPI> <mpirun> [<localsgd-train without MPI>]
#
# Runs the program on one, two and three ranks. It must write the files that one process writes, print
# everything once, and end on all ranks with the same exit code if one of them fails.
set -euo pipefail
export LC_ALL=C
program=$(realpath "$1")
mpirun=$2
alone=$program
if (($# > 2)); then alone=$(realpath "$3"); fi
source "$(dirname "$(realpath "${BASH_SOURCE[0]}")")/test_files.sh"

# on <ranks> <argument...>: ends with the exit code of mpirun.
on() {
  local ranks=$1
  shift
  timeout --kill-after=5 100 "$mpirun" -n "$ranks" "$program" "$@" </dev/null
}

# --- files -------------------------------------------------------------------------------------

awk 'BEGIN { srand(5); print "colour,size,kind"; for (i = 0; i < 200; i++) { a = rand() * 4 - 2;
  c = rand() < 0.5; printf "%s,%.6f,%s\n", c ? "red" : "blue", a, (a + c + rand() - 0.5 > 0) ? "yes" : "no" } }' >kinds.csv
head -n 150 two >fewer
sed '120s/^[^ ]*/-1/' counts >negative
sed '120s/1:.*/1:x/' two >no_number

# --- the files of one process ------------------------------------------------------------------

compared=0
while read -r -a words; do
  "$alone" "${words[@]}" -q -m one.json
  for ranks in 1 2 3; do
    rm -f some.json
    if ! on "$ranks" "${words[@]}" -q -m some.json >out 2>err; then
      mistake "'${words[*]}' fails on $ranks ranks: $(cat err)"
    elif ! cmp -s one.json some.json; then
      mistake "'${words[*]}' gives another model on $ranks ranks"
    fi
    [[ ! -s out ]] || mistake "'${words[*]}' on $ranks ranks prints, though quiet, $(cat out)"
    compared=$((compared + 1))
  done
done <<'END'
train two
train two --threads 2 --l1-ratio 1 --lambda 0.01 -K 3
train three --loss softmax --balanced --epochs 20 -K 5 -H 4 -b 2 --seed 3
train amounts --loss huber --epochs 5 --tolerance 0 -K 3 -H 1
train counts --loss poisson --scale standard
train kinds.csv --label kind --l1-ratio 0.5
train two --cross-validate 3 --lambdas 0.1,0.01
train three --loss softmax --validation 0.2
train counts --loss poisson --cross-validate 3 --lambdas 0.1,0.01
END

"$alone" path two --count 4 -q -o one.txt --models one
for ranks in 1 3; do
  if ! on "$ranks" path two --count 4 -q -o some.txt --models some 2>err; then
    mistake "path fails on $ranks ranks: $(cat err)"
  fi
  cmp -s one.txt some.txt || mistake "path prints another table on $ranks ranks"
  for i in 1 2 3 4; do
    cmp -s "one-$i.json" "some-$i.json" || mistake "path gives another model $i on $ranks ranks"
  done
done
left=$(find . -name '.localsgd*')
[[ -z $left ]] || mistake "runs left $left"

# --- everything once ---------------------------------------------------------------------------

"$alone" train two -m one.model --report one.html >one.out 2>one.err
on 3 train two -m some.model --report some.html >out 2>err || mistake "a report fails on three ranks: $(cat err)"
cmp -s one.model some.model || mistake 'another LIBLINEAR model on three ranks'
grep -q '</html>' some.html || mistake 'there is no report of three ranks'
[[ $(wc -l <out) == "$(wc -l <one.out)" ]] || mistake "three ranks print $(cat out), one $(cat one.out)"
[[ $(grep -c 'two: 200 samples' err) == 1 ]] || mistake "three ranks describe the data in $(cat err)"
[[ $(grep -c '100%' err) == "$(grep -c '100%' one.err)" ]] || mistake "three ranks show the progress $(cat err)"
while read -r -a words; do
  "$alone" "${words[@]}" >one.out
  on 3 "${words[@]}" >out 2>err || mistake "'${words[*]}' fails on three ranks: $(cat err)"
  cmp -s one.out out || mistake "'${words[*]}' prints something else on three ranks: $(cat out)"
  [[ -s out ]] || mistake "'${words[*]}' prints nothing"
done <<'END'
--help
train --help
--version
--man
--completion bash
--completion zsh
predict two one.model
evaluate two one.model
path two -q --count 3
advise two -q --tolerance 1e-3 --gradient-seconds 1e-6 --latency 1e-3 --bandwidth 1e8 -K 1,2 -b 1
END

# --- errors ------------------------------------------------------------------------------------

status=0
on 3 train two -m new.model --lambda x 2>err || status=$?
[[ $status == 2 ]] || mistake "mpirun exits with $status where all ranks exit with 2"
[[ $(grep -c '^localsgd-train: ' err) == 1 ]] || mistake "mpirun prints the error of three ranks as $(cat err)"

# Runs the program with "odd" in place of each argument "most:::odd" on the rank $odd, and with "most" on the
# other ranks; an empty argument is left out. Stores the process and the exit code of each rank.
cat >each_rank <<'END'
rank=${OMPI_COMM_WORLD_RANK:-${PMI_RANK:-0}}
words=()
for word in "$@"; do
  if [[ $word == *:::* ]]; then
    if [[ $rank == "$odd" ]]; then word=${word#*:::}; else word=${word%:::*}; fi
  fi
  if [[ -n $word ]]; then words+=("$word"); fi
done
"$program" "${words[@]}" &
echo $! >"pid.$rank"
status=0
wait $! || status=$?
echo "$status" >"status.$rank"
END
export program odd

# ranks | the odd one | exit code | part of the message | arguments
cases=0
while IFS='|' read -r ranks odd code message arguments; do
  cases=$((cases + 1))
  rm -f new.model new.json status.*
  read -r -a words <<<"$arguments"
  if ! timeout --kill-after=5 100 "$mpirun" -n "$ranks" bash each_rank "${words[@]}" >out 2>err </dev/null; then
    mistake "'$arguments' does not end on $ranks ranks: $(cat err)"
  fi
  for ((rank = 0; rank != ranks; ++rank)); do
    [[ $(cat "status.$rank") == "$code" ]] ||
      mistake "'$arguments' exits with $(cat "status.$rank"), not $code, on rank $rank of $ranks: $(cat err)"
  done
  if ((code == 0)); then
    [[ ! -s err ]] || mistake "'$arguments' says '$(cat err)'"
    [[ -e new.model ]] || mistake "'$arguments' writes no model"
    continue
  fi
  [[ $(wc -l <err) == 1 ]] || mistake "'$arguments' prints $(wc -l <err) lines of errors: $(cat err)"
  [[ $(cat err) == 'localsgd-train: '* ]] || mistake "'$arguments' does not name the program: $(cat err)"
  grep -qE -- "$message" err || mistake "'$arguments' says '$(cat err)', not '$message'"
  [[ ! -e new.model && ! -e new.json ]] || mistake "'$arguments' left a model"
done <<'END'
2||2|--lambda|train two -m new.model --lambda x
3||2|specify a command|
3||2|--threads|train two -m new.model --threads -1
3||2|threads = 100000|train two -m new.model -q --threads 100000
3||2|batch_size|train two -m new.model -q -b 1000
3||1|: no_file|train no_file -m new.model
2||1|: negative: sample 120|train negative -m new.json -q --loss poisson
3||1|no_folder|train two -m no_folder/new.model
3||1|no_file|predict no_file one.model
3||2|two is the input|predict two one.model -o two
3||2|workers = 2, must be at least the number of ranks, 3|train two -m new.model -q -K 2
9||2|path: has 8 workers|path two -q
3|1|1|rank 1 on [^ ]+: no_file|train two:::no_file -m new.model
3|0|1|train: no_file|train two:::no_file -m new.model
2|1|1|rank 1 on [^ ]+: no_number:120:|train two:::no_number -m new.model
3|2|2|rank 2 on [^ ]+: --lambda|train two -m new.model --lambda 1:::x
3|1|2|rank 1 on [^ ]+: threads = 5000|train two -q -m new.model --threads 1:::5000
3|1|2|command: rank 1 has evaluate, but rank 0 has train|train:::evaluate two -m:::one.model new.model:::
3|2|2|samples on rank 2 = 150|train two:::fewer -q -m new.model
3|1|2|seed on rank 1|train two -q -m new.model --seed 1:::2
3|1|1|rank 1 on [^ ]+: negative: sample 120|train counts:::negative -q -m new.json --loss poisson
3|2|2|lambdas: rank 2 has 1, but rank 0 has 1, 0\.5|path two -q --lambdas 0.5,1:::1
3|1|2|lambdas: rank 1 has 1, but rank 0 has 2, 1|train two -q -m new.model --cross-validate 3 --lambdas 1,2:::1
3|1|2|count: rank 1 has 3, but rank 0 has 2|path two -q --count 2:::3
3|1|2|regularizer on rank 1|train two -q -m new.model --lambda 1:::2
3|1|0||train two -q -m new.model:::no_folder/new.model
3|0|1|no_folder|train two -q -m new.model:::no_folder/new.model
3||1|/dev/full: cannot be written|train two -q -m /dev/full
END

# --- checkpoints -------------------------------------------------------------------------------

# One rank is asked to stop, all do, and the run continues on another number of ranks.
slow=(train two --epochs 4000 --tolerance 0 -K 3 -H 1 -q)
"$alone" "${slow[@]}" -m whole.model
rm -f status.*
timeout --kill-after=5 100 "$mpirun" -n 3 bash each_rank "${slow[@]}" -m resumed.model \
  --checkpoint slow.checkpoint --checkpoint-every 100 >out 2>err </dev/null &
job=$!
for ((i = 0; i != 3000; i++)); do
  if [[ -e slow.checkpoint || -e status.0 ]]; then break; fi
  sleep 0.01
done
kill -TERM "$(cat pid.1)" || true
wait "$job" || mistake "an interrupted job does not end: $(cat err)"
for rank in 0 1 2; do
  [[ $(cat "status.$rank") == 1 ]] || mistake "rank $rank exits with $(cat "status.$rank") when interrupted"
done
[[ $(wc -l <err) == 1 ]] || mistake "an interrupted job prints $(cat err)"
grep -q 'with --resume' err || mistake "an interrupted job says $(cat err)"
[[ ! -e resumed.model ]] || mistake 'an interrupted job wrote a model'
if [[ -e slow.checkpoint ]]; then
  cp slow.checkpoint copy.checkpoint
  on 2 "${slow[@]}" -m resumed.model --checkpoint slow.checkpoint --resume 2>err ||
    mistake "two ranks do not resume the run of three: $(cat err)"
  cmp -s whole.model resumed.model || mistake 'two ranks resume three with another model'
  [[ ! -e slow.checkpoint ]] || mistake 'the checkpoint of a complete run stays'
  "$alone" "${slow[@]}" -m resumed.model --checkpoint copy.checkpoint --resume 2>err ||
    mistake "one process does not resume the run of three ranks: $(cat err)"
  cmp -s whole.model resumed.model || mistake 'one process resumes three ranks with another model'
else
  mistake 'an interrupted job left no checkpoint'
fi

if ((mistakes != 0)); then
  echo "tools.train.mpi: $mistakes mistakes" >&2
  exit 1
fi
echo "tools.train.mpi: $compared runs on ranks wrote the models of one process, and $cases errors are joint"
