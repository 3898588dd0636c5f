// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0

// usage: test.fuzz.replay FOLDER
//
// Gives each file of FOLDER/TARGET to the target of that name. A broken rule ends the program; the
// last line of output is then the file.

#include "fuzz/input.hpp"

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

// CMake lists the targets: LOCALSGD_FUZZ_TARGET(name) for each.
#define LOCALSGD_FUZZ_TARGET(name) \
  extern "C" int localsgd_fuzz_##name(std::uint8_t const* data, std::size_t size);
#include "targets.inc"
#undef LOCALSGD_FUZZ_TARGET

namespace {

struct target {
  char const* name;
  int (*call)(std::uint8_t const* data, std::size_t size);
};
#define LOCALSGD_FUZZ_TARGET(name) {#name, localsgd_fuzz_##name},
constexpr target targets[] = {
#include "targets.inc"
};

}  // namespace

int main(int count, char** arguments) {
  if (count != 2) return 2;
  std::filesystem::path const folder = arguments[1];
  fuzz::thorough = true;
  for (target const& each : targets) {
    std::size_t files = 0;
    for (auto const& entry : std::filesystem::directory_iterator(folder / each.name)) {
      std::printf("%s/%s\n", each.name, entry.path().filename().string().c_str());
      std::fflush(stdout);
      std::ifstream file(entry.path(), std::ios::binary);
      std::string const text{std::istreambuf_iterator<char>(file), {}};
      std::vector<std::uint8_t> const bytes(text.begin(),
                                            text.end());  // no byte after the last one
      each.call(bytes.data(), bytes.size());
      ++files;
    }
    fuzz::expect(files != 0, std::string("there are inputs for ") + each.name);
  }
}
