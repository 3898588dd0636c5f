// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/error.hpp"
#include "localsgd/schedule/concept.hpp"

#include <limits>

/// @file
/// @brief Averages every H steps, or only once.

namespace localsgd {

/// @brief I_T = {H, 2H, …} ∪ {T}: the paper's schedule; H = 1 is mini-batch SGD.
class every {
 public:
  /// @param local_steps H ≥ 1. @throws invalid_settings
  explicit every(std::uint64_t local_steps) : local_steps_(local_steps) {
    detail::require(local_steps >= 1, "every.local_steps", local_steps, ">= 1");
  }

  constexpr std::uint64_t next(std::uint64_t t) const noexcept {
    std::uint64_t const gap = local_steps_ - t % local_steps_;
    return t > std::numeric_limits<std::uint64_t>::max() - gap
               ? std::numeric_limits<std::uint64_t>::max()
               : t + gap;
  }

 private:
  std::uint64_t local_steps_;
};
static_assert(Schedule<every>);

/// @brief I_T = {T}: the workers average once, at the end.
struct one_shot {
  static constexpr std::uint64_t next(std::uint64_t /*t*/) noexcept {
    return std::numeric_limits<std::uint64_t>::max();
  }
};
static_assert(Schedule<one_shot>);

}  // namespace localsgd
