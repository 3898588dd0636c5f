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
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

mistakes=0
mistake() {
  echo "$1" >&2
  mistakes=$((mistakes + 1))
}

# --- files -------------------------------------------------------------------------------------

awk 'BEGIN { srand(1); for (i = 0; i < 200; i++) { a = rand() * 4 - 2; b = rand() * 4 - 2;
  printf "%d 1:%.6f 2:%.6f\n", (a - b + rand() - 0.5 > 0) ? 1 : -1, a, b } }' >two
awk 'BEGIN { srand(2); for (i = 0; i < 300; i++) { a = rand() * 4 - 2; b = rand() * 4 - 2;
  printf "%d 1:%.6f 2:%.6f\n", (a > 0.5) ? 7 : ((b > 0) ? 3 : 5), a, b } }' >three
awk 'BEGIN { srand(3); for (i = 0; i < 200; i++) { a = rand() * 4 - 2; b = rand() * 4 - 2;
  printf "%.6f 1:%.6f 2:%.6f\n", 2 * a - b + 3 + rand() / 10, a, b } }' >amounts
awk 'BEGIN { srand(4); for (i = 0; i < 200; i++) { a = rand();
  printf "%d 1:%.6f\n", int(exp(2 * a) + rand()), a } }' >counts
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
check 'help' 'train.*predict.*evaluate' --help
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
2|specify a command: train, predict or evaluate|
2|not expected|unknown
2|not expected|--unknown
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
1|table.csv:1:1|train table.csv -m new.model
1|cut.gz|train cut.gz -m new.model
1|short.gz|train short.gz -m new.model
1|two:1:|train two -m new.model --features 1
1|three: found the labels 3, 5, 7|train three -m new.model --loss squared_hinge
1|negative: sample 1: found -1, expected a finite count >= 0|train negative -m new.json -q --loss poisson
1|negative: sample 1: found -1, expected a finite number > 0|train negative -m new.json -q --loss gamma
1|no_folder|train two -m no_folder/new.model
1|a_folder: is a folder|train two -m a_folder
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
fi

if ((mistakes != 0)); then
  echo "tools.train: $mistakes mistakes" >&2
  exit 1
fi
echo "tools.train: all commands work, and $cases mistakes are told in one line each"
