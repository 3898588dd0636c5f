#!/usr/bin/env bash
# Copyright (c) 2026 The localsgd authors
# SPDX-License-Identifier: BSL-1.0
#
# usage: expect.sh SOURCE COMPILER [ARGUMENT...]
# Compiles SOURCE with -DFAULTS. Each statement below a line "// expect: NAME" must be an error of its
# own, and the first lines of its message must say NAME.
set -uo pipefail
export LC_ALL=C
source=$1
shift

output=$("$@" -DFAULTS "$source" 2>&1)
if (($? == 0)); then
  echo "FAILED: $source compiles with -DFAULTS" >&2
  exit 1
fi
printf '%s\n' "$output" | awk -v path="$source" -v lines=60 '
  # A message begins at "error:". Where it is about a template of a header, the line of the source that
  # asks for the template stands before that (g++) or after it (clang++).
  function look(text) {
    if (++count <= lines && text ~ ("(^|[^A-Za-z0-9_])" wanted[statement] "([^A-Za-z0-9_]|$)"))
      named[statement] = 1
  }
  BEGIN {
    while ((getline text < path) > 0) {
      ++n
      if (text ~ /^ *\/\/ expect: [A-Za-z0-9_]+$/) {
        ++faults
        sub(/^.*expect: /, "", text)
        wanted[faults] = text
        at[faults] = n + 1
        open = 1
      } else if (open) {
        fault_at[n] = faults
        if (text ~ /;$/) open = 0
      }
    }
    if (!faults) { print "FAILED: " path " has no line \"// expect: NAME\""; bad = 1 }
  }
  {
    is_error = /error:/
    if (/: In [a-z]/) heard = 0  # the next message of g++
    asked = 0
    if ((start = index($0, path ":")) > 0) {
      number = substr($0, start + length(path) + 1)
      sub(/:.*$/, "", number)
      asked = fault_at[number + 0]
    }
    if (is_error && !asked) {  # whose it is may be known already, or is said later
      heard = 0
      if (statement && pending) { failed[statement] = 1; pending = 0 } else { statement = 0 }
    }
    if (asked) {
      if (asked != statement) { statement = asked; count = 0 }
      pending = !is_error && !heard
      if (is_error || heard) failed[asked] = 1
      for (i = 1; i <= heard; ++i) look(before[i])
      heard = 0
    }
    if (statement) look($0); else if (is_error || heard) before[++heard] = $0
  }
  END {
    for (i = 1; i <= faults; ++i) {
      if (!failed[i]) { printf "FAILED: %s:%d compiles\n", path, at[i]; bad = 1 }
      else if (!named[i]) {
        printf "FAILED: %s:%d: the first %d lines of the error do not name \"%s\"\n", path, at[i], lines,
               wanted[i]
        bad = 1
      }
    }
    if (!bad) printf "%d faults are refused as expected\n", faults
    exit bad
  }'
status=$?
if ((status != 0)); then printf '%s\n' "$output"; fi
exit "$status"
