#!/usr/bin/env bash
# Copyright (c) 2026 The localsgd authors
# SPDX-License-Identifier: BSL-1.0
#
# usage: test/docs/browser.sh [--no-install] [folder of the HTML pages] [folder for screenshots]
# Opens the built manual in headless Chromium: see browser.py. Builds the manual if it is absent.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

if [[ ${1:-} == --no-install ]]; then
  shift
else
  bash cmake/install_packages.sh browser
fi
html=${1:-build/docs/html}
if [[ ! -e $html/index.html ]]; then bash docs/build.sh "$(dirname "$html")"; fi
exec python3 test/docs/browser.py "$html" ${2:+"$2"}
