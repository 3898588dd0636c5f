// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <span>
#include <vector>

/// @file
/// @brief A type-erased call that concerns a part of a sum.

namespace localsgd::detail {

/// @brief A reference to a callable of any type that adds the entries of a part, or writes the
///        expected ones: `call(part, first, entries)`. Code that takes it is compiled once. Copies
///        refer to the same callable, which must outlive them.
class part_call {
 public:
  template <class Call>
  explicit part_call(Call const& call) noexcept
      : what_(&call),
        call_([](void const* what, std::size_t part, std::size_t first, std::span<double> entries) {
          (*static_cast<Call const*>(what))(part, first, entries);
        }) {}
  void operator()(std::size_t part, std::size_t first, std::span<double> entries) const {
    call_(what_, part, first, entries);
  }

 private:
  void const* what_;
  void (*call_)(void const*, std::size_t, std::size_t, std::span<double>);
};

/// @brief A reference to a callable of any type that sums parts over a team, or returns false:
///        `sum(team, parts, total, expect)`. Its code is compiled only where such an object is
///        made. Without a callable it returns false.
class parts_sum {
 public:
  using parts_type = std::span<std::vector<double> const>;
  /// @tparam T the type of the team of each call
  template <class T, class Sum>
  static parts_sum of(Sum& sum) noexcept {
    parts_sum made;
    made.what_ = &sum;
    made.call_ = [](void* what, void* team, parts_type parts, std::span<double> total,
                    part_call const& expect) {
      return (*static_cast<Sum*>(what))(*static_cast<T*>(team), parts, total, expect);
    };
    return made;
  }
  bool operator()(void* team, parts_type parts, std::span<double> total,
                  part_call const& expect) const {
    return call_ != nullptr && call_(what_, team, parts, total, expect);
  }

 private:
  void* what_ = nullptr;
  bool (*call_)(void*, void*, parts_type, std::span<double>, part_call const&) = nullptr;
};

}  // namespace localsgd::detail
