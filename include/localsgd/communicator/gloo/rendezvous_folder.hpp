// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <unistd.h>

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
/// @brief A folder in which processes find each other.

namespace localsgd::detail {

/// @brief Keys and values as files `<name>.<key>` of a folder that all ranks can reach.
///
/// A key is claimed by one process only, and its file appears with its whole value. Files are removed
/// by the process that made them. For one thread.
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

  /// @throws std::runtime_error if another process has claimed it, or nothing can be written
  void claim(std::string const& key, std::vector<char> const& value) {
    auto const path = path_of(key), draft = path_of(key + ".draft" + std::to_string(getpid()));
    {
      std::ofstream file(draft, std::ios::binary);
      file.write(value.data(), static_cast<std::streamsize>(value.size()));
      if (!file.flush())
        throw std::runtime_error("localsgd: cannot write " + draft.string());
    }
    std::error_code error, ignored;
    std::filesystem::create_hard_link(draft, path, error);  // fails if another one was first
    std::filesystem::remove(draft, ignored);
    if (error)
      throw std::runtime_error(
          "localsgd: cannot create " + path.string() + ": " + error.message() +
          "; if no other process has this rank, change gloo_options.run on all ranks");
    mine_.push_back(path);
  }

  /// @brief Removes a key that only this process may have, if there is one.
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
  std::filesystem::path path_of(std::string const& key) const {
    return folder_ / (name_ + "." + key);
  }

  std::filesystem::path folder_;
  std::string name_;
  std::vector<std::filesystem::path> mine_;
};

}  // namespace localsgd::detail
