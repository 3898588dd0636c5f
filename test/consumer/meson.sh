#!/usr/bin/env bash
# Copyright (c) 2026 The localsgd authors
# SPDX-License-Identifier: BSL-1.0
#
# usage: test/consumer/meson.sh COMPILER PROGRAM.cpp FOLDER
# Builds PROGRAM.cpp in FOLDER with Meson, with the library as a subproject, and runs it.
set -euo pipefail
compiler=$1 program=$2 folder=$3
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)

rm -rf "$folder"
mkdir -p "$folder/subprojects/localsgd"
cp "$root/test/consumer/meson/meson.build" "$folder"
cp "$program" "$folder/first_program.cpp"
cp "$root/packaging/meson/localsgd.wrap" "$folder/subprojects"
cp -R "$root/meson.build" "$root/include" "$folder/subprojects/localsgd"

export CXX=$compiler
meson setup --wrap-mode=nodownload "$folder/build" "$folder"
meson compile -C "$folder/build"
"$folder/build/first_program"
