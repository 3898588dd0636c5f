#!/usr/bin/env bash
# Copyright (c) 2026 The localsgd authors
# SPDX-License-Identifier: BSL-1.0
#
# usage: test/floors.sh [folder that holds localsgd/]
#
# Checks how the headers are stacked:
#   - a header includes only headers of strictly lower floors (so there are no cycles, and the
#     concept.hpp of different rooms do not know one another);
#   - every third-party library comes in through its one door;
#   - no header is longer than 300 lines.
set -euo pipefail
export LC_ALL=C

# The first pattern that fits a header, relative to include/localsgd/, gives its floor. A * also
# fits slashes.
floors='
15  localsgd.hpp
16  mpi.hpp
13  theory/baselines.hpp
13  theory/measure_costs.hpp
14  theory/rehearse.hpp

12  minimize.hpp
11  detail/assembled_run.hpp
10  detail/defaults.hpp

9  local_sgd.hpp

6  synchronizer/serial.hpp
6  synchronizer/thread_pool.hpp
6  synchronizer/asynchronous.hpp
1  synchronizer/mpi_options.hpp
1  synchronizer/rank_failed.hpp
8  synchronizer/mpi_team.hpp
9  synchronizer/overlapped_mpi_team.hpp
9  synchronizer/asynchronous_mpi_team.hpp
10 synchronizer/mpi.hpp
7  synchronizer/cluster.hpp
3  synchronizer/simulation_report.hpp
12 synchronizer/simulated.hpp
6  worker/automatic_step.hpp
8  worker/svrg.hpp
9  worker/sgd_then_svrg.hpp
6  objective/softmax.hpp
6  objective/linear.hpp
6  sampler/sharded.hpp
6  objective/sharded.hpp

3  objective/concept.hpp
3  objective/loss.hpp
4  objective/factored_concept.hpp
4  objective/linear_concept.hpp
4  objective/sharded_concept.hpp
3  sampler/concept.hpp
3  worker/concept.hpp
3  schedule/concept.hpp
3  averager/concept.hpp
3  synchronizer/concept.hpp
3  worker/step_size.hpp
3  observer.hpp

1  checkpoint.hpp
2  settings.hpp
2  result.hpp
2  data/dataset.hpp
2  data/csr_matrix.hpp
2  objective/l2.hpp

3  worker/iterate_average.hpp

5  objective/*
5  sampler/*
5  worker/*
5  schedule/*
5  averager/*
5  data/cache.hpp
5  data/libsvm.hpp
5  data/idx.hpp
5  progress_bar.hpp

7  theory/measure_constants.hpp
1  theory/constants.hpp
4  theory/bound.hpp
4  theory/speed_up.hpp
6  theory/cost_model.hpp
3  theory/goal.hpp
8  theory/advice.hpp
5  theory/*

6  detail/components.hpp
5  detail/checkpoints.hpp
3  detail/checkpoint_file.hpp
2  detail/replacing_file.hpp
4  detail/fingerprint.hpp
5  detail/run_identity.hpp
7  detail/own_shard.hpp
5  detail/dual_extrapolation.hpp
5  detail/slope_table.hpp
8  detail/recorder.hpp
7  detail/run_record.hpp
6  detail/certifier.hpp
7  detail/svrg_anchor.hpp
6  detail/svrg_steps.hpp
5  detail/team.hpp
1  detail/mpi_board.hpp
2  detail/mpi_link.hpp
2  detail/mpi_window.hpp
5  detail/mpi_agreement.hpp
5  detail/mpi_layout.hpp
6  detail/mpi_shared.hpp
7  detail/mpi_member.hpp
8  detail/mpi_host.hpp
8  detail/virtual_cluster.hpp
9  detail/simulated_team.hpp
9  detail/event_order.hpp
10 detail/event_team.hpp
5  detail/evaluate.hpp

4  detail/assemble_average.hpp
4  detail/combine.hpp
5  detail/component_moments.hpp
5  detail/exchange.hpp
4  detail/sequences.hpp
4  detail/spread.hpp
4  detail/losses.hpp
4  detail/overlap.hpp
4  detail/estimate.hpp
4  detail/sample_stream.hpp
4  detail/sequence_iterate.hpp

2  detail/cache_header.hpp
2  detail/large_buffer.hpp
2  detail/libsvm_chunk.hpp
2  detail/extrapolation.hpp
2  detail/power_iteration.hpp
2  detail/scaled_iterate.hpp
2  detail/softmax_sparse.hpp
3  detail/spectral_bound.hpp
2  detail/targets.hpp
2  detail/variance_reduced_iterate.hpp

-1  detail/compiler.hpp
0  detail/own_lines.hpp
0  detail/simd.hpp

2  detail/prediction.hpp
7  detail/advisor.hpp
1  detail/*
1  random.hpp

2  warm_start.hpp
0  tensor.hpp
0  error.hpp
0  version.hpp
'

# library, what its includes begin with, the headers that may be its door. Only one of them may.
doors='
xtensor  xtensor/  tensor.hpp
xtensor  xtl/      tensor.hpp
Asio     boost/asio/          detail/*
Shared   boost/interprocess/  detail/*
xsimd    xsimd/    detail/*
MPI      mpi.h     detail/*
POSIX    sys/      detail/*
'

longest=300

root=$(cd "${1:-"$(dirname "${BASH_SOURCE[0]}")/../include"}" && pwd)
mistakes=0
mistake() {
  echo "$1" >&2
  mistakes=$((mistakes + 1))
}

floor_of() {  # sets `floor`; empty when the table has no place for header $1
  local number pattern
  floor=
  while read -r number pattern; do
    if [[ -n $pattern && $1 == $pattern ]]; then
      floor=$number
      return
    fi
  done <<<"$floors"
}

declare -A door_taken
check_door() {  # header $1 includes the file $2 of somebody else
  local library prefix pattern found=
  while read -r library prefix pattern; do
    [[ -n $prefix && $2 == "$prefix"* ]] || continue
    found=yes
    local before=${door_taken[$library]:-$1}
    if [[ $1 != $pattern ]]; then
      mistake "$1: includes <$2>, but the door to $library is $pattern"
    elif [[ $before != "$1" ]]; then
      mistake "$1: includes <$2>, but $before already is the door to $library"
    else
      door_taken[$library]=$1
    fi
  done <<<"$doors"
  # Standard headers have no folder; any other library needs a line in the table.
  if [[ -z $found && $2 == */* ]]; then mistake "$1: includes <$2>, which has no door"; fi
}

headers=0
include='^[[:space:]]*#[[:space:]]*include[[:space:]]*[<"]([^>"]+)[>"]'
cd "$root"
while read -r file; do
  header=${file#localsgd/}
  headers=$((headers + 1))
  lines=$(wc -l <"$file")
  if ((lines > longest)); then mistake "$header: $lines lines, at most $longest are allowed"; fi
  floor_of "$header"
  own=$floor
  if [[ -z $own ]]; then mistake "$header: has no floor; give it one in test/floors.sh"; fi

  while read -r line || [[ -n $line ]]; do
    [[ $line =~ $include ]] || continue
    included=${BASH_REMATCH[1]}
    if [[ $included != localsgd/* ]]; then
      if [[ $line == *'"'* ]]; then
        mistake "$header: write \"localsgd/...\" for \"$included\""
      else
        check_door "$header" "$included"
      fi
      continue
    fi
    included=${included#localsgd/}
    if [[ ! -e localsgd/$included ]]; then mistake "$header: includes $included, which is not there"; fi
    floor_of "$included"
    if [[ -n $own && -n $floor ]] && ((floor >= own)); then
      mistake "$header (floor $own): includes $included (floor $floor), which is not below it"
    fi
  done <"$file"
done < <(find localsgd -name '*.hpp' | sort)

if ((headers == 0)); then mistake "there is no header in $root/localsgd"; fi
if ((mistakes != 0)); then
  echo "floors: $mistakes mistakes in $headers headers" >&2
  exit 1
fi
echo "floors: $headers headers, each on its floor"
