#!/usr/bin/env bash
# Copyright (c) 2026 The localsgd authors
# SPDX-License-Identifier: BSL-1.0
#
# usage: test/docs/browser.sh [--no-install] [folder of the HTML pages] [folder for screenshots]
# Opens the built manual and HTML reports of runs in headless Chromium: see browser.py and report.py.
# Builds the manual if it is absent.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

if [[ ${1:-} == --no-install ]]; then
  shift
else
  bash cmake/install_packages.sh build browser
fi
html=${1:-build/docs/html}
if [[ ! -e $html/index.html ]]; then bash docs/build.sh "$(dirname "$html")"; fi

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
"${CXX:-c++}" -std=c++20 -Wall -Wextra -Iinclude test/docs/report_pages.cpp -o "$scratch/report_pages"
"$scratch/report_pages" "$scratch"
status=0
PYTHONDONTWRITEBYTECODE=1 python3 test/docs/report.py "$scratch" ${2:+"$2"} || status=1
python3 test/docs/browser.py "$html" ${2:+"$2"} || status=1
exit "$status"
