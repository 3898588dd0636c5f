#!/usr/bin/env bash
# Copyright (c) 2026 The localsgd authors
# SPDX-License-Identifier: BSL-1.0
#
# usage: test/matrix.sh [--quick] [--list] [row...]
# Compiles and runs a few programs with each compiler, standard library and version of Boost, or only
# with those named: test/matrix/runs.cpp, which makes each kind of run and compares their bits, an
# example, and tests of what depends on the system. Installs what a row needs; a row that needs what
# the system does not offer is not available. Programs for another system run in an emulator, if there
# is one. --quick: whether the library's headers compile with what is installed, and as C++23.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# Name, what cmake/install_packages.sh has to install, compiler, options.
rows='
gcc                  build      g++
gcc-c++23            build      g++                            -std=c++2b
gcc-assertions       build      g++                            -D_GLIBCXX_ASSERTIONS
gcc-debug            build      g++                            -D_GLIBCXX_DEBUG
gcc-native           build      g++                            -march=native
gcc-boost-1.81       build      g++                            -isystem=boost-1.81
gcc-13               gcc-13     g++-13
gcc-14               gcc-14     g++-14
clang                clang      clang++
clang-c++23          clang      clang++                        -std=c++2b
clang-16             clang-16   clang++-16
clang-19             clang-19   clang++-19
clang-19-c++23       clang-19   clang++-19                     -std=c++2b
libc++-19            libc++-19  clang++-19                     -stdlib=libc++
libc++-19-c++23      libc++-19  clang++-19                     -stdlib=libc++ -std=c++2b
libc++-19-hardened   libc++-19  clang++-19                     -stdlib=libc++ -fexperimental-library -D_LIBCPP_HARDENING_MODE=_LIBCPP_HARDENING_MODE_DEBUG
libc++-19-boost-1.81 libc++-19  clang++-19                     -stdlib=libc++ -isystem=boost-1.81
aarch64              aarch64    aarch64-linux-gnu-g++          -isystem=headers
mingw                mingw      x86_64-w64-mingw32-g++-posix   -isystem=headers -Wa,-mbig-obj -static
'
# One of each for --quick, if installed.
quick_rows='gcc-c++23 clang-c++23 libc++-19 aarch64 mingw'

warnings=(-Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror)
tests=(io/mapped_file io/replacing_file checkpoint/signals)
# Not for emulators: qemu has no threads in a child after fork(), and Wine may hang.
native_tests=(communicator/threads/asio_pool)

quick=
wanted=()
while (($# > 0)); do
  case $1 in
    --quick) quick=1 && shift ;;
    --list) awk 'NF { print $1 }' <<<"$rows" && exit 0 ;;
    -h | --help) sed -n '5,10s/^# //p' "${BASH_SOURCE[0]}" && exit 0 ;;
    -*) echo "$0: there is no option $1" >&2 && exit 2 ;;
    *) wanted+=("$1") && shift ;;
  esac
done
if ((${#wanted[@]} == 0)); then
  if [[ -n $quick ]]; then
    read -r -a wanted <<<"$quick_rows"
  else
    mapfile -t wanted < <(awk 'NF { print $1 }' <<<"$rows")
  fi
fi

build=$PWD/build/matrix
mkdir -p "$build"
ccache=()
if command -v ccache >/dev/null; then ccache=(ccache); fi

# The libraries without the headers of this system's C library, for compilers for another system.
headers() {
  mkdir -p "$build/headers"
  local library
  for library in boost xtensor xtl xsimd; do
    ln -sfn "/usr/include/$library" "$build/headers/$library"
  done
}
# A second version of Boost cannot be installed beside the first one, only unpacked.
boost_1_81() {
  local folder=$build/boost-1.81
  if [[ -e $folder/boost ]]; then return; fi
  if [[ -n $quick ]]; then return 1; fi
  rm -rf "$folder.deb" && mkdir -p "$folder.deb"
  (cd "$folder.deb" && { apt-get -qq download libboost1.81-dev ||
    { apt-get -qq update && apt-get -qq download libboost1.81-dev; }; } && dpkg-deb -x ./*.deb .) \
    >/dev/null 2>&1 || return 1
  mkdir -p "$folder" && ln -sfn "$folder.deb/usr/include/boost" "$folder/boost"
}

compile() {  # output, argument...
  local output=$1
  shift
  "${ccache[@]}" "${command[@]}" "$@" -o "$output"
}

# Runs a program for the row's system. 77: there is nothing to run it with.
run() {
  case $row in
    aarch64)
      command -v qemu-aarch64 >/dev/null || return 77
      timeout 300 qemu-aarch64 -L /usr/aarch64-linux-gnu "$@"
      ;;
    mingw)
      # Threads that park may wait forever under Wine 8, so only programs without them are run.
      if [[ $1 == */runs.exe || $1 == */first_program.exe ]]; then return 77; fi
      command -v wine64 >/dev/null || [[ -x /usr/lib/wine/wine64 ]] || return 77
      timeout 300 env WINEDEBUG=-all WINEPREFIX="$build/wine" PATH="$PATH:/usr/lib/wine" wine64 "$@"
      ;;
    *) timeout 300 "$@" ;;
  esac
}

try() {  # name, source, argument for the compiler...
  local name=$1 source=$2 program=$folder/${1//\//.}$suffix status=0
  shift 2
  if ! compile "$program" "$source" "$@" 2>"$program.errors"; then
    failed+=("$name does not compile")
    grep -m 5 -E 'error|undefined reference' "$program.errors" || head -5 "$program.errors"
    return
  fi
  (cd "$folder" && run "$program") >"$program.output" 2>&1 </dev/null || status=$?
  if ((status == 77)); then
    only_compiled=1
  elif ((status != 0)); then
    failed+=("$name fails")
    tail -n 8 "$program.output"
  fi
}

table=
failures=0
for row in "${wanted[@]}"; do
  read -r name group compiler options < <(awk -v row="$row" '$1 == row' <<<"$rows") || true
  if [[ -z ${name:-} ]]; then
    echo "$0: there is no row $row; --list shows all" >&2
    exit 2
  fi
  echo "=== $row"
  start=$SECONDS verdict='' bits='' only_compiled='' failed=()
  if [[ -z $quick ]]; then
    bash cmake/install_packages.sh "$group" >/dev/null 2>&1 || true
    if [[ $row == mingw ]]; then bash cmake/install_packages.sh wine >/dev/null 2>&1 || true; fi
  fi
  if ! command -v "$compiler" >/dev/null; then
    verdict='not available'
  elif [[ $options == *boost-1.81* ]] && ! boost_1_81; then
    verdict='not available'
  elif [[ $options == *libc++* ]] && ! echo '#include <version>' |
    "$compiler" -stdlib=libc++ -x c++ -fsyntax-only - 2>/dev/null; then
    verdict='not available'
  else
    headers
    folder=$build/$row
    mkdir -p "$folder"
    suffix=
    if [[ $row == mingw ]]; then suffix=.exe; fi
    command=("$compiler" -std=c++20 -O1)
    for option in $options; do command+=("${option/-isystem=/-isystem$build/}"); done
    command+=("${warnings[@]}" -Iinclude -I. -pthread)
    if [[ -n $quick ]]; then
      echo '#include "localsgd/localsgd.hpp"' >"$folder/umbrella.cpp"
      "${ccache[@]}" "${command[@]}" -O0 -fsyntax-only "$folder/umbrella.cpp" ||
        failed+=('the headers do not compile')
    else
      try runs test/matrix/runs.cpp
      if [[ -e $folder/runs.output && -z $only_compiled ]]; then
        bits=$(cksum <"$folder/runs.output" | cut -d' ' -f1)
      fi
      try first_program examples/first_program.cpp
      # Boost.Test of Boost before 1.81 uses std::unary_function, which libc++ has only on request.
      command+=(-D_LIBCPP_ENABLE_CXX17_REMOVED_UNARY_BINARY_FUNCTION)
      if compile "$folder/boost_test.o" -w -c test/matrix/boost_test.cpp; then
        selected=("${tests[@]}")
        if [[ $row != aarch64 && $row != mingw ]]; then selected+=("${native_tests[@]}"); fi
        for name in "${selected[@]}"; do try "$name" "test/$name.cpp" "$folder/boost_test.o"; done
      else
        failed+=('Boost.Test does not compile')
      fi
    fi
    verdict=passed
    if [[ -n $only_compiled || -n $quick ]]; then verdict=compiled; fi
    if ((${#failed[@]} > 0)); then
      printf -v verdict '%s; ' "${failed[@]}"
      verdict="FAILED: ${verdict%; }"
      failures=$((failures + 1))
    fi
  fi
  printf -v line '%-21s %5d s  %-11s %s\n' "$row" $((SECONDS - start)) "$bits" "$verdict"
  table+=$line
done

# Equal sums: the runs of these rows have the same bits.
printf '\n%-21s %7s  %-11s %s\n%s' row time 'sum of bits' result "$table"
exit "$((failures != 0))"
