#!/usr/bin/env bash
# Copyright (c) 2026 The localsgd authors
# SPDX-License-Identifier: BSL-1.0
#
# usage: tools/train/test.sh <the program localsgd-train>
#
# Trains, predicts and evaluates small files, and checks the exit code and the message of every mistake in
# the table below.
set -euo pipefail
export LC_ALL=C
program=$(realpath "$1")
source "$(dirname "$(realpath "${BASH_SOURCE[0]}")")/test_files.sh"

# --- files -------------------------------------------------------------------------------------

awk '{ $1 = ($1 == 1) ? 0.5 : 0.25; print }' two >halves
awk '{ $1 = ($1 == 1) ? "1e-310" : 0; print }' two >tiny  # a subnormal number
gzip -c two >two.gz
head -c 300 two.gz >cut.gz
head -c 40 two.gz >short.gz
: >empty
printf '1 1:2\n1 1:3\n' >one_label
printf '1 2:x\n' >no_number
printf '1 2:1 1:1\n' >unsorted
printf '1 1:1\n-1 1:nan\n' >not_finite
printf '1,2 1:1\n' >several_labels
printf 'label,a,b\n1,2,3\n' >table.csv
printf '1 1:1 5:1\n-1 1:1\n' >wide
printf '1 1:1\n9 1:1\n' >unknown_label
printf '{"format": "localsgd linear model"}\n' >no_fields.json
printf '{"format"' >broken.json
printf 'solver_type L2R_LR\nnr_class 2\nlabel 1 -1\nnr_feature 2\nbias 1\nw\n1 \n' >cut.model
printf 'solver_type ONECLASS_SVM\n' >one_class.model
printf -- '-1 1:1\n2 1:1\n' >negative
mkdir a_folder
awk 'BEGIN { srand(5); print "colour,\"size, cm\",weight,kind"; for (i = 0; i < 200; i++) { a = rand() * 4 - 2; b = rand() * 4 - 2;
  c = rand() < 0.5; printf "%s,%.6f,%.6f,%s\n", c ? "red" : "blue", a, b, (a - b + c + rand() - 0.5 > 0) ? "yes" : "no" } }' >kinds.csv
awk -F, -v OFS=, 'NR == 1 { print "kind,weight,\"size, cm\",colour"; next } { print $4, $3, $2, $1 }' kinds.csv >turned.csv
awk -F, -v OFS=, 'NR == 1 { print "colour,\"size, cm\",weight"; next } { print $1, $2, $3 }' kinds.csv >unlabelled.csv
gzip -c kinds.csv >kinds.csv.gz
tr , '\t' <unlabelled.csv | sed '1s/.*/colour\tsize\tweight/' >unlabelled.tsv
awk -F, 'NR > 1 { print $4 }' kinds.csv >kinds.labels
awk -F, 'NR == 1 { print "y,x"; next } { print 2 * $2 + 1 "," $2 }' kinds.csv >line.csv
printf 'a,y\n1,2\n,3\n' >missing.csv
printf 'a,y\n1,2\n3\n' >ragged.csv
printf 'a,y\n1,"2\n' >quote.csv
printf 'a,y\n1,inf\n' >infinite.csv
printf 'colour,weight,"size, cm",kind\ngreen,1,1,yes\n' >green.csv
printf 'colour,weight,kind\nred,1,yes\n' >narrow.csv
printf 'colour,weight,"size, cm",more,kind\nred,1,1,1,yes\n' >more.csv
printf 'colour,weight,"size, cm",kind\nred,1,1,maybe\n' >maybe.csv
printf '1\n\n2\n' >gap.labels
# The samples of "two", as arrays of one-byte integers and of doubles of NumPy.
npy() {  # npy <descr> <shape>: the header of version 1
  local text
  text="{'descr': '$1', 'fortran_order': False, 'shape': $2, }"
  printf '\x93NUMPY\x01\x00'
  printf "\\x$(printf %02x ${#text})\\x00%s" "$text"
}
bytes() { for each in "$@"; do printf "\\x$(printf %02x "$each")"; done; }
{ npy '|u1' '(6, 2)'; bytes 1 9 2 8 3 9 9 1 8 2 9 3; } >six.npy
{ npy '|u1' '(6,)'; bytes 0 0 0 1 1 1; } >six.labels.npy
{ npy '|u1' '(6, 3)'; bytes 1 9 0 2 8 0 3 9 0 9 1 0 8 2 0 9 3 0; } >wide.npy
{ npy '|u1' '(6, 2)'; bytes 1 9 2; } >short.npy
{ npy '|O' '(1, 1)'; bytes 1; } >object.npy
{ printf '\0\0\x08\x02'; bytes 0 0 0 6 0 0 0 2 1 9 2 8 3 9 9 1 8 2 9 3; } >six.idx
{ printf '\0\0\x08\x01'; bytes 0 0 0 6 0 0 0 1 1 1; } >six.labels.idx
printf '\0\0\x08\x02' >short.idx
printf 'low\nlow\nlow\nhigh\nhigh\nhigh\n' >six.labels
printf '\x89LSGD\r\n\x1a1234' >damaged.cache

# --- what works --------------------------------------------------------------------------------

# check <name> <expected part of the standard output, a regular expression> <argument...>
check() {
  local name=$1 expected=$2 out
  shift 2
  if ! out=$("$program" "$@" 2>err); then
    mistake "$name: failed with: $(cat err)"
  elif ! [[ $out =~ $expected ]]; then
    mistake "$name: printed '$out', not '$expected'"
  fi
}
accurate='accuracy +(1|0\.9)'
check 'two classes' '.' train two -m two.model
check 'evaluate' "$accurate" evaluate two two.model
check 'log loss and AUC' 'log loss +0\.[0-9]+.*AUC +(0\.9|1)' evaluate two two.model
check 'predict' '^-?1' predict two two.model
check 'gzip' '.' train two.gz -m gz.model
cmp -s two.model gz.model || mistake 'a gzipped file gives another model'
check 'threads' '.' train two -m threads.model --threads 1
cmp -s two.model threads.model || mistake 'another number of threads gives another model'
check 'JSON' '.' train two -m two.json
check 'JSON evaluates alike' "$accurate" evaluate two two.json
check 'format beats the name' '.' train two -m forced.model --format json
[[ $(head -c 1 forced.model) == '{' ]] || mistake '--format json wrote something else'
check 'quiet' '^$' train two -m quiet.model -q
[[ ! -s err ]] || mistake "--quiet wrote $(cat err)"
check 'three classes' '.' train three -m three.model --loss softmax
check 'three classes evaluate' 'accuracy +0\.[6-9]' evaluate three three.model
check 'three classes predict' '^[357]' predict three three.model
check 'three classes as JSON' '.' train three -m three.json --loss softmax
check 'probabilities of three classes' '^label 3 5 7' predict three three.json --probabilities
check 'least squares' '.' train amounts -m squared.model --loss squared
check 'R^2' 'R\^2 +0\.99' evaluate amounts squared.model
check 'huber' '.' train amounts -m huber.model --loss huber --delta 0.5
check 'quantile' '.' train amounts -m quantile.model --loss smoothed_quantile --tau 0.9 --delta 0.1
check 'poisson' '.' train counts -m poisson.json --loss poisson
check 'poisson predicts means' '^[0-9]' predict counts poisson.json
for loss in logistic squared_hinge smoothed_hinge; do
  check "$loss" '.' train two -m "$loss.model" --loss "$loss"
  check "$loss evaluates" "$accurate" evaluate two "$loss.model"
done
check 'L1' '.' train two -m l1.model --l1-ratio 1 --lambda 0.01
check 'elastic net' '.' train two -m net.model --l1-ratio 0.5 -C 1
check 'scaling' '.' train two -m scaled.model --scale standard
check 'scaling is undone' "$accurate" evaluate two scaled.model
check 'max-abs' '.' train two -m scaled.model --scale max-abs
check 'balanced' '.' train two -m balanced.model --balanced
check 'epochs' '.' train two -m epochs.model --epochs 3 -K 2 -H 4 -b 2 --seed 5
check 'report' '.' train two -m reported.model --epochs 3 -K 2 -H 4 -b 2 --seed 5 --report run.html
cmp -s epochs.model reported.model || mistake '--report changes the model'
grep -q 'two: 200 samples, 2 features, loss logistic' run.html || mistake '--report does not name the data'
grep -q '</html>' run.html || mistake '--report wrote no page'
check 'report of a run with a tolerance' '^$' train three -m reported.model --loss softmax -q --report run.html
grep -q 'tolerance_reached' run.html || mistake '--report does not say why the run ended'
check 'no intercept' '.' train two -m none.model --no-intercept
grep -q '^bias -1$' none.model || mistake '--no-intercept wrote an intercept'
check 'penalized intercept' '.' train two -m penalized.model --penalize-intercept
check 'labels that are no integers' '.' train halves -m halves.json
check '... are predicted' '^0\.' predict halves halves.json
check 'features' '.' train two -m wide.model --features 5
grep -q '^nr_feature 5$' wide.model || mistake '--features 5 wrote another number'
check 'more features in the data' '^-?1' predict wide two.model --ignore-unknown-features
check 'fewer features in the data' "$accurate" evaluate two wide.model
check 'output' '^$' predict two two.model -o out
[[ $(wc -l <out) == 200 ]] || mistake 'predict wrote another number of lines than samples'
check 'CSV' '.' train kinds.csv --label kind -m kinds.json
check 'CSV evaluates' "$accurate" evaluate kinds.csv kinds.json
check 'CSV with its columns in another order' "$accurate" evaluate turned.csv kinds.json
"$program" predict kinds.csv kinds.json >forward
"$program" predict turned.csv kinds.json >turned
"$program" predict unlabelled.csv kinds.json >bare
cmp -s forward turned || mistake 'the order of the columns changes predictions'
cmp -s forward bare || mistake 'the column of the labels changes predictions'
[[ $(sort -u forward | tr '\n' ' ') == 'no yes ' ]] || mistake 'predictions are not the texts of the labels'
check 'CSV by a number' '.' train kinds.csv.gz --label -1 -m numbered.json
cmp -s kinds.json numbered.json || mistake 'a gzipped CSV, its label by number, gives another model'
check 'numbers as categories' '^$' train line.csv --label y --categorical x -m categories.json --loss squared -q
check 'CSV regression' '.' train line.csv --label y --loss squared -m line.json --lambda 0
check 'CSV regression evaluates' 'R\^2 +1' evaluate line.csv line.json
check 'separator' '.' train kinds.csv --separator , --label kind -m separated.json
check 'scaled CSV' "" train kinds.csv --label kind --scale standard -m scaled.json -q
check 'scaled CSV evaluates' "$accurate" evaluate kinds.csv scaled.json
check 'unknown category' '^(yes|no)$' predict green.csv kinds.json --ignore-unknown-features
check 'unknown column' '^(yes|no)$' predict more.csv kinds.json --ignore-unknown-features
check 'unknown label' '^(yes|no)$' predict maybe.csv kinds.json
for labels in six.labels.npy six.labels.idx six.labels; do
  check "npy with $labels" '.' train six.npy --labels "$labels" -m six.json
  check "npy with $labels evaluates" 'accuracy +1' evaluate six.npy six.json --labels "$labels"
  check "IDX with $labels" '.' train six.idx --labels "$labels" -m six.idx.json
  cmp -s six.json six.idx.json || mistake "IDX gives another model than npy with $labels"
done
[[ $("$program" predict six.idx six.json | uniq | tr '\n' ' ') == 'low high ' ]] || mistake 'npy predicts other labels'
check 'LIBSVM by option' '.' train two --data-format libsvm -m two.model

check 'path' '^lambda nonzeros objective certificate' path two --count 5
"$program" path two --count 5 -q >path.txt
awk 'NR > 1 { if (($1 >= before && NR > 2) || $4 > 1e-3) wrong = 1; before = $1; last = $2 }
  END { exit wrong || NR != 6 || last != 2 }' path.txt || mistake "a path is '$(cat path.txt)'"
check 'path of given lambdas' '^$' path kinds.csv --label kind --lambdas 0.01,0.1 --l1-ratio 0.5 -o path.txt --models path
[[ $(awk 'NR > 1 { printf "%s ", $1 }' path.txt) == '0.1 0.01 ' ]] || mistake "path prints other lambdas: $(cat path.txt)"
check 'a model of a path' "$accurate" evaluate kinds.csv path-2.json
check 'path of three classes' 'nonzeros' path three --loss softmax --count 3
check 'cross-validation' 'best' train two -m chosen.model --cross-validate 4
check 'cross-validation of given lambdas' '0\.001 .*best' train two -m chosen.model --cross-validate 4 --lambdas 10,0.001 --l1-ratio 1
check 'its model' "$accurate" evaluate two chosen.model
check 'validation' 'held out' train two -m stopped.model --validation 0.2
check 'validation of numbers' 'held out' train amounts -m stopped.model --validation 0.2 --loss squared
awk '{ $1 += 0.5; print }' counts >durations
while read -r data loss parameters; do
  read -r -a words <<<"$data --loss $loss $parameters"
  check "cross-validation of $loss" '0\.001 .*best' train "${words[@]}" -m chosen.json --cross-validate 3 --lambdas 100,0.001 --l1-ratio 1
  check "validation of $loss" 'held out' train "${words[@]}" -m stopped.json --validation 0.2
  penalty=(--l1-ratio 0.5 --tolerance 1e-9)
  "$program" path "${words[@]}" -q --lambdas 0.01 "${penalty[@]}" >path.txt || mistake "there is no path of $loss"
  "$program" train "${words[@]}" -m one.json --lambda 0.01 "${penalty[@]}" >out 2>err || mistake "$loss fails: $(cat err)"
  awk 'FNR == NR && FNR == 2 { path = $3 } /objective f/ { train = $3; seen = 1 }
    END { d = path - train; exit !seen || d < -1e-8 || d > 1e-8 }' path.txt out ||
    mistake "$loss: a path has another minimum than train: $(cat path.txt out)"
done <<'END'
two squared_hinge
two smoothed_hinge
amounts huber --delta 0.5
amounts smoothed_quantile --tau 0.8 --delta 0.1
counts poisson
durations gamma
END
check 'automatic H' '.' train two -m automatic.model -H auto
cmp -s two.model automatic.model || mistake '-H auto is not the default'
check 'checkpoint' '.' train two -m kept.model --checkpoint kept.checkpoint --checkpoint-every 1
cmp -s two.model kept.model || mistake 'checkpoints change the model'
[[ ! -e kept.checkpoint ]] || mistake 'the checkpoint of a complete run stays'
# A run that is interrupted and resumed has the model of one that is not.
slow=(train two --epochs 40000 --tolerance 0 -K 2 -H 1 -q --threads 1)
check 'a long run' '^$' "${slow[@]}" -m whole.model
"$program" "${slow[@]}" -m resumed.model --checkpoint slow.checkpoint --checkpoint-every 100 2>err &
run=$!
for ((i = 0; i != 500; i++)); do
  [[ -e slow.checkpoint ]] && break
  sleep 0.01
done
kill -TERM "$run" 2>/dev/null || true
status=0
wait "$run" || status=$?
if [[ -e slow.checkpoint ]]; then
  [[ $status == 1 ]] || mistake "an interrupted run exits with $status"
  grep -q 'with --resume' err || mistake "an interrupted run says $(cat err)"
  [[ ! -e resumed.model ]] || mistake 'an interrupted run wrote a model'
  "$program" "${slow[@]}" -m resumed.model --checkpoint slow.checkpoint 2>err && mistake 'a checkpoint was overwritten'
  grep -q 'pass --resume' err || mistake "a checkpoint that is there says $(cat err)"
  check 'resume' '^$' "${slow[@]}" -m resumed.model --checkpoint slow.checkpoint --resume
else
  echo 'the run ended before it was interrupted: --resume is not tested'
fi
cmp -s whole.model resumed.model || mistake 'a resumed run has another model'
check 'advice' 'least time' advise two --tolerance 1e-3 --gradient-seconds 1e-6 --latency 1e-3 --bandwidth 1e8 -K 1,2 -b 1

check 'help' 'train.*predict.*evaluate' --help
check 'manual page' '\.TH LOCALSGD.*SH COMMAND train' --man
check 'completion' 'complete .*localsgd-train' --completion bash
"$program" --completion bash >completion
if ! completed=$(bash -c '. ./completion; COMP_WORDS=(localsgd-train train x --loss po); COMP_CWORD=4
  _localsgd_train; echo "${COMPREPLY[@]}"; COMP_WORDS=(localsgd-train ev); COMP_CWORD=1; _localsgd_train
  echo "${COMPREPLY[@]}"; COMP_WORDS=(localsgd-train path x --lamb); COMP_CWORD=3; _localsgd_train; echo "${COMPREPLY[@]}"'); then
  mistake 'the completion fails'
elif [[ $completed != $'poisson\nevaluate\n--lambdas' ]]; then
  mistake "completes '$completed'"
fi
check 'completion for zsh' '^#compdef localsgd-train' --completion zsh
"$program" --completion zsh >_localsgd-train
if command -v zsh >/dev/null; then
  # Types commands with tabs into a terminal. They store their arguments.
  cat >type.zsh <<'END'
zmodload zsh/zpty
zpty shell zsh -f -i
zpty -w shell "autoload -Uz compinit; $1"'; localsgd-train() { print -r -- "$@" >>typed }'
zpty -w shell $'localsgd-train tra\t x --loss po\t --no-i\t'
zpty -w shell $'localsgd-train ev\t a_f\t two.m\t --data-format=id\t'
zpty -w shell $'localsgd-train train -C 1 --lambda\t --cos\t'
zpty -w shell $'localsgd-train pa\t two --lamb\t 1'
zpty -w shell $'localsgd-train --comp\t zs\t'
zpty -w shell exit
while zpty -r shell; do :; done
END
  # shellcheck disable=SC2016
  for how in 'fpath=($PWD $fpath); compinit -D -u' 'compinit -D -u; source ./_localsgd-train'; do
    rm -f typed
    timeout --kill-after=5 100 zsh -f type.zsh "$how" >out || mistake "typing into zsh fails: $(cat -v out)"
    diff - typed <<'END' || mistake "zsh completes other words with '$how'"
train x --loss poisson --no-intercept
evaluate a_folder two.model --data-format=idx
train -C 1 --lambdas --cos
path two --lambdas 1
--completion zsh
END
  done
else
  echo 'zsh is not there: its completion is not tried'
fi
if command -v man >/dev/null && command -v groff >/dev/null; then
  "$program" --man >page.1
  [[ -z $(groff -man -Tascii -ww page.1 2>&1 >/dev/null) ]] || mistake 'groff warns about the manual page'
fi
check 'help of train' '--lambda' train --help
check 'version' 'localsgd-train [0-9]+\.[0-9]+' --version
if command -v liblinear-predict >/dev/null; then
  for name in two three; do
    liblinear-predict "$name" "$name.model" theirs >/dev/null
    "$program" predict "$name" "$name.model" >ours
    cmp -s ours theirs || mistake "liblinear-predict predicts other labels of $name"
  done
  # The same C and the same penalised intercept: the same minimum.
  for pair in '0 logistic' '2 squared_hinge'; do
    read -r solver loss <<<"$pair"
    liblinear-train -s "$solver" -B 1 -c 0.5 -e 1e-8 -q two theirs.model
    "$program" train two -m ours.model --loss "$loss" -C 0.5 --penalize-intercept -q
    paste <(tail -n +7 theirs.model) <(tail -n +7 ours.model) | awk '
      { d = $1 - $2; if (d < -1e-3 || d > 1e-3) wrong = 1 } END { exit wrong || NR != 3 }' ||
      mistake "liblinear-train -s $solver has another minimum"
  done
else
  echo 'liblinear-predict is not there: its predictions are not compared'
fi

# --- what does not -----------------------------------------------------------------------------

# code | part of the message | arguments
cases=0
while IFS='|' read -r code message arguments; do
  [[ -n $code ]] || continue
  cases=$((cases + 1))
  rm -f out new.model
  status=0
  read -r -a words <<<"$arguments"
  "$program" "${words[@]}" >out 2>err </dev/null || status=$?
  [[ $status == "$code" ]] || mistake "'$arguments' exits with $status, not $code: $(cat err)"
  [[ $(wc -l <err) == 1 ]] || mistake "'$arguments' prints $(wc -l <err) lines of errors: $(cat err)"
  grep -qF -- "$message" err || mistake "'$arguments' says '$(cat err)', not '$message'"
  [[ $(cat err) == 'localsgd-train: '* ]] || mistake "'$arguments' does not name the program"
  [[ ! -e new.model ]] || mistake "'$arguments' left a model"
done <<'END'
2|specify a command: train, predict, evaluate, path or advise|
2|not expected|unknown
2|not expected|--unknown
2|--completion|--completion
2|--completion|--completion fish
2|data is required|train
2|--model is required|train two
2|not expected|train two -m new.model extra
2|not expected|train two -m new.model --unknown 3
2|--loss|train two -m new.model --loss nothing
2|--lambda|train two -m new.model --lambda -1
2|--lambda|train two -m new.model --lambda x
2|--lambda|train two -m new.model --lambda
2|--lambda: found nan, expected a number >= 0|train two -m new.model --lambda nan
2|--lambda: found inf|train two -m new.model --lambda inf
2|--cost|train two -m new.model -C 0
2|--cost|train two -m new.model -C -1
2|excludes --|train two -m new.model -C 1 --lambda 1
2|--l1-ratio|train two -m new.model --l1-ratio 1.5
2|--l1-ratio|train two -m new.model --l1-ratio -0.5
2|--delta|train amounts -m new.model --loss huber --delta 0
2|--tau|train amounts -m new.model --loss smoothed_quantile --tau 2
2|--tau: found 1, expected a number between 0 and 1|train amounts -m new.model --loss smoothed_quantile --tau 1
2|--workers|train two -m new.model -K 0
2|--workers|train two -m new.model -K -3
2|workers = 2000000|train two -m new.model -q -K 2000000
2|--local-steps|train two -m new.model -H -1
2|--batch-size|train two -m new.model -b 0
2|batch_size|train two -m new.model -q -b 1000
2|--epochs|train two -m new.model --epochs -1
2|--epochs|train two -m new.model --epochs many
2|--tolerance|train two -m new.model --tolerance -1
2|--threads|train two -m new.model --threads -1
2|threads = 100000|train two -m new.model -q --threads 100000
2|--seed|train two -m new.model --seed x
2|excludes --|train two -m new.model --no-intercept --penalize-intercept
2|--scale|train two -m new.model --scale log
2|--features|train two -m new.model --features -1
2|columns|train two -m new.model --features 3000000000
2|--format|train two -m new.model --format xml
2|for classes use --loss softmax|train three -m new.model
2|for classes use --loss softmax|train amounts -m new.model
2|the LIBLINEAR format cannot store|train counts -m new.model --loss poisson
2|the LIBLINEAR format cannot store|train amounts -m new.model --loss gamma
2|--format|train two -m new.model --format
2|two is the input|train two -m two
2|two is the input|predict two two.model -o ./two
2|two.model is the input|predict two two.model -o two.model
2|two is the input|train two -m new.model --report two
2|is both the model and the report|train two -m new.model --report ./new.model
2|--report|train two -m new.model --report
1|no_folder|train two -m new.model --report no_folder/run.html
1|a_folder: is a folder|train two -m new.model --report a_folder
2|label 0.25: the LIBLINEAR format stores integer labels only|train halves -m new.model
2|e-311: the LIBLINEAR format stores integer labels only|train tiny -m new.model
2|--balanced|train amounts -m new.model --loss squared --balanced
1|no_file|train no_file -m new.model
1|a_folder|train a_folder -m new.model
1|empty: found no samples|train empty -m new.model
1|one_label: found the labels 1, expected 2 different labels|train one_label -m new.model --loss logistic
1|at least 2 different labels|train one_label -m new.model --loss softmax
1|no_number:1:5: found x|train no_number -m new.model
1|unsorted:1:7|train unsorted -m new.model
1|not_finite:2:6: found nan|train not_finite -m new.model
1|several_labels:1:1|train several_labels -m new.model
2|table.csv:1:1: found no label, expected --label to be a column number or one of label, a, b|train table.csv -m new.json
1|cut.gz|train cut.gz -m new.model
1|short.gz|train short.gz -m new.model
1|two:1:|train two -m new.model --features 1
1|three: found the labels 3, 5, 7|train three -m new.model --loss squared_hinge
1|negative: sample 1: found -1, expected a finite count >= 0|train negative -m new.json -q --loss poisson
1|negative: sample 1: found -1, expected a finite number > 0|train negative -m new.json -q --loss gamma
1|no_folder|train two -m no_folder/new.model
1|a_folder: is a folder|train two -m a_folder
2|no column nothing, expected --label|train table.csv --label nothing -m new.json
2|expected --label|train table.csv --label 4 -m new.json
1|no column c, expected one of the columns|train table.csv --label a --categorical c -m new.json
2|cannot store the columns of a CSV file; save the model as *.json|train kinds.csv --label kind -m new.model
2|cannot store the columns of a CSV file|train kinds.csv --label kind -m new.json --format liblinear
1|missing.csv:3:1: found nothing, expected a value in column a|train missing.csv --label y -m new.json
1|ragged.csv:3:1: found 1 field, expected 2|train ragged.csv --label y -m new.json
1|quote.csv:2:3: found an unclosed quote|train quote.csv --label y -m new.json
1|infinite.csv:2:3: found inf|train infinite.csv --label y -m new.json --loss squared
2|the labels of two are texts|train two --data-format csv --label 1 -m new.json --separator : --loss squared
1|different magic number|train two --data-format npy --labels six.labels -m new.json
1|IDX file|train two --data-format idx --labels six.labels -m new.json
2|--separator: found ab|train kinds.csv --label kind --separator ab -m new.json
2|--data-format|train two --data-format xml -m new.model
2|--label: only for CSV files, but two is libsvm|train two --label y -m new.model
2|--categorical: only for CSV files|train two --categorical y -m new.model
2|--separator: only for CSV files|train two --separator ; -m new.model
2|--labels: only for npy and idx|train two --labels kinds.labels -m new.model
2|--features: only for LIBSVM files|train six.npy --labels six.labels --features 3 -m new.model
2|requires numbers, but the labels of kinds.csv are texts|train kinds.csv --label kind --loss squared -m new.json
2|six.npy: has no labels; name the file that has them with --labels|train six.npy -m new.model
2|six.idx: has no labels|train six.idx -m new.model
1|no_file|train six.npy --labels no_file -m new.json
1|kinds.labels: has 200 labels, but six.npy has 6 samples|train six.npy --labels kinds.labels -m new.json
1|gap.labels:2:1: found an empty line|train six.npy --labels gap.labels -m new.json
1|six.npy: found 2 numbers for each sample, expected one label|train six.npy --labels six.npy -m new.json
2|label high: the LIBLINEAR format stores integer labels only|train six.npy --labels six.labels -m new.model
1|short.npy: found|train short.npy --labels six.labels -m new.json
1|object.npy: found element type O|train object.npy --labels six.labels -m new.json
1|short.idx: found 4 bytes (truncated)|train short.idx --labels six.labels -m new.json
1|damaged.cache|train damaged.cache -m new.model
1|kinds.csv: is a CSV file, but two.model was not fitted to one|predict kinds.csv two.model
1|two: is no CSV file, but kinds.json was fitted to one|predict two kinds.json
1|green.csv:2:1: found green, expected one of the known values of column colour: blue, red|predict green.csv kinds.json
1|narrow.csv:1:1: found no column size, cm|predict narrow.csv kinds.json
1|more.csv:1:26: found the unknown column more, expected the columns of the coding; to ignore others, pass --ignore-unknown-features|predict more.csv kinds.json
1|maybe.csv:2:9: found maybe, expected one of the known values of column kind|evaluate maybe.csv kinds.json
1|unlabelled.csv: has no column kind|evaluate unlabelled.csv kinds.json
1|wide.npy: has 3 features, but six.json has 2|predict wide.npy six.json
2|six.npy: has no labels|evaluate six.npy six.json
1|has the label 0, which six.json does not have|evaluate six.npy six.json --labels six.labels.npy
1|negative: sample 1: found -1, expected a finite count >= 0|path negative -q --loss poisson
2|--l1-ratio|path two --l1-ratio 0
2|--count|path two --count 0
2|--lambdas|path two --lambdas 1,0
2|excludes --|path two --lambdas 1 --count 3
2|two is the input|path two -o two
1|no_folder|path two --models no_folder/m
1|no_folder|path two -o no_folder/out
2|is both the table and a model|path two --count 3 --models m -o m-2.json
2|--lambdas: requires --cross-validate|train two -m new.model --lambdas 1,2
2|--cross-validate|train two -m new.model --cross-validate 1
2|excludes --|train two -m new.model --cross-validate 3 --lambda 1
2|excludes --|train two -m new.model --cross-validate 3 --validation 0.5
2|folds = 1000|train two -m new.model -q --cross-validate 1000
1|negative: sample 1: found -1, expected a finite count >= 0|train negative -m new.json -q --loss poisson --cross-validate 2 --lambdas 1
1|negative: sample 1: found -1, expected a finite number > 0|train negative -m new.json -q --loss gamma --validation 0.5
2|the LIBLINEAR format cannot store|train counts -m new.model --loss poisson --cross-validate 3
2|--validation|train two -m new.model --validation 1
2|--validation = 0.001, must be a share|train two -m new.model -q --validation 0.001
2|excludes --|train two -m new.model --validation 0.5 --checkpoint c
2|requires --checkpoint|train two -m new.model --checkpoint-every 3
2|requires --checkpoint|train two -m new.model --resume
2|--checkpoint-every|train two -m new.model --checkpoint c --checkpoint-every 0
1|no_checkpoint: is not there; to start a run omit --resume|train two -m new.model --checkpoint no_checkpoint --resume
2|two.model: exists; to continue its run pass --resume|train two -m new.model --checkpoint two.model
1|two.model: found|train two -m new.model -q --checkpoint two.model --resume
2|is both the model and the checkpoint|train two -m new.model --checkpoint new.model
1|a_folder: is a folder|train two -m new.model --checkpoint a_folder
1|no_folder|train two -m new.model --checkpoint no_folder/c
2|specify the goal|advise two --gradient-seconds 1 --latency 1 --bandwidth 1
2|--bandwidth is required|advise two --tolerance 1 --gradient-seconds 1 --latency 1
2|--latency|advise two --tolerance 1 --gradient-seconds 1 --latency 0 --bandwidth 1
2|--network|advise two --tolerance 1 --gradient-seconds 1 --latency 1 --bandwidth 1 --network star
2|advise is available for|advise three --loss softmax --tolerance 1 --gradient-seconds 1 --latency 1 --bandwidth 1
2|choices.batch_sizes = 1000|advise two -q --tolerance 1 --gradient-seconds 1 --latency 1 --bandwidth 1 -b 1000
2|data is required|predict
2|model is required|predict two
2|not expected|predict two two.model --lambda 1
2|--output|predict two two.model -o
1|no_file|predict no_file two.model
1|no_file|predict two no_file
1|a_folder|predict two a_folder
1|no_folder|predict two two.model -o no_folder/out
1|a_folder: is a folder|predict two two.model -o a_folder
1|wide: has 5 features, but the model has 2; to ignore|predict wide two.model
1|two:1:1|predict two two
1|cut.model|predict two cut.model
1|one_class.model:1:13: found ONECLASS_SVM|predict two one_class.model
1|no_fields.json: found no "version"|predict two no_fields.json
1|broken.json:1:|predict two broken.json
1|empty|predict two empty
1|two.gz: found a gzip file|predict two two.gz
2|squared.model has no probabilities|predict amounts squared.model --probabilities
2|squared_hinge.model has no probabilities|predict two squared_hinge.model --probabilities
2|data is required|evaluate
1|no_file|evaluate no_file two.model
1|unknown_label: sample 2 has the label 9|evaluate unknown_label two.model
1|wide: has 5 features|evaluate wide two.model
1|no_folder|evaluate two two.model -o no_folder/out
END

# A good model stays when a run fails, and so does it when the output is full.
cp two.model kept.model
"$program" train two -m kept.model --loss nothing 2>err && mistake 'a wrong loss was accepted'
"$program" train not_finite -m kept.model 2>err && mistake 'a bad file was accepted'
cmp -s two.model kept.model || mistake 'a failed run changed the model that was there'
if [[ -e /dev/full ]]; then
  status=0
  "$program" predict two two.model >/dev/full 2>err || status=$?
  [[ $status == 1 ]] || mistake "a full output exits with $status"
  grep -q 'standard output: cannot be written' err || mistake "a full output says $(cat err)"
  for command in 'train two -q -m /dev/full' 'predict two two.model -o /dev/full' 'path two -q --count 2 -o /dev/full'; do
    status=0
    read -r -a words <<<"$command"
    "$program" "${words[@]}" 2>err || status=$?
    [[ $status == 1 ]] || mistake "'$command' exits with $status"
    grep -q '/dev/full: cannot be written: No space left' err || mistake "'$command' says $(cat err)"
    [[ -c /dev/full ]] || mistake "'$command' replaced the device"
  done
  "$program" train two -q -m reported.model --report /dev/full 2>err && mistake 'a report was written to a device'
  grep -q '/dev/full: is a device or a pipe; name a file' err || mistake "a report to a device says $(cat err)"
fi

if ((mistakes != 0)); then
  echo "tools.train: $mistakes mistakes" >&2
  exit 1
fi
echo "tools.train: all commands work, and $cases mistakes are told in one line each"
