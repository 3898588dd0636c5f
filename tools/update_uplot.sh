#!/usr/bin/env bash
# Copyright (c) 2026 The localsgd authors
# SPDX-License-Identifier: BSL-1.0
#
# usage: tools/update_uplot.sh [version]
#
# Writes include/localsgd/html_report/uplot.hpp from the npm package uplot: the minified script and style
# sheet, with their licence, as string literals. Needs npm.
set -euo pipefail
export LC_ALL=C
version=${1:-1.6.32}
header=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)/include/localsgd/html_report/uplot.hpp
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm pack --silent "uplot@$version" >/dev/null
tar -xzf "uplot-$version.tgz"

python3 - "$version" "$header" <<'PYTHON'
import hashlib
import pathlib
import sys

version, header = sys.argv[1], pathlib.Path(sys.argv[2])
archive = hashlib.sha512(pathlib.Path(f'uplot-{version}.tgz').read_bytes()).hexdigest()
script = pathlib.Path('package/dist/uPlot.iife.min.js').read_text(encoding='ascii').rstrip('\n')
style = pathlib.Path('package/dist/uPlot.min.css').read_text(encoding='ascii').rstrip('\n')
licence = pathlib.Path('package/LICENSE').read_text(encoding='ascii').rstrip('\n')
for text in (script, style, licence):
    assert ')uplot"' not in text and '</' + 'script' not in text and '</' + 'style' not in text
    assert len(text) < 65536, 'Visual C++ allows 65,535 characters in a string'


def literal(text, piece=15000):
    """Adjacent literals: Visual C++ allows 16,380 characters in each."""
    pieces = [text[at:at + piece] for at in range(0, len(text), piece)]
    return '\n'.join(f'R"uplot({each})uplot"' for each in pieces)


comment = '\n'.join(('// ' + line).rstrip() for line in licence.splitlines())
header.write_text(f'''// SPDX-License-Identifier: MIT
//
{comment}
#pragma once

/// @file
/// @brief uPlot {version}, a library for charts in a browser, to be embedded in HTML.
///
/// Written by tools/update_uplot.sh from the npm package; do not edit. SHA-512 of the package:
/// {archive[:64]}
/// {archive[64:]}

// clang-format off
namespace localsgd::detail {{

inline constexpr char uplot_version[] = "{version}";
inline constexpr char uplot_licence[] =
{literal(licence)};
inline constexpr char uplot_style[] =
{literal(style)};
inline constexpr char uplot_script[] =
{literal(script)};

}}  // namespace localsgd::detail
// clang-format on
''', encoding='ascii')
PYTHON
echo "uPlot $version is in $header"
