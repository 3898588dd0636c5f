// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

/// @file
/// @brief A folder through which processes find each other.

namespace localsgd::detail {

/// @brief Keys and values as files `<name>.<key>` in a folder that all ranks can access.
///
/// Only one process can claim a key, and its file appears together with the entire value. Only
/// processes of the same user can read it. Files are removed by the process that created them. For
/// use by one thread.
class rendezvous_folder {
 public:
  using clock = std::chrono::steady_clock;

  /// @throws std::runtime_error if there is no such folder
  rendezvous_folder(std::filesystem::path folder, std::string name)
      : folder_(std::move(folder)), name_(std::move(name)) {
    if (std::error_code ignored; !std::filesystem::is_directory(folder_, ignored))
      throw std::runtime_error("localsgd: the rendezvous folder " + folder_.string() +
                               " does not exist; create it where all ranks can access it");
  }
  rendezvous_folder(rendezvous_folder const&) = delete;
  rendezvous_folder& operator=(rendezvous_folder const&) = delete;
  ~rendezvous_folder() { remove_mine(); }

  /// @throws std::runtime_error if another process has claimed the key, or nothing can be written
  void claim(std::string const& key, std::vector<char> const& value) {
    auto const path = path_of(key), draft = path_of(key + ".draft" + std::to_string(getpid()));
    std::error_code error, ignored;
    std::filesystem::remove(draft, ignored);  // left by a killed process that had the same number
    if (!write_new(draft, value))
      throw std::runtime_error("localsgd: cannot write " + draft.string());
    std::filesystem::create_hard_link(draft, path, error);  // fails if another process was first
    std::filesystem::remove(draft, ignored);
    if (error)
      throw std::runtime_error(
          "localsgd: cannot create " + path.string() + ": " + error.message() +
          "; if no other process has this rank, change gloo_options.run on all ranks");
    mine_.push_back(path);
  }

  /// @brief Removes a key that only this process can have claimed, if it exists.
  void forget(std::string const& key) noexcept {
    std::error_code ignored;
    std::filesystem::remove(path_of(key), ignored);
  }

  bool has(std::string const& key) const {
    std::error_code ignored;
    return std::filesystem::exists(path_of(key), ignored);
  }
  std::vector<char> value(std::string const& key) const {
    std::ifstream file(path_of(key), std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  /// @return whether it appeared in time
  bool wait(std::string const& key, clock::time_point end) const {
    while (!has(key)) {
      if (clock::now() > end) return false;
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return true;
  }

  /// @brief Removes the files of this process.
  void remove_mine() noexcept {
    std::error_code ignored;
    for (auto const& path : mine_) std::filesystem::remove(path, ignored);
    mine_.clear();
  }

 private:
  /// @return whether the file did not exist and now holds the value; links are not followed
  static bool write_new(std::filesystem::path const& path, std::vector<char> const& value) {
    int const file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (file < 0) return false;
    std::size_t written = 0;
    while (written != value.size()) {
      ::ssize_t const n = ::write(file, value.data() + written, value.size() - written);
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) break;
      written += static_cast<std::size_t>(n);
    }
    return ::close(file) == 0 && written == value.size();
  }

  std::filesystem::path path_of(std::string const& key) const {
    return folder_ / (name_ + "." + key);
  }

  std::filesystem::path folder_;
  std::string name_;
  std::vector<std::filesystem::path> mine_;
};

}  // namespace localsgd::detail
