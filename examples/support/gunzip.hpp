// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <zlib.h>

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>

/// @file
/// @brief The one header that includes zlib, for examples, tests, benchmarks and tools. The library does not need it.

namespace support {

/// @brief The whole content of a file, decompressed when the file is in gzip format.
/// @throws std::runtime_error naming the file, when it cannot be opened, or is cut off or damaged.
inline std::string gunzip(std::filesystem::path const& path) {
  auto const fail = [&](std::string const& why) -> std::string {
    throw std::runtime_error(path.string() + ": " + why);
  };

  // zlib would open a folder, and hand through what does not begin like a gzip file.
  if (std::filesystem::is_directory(path)) return fail("is a folder, not a file");
  errno = 0;
  std::unique_ptr<gzFile_s, int (*)(gzFile)> const file(gzopen(path.c_str(), "rb"), gzclose_r);
  if (!file) return fail(errno != 0 ? std::strerror(errno) : "zlib is out of memory");

  std::string text;
  constexpr std::size_t piece = std::size_t{1} << 20;
  for (;;) {
    std::size_t const before = text.size();
    text.resize(before + piece);
    int const read = gzread(file.get(), text.data() + before, static_cast<unsigned>(piece));
    text.resize(before + static_cast<std::size_t>(read > 0 ? read : 0));
    if (read <= 0) break;
  }
  // A file cut off in the middle reads like one that ends there: only the error code tells.
  int code = Z_OK;
  std::string const message = gzerror(file.get(), &code);
  if (code == Z_ERRNO) return fail(std::strerror(errno));
  if (code != Z_OK) throw std::runtime_error(message);  // which names the file already
  return text;
}

}  // namespace support
