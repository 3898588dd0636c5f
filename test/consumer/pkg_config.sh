#!/usr/bin/env bash
# Copyright (c) 2026 The localsgd authors
# SPDX-License-Identifier: BSL-1.0
#
# usage: test/consumer/pkg_config.sh COMPILER PROGRAM.cpp PREFIX VERSION FOLDER
# Compiles PROGRAM.cpp against the library that is installed in PREFIX with the flags of pkg-config, and
# runs it.
set -euo pipefail
compiler=$1 program=$2 prefix=$3 version=$4 folder=$5
export PKG_CONFIG_PATH=$prefix/share/pkgconfig

for name in localsgd localsgd-gloo localsgd-json; do
  if [[ ! -e $PKG_CONFIG_PATH/$name.pc ]]; then
    echo "$name.pc is not in $PKG_CONFIG_PATH" >&2
    exit 1
  fi
  # What localsgd requires is there, since CMake has found it; nlohmann-json may be absent.
  if [[ $name == localsgd-json ]] && ! pkg-config --exists nlohmann_json; then continue; fi
  pkg-config --print-errors --exists "$name = $version"
done
if pkg-config --exists 'localsgd > '"$version"; then
  echo "localsgd.pc is newer than $version" >&2
  exit 1
fi

read -ra flags <<<"$(pkg-config --cflags --libs localsgd)"
mkdir -p "$folder"
"$compiler" -std=c++20 -O0 "$program" -o "$folder/first_program" "${flags[@]}"
"$folder/first_program"
