#!/usr/bin/env bash
# Copyright (c) 2026 The localsgd authors
# SPDX-License-Identifier: BSL-1.0
#
# usage: expect.sh SECTION MESSAGE SOURCE COMPILER [ARGUMENT...]
# Succeeds when SOURCE with -DSECTION does not compile and the first lines of the error say MESSAGE.
set -uo pipefail
section=$1 message=$2 source=$3
shift 3
lines=60

output=$(LC_ALL=C "$@" "-D$section" "$source" 2>&1)
status=$?
printf '%s\n' "$output" | head -n "$lines"

if ((status == 0)); then
  echo "FAILED: $section compiles" >&2
  exit 1
fi
if ! grep -q 'error:' <<<"$output"; then
  echo "FAILED: the compiler did not run, or stopped without an error message" >&2
  exit 1
fi
if ! head -n "$lines" <<<"$output" | grep -qw -- "$message"; then
  echo "FAILED: the first $lines lines do not name '$message'" >&2
  exit 1
fi
