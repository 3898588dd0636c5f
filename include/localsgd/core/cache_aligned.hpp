// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <new>
#include <vector>

/// @file
/// @brief Memory on cache lines of its own: what one thread writes shares none with another's.

namespace localsgd::detail {

/// Two cache lines: processors fetch them in pairs.
inline constexpr std::size_t own_lines = 128;

/// @brief Allocates whole lines: neither the start nor the end is shared with another allocation.
template <class T>
struct own_lines_allocator {
  using value_type = T;

  own_lines_allocator() = default;
  template <class U>
  own_lines_allocator(own_lines_allocator<U> const&) noexcept {}

  T* allocate(std::size_t n) {
    if (n > (static_cast<std::size_t>(-1) - own_lines) / sizeof(T))
      throw std::bad_array_new_length();
    std::size_t const bytes = (n * sizeof(T) + own_lines - 1) / own_lines * own_lines;
    return static_cast<T*>(::operator new(bytes, std::align_val_t{own_lines}));
  }
  void deallocate(T* p, std::size_t) noexcept { ::operator delete(p, std::align_val_t{own_lines}); }

  friend bool operator==(own_lines_allocator, own_lines_allocator) noexcept { return true; }
};

/// @brief A std::vector on cache lines of its own.
template <class T>
using own_vector = std::vector<T, own_lines_allocator<T>>;

}  // namespace localsgd::detail
