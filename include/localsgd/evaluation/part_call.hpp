// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <span>

/// @file
/// @brief Calls that concern a part of a sum, of one type.

namespace localsgd::detail {

/// @brief Refers to what adds up the entries of a part, or expects something of them, `call(part, first,
///        entries)`, whatever its type: what takes it is compiled once for all. Copies refer to the
///        same; that must live longer.
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
