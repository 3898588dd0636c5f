// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/error.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <limits>
#include <new>
#include <string>
#include <string_view>
#include <utility>

#if defined(__unix__) || defined(__APPLE__)
#define LOCALSGD_HAS_MMAP 1
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#else
#define LOCALSGD_HAS_MMAP 0
#include <fstream>
#include <ios>
#include <system_error>
#endif

/// @file
/// @brief The bytes of a file, without a copy if possible. Only this header includes <sys/mman.h>.

namespace localsgd::detail {

/// @brief Hints that memory which is about to be written should use large pages.
inline void prefer_huge_pages([[maybe_unused]] void* start,
                              [[maybe_unused]] std::size_t size) noexcept {
#if LOCALSGD_HAS_MMAP && defined(MADV_HUGEPAGE)
  ::madvise(start, size, MADV_HUGEPAGE);
#endif
}

/// @brief A file for reading, as bytes in memory.
///
/// Regular files are mapped: nothing is copied, and pages are loaded on first access.
/// Pipes, devices, files of unknown size, and all files on systems without mmap are read into
/// memory. In either case, the bytes start at a multiple of 64 and stay in place when
/// the object is moved.
///
/// Changing a mapped file in place changes these bytes too, and truncating it ends the program
/// with a signal. To replace a file safely, write another one and rename it.
class mapped_file {
 public:
  /// @brief The address of the bytes is a multiple of this.
  static constexpr std::size_t alignment = 64;

  /// @throws invalid_data if there is no such file, or it is a directory or cannot be read.
  explicit mapped_file(std::filesystem::path const& path) { read(path); }

  mapped_file(mapped_file&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)),
        size_(std::exchange(other.size_, 0)),
        mapped_(std::exchange(other.mapped_, false)) {}
  mapped_file& operator=(mapped_file&& other) noexcept {
    mapped_file taken(std::move(other));
    std::swap(data_, taken.data_);
    std::swap(size_, taken.size_);
    std::swap(mapped_, taken.mapped_);
    return *this;
  }
  mapped_file(mapped_file const&) = delete;
  mapped_file& operator=(mapped_file const&) = delete;
  ~mapped_file() { release(); }

  [[nodiscard]] std::string_view bytes() const noexcept { return {data_, size_}; }

  /// @brief Whether the bytes are the file's own, not a copy.
  [[nodiscard]] bool mapped() const noexcept { return mapped_; }

 private:
  static constexpr std::string_view wanted = "a readable file";
  static constexpr std::size_t first_piece = std::size_t{1} << 16U;

  [[noreturn]] static void fail(std::filesystem::path const& path, std::string_view found) {
    throw invalid_data(path.string(), found, wanted);
  }
  static char* allocate(std::size_t n) {
    return static_cast<char*>(::operator new (n, std::align_val_t{alignment}));
  }
  void release() noexcept {
    if (data_ == nullptr) return;
#if LOCALSGD_HAS_MMAP
    if (mapped_) {
      ::munmap(data_, size_);
      return;
    }
#endif
    ::operator delete (data_, std::align_val_t{alignment});
  }

  /// @brief Reads to the end by `some(to, n)`, which reads up to n bytes and returns the number.
  template <class Some>
  void read_all(std::size_t expected, Some const& some) {
    // One byte more than the file has, so that the read that reaches its end has space.
    std::size_t room = std::max(expected + 1, first_piece);
    data_ = allocate(room);
    try {
      while (std::size_t const n = some(data_ + size_, room - size_)) {
        size_ += n;
        if (size_ == room) grow(room);
      }
    } catch (...) {  // the destructor does not run for an object that was never built
      release();
      throw;
    }
  }
  void grow(std::size_t& room) {
    std::size_t const more = 2 * room;
    char* const wider = allocate(more);
    std::memcpy(wider, data_, size_);
    ::operator delete (data_, std::align_val_t{alignment});
    data_ = wider;
    room = more;
  }

#if LOCALSGD_HAS_MMAP
  struct descriptor {
    int number;
    explicit descriptor(std::filesystem::path const& path)
        : number(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {}
    descriptor(descriptor const&) = delete;
    descriptor& operator=(descriptor const&) = delete;
    ~descriptor() {
      if (number >= 0) ::close(number);
    }
  };

  void read(std::filesystem::path const& path) {
    descriptor const file(path);
    if (file.number < 0)
      fail(path,
           errno == ENOENT || errno == ENOTDIR ? "no such file" : "a file that cannot be opened");
    struct ::stat status {};
    if (::fstat(file.number, &status) != 0) fail(path, "a read error");
    if (S_ISDIR(status.st_mode)) fail(path, "a directory");

    // Size 0 also stands for files whose bytes are generated while they are read, as in /proc.
    bool const regular = S_ISREG(status.st_mode) && status.st_size > 0;
    if (regular && static_cast<std::uintmax_t>(status.st_size) <=
                       std::numeric_limits<std::size_t>::max() / 2) {
      size_ = static_cast<std::size_t>(status.st_size);
      void* const start = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, file.number, 0);
      if (start != MAP_FAILED) {
        data_ = static_cast<char*>(start);
        mapped_ = true;
        ::madvise(start, size_, MADV_WILLNEED);  // only a hint: failure is harmless
        return;
      }
    }
    std::size_t const expected = std::exchange(size_, 0);
    read_all(expected, [&](char* to, std::size_t n) {
      for (;;) {
        ::ssize_t const got = ::read(file.number, to, std::min<std::size_t>(n, 1U << 30U));
        if (got >= 0) return static_cast<std::size_t>(got);
        if (errno != EINTR) fail(path, "a read error");
      }
    });
  }
#else
  void read(std::filesystem::path const& path) {
    std::error_code error;
    auto const status = std::filesystem::status(path, error);
    if (!std::filesystem::exists(status)) fail(path, "no such file");
    if (std::filesystem::is_directory(status)) fail(path, "a directory");
    std::ifstream in(path, std::ios::binary);
    if (!in) fail(path, "a file that cannot be opened");
    auto const size = std::filesystem::file_size(path, error);
    read_all(error ? 0 : static_cast<std::size_t>(size), [&](char* to, std::size_t n) {
      in.read(to, static_cast<std::streamsize>(n));
      if (in.bad()) fail(path, "a read error");
      return static_cast<std::size_t>(in.gcount());
    });
  }
#endif

  char* data_ = nullptr;
  std::size_t size_ = 0;
  bool mapped_ = false;
};

}  // namespace localsgd::detail
