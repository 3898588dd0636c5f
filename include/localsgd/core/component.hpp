// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <concepts>
#include <string>

/// @file
/// @brief What the concepts of components have in common.

namespace localsgd::detail {

/// @brief `c.identity()`: its name and parameters as text, which ranks and checkpoints compare.
template <class C>
concept has_const_identity = requires(C const& c) {
  { c.identity() } -> std::convertible_to<std::string>;
};

/// @brief What `state(archive)` is called with: see checkpoint/archive.hpp.
struct any_archive {
  template <class... Parts>
  void operator()(Parts&...);
};

/// @brief `s.state(archive)`: passes all its variables to `archive(parts…)`.
template <class S>
concept has_state_of_a_checkpoint = requires(S& s, any_archive& archive) { s.state(archive); };

}  // namespace localsgd::detail
