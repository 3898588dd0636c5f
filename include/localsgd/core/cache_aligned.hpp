// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <concepts>
#include <cstddef>
#include <new>
#include <utility>
#include <vector>

/// @file
/// @brief Memory that shares no cache line with other data, against false sharing.

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
    std::size_t const bytes =
        (n * sizeof(T) + cache_alignment - 1) / cache_alignment * cache_alignment;
    return static_cast<T*>(::operator new(bytes, std::align_val_t{cache_alignment}));
  }
  void deallocate(T* p, std::size_t) noexcept { ::operator delete(p, std::align_val_t{cache_alignment}); }

  friend bool operator==(aligned_allocator, aligned_allocator) noexcept { return true; }
};

/// @brief A std::vector that shares no cache line with other data.
template <class T>
using aligned_vector = std::vector<T, aligned_allocator<T>>;

/// @brief A fixed number of objects that share no cache line with other data. They are constructed
///        in place and never moved, so they need no move constructor. Compiles faster than a
///        std::vector.
template <class T>
class fixed_array {
 public:
  fixed_array() = default;
  /// @param make `make(i)` returns object number i
  template <class Make>
  fixed_array(std::size_t n, Make const& make) : fixed_array() {  // so that a throw destroys them
    data_ = aligned_allocator<T>().allocate(n);
    for (; size_ != n; ++size_) ::new (static_cast<void*>(data_ + size_)) T(make(size_));
  }
  /// @brief n objects without a value, or with that of their default constructor.
  explicit fixed_array(std::size_t n) : fixed_array() {
    data_ = aligned_allocator<T>().allocate(n);
    for (; size_ != n; ++size_) ::new (static_cast<void*>(data_ + size_)) T;
  }
  fixed_array(fixed_array const& other)
    requires std::copy_constructible<T>
      : fixed_array(other.size_, [&](std::size_t i) -> T const& { return other[i]; }) {}
  /// @brief Takes ownership of the objects of another array. No object is moved.
  fixed_array(fixed_array&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  fixed_array& operator=(fixed_array const& other)
    requires std::copy_constructible<T>
  {
    return *this = fixed_array(other);
  }
  fixed_array& operator=(fixed_array&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    return *this;
  }
  ~fixed_array() { clear(); }

  std::size_t size() const noexcept { return size_; }
  T* data() noexcept { return data_; }
  T const* data() const noexcept { return data_; }
  T& operator[](std::size_t i) noexcept { return data_[i]; }
  T const& operator[](std::size_t i) const noexcept { return data_[i]; }
  T* begin() noexcept { return data_; }
  T const* begin() const noexcept { return data_; }
  T* end() noexcept { return data_ + size_; }
  T const* end() const noexcept { return data_ + size_; }

  /// @brief Destroys all objects.
  void clear() noexcept {
    while (size_ != 0) data_[--size_].~T();
    aligned_allocator<T>().deallocate(data_, 0);
    data_ = nullptr;
  }

 private:
  T* data_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace localsgd::detail
