#!/usr/bin/env bash
# Copyright (c) 2026 The localsgd authors
# SPDX-License-Identifier: BSL-1.0
#
# usage: test/readme.sh [the program first_program]
#
# Checks what is written twice:
#   - the first C++ block of README.md is the program of examples/first_program.cpp;
#   - the block after it is what that program prints, numbers aside (they may differ in the last
#     digits between compilers); only with an argument;
#   - docs/examples.md names every program of examples/, and each has fewer than 80 lines;
#   - every test that docs/invariants.md or SECURITY.md names is in the file that stands beside its name.
set -euo pipefail
export LC_ALL=C
cd "$(dirname "${BASH_SOURCE[0]}")/.."
program=${1:-}

mistakes=0
mistake() {
  echo "$1" >&2
  mistakes=$((mistakes + 1))
}
block() {  # the lines of fenced block number $1 of README.md whose fence says $2, after a C++ one
  awk -v wanted="$1" -v fence="\`\`\`$2" '
    inside && /^```/ { exit }
    inside { print; next }
    /^```cpp/ { started = 1 }
    started && $0 == fence && ++seen == wanted { inside = 1 }' README.md
}

written=$(block 1 cpp)
source=$(awk '/^\/\/! \[program\]/ { inside = !inside; next } inside' examples/first_program.cpp)
if [[ -z $source ]]; then mistake 'examples/first_program.cpp has no part [program]'; fi
if ! difference=$(diff <(printf '%s\n' "$source") <(printf '%s\n' "$written")); then
  mistake "README.md does not show examples/first_program.cpp:"$'\n'"$difference"
fi

if [[ -n $program ]]; then
  without_numbers() { sed -E 's/[0-9]+(\.[0-9]+)?(e[-+][0-9]+)?/N/g'; }
  printed=$("$program" | without_numbers)
  shown=$(block 1 text | without_numbers)
  if [[ $printed != "$shown" ]]; then
    mistake "README.md shows '$shown', but the program prints '$printed'"
  fi
fi

for example in examples/*.cpp; do
  if ! grep -qF "| \`${example##*/}\` |" docs/examples.md; then
    mistake "docs/examples.md does not name $example"
  fi
  lines=$(wc -l <"$example")
  if ((lines >= 80)); then mistake "$example has $lines lines, but fewer than 80 are allowed"; fi
done

names=0
while read -r name file; do
  names=$((names + 1))
  if [[ ! -e $file ]]; then
    mistake "docs/invariants.md or SECURITY.md: there is no $file"
  elif ! grep -qE "(BOOST_(AUTO|DATA)_TEST_CASE(_TEMPLATE)?\(|LOCALSGD_BACKEND_CASE\(list, )$name[,)]" "$file"; then
    mistake "docs/invariants.md or SECURITY.md: $file has no test $name"
  fi
done < <(grep -ohE '`[A-Za-z0-9_]+` \(`test/[a-z0-9_/]+\.cpp`\)' docs/invariants.md SECURITY.md | tr -d '`()')
if ((names == 0)); then mistake 'docs/invariants.md names no test'; fi

if ((mistakes != 0)); then
  echo "readme: $mistakes mistakes" >&2
  exit 1
fi
echo "readme: the program is that of the example, and $names tests are where they are said to be"
