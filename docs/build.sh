#!/usr/bin/env bash
# Copyright (c) 2026 The localsgd authors
# SPDX-License-Identifier: BSL-1.0
#
# usage: docs/build.sh [--no-install] [output folder]
# Builds the reference manual, by default to build/docs/html. A warning of Doxygen is a failure.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

if [[ ${1:-} == --no-install ]]; then
  shift
else
  bash cmake/install_packages.sh docs
fi
mkdir -p "${1:-build/docs}"
LOCALSGD_DOCS=$(cd "${1:-build/docs}" && pwd)
LOCALSGD_VERSION=$(sed -n 's/^#define LOCALSGD_VERSION_[A-Z]* //p' include/localsgd/version.hpp |
  paste -sd .)
LOCALSGD_DOCS_STYLE=/usr/share/doxygen-awesome-css/doxygen-awesome.css
if [[ ! -e $LOCALSGD_DOCS_STYLE ]]; then LOCALSGD_DOCS_STYLE=; fi
export LOCALSGD_DOCS LOCALSGD_VERSION LOCALSGD_DOCS_STYLE
# Doxygen has BibTeX read files of the current folder. Without a whole TeX it has to be told so.
export BIBINPUTS=. BSTINPUTS=.

# A page whose header is gone must not stay.
rm -rf "$LOCALSGD_DOCS/html"
doxygen docs/Doxyfile

# The part of MathJax that the pages ask for; all of it would be 40 MB.
mathjax=/usr/share/javascript/mathjax
if [[ -d $mathjax ]]; then
  mkdir -p "$LOCALSGD_DOCS/html/mathjax"
  tar --create --dereference --directory "$mathjax" MathJax.js extensions jax/input/TeX \
    jax/element jax/output/HTML-CSS fonts/HTML-CSS/TeX/woff localization/en |
    tar --extract --directory "$LOCALSGD_DOCS/html/mathjax"
else
  echo "MathJax is not in $mathjax: the pages show formulas as they are written" >&2
fi
echo "The manual is in $LOCALSGD_DOCS/html/index.html"
