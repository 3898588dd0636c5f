#!/usr/bin/env bash
# Copyright (c) 2026 The localsgd authors
# SPDX-License-Identifier: BSL-1.0
#
# usage: benchmark/same_bits/run.sh [--more] [--tree FOLDER] [--flags FLAGS]
#                                   [--expect 'HASH HASH HASH HASH']
#
# Shows that a run has the same bits on every synchronizer: makes four runs with K = 8 on each
# configuration, and compares a hash of each. The hash covers x, average, last, objective,
# certificate, the counts and the history, but not seconds and bytes. The runs are: w8a, plain
# steps; w8a to a tolerance of 1e-6; a dense Huber model with intercept and weights; a custom
# objective. There are two groups of configurations: synchronous ones agree with serial, overlapped
# ones with each other.
#
#   --more    makes four other runs: rounds that exchange what they touched, softmax regression with
#             iterates of float, shards of shuffled samples, an adaptive schedule from a given start
#   --tree    compiles against the headers of another checkout (this one)
#   --flags   compiles with these (-O2 -march=native)
#   --expect  the hashes that synchronous configurations must have, to compare two checkouts. Hashes
#             depend on the flags, the compiler, the processor and the C library. With the flag
#             -ffp-contract=off they do not depend on where the compiler fuses a*b + c.
#
# Needs g++ or CXX. Without Open MPI only the configurations of one process are run. w8a or w8a.gz
# is looked for in the folder LOCALSGD_DATA, ../shared/data beside the checkout unless set; without
# it generated rows of the same shape take its place. The program and results.txt, one line for
# each process, go to build/same_bits. It takes about two minutes.
set -euo pipefail
source_folder=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
build=$source_folder/build/same_bits

tree=$source_folder flags='-O2 -march=native' expected='' set=()
while (($# > 0)); do
  case $1 in
    -h | --help)
      sed -n '5,29s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"
      exit 0
      ;;
    --more) set=(-DSAME_BITS_MORE) ;;
    --tree) tree=$(cd "${2:?--tree needs a folder}" && pwd) && shift ;;
    --flags) flags=${2:?--flags needs flags} && shift ;;
    --expect) expected=${2:?--expect needs four hashes} && shift ;;
    *) echo "$0: unknown argument '$1', see --help" >&2 && exit 2 ;;
  esac
  shift
done

bash "$source_folder/cmake/install_packages.sh" test

# --- build ------------------------------------------------------------------------------------

mpirun=$(command -v mpirun.openmpi || command -v mpirun || true)
compile=("${CXX:-g++}") mpi=no
if [[ -n $mpirun && $("$mpirun" --version 2>&1) == *open-mpi.org* ]]; then
  wrapper=$(command -v mpicxx.openmpi || command -v mpicxx || true)
  if [[ -n $wrapper ]]; then
    export OMPI_CXX=${CXX:-g++}
    compile=("$wrapper" -DSAME_BITS_MPI) mpi=yes
  fi
fi
if [[ $mpi == no ]]; then echo 'skipped: the configurations on ranks, there is no Open MPI'; fi

gloo=no libraries=()
if [[ -e $tree/include/localsgd/gloo.hpp && -e /usr/include/gloo/context.h ]]; then
  compile+=(-DSAME_BITS_GLOO) libraries=(-lgloo) gloo=yes
fi

mkdir -p "$build"
read -ra flag_list <<<"$flags"
echo "Compiling against $tree with $flags ..."
"${compile[@]}" "${set[@]}" -std=c++20 "${flag_list[@]}" -Wall -Wextra -Wpedantic -Wshadow -Wconversion \
  -DLOCALSGD_DEFAULT_DATA="\"$source_folder/../shared/data\"" \
  -I "$tree/include" -I "$tree" "$source_folder/benchmark/same_bits/same_bits.cpp" \
  -o "$build/same_bits" "${libraries[@]}" -lz -pthread

# --- run --------------------------------------------------------------------------------------

# More ranks than cores, and as root in a container: Open MPI asks to be told so.
export OMPI_MCA_rmaps_base_oversubscribe=1 OMPI_MCA_btl_base_warn_component_unused=0
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
seconds_at_most=300

: >"$build/results.txt"
count=0 failures=0
check() {  # ranks (0: no launcher), arguments of same_bits...; compares with $expected
  local ranks=$1 launcher=() processes=${processes:-1} name status=0 differ=no line
  local -a lines
  shift
  name=$*
  if ((ranks > 0)); then
    launcher=("$mpirun" -n "$ranks") processes=$ranks
    name="$ranks ranks, $*"
  fi
  timeout "$seconds_at_most" "${launcher[@]}" "$build/same_bits" "$@" >"$build/output.txt" \
    2>"$build/errors.txt" || status=$?
  mapfile -t lines <"$build/output.txt"
  count=$((count + 1))
  if ((count == 1)); then cat "$build/errors.txt"; fi  # what it says of the data, once
  if [[ -z $expected ]]; then expected=${lines[0]:-nothing}; fi

  if ((status != 0 || ${#lines[@]} != processes)); then differ=yes; fi
  for line in "${lines[@]}"; do
    echo "$name: $line" >>"$build/results.txt"
    if [[ $line != "$expected" ]]; then differ=yes; fi
  done
  if [[ $differ == no ]]; then return; fi
  failures=$((failures + 1))
  echo "DIFFERS: $name (status $status)"
  if ((${#lines[@]} > 0)); then printf '    %s\n' "${lines[@]}"; fi
  if ((status != 0)); then cat "$build/errors.txt"; fi
}

check 0 serial
synchronous=$expected
for n in 1 2 3 4 5 6 7 8; do check 0 threads "$n"; done
for n in 1 2 4; do check 0 simulated "$n"; done
if [[ $mpi == yes ]]; then
  for ranks in 1 2 3 4; do
    for threads in 1 2; do check "$ranks" mpi "$threads"; done
  done
  for ranks in 5 8; do check "$ranks" mpi 1; done
  for ranks in 2 3 4; do check "$ranks" mpi 1 --messages; done
  check 2 mpi 2 --messages
fi
if [[ -e $tree/examples/forked_communicator.hpp ]]; then
  for n in 1 2 3 4; do processes=$n check 0 forked "$n"; done
  for n in 2 3; do processes=$n check 0 forked "$n" 2; done
fi
if [[ $gloo == yes ]]; then
  for n in 1 2 3 4; do
    for threads in 1 2; do processes=$n check 0 gloo "$n" "$threads"; done
  done
fi
synchronous_count=$count

expected=''
for n in 1 2 4; do check 0 simulated-overlapped "$n"; done
if [[ -e $tree/include/localsgd/synchronizer/overlapped.hpp ]]; then
  for n in 1 2 3 8; do check 0 overlapped "$n"; done
fi
if [[ $mpi == yes ]]; then
  for ranks in 1 2 3 4; do check "$ranks" overlapped-mpi 1; done
  check 2 overlapped-mpi 2
  for ranks in 2 4; do check "$ranks" overlapped-mpi 1 --messages; done
fi
if [[ -e $tree/examples/forked_communicator.hpp ]]; then
  for n in 2 3; do processes=$n check 0 overlapped-forked "$n"; done
fi
if [[ $gloo == yes ]]; then
  for n in 1 2 3 4; do processes=$n check 0 overlapped-gloo "$n"; done
fi

echo "synchronous  $(printf '%2d' "$synchronous_count") configurations  $synchronous"
echo "overlapped   $(printf '%2d' $((count - synchronous_count))) configurations  $expected"
if ((failures > 0)); then
  echo "$failures of $count configurations differ. All lines are in $build/results.txt"
  exit 1
fi
echo "All $count configurations have the bits of their group."
