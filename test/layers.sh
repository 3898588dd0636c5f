#!/usr/bin/env bash
# Copyright (c) 2026 The localsgd authors
# SPDX-License-Identifier: BSL-1.0
#
# usage: test/layers.sh [folder that holds localsgd/]
#
# Checks the structure of the headers:
#   - a folder is a layer: its headers include only headers of the same folder or of a lower one;
#   - within a folder there are no cycles;
#   - one header includes each third-party library;
#   - no header is longer than 300 lines, no folder holds more than 15 headers, core/ at most ten;
#   - every header but the umbrellas has a test at its path;
#   - a disjunction in a concept is one atomic constraint, bool(a || b), but in ComponentFor, where
#     the compiler is to say of each kind of component why an argument is not one.
set -euo pipefail
export LC_ALL=C

# From the lowest to the highest. A header without a folder is a layer of its own.
layers='
fwd.hpp
core
kernels
kernels/krylov
io
loss
regularizer
data/text
data
data/views
settings.hpp
result.hpp
report.hpp
version.hpp
warm_start.hpp
objective
model
iterate_weights
step_size
sampler
schedule
averager
compressor
observer
theory
communicator
communicator/threads
communicator/ranks
communicator/mpi
communicator/gloo
communicator/simulated
protocol
synchronizer
evaluation
certificate
worker
worker/groups
worker/newton
worker/dual
worker/svrg
worker/dane
checkpoint
run
minimize.hpp
planning
html_report
localsgd.hpp
compiled.hpp
mpi.hpp
gloo.hpp
'

# Library, what its includes begin with, the one header or folder that may include it.
libraries='
xtensor  xtensor/             core/tensor.hpp
xtensor  xtl/                 core/tensor.hpp
Asio     boost/asio/          communicator/threads/asio_pool.hpp
Shared   boost/interprocess/  communicator/mpi/board.hpp
xsimd    xsimd/               kernels/simd.hpp
MPI      mpi.h                communicator/mpi/requests.hpp
Gloo     gloo/                communicator/gloo/communicator.hpp
JSON     nlohmann/            model/json.hpp
POSIX    sys/mman.h           io/mapped_file.hpp
POSIX    sys/stat.h           io/
POSIX    sys/resource.h       io/preemptions.hpp
'

# The umbrellas; what test/mpi, test/synchronizer/gloo.cpp and test/run/local_sgd.cpp show; and what has
# no test at its path yet.
untested='
localsgd.hpp
mpi.hpp
gloo.hpp
communicator/gloo/communicator.hpp
communicator/mpi
synchronizer/mpi.hpp
synchronizer/mpi_options.hpp
run/round.hpp
'

longest=300
widest=15
widest_core=10

tests=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cd "${1:-"$tests/../include"}/localsgd"
find . -name '*.hpp' | sed 's#^\./##' | sort | awk -v layers="$layers" -v libraries="$libraries" -v longest="$longest" -v widest="$widest" \
  -v widest_core="$widest_core" -v tests="$tests" -v untested="$untested" '
function mistake(text) { print text >"/dev/stderr"; mistakes++ }
function folder_of(h) { if (h !~ /\//) return h; sub(/\/[^\/]*$/, "", h); return h }
function may_lack_a_test(h) {
  while (!(h in excepted)) if (!sub(/\/[^\/]*$/, "", h)) return 0
  return 1
}
function visit(h,    i, list, n) {  # depth first: an include that is still open closes a cycle
  state[h] = 1
  n = split(includes[h], list, " ")
  for (i = 1; i <= n; i++) {
    if (state[list[i]] == 1) mistake(h ": includes " list[i] ", which includes it in turn")
    else if (!state[list[i]]) visit(list[i])
  }
  state[h] = 2
}
# Whether `||` stands outside of bool(...) and of braces.
function splits(text,    i, c, depth, inside) {
  for (i = 1; i <= length(text); i++) {
    c = substr(text, i, 1)
    if (inside == 0 && substr(text, i, 5) == "bool(") { inside = depth + 1; i += 4; c = "(" }
    if (c == "(" || c == "{") depth++
    if (c == "{" && !inside) inside = depth
    if (c == ")" || c == "}") { if (depth == inside) inside = 0; depth-- }
    if (!inside && substr(text, i, 2) == "||") return 1
  }
  return 0
}
BEGIN {
  n = split(layers, list, "\n")
  for (i = 1; i <= n; i++) if (list[i] != "") layer[list[i]] = i
  n = split(untested, list, "\n")
  for (i = 1; i <= n; i++) if (list[i] != "") excepted[list[i]] = 1
  n = split(libraries, list, "\n")
  for (i = 1; i <= n; i++) if (split(list[i], word, " ") == 3) { prefix[++rules] = word[2]; owner[rules] = word[3] }
}
{ header[++headers] = $0; exists[$0] = 1 }
END {
  for (k = 1; k <= headers; k++) {
    h = header[k]; folder = folder_of(h); count[folder]++
    if (!(folder in layer)) mistake(h ": its folder is no layer; add it in test/layers.sh")
    lines = 0
    while ((getline line <h) > 0) {
      lines++
      # Only where a definition ends is it certain that no brace is open.
      if (line ~ /^concept /) concept = ""
      if (line ~ /^concept / || concept != "") {
        concept = concept " " line
        if (line ~ /;$/ && gsub(/{/, "{", concept) == gsub(/}/, "}", concept)) {
          split(concept, word, " ")
          if (word[2] != "ComponentFor" && splits(concept))
            mistake(h ": the disjunction of " word[2] " must be one atomic constraint, bool(a || b)")
          concept = ""
        }
      }
      if (line !~ /^[ \t]*#[ \t]*include[ \t]*[<"]/) continue
      quoted = line ~ /"/
      file = line; sub(/^[^<"]*[<"]/, "", file); sub(/[>"].*$/, "", file)
      if (file !~ /^localsgd\//) {
        if (quoted) mistake(h ": write \"localsgd/...\" for \"" file "\"")
        found = 0
        for (r = 1; r <= rules; r++)
          if (index(file, prefix[r]) == 1) {
            found = 1
            if (index(h, owner[r]) != 1) mistake(h ": includes <" file ">, which only " owner[r] " may include")
          }
        if (!found && file ~ /\//) mistake(h ": includes <" file "> of a library that test/layers.sh does not list")
        continue
      }
      sub(/^localsgd\//, "", file)
      if (!(file in exists)) { mistake(h ": includes " file ", which does not exist"); continue }
      includes[h] = includes[h] " " file
      if (layer[folder_of(file)] > layer[folder])
        mistake(h ": includes " file " of a higher layer")
    }
    close(h)
    test = h; sub(/hpp$/, "cpp", test)
    if (!may_lack_a_test(h)) {
      if ((getline line <(tests "/" test)) < 0) mistake(h ": has no test, test/" test)
      close(tests "/" test)
    }
    if (lines > longest) mistake(h ": " lines " lines, at most " longest " are allowed")
  }
  for (k = 1; k <= headers; k++) if (!state[header[k]]) visit(header[k])
  for (folder in count) {
    most = folder == "core" ? widest_core : widest
    if (count[folder] > most) mistake(folder "/: " count[folder] " headers, at most " most " are allowed")
  }
  if (headers == 0) mistake("there is no header")
  if (mistakes) { print "layers: " mistakes " mistakes in " headers " headers" >"/dev/stderr"; exit 1 }
  print "layers: " headers " headers, no include of a higher layer, no cycle"
}'
