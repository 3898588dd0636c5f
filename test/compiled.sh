#!/usr/bin/env bash
# Copyright (c) 2026 The localsgd authors
# SPDX-License-Identifier: BSL-1.0
#
# usage: test/compiled.sh NM OBJECT
# In the object file of test/compiled.cpp, minimize() without further components is not defined: the
# program has it from localsgd::compiled. With a synchronizer it is.
set -euo pipefail

runs=$("$1" --demangle "$2" | grep -o ' [A-Za-z] localsgd::result<.*detail::assembled_run<.*)$')
count() { grep -c "$1" <<<"$runs" || true; }

undefined=$(count '^ U .*, std::tuple<> const&, double)$')
defined=$(count '^ [^U] .*, std::tuple<> const&, double)$')
others=$(count '^ [^U] .*, std::tuple<localsgd::.*> const&, double)$')
echo "runs without further components: $undefined undefined, $defined defined; with one: $others defined"
((undefined == 2 && defined == 0 && others == 2))
