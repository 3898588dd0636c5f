#!/usr/bin/env bash
# Copyright (c) 2026 The localsgd authors
# SPDX-License-Identifier: BSL-1.0
#
# usage: examples/quickstart.sh [argument of the program...]
# Installs what is missing, builds the example quickstart for this machine and runs it.
set -euo pipefail
source_folder=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
build=$source_folder/build/quickstart

bash "$source_folder/cmake/install_packages.sh" quickstart

source "$source_folder/cmake/build_quietly.sh"
echo 'Building the example ...'
build_quietly "$build" quickstart -DLOCALSGD_EXAMPLES=ON

"$build/examples/quickstart" "$@"
