#!/usr/bin/env bash
# Copyright (c) 2026 The localsgd authors
# SPDX-License-Identifier: BSL-1.0
#
# usage: test/static.sh [clang-tidy | cppcheck]...
# Looks for faults in the headers without running them, with both programs or those named. Installs
# what is missing. .clang-tidy lists the checks of clang-tidy, this script those of cppcheck.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

programs=("$@")
if ((${#programs[@]} == 0)); then programs=(clang-tidy cppcheck); fi
bash cmake/install_packages.sh static

build=build/static
mkdir -p "$build"
# In the source tree, or clang-tidy would not find its configuration. Absolute, or its filter would not
# match the headers.
printf '#include "localsgd/localsgd.hpp"\n#include "localsgd/model/json.hpp"\n' >"$build/headers.cpp"
include=$PWD/include

failed=()
for program in "${programs[@]}"; do
  echo "=== $program"
  case $program in
    clang-tidy)
      clang-tidy --quiet "$build/headers.cpp" -- -std=c++20 "-I$include" || failed+=("$program")
      ;;
    cppcheck)
      # Each header alone, since cppcheck 2.10 stops at the first lambda with template parameters.
      # What it reports wrongly of templates, specialisations and lambdas is suppressed:
      # uninitialised and inherited members, exceptions of a lambda in a noexcept function, placement
      # new, parameters that are moved.
      mapfile -t headers < <(find include -name '*.hpp' | sort)
      cppcheck --quiet --language=c++ --std=c++20 --enable=warning,performance,portability \
        --inline-suppr --error-exitcode=1 --suppress=missingInclude \
        --suppress=missingIncludeSystem --suppress=unknownMacro --suppress=syntaxError \
        --suppress=uninitMemberVar --suppress=uninitvar --suppress=legacyUninitvar \
        --suppress=duplInheritedMember --suppress=throwInNoexceptFunction \
        --suppress=leakReturnValNotUsed --suppress=useInitializationList \
        --suppress=passedByValue \
        --template='{file}:{line}: {severity}: {message} [{id}]' "${headers[@]}" ||
        failed+=("$program")
      ;;
    *)
      echo "$0: there is no program $program, only clang-tidy and cppcheck" >&2
      exit 2
      ;;
  esac
done
if ((${#failed[@]} > 0)); then
  echo "static: ${failed[*]} found faults" >&2
  exit 1
fi
echo 'static: nothing found'
