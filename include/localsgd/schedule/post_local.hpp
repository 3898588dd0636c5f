// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/error.hpp"
#include "localsgd/schedule/concept.hpp"

#include <limits>

/// @file
/// @brief Mini-batch SGD first, then Local SGD.

namespace localsgd {

/// @brief Averages after every step up to step `switch_step`, and then every H steps.
///
/// Post-local SGD (\cite lin2020postlocal): the gaps are 1, …, 1, H, H, …
class post_local {
 public:
  /// @param switch_step t', the last step of the first phase; 0 is `every{local_steps}`
  /// @param local_steps H ≥ 1, the gap of the second phase. @throws invalid_settings
  post_local(std::uint64_t switch_step, std::uint64_t local_steps)
      : switch_step_(switch_step), local_steps_(local_steps) {
    detail::require(local_steps >= 1, "post_local.local_steps", local_steps, ">= 1");
  }

  constexpr std::uint64_t next(std::uint64_t t) const noexcept {
    if (t < switch_step_) return t + 1;
    std::uint64_t const gap = local_steps_ - (t - switch_step_) % local_steps_;
    return t > std::numeric_limits<std::uint64_t>::max() - gap
               ? std::numeric_limits<std::uint64_t>::max()
               : t + gap;
  }

 private:
  std::uint64_t switch_step_, local_steps_;
};
static_assert(Schedule<post_local>);

}  // namespace localsgd
