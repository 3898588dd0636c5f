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
inline constexpr std::size_t cache_alignment = 128;

/// @brief Allocates whole lines: neither the start nor the end is shared with another allocation.
template <class T>
struct aligned_allocator {
  using value_type = T;

  aligned_allocator() = default;
  template <class U>
  aligned_allocator(aligned_allocator<U> const&) noexcept {}

  T* allocate(std::size_t n) {
    if (n > (static_cast<std::size_t>(-1) - cache_alignment) / sizeof(T))
      throw std::bad_array_new_length();
    std::size_t const bytes = (n * sizeof(T) + cache_alignment - 1) / cache_alignment * cache_alignment;
    return static_cast<T*>(::operator new(bytes, std::align_val_t{cache_alignment}));
  }
  void deallocate(T* p, std::size_t) noexcept { ::operator delete(p, std::align_val_t{cache_alignment}); }

  friend bool operator==(aligned_allocator, aligned_allocator) noexcept { return true; }
};

/// @brief A std::vector on cache lines of its own.
template <class T>
using aligned_vector = std::vector<T, aligned_allocator<T>>;

}  // namespace localsgd::detail
