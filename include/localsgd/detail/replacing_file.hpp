// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <system_error>
#include <utility>

#if defined(__unix__) || defined(__APPLE__)
#define LOCALSGD_HAS_FSYNC 1
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#else
#define LOCALSGD_HAS_FSYNC 0
#include <fstream>
#include <ios>
#endif

/// @file
/// @brief Writes a file so that its name always stands for something whole.

namespace localsgd::detail {

/// @brief A new file that takes the place of `target` all at once, or not at all.
///
/// It grows under a name of its own in the folder of `target`. commit() waits until its bytes are
/// on the disk and renames it; without that, the destructor removes it and `target` is as it was.
class replacing_file {
 public:
  /// @throws std::filesystem::filesystem_error, as all of its members, with path and reason.
  explicit replacing_file(std::filesystem::path target)
      : target_(std::move(target)), path_(target_.parent_path() / unique_name()) {
    open();
  }
  replacing_file(replacing_file const&) = delete;
  replacing_file& operator=(replacing_file const&) = delete;
  ~replacing_file() {
    close();
    if (!committed_) {
      std::error_code ignored;
      std::filesystem::remove(path_, ignored);
    }
  }

  void commit() {
    finish();
    std::error_code error;
    std::filesystem::rename(path_, target_, error);
    if (error) fail(error);
    committed_ = true;
    sync_folder();
  }

 private:
  static std::string unique_name() {
    // Different at the same time in one process, and most likely in another: open() makes sure.
    static std::atomic<std::uint64_t> count{0};
    auto const now = std::chrono::system_clock::now().time_since_epoch().count();
    auto const number = static_cast<std::uint64_t>(now) ^ (process() << 40U) ^ (count++ << 56U);
    std::array<char, 16> digits{};
    auto const end = std::to_chars(digits.data(), digits.data() + digits.size(), number, 16).ptr;
    return ".localsgd-" + std::string(digits.data(), end) + ".tmp";
  }
  [[noreturn]] void fail(std::error_code error) const {
    throw std::filesystem::filesystem_error("localsgd: cannot write", target_, error);
  }

#if LOCALSGD_HAS_FSYNC
 public:
  void write(void const* bytes, std::size_t size) {
    auto const* at = static_cast<char const*>(bytes);
    while (size != 0) {
      ::ssize_t const n = ::write(file_, at, std::min<std::size_t>(size, 1U << 30U));
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) fail(n < 0 ? last_error() : std::make_error_code(std::errc::io_error));
      at += n;
      size -= static_cast<std::size_t>(n);
    }
  }

 private:
  static std::uint64_t process() noexcept { return static_cast<std::uint64_t>(::getpid()); }
  static std::error_code last_error() { return {errno, std::generic_category()}; }
  void open() {
    file_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (file_ < 0) fail(last_error());
  }
  void finish() {
    while (::fsync(file_) != 0) {
      // EINVAL: the file system cannot tell when bytes are on a disk.
      if (errno == EINVAL) break;
      if (errno != EINTR) fail(last_error());
    }
    if (::close(std::exchange(file_, -1)) != 0) fail(last_error());
  }
  void close() noexcept {
    if (file_ >= 0) ::close(file_);
  }
  /// @brief The new name survives a loss of power, too. Too late to fail: the file is in its place.
  void sync_folder() noexcept {
    auto const folder = target_.has_parent_path() ? target_.parent_path() : ".";
    int const number = ::open(folder.c_str(), O_RDONLY | O_CLOEXEC);
    if (number < 0) return;
    ::fsync(number);
    ::close(number);
  }

  int file_ = -1;
#else
 public:
  void write(void const* bytes, std::size_t size) {
    if (!file_.write(static_cast<char const*>(bytes), static_cast<std::streamsize>(size)))
      fail(std::make_error_code(std::errc::io_error));
  }

 private:
  static std::uint64_t process() noexcept { return 0; }
  void open() {
    file_.open(path_, std::ios::binary);
    if (!file_) fail(std::make_error_code(std::errc::io_error));
  }
  void finish() {
    file_.close();
    if (!file_) fail(std::make_error_code(std::errc::io_error));
  }
  void close() noexcept {}
  void sync_folder() noexcept {}

  std::ofstream file_;
#endif

  std::filesystem::path target_;
  std::filesystem::path path_;
  bool committed_ = false;
};

}  // namespace localsgd::detail
