#!/usr/bin/env bash
# Copyright (c) 2026 The localsgd authors
# SPDX-License-Identifier: BSL-1.0
#
# usage: test/docs/programs.sh [compiler]
# Compiles (-fsyntax-only) the complete programs in README.md and docs/: the C++ blocks with main().
# Programs that use MPI are skipped if mpicxx is absent.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
compiler=${1:-${CXX:-c++}}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

awk -v folder="$scratch" '
  FNR == 1 { inside = 0 }
  /^```cpp/ { inside = 1; text = ""; line = FNR + 1; next }
  inside && /^```/ {
    inside = 0
    if (text ~ /int main\(/) {
      name = FILENAME
      gsub(/[^A-Za-z0-9]/, "_", name)
      file = folder "/" name "_" line ".cpp"
      printf "#line %d \"%s\"\n%s", line, FILENAME, text > file
      close(file)
    }
    next
  }
  inside { text = text $0 "\n" }' README.md docs/*.md docs/components/*.md

count=0
for program in "$scratch"/*.cpp; do
  command=("$compiler")
  if grep -q 'localsgd/mpi.hpp' "$program"; then
    if ! command -v mpicxx >/dev/null; then
      echo "skipped, there is no mpicxx: $(head -n 1 "$program")"
      continue
    fi
    # Open MPI and MPICH take the compiler from different variables.
    command=(env "OMPI_CXX=$compiler" "MPICH_CXX=$compiler" mpicxx)
  fi
  "${command[@]}" -std=c++20 -Wall -Wextra -Iinclude -fsyntax-only "$program"
  count=$((count + 1))
done
if ((count == 0)); then
  echo 'programs.sh: found no program' >&2
  exit 1
fi
echo "programs: $count in the manual compile"
