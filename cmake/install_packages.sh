#!/usr/bin/env bash
# Copyright (c) 2026 The localsgd authors
# SPDX-License-Identifier: BSL-1.0
#
# usage: cmake/install_packages.sh GROUP...
#        GROUP: build, test, clang, quickstart, benchmark, compare, battery, scaling, cluster,
#        paper, tools, python, docs, browser, static, and what test/matrix.sh compiles with: gcc-13,
#        gcc-14, clang-16, clang-19, libc++-19, aarch64, mingw, wine
# Installs those of the Debian packages that are missing. With nothing missing it needs neither the
# network nor any rights.
set -euo pipefail

# A tool that is found on the PATH is as good as its package: command=package.
build='c++=g++ cmake=cmake ninja=ninja-build libboost-dev libxtensor-dev libxsimd-dev'
declare -A groups=(
  [build]="$build"
  [test]="$build libboost-test-dev zlib1g-dev libopenmpi-dev mpirun=openmpi-bin
    libgloo-dev nlohmann-json3-dev liblinear-train=liblinear-tools
    pkg-config=pkg-config meson=meson python3=python3 python3-yaml"
  [clang]='clang++=clang libclang-rt-dev'
  [quickstart]="$build zlib1g-dev dataset-fashion-mnist"
  [benchmark]="$build zlib1g-dev libbenchmark-dev"
  [compare]="$build zlib1g-dev liblinear-dev liblinear-tools python3-sklearn
    python3-matplotlib libopenblas0-pthread dataset-fashion-mnist"
  [battery]='Rscript=r-base-core r-cran-glmnet r-cran-kernlab r-cran-mlbench r-cran-ggplot2
    python3-statsmodels npm=npm'
  [scaling]="$build python3-matplotlib"
  [cluster]="$build zlib1g-dev libopenmpi-dev mpirun.openmpi=openmpi-bin dataset-fashion-mnist
    ip=iproute2 tc=iproute2 unshare=util-linux sysctl=procps python3=python3 python3-scipy npm=npm"
  [tools]="$build zlib1g-dev nlohmann-json3-dev libcli11-dev zsh=zsh"
  [python]="$build python3-dev pybind11-dev python3-numpy python3-scipy python3-sklearn"
  [paper]="$build zlib1g-dev python3-matplotlib"
  [docs]='doxygen=doxygen python3=python3 bibtex=texlive-binaries perl=perl doxygen-awesome-css libjs-mathjax'
  [browser]='python3=python3 chromium=chromium chromedriver=chromium-driver'
  [static]="$build zlib1g-dev libboost-test-dev libopenmpi-dev nlohmann-json3-dev
    clang-tidy=clang-tidy cppcheck=cppcheck"
  [gcc-13]='g++-13=g++-13'
  [gcc-14]='g++-14=g++-14'
  [clang-16]='clang++-16=clang-16'
  [clang-19]='clang++-19=clang-19'
  [libc++-19]='clang++-19=clang-19 libc++-19-dev libc++abi-19-dev'
  [aarch64]='aarch64-linux-gnu-g++=g++-aarch64-linux-gnu qemu-aarch64=qemu-user'
  [mingw]='x86_64-w64-mingw32-g++-posix=g++-mingw-w64-x86-64-posix'
  [wine]='wine64=wine64'
)

installed() {
  [[ $(dpkg-query --show --showformat='${db:Status-Status}' "$1" 2>/dev/null) == installed ]]
}

missing=()
for group in "$@"; do
  if [[ -z ${groups[$group]:-} ]]; then
    echo "$0: there is no group '$group', only: ${!groups[*]}" >&2
    exit 2
  fi
  for entry in ${groups[$group]}; do
    package=${entry#*=}
    if [[ $entry == *=* ]] && command -v "${entry%%=*}" >/dev/null; then continue; fi
    if command -v dpkg-query >/dev/null && installed "$package"; then continue; fi
    missing+=("$package")
  done
done
if ((${#missing[@]} == 0)); then exit 0; fi

if ! command -v apt-get >/dev/null; then
  # Not Debian: the libraries may well be there under other names. CMake tells if they are not.
  echo "Not a Debian system. If what follows fails, install the like of: ${missing[*]}" >&2
  exit 0
fi

as_root=()
if ((EUID != 0)); then as_root=(sudo); fi
apt() {
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0 "$@" </dev/null
}
echo "Installing: ${missing[*]}"
# The package lists are only fetched when they are missing or too old to be of use.
apt install --yes --no-install-recommends "${missing[@]}" >/dev/null 2>&1 ||
  { apt update && apt install --yes --no-install-recommends "${missing[@]}" >/dev/null; }
