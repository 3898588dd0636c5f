#!/usr/bin/env bash
# Copyright (c) 2026 The localsgd authors
# SPDX-License-Identifier: BSL-1.0
#
# usage: benchmark/cluster/run.sh [--rate MBIT] [--delay MS] [--turns N] [--ordinary]
#
# Two hosts with a slow line between them, made of network namespaces: mini-batch SGD and Local SGD
# by localsgd::mpi over TCP, one rank of one thread on each host. The seconds until f - f* is at
# most 1e-3 on w8a, and until 0.84 of the test pictures of Fashion-MNIST are named right; the bytes
# on the line; and both as predicted: by the simulator, by result.bytes.
#
#   --rate      of the line, in Mbit/s, each way (100)
#   --delay     of the line, in ms, each way; needs a kernel that has netem (none)
#   --turns     how often all is measured, turn by turn; the best counts (2)
#   --ordinary  without real-time priority for what is timed
#
# Needs root and Open MPI; without root, namespaces or tbf it says so and measures nothing. w8a.gz is
# looked for in the folder LOCALSGD_DATA, ../shared/data beside the checkout unless set; what is
# missing is skipped. Results go to build/cluster: results.csv, table.txt. It takes some minutes, in
# which the ranks come before all other programs of the machine, for two processors of which each
# has one.
set -euo pipefail
source_folder=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
build=$source_folder/build/cluster

rate=100 burst=2000 delay='' turns=2 priority=precedence
while (($# > 0)); do
  case $1 in
    -h | --help)
      sed -n '5,23s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"
      exit 0
      ;;
    --rate) rate=${2:?--rate needs a number} && shift ;;
    --delay) delay=${2:?--delay needs a number} && shift ;;
    --turns) turns=${2:?--turns needs a number} && shift ;;
    --ordinary) priority=ordinary ;;
    *) echo "$0: unknown argument '$1', see --help" >&2 && exit 2 ;;
  esac
  shift
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

clean_up() {
  trap '' INT TERM
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
quietly ip link add line netns "$first" type veth peer name line netns "$second" ||
  skip 'this kernel has no veth'
quietly unshare --uts true || skip 'hosts cannot have names of their own here (unshare --uts)'

number=0
for host in "$first" "$second"; do
  # 198.18.0.0/15 is set aside for benchmarks. Every packet is one of the line, and counted as such.
  ip -n "$host" address add "198.18.0.$((++number))/24" dev line
  ip -n "$host" link set line gso_max_segs 1
  ip -n "$host" link set lo up
  ip -n "$host" link set line up
  parent=root
  if [[ -n $delay ]]; then
    quietly tc -n "$host" qdisc add dev line root handle 1: netem delay "${delay}ms" limit 100000 ||
      skip 'this kernel has no netem, which --delay needs'
    parent='parent 1:1'
  fi
  # A bucket for hardly more than one packet: it is the least that lets packets pass.
  # shellcheck disable=SC2086  # two words
  quietly tc -n "$host" qdisc add dev line $parent tbf rate "${rate}mbit" burst "$burst" limit 1000000 ||
    skip 'this kernel has no tbf'
done

# --- the program ------------------------------------------------------------------------------

source "$source_folder/cmake/build_quietly.sh"
echo 'Building ...'
compiler=$(command -v mpicxx.openmpi || command -v mpicxx)
build_quietly "$build" benchmark.cluster -DLOCALSGD_CLUSTER=ON -DLOCALSGD_MPI=ON \
  -DMPI_CXX_COMPILER="$compiler"

w8a=${LOCALSGD_DATA:-$source_folder/../shared/data}/w8a.gz
pictures=/usr/share/datasets/fashion-mnist
if [[ ! -e $w8a ]]; then echo "skipped: w8a, there is no $w8a" && w8a=-; fi
if [[ ! -d $pictures ]]; then echo "skipped: Fashion-MNIST, there is no $pictures" && pictures=-; fi

# Open MPI starts its daemon on the second host by this, in place of ssh: HOST COMMAND...
cat >"$launcher" <<EOF
#!/usr/bin/env bash
shift
exec ip netns exec $second unshare --uts bash -c 'hostname $second && exec /bin/sh -c "\$0"' "\$*"
EOF
chmod +x "$launcher"

export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
# shellcheck disable=SC2016  # $0 and $@ are the inner shell's
ip netns exec "$first" unshare --uts bash -c 'hostname "$0" && exec "$@"' "$first" \
  "$mpirun" -np 2 --host "$first:1,198.18.0.2:1" --bind-to none \
  --mca plm_rsh_agent "$launcher" --mca pml ob1 --mca btl tcp,self \
  --mca btl_tcp_if_include line --mca oob_tcp_if_include line \
  "$build/benchmark/cluster/benchmark.cluster" line "$w8a" "$pictures" "$build" "$turns" \
  "$priority" "$burst" </dev/null &
wait $!  # not in the foreground: a trap does not wait for that
echo "In $build: results.csv, table.txt"
