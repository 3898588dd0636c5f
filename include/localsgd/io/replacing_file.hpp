// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/checksum.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#if defined(__unix__) || defined(__APPLE__)
#define LOCALSGD_HAS_FSYNC 1
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#else
#define LOCALSGD_HAS_FSYNC 0
#include <fstream>
#include <ios>
#endif

/// @file
/// @brief Writes a file so that its name always refers to a complete file.

namespace localsgd::detail {

/// @brief A new file that replaces `target` atomically, or not at all.
///
/// It is written under a temporary name in the folder of `target`. commit() waits until its bytes
/// are on disk and renames it; without commit(), the destructor removes it, and `target` is
/// unchanged. Before commit(), only the owner can read it. After it, it has the permissions of the
/// file that it replaces or, if there was none, those that the umask gives to a new file.
///
/// A process that is killed leaves a temporary file. The next replacing_file with the same target
/// on the same host removes it: the name identifies both, and the writer holds a lock on the file,
/// which the system releases when the process ends in any way. On systems other than Linux, which
/// lack such locks, the file is left behind.
class replacing_file {
 public:
  /// @throws std::filesystem::filesystem_error with path and reason, like all of its members.
  explicit replacing_file(std::filesystem::path target)
      : target_(std::move(target)),
        folder_(target_.has_parent_path() ? target_.parent_path() : ".") {
    remove_leftovers();
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
    close();  // last, because this releases the lock
    sync_folder();
  }

 private:
  static constexpr std::string_view prefix = ".localsgd-", suffix = ".tmp";

  static std::string hexadecimal(std::uint64_t number) {
    std::array<char, 16> digits{};
    auto const end = std::to_chars(digits.data(), digits.data() + digits.size(), number, 16).ptr;
    return {digits.data(), end};
  }
  static std::string unique_name() {
    // Different for simultaneous files in one process, and very likely across processes: create()
    // makes sure.
    static std::atomic<std::uint64_t> count{0};
    auto const now = std::chrono::system_clock::now().time_since_epoch().count();
    auto const number = static_cast<std::uint64_t>(now) ^ (process() << 40U) ^ (count++ << 56U);
    return hexadecimal(number) + std::string(suffix);
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
  void create(std::string const& name) {
    path_ = target_.parent_path() / name;
    struct ::stat status {};
    bool const replaces = ::stat(target_.c_str(), &status) == 0 && S_ISREG(status.st_mode);
    ::mode_t const mode = replaces ? 0600 : 0666;
    do {
      file_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    } while (file_ < 0 && errno == EINTR);
    if (file_ < 0) fail(last_error());
    // The system has just applied the umask, which no function can read without changing it.
    if (!replaces && ::fstat(file_, &status) != 0) fail(last_error());
    mode_ = status.st_mode & 0777U;
    ::fchmod(file_, 0600);  // still empty; file systems without permissions fail harmlessly
  }
#ifdef F_OFD_SETLK
  /// @brief 0 if this descriptor, and no other, holds the file; otherwise the error.
  static int lock(int file) noexcept {
    struct ::flock whole {};
    whole.l_type = F_WRLCK;
    whole.l_whence = SEEK_SET;
    int reason = 0;
    do {
      reason = ::fcntl(file, F_OFD_SETLK, &whole) == 0 ? 0 : errno;
    } while (reason == EINTR);
    return reason;
  }
  /// @brief The prefix of all temporary files for this target that are written on this host. It
  ///        contains the host, because some network file systems keep locks from other hosts.
  std::string start_of_name() const {
    std::array<char, 256> host{};
    ::gethostname(host.data(), host.size() - 1);
    std::string const whose = std::string(host.data()) + '/' + target_.filename().string();
    return std::string(prefix) + hexadecimal(checksum(whose.data(), whose.size())) + '-';
  }
  void remove_leftovers() const {
    std::string const start = start_of_name();
    // Not a directory_iterator: that of libstdc++ 12 ends the program if it runs out of memory.
    ::DIR* const folder = ::opendir(folder_.c_str());
    if (folder == nullptr) return;
    while (::dirent const* const entry = ::readdir(folder)) {
      std::string_view const name = entry->d_name;
      if (!name.starts_with(start) || !name.ends_with(suffix)) continue;
      int const flags = O_WRONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK;
      int const file = ::openat(::dirfd(folder), entry->d_name, flags);
      if (file < 0) continue;
      if (lock(file) == 0) ::unlinkat(::dirfd(folder), entry->d_name, 0);
      ::close(file);
    }
    ::closedir(folder);
  }
  void open() {
    for (int attempt = 0; attempt != 10; ++attempt) {
      create(start_of_name() + unique_name());
      int const reason = lock(file_);
      std::error_code ignored;
      if (reason == 0 && std::filesystem::exists(path_, ignored)) return;
      // Another process removed it as a leftover before it was locked, or files cannot be locked
      // here.
      ::close(std::exchange(file_, -1));
      std::filesystem::remove(path_, ignored);
      if (reason != 0 && reason != EAGAIN && reason != EACCES) break;
    }
    create(std::string(prefix) + unique_name());  // no other process removes this one
  }
#else
  void remove_leftovers() const noexcept {}
  void open() { create(std::string(prefix) + unique_name()); }
#endif
  void finish() {
    ::fchmod(file_, mode_);
    while (::fsync(file_) != 0) {
      // EINVAL: the file system cannot tell whether bytes are on disk.
      if (errno == EINVAL) break;
      if (errno != EINTR) fail(last_error());
    }
    // Closing can also report an error, so a duplicate is closed, which keeps the lock. EINTR is
    // not an error: the duplicate is closed, and the bytes are on disk.
    int const second = ::fcntl(file_, F_DUPFD_CLOEXEC, 0);
    if (second < 0 || (::close(second) != 0 && errno != EINTR)) fail(last_error());
  }
  void close() noexcept {
    if (file_ >= 0) ::close(std::exchange(file_, -1));
  }
  /// @brief Makes the new name durable. Errors are ignored: the file is already in place.
  void sync_folder() noexcept {
    int const number = ::open(folder_.c_str(), O_RDONLY | O_CLOEXEC);
    if (number < 0) return;
    ::fsync(number);
    ::close(number);
  }

  int file_ = -1;
  ::mode_t mode_ = 0600;  // once the file is complete
#else
 public:
  void write(void const* bytes, std::size_t size) {
    if (!file_.write(static_cast<char const*>(bytes), static_cast<std::streamsize>(size)))
      fail(std::make_error_code(std::errc::io_error));
  }

 private:
  static std::uint64_t process() noexcept { return 0; }
  void remove_leftovers() const noexcept {}
  void open() {
    path_ = target_.parent_path() / (std::string(prefix) + unique_name());
    file_.open(path_, std::ios::binary);
    if (!file_) fail(std::make_error_code(std::errc::io_error));
  }
  void finish() {
    file_.close();
    if (!file_) fail(std::make_error_code(std::errc::io_error));
  }
  void close() noexcept { file_.close(); }  // otherwise Windows would not remove it
  void sync_folder() noexcept {}

  std::ofstream file_;
#endif

  std::filesystem::path target_, folder_;
  std::filesystem::path path_;
  bool committed_ = false;
};

}  // namespace localsgd::detail
