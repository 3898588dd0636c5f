// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <span>

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

}  // namespace localsgd::detail
