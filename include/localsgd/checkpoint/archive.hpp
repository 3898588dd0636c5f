// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <ranges>
#include <span>
#include <stdexcept>
#include <type_traits>
#include <vector>

/// @file
/// @brief Converts the state of a run to bytes and back.
///
/// A part of a run has a member template `state(archive)` that lists its variables once, for both
/// directions: `archive(x_, weights_)`. Data that follow from the plan, and scratch memory, are not
/// part of the state.

namespace localsgd::detail {

/// @brief A part that lists its variables.
template <class T, class Archive>
concept has_state = requires(T& part, Archive& archive) { part.state(archive); };

/// @brief Contiguous numbers whose count may change.
template <class T>
concept resizable_numbers =
    std::ranges::contiguous_range<T> &&
    std::is_trivially_copyable_v<std::ranges::range_value_t<T>> &&
    requires(T& numbers, std::size_t n) { numbers.resize(n); };

/// @brief Appends variables to `bytes`, in the machine's byte order.
class state_writer {
 public:
  template <class... Parts>
  void operator()(Parts&... parts) {
    (put(parts), ...);
  }
  std::vector<std::byte> bytes;

 private:
  template <class T>
  void put(T& part) {
    if constexpr (has_state<T, state_writer>) {
      part.state(*this);
    } else if constexpr (resizable_numbers<T>) {
      std::uint64_t const count = part.size();
      raw(&count, sizeof count);
      raw(part.data(), count * sizeof(*part.data()));
    } else {
      static_assert(std::is_trivially_copyable_v<T> && !std::is_pointer_v<T>);
      raw(&part, sizeof part);
    }
  }
  void raw(void const* from, std::size_t size) {
    std::size_t const at = bytes.size();
    bytes.resize(at + size);
    if (size != 0) std::memcpy(bytes.data() + at, from, size);
  }
};

/// @brief Overwrites variables with the bytes of a state_writer.
class state_reader {
 public:
  explicit state_reader(std::span<std::byte const> bytes) : rest_(bytes) {}

  template <class... Parts>
  void operator()(Parts&... parts) {
    (get(parts), ...);
  }
  std::size_t left() const noexcept { return rest_.size(); }

 private:
  template <class T>
  void get(T& part) {
    if constexpr (has_state<T, state_reader>) {
      part.state(*this);
    } else if constexpr (resizable_numbers<T>) {
      std::uint64_t count = 0;
      raw(&count, sizeof count);
      if (count > rest_.size() / sizeof(*part.data())) too_short();
      part.resize(static_cast<std::size_t>(count));
      raw(part.data(), part.size() * sizeof(*part.data()));
    } else {
      static_assert(std::is_trivially_copyable_v<T> && !std::is_pointer_v<T>);
      raw(&part, sizeof part);
    }
  }
  void raw(void* to, std::size_t size) {
    if (size > rest_.size()) too_short();
    if (size != 0) std::memcpy(to, rest_.data(), size);
    rest_ = rest_.subspan(size);
  }
  [[noreturn]] static void too_short() { throw std::length_error("a truncated state"); }

  std::span<std::byte const> rest_;
};

}  // namespace localsgd::detail
