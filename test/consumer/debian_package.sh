#!/usr/bin/env bash
# Copyright (c) 2026 The localsgd authors
# SPDX-License-Identifier: BSL-1.0
#
# usage: test/consumer/debian_package.sh COMPILER VERSION FOLDER
# Builds the Debian package in FOLDER, and checks its fields and that it has all files and no others.
set -euo pipefail
compiler=$1 version=$2 folder=$3
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)

rm -rf "$folder"
cmake -S "$root" -B "$folder" -DCMAKE_CXX_COMPILER="$compiler" -DLOCALSGD_TESTS=OFF \
  -DLOCALSGD_EXAMPLES=OFF -DLOCALSGD_MPI=OFF -DLOCALSGD_GLOO=OFF -DLOCALSGD_JSON=OFF
cd "$folder"
cpack -G DEB
packages=(*.deb)
if [[ ${packages[*]} != "localsgd-dev_${version}_all.deb" ]]; then
  echo "cpack made ${packages[*]}" >&2
  exit 1
fi

expect() {  # FIELD TEXT
  local value
  value=$(dpkg-deb --field "${packages[0]}" "$1")
  if [[ $value != *"$2"* ]]; then
    echo "the field $1 is '$value', without '$2'" >&2
    exit 1
  fi
}
expect Package localsgd-dev
expect Version "$version"
expect Architecture all
for library in libboost-dev libxtensor-dev libxsimd-dev xtl-dev; do expect Depends "$library"; done
for library in libopenmpi-dev libgloo-dev nlohmann-json3-dev; do expect Suggests "$library"; done

{
  (cd "$root" && find include/localsgd -type f ! -name compiled.hpp)  # which needs localsgd::compiled
  for name in localsgd localsgd-gloo localsgd-json; do echo "share/pkgconfig/$name.pc"; done
  for part in '' -mpi -gloo -json; do echo "share/cmake/localsgd/localsgd$part-targets.cmake"; done
  for part in '' -version; do echo "share/cmake/localsgd/localsgd-config$part.cmake"; done
  echo 'share/doc/localsgd-dev/copyright'
} | sed 's#^#./usr/#' | LC_ALL=C sort >expected
dpkg-deb --fsys-tarfile "${packages[0]}" | tar --list | grep -v '/$' | LC_ALL=C sort >packed
diff expected packed
