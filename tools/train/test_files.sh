# Copyright (c) 2026 The localsgd authors
# SPDX-License-Identifier: BSL-1.0
#
# Sourced by the tests of localsgd-train: goes to a temporary folder with four small files, and counts
# mistakes.

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

mistakes=0
mistake() {
  echo "$1" >&2
  mistakes=$((mistakes + 1))
}

awk 'BEGIN { srand(1); for (i = 0; i < 200; i++) { a = rand() * 4 - 2; b = rand() * 4 - 2;
  printf "%d 1:%.6f 2:%.6f\n", (a - b + rand() - 0.5 > 0) ? 1 : -1, a, b } }' >two
awk 'BEGIN { srand(2); for (i = 0; i < 300; i++) { a = rand() * 4 - 2; b = rand() * 4 - 2;
  printf "%d 1:%.6f 2:%.6f\n", (a > 0.5) ? 7 : ((b > 0) ? 3 : 5), a, b } }' >three
awk 'BEGIN { srand(3); for (i = 0; i < 200; i++) { a = rand() * 4 - 2; b = rand() * 4 - 2;
  printf "%.6f 1:%.6f 2:%.6f\n", 2 * a - b + 3 + rand() / 10, a, b } }' >amounts
awk 'BEGIN { srand(4); for (i = 0; i < 200; i++) { a = rand();
  printf "%d 1:%.6f\n", int(exp(2 * a) + rand()), a } }' >counts
