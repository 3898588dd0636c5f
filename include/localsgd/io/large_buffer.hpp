// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/io/mapped_file.hpp"

#include <cstddef>
#include <limits>
#include <new>

/// @file
/// @brief Memory for large arrays that will be filled soon.

namespace localsgd::detail {

/// @brief Uninitialised bytes for consecutive arrays.
///
/// New memory costs a page fault per page when it is first written: with 4 KiB pages, this took a
/// third of the time for reading a large text. From 2 MiB on, the system is therefore asked for
/// huge pages, which also reduce address translation when the arrays are used.
class large_buffer {
 public:
  /// @brief Each array starts at a multiple of this: the length of a cache line.
  static constexpr std::size_t alignment = 64;

  /// @brief The number of bytes that n elements take, up to the start of the next array.
  /// @throws std::bad_array_new_length if it exceeds the largest possible size.
  template <class T>
  static std::size_t room_for(std::size_t n) {
    if (n > std::numeric_limits<std::size_t>::max() / 8 / sizeof(T))
      throw std::bad_array_new_length();
    return round_up(n * sizeof(T), alignment);
  }

  explicit large_buffer(std::size_t bytes)
      : align_(bytes < huge ? alignment : huge),
        data_(static_cast<std::byte*>(
            ::operator new (round_up(bytes, align_), std::align_val_t{align_}))) {
    if (align_ == huge) prefer_huge_pages(data_, round_up(bytes, huge));
  }
  large_buffer(large_buffer const&) = delete;
  large_buffer& operator=(large_buffer const&) = delete;
  ~large_buffer() { ::operator delete (data_, std::align_val_t{align_}); }

  /// @brief An array that starts `offset` bytes from the start.
  template <class T>
  [[nodiscard]] T* array(std::size_t offset) noexcept {
    return reinterpret_cast<T*>(data_ + offset);
  }

 private:
  static constexpr std::size_t huge = std::size_t{1} << 21U;
  static constexpr std::size_t round_up(std::size_t n, std::size_t to) noexcept {
    return (n + to - 1) / to * to;
  }

  std::size_t align_;
  std::byte* data_;
};

}  // namespace localsgd::detail
