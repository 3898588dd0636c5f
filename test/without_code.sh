#!/usr/bin/env bash
# Copyright (c) 2026 The localsgd authors
# SPDX-License-Identifier: BSL-1.0
#
# usage: test/without_code.sh COMPILER ARGUMENT...
# A compiler launcher: the compiler checks the source and warns, but generates no code. clang++ instantiates
# the templates, g++ does not. The object file is empty. Precompiled headers are compiled as usual.
set -euo pipefail

case " $* " in
  *' -emit-pch '* | *' c++-header '*) exec "$@" ;;
esac
"$@" -fsyntax-only
while (($# > 0)); do
  if [[ $1 == -o ]]; then
    : >"$2"
    exit
  fi
  shift
done
