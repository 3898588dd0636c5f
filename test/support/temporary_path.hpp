// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <string_view>
#include <system_error>

/// @file
/// @brief A place in the file system for one test.

namespace support {

/// @brief A path of its own, removed with all that is there at the end.
class temporary_path {
 public:
  temporary_path()
      : path_(std::filesystem::temp_directory_path() /
              ("localsgd_" + std::to_string(std::random_device{}()))) {}
  /// @brief A file of these bytes.
  explicit temporary_path(std::string_view bytes) : temporary_path() {
    std::ofstream(path_, std::ios::binary) << bytes;
  }
  temporary_path(temporary_path const&) = delete;
  temporary_path& operator=(temporary_path const&) = delete;
  ~temporary_path() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  std::filesystem::path const& operator()() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace support
