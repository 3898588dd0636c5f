#!/usr/bin/env bash
# Copyright (c) 2026 The localsgd authors
# SPDX-License-Identifier: BSL-1.0
#
# usage: docs/build.sh [--no-install] [output folder]
# Builds the manual, by default in build/docs/html. Doxygen warnings and broken links are errors.
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
# Doxygen lets BibTeX read files of the current folder. Without a full TeX installation it needs
# these variables.
export BIBINPUTS=. BSTINPUTS=.

# Remove pages whose source no longer exists.
rm -rf "$LOCALSGD_DOCS/html"
mkdir -p "$LOCALSGD_DOCS/html"

# doxygen-awesome-css with its dark mode: the scripts go into the HTML header of this Doxygen.
awesome=/usr/share/doxygen-awesome-css
LOCALSGD_DOCS_STYLE= LOCALSGD_DOCS_HEADER=
if [[ -e $awesome/doxygen-awesome-sidebar-only.css ]]; then
  LOCALSGD_DOCS_STYLE="$awesome/doxygen-awesome.css $awesome/doxygen-awesome-sidebar-only.css \
$awesome/doxygen-awesome-sidebar-only-darkmode-toggle.css docs/style.css"
  LOCALSGD_DOCS_HEADER=$LOCALSGD_DOCS/header.html
  doxygen -w html "$LOCALSGD_DOCS_HEADER" "$LOCALSGD_DOCS/footer.html" "$LOCALSGD_DOCS/style.css"
  scripts=
  for name in darkmode-toggle fragment-copy-button paragraph-link; do
    script=doxygen-awesome-$name.js
    cp "$awesome/$script" "$LOCALSGD_DOCS/html/"
    scripts+="<script type=\"text/javascript\" src=\"\$relpath^$script\"></script>"
  done
  scripts+='<script type="text/javascript">DoxygenAwesomeDarkModeToggle.init();'
  scripts+='DoxygenAwesomeFragmentCopyButton.init();DoxygenAwesomeParagraphLink.init();</script>'
  # An icon inline: browsers otherwise ask for favicon.ico, which does not exist.
  scripts+='<link rel="icon" href="data:,"/>'
  sed -i "s|</head>|$scripts</head>|" "$LOCALSGD_DOCS_HEADER"
fi
export LOCALSGD_DOCS LOCALSGD_VERSION LOCALSGD_DOCS_STYLE LOCALSGD_DOCS_HEADER
# Doxygen 1.9.5 and later have their own dark mode, which doxygen-awesome-css replaces.
light=
if doxygen -s -g - | grep -q '^HTML_COLORSTYLE '; then light='HTML_COLORSTYLE = LIGHT'; fi
{ cat docs/Doxyfile; echo "$light"; } | doxygen -

# The parts of MathJax that the pages use; the whole package would be 40 MB.
mathjax=/usr/share/javascript/mathjax
if [[ -d $mathjax ]]; then
  mkdir -p "$LOCALSGD_DOCS/html/mathjax"
  tar --create --dereference --directory "$mathjax" MathJax.js extensions jax/input/TeX \
    jax/element jax/output/HTML-CSS fonts/HTML-CSS/TeX/woff localization/en |
    tar --extract --directory "$LOCALSGD_DOCS/html/mathjax"
  # Browsers refuse a font from about:blank, and report an error on the console.
  sed -i "s|url('about:blank')|local('sans-serif')|" \
    "$LOCALSGD_DOCS/html/mathjax/jax/output/HTML-CSS/jax.js"
else
  echo "MathJax is not in $mathjax: the pages show the source of formulas" >&2
fi
python3 docs/check_links.py "$LOCALSGD_DOCS/html"
echo "The manual is in $LOCALSGD_DOCS/html/index.html"
