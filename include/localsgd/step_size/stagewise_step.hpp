// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/error.hpp"
#include "localsgd/settings.hpp"
#include "localsgd/step_size/concept.hpp"

#include <algorithm>
#include <bit>
#include <cstdint>

/// @file
/// @brief A step size that is halved at each stage, each stage twice as long as the previous one.

namespace localsgd {

namespace detail {
/// @brief The stage s of local step t if stage s has 2^s T_0 steps. Steps beyond 2⁵³ are treated as
///        step 2⁵³. @param first T_0 ≥ 1
inline int stage_of(std::uint64_t t, std::uint64_t first) noexcept {
  return static_cast<int>(std::bit_width(std::min(t, settings::max_steps) / first + 1)) - 1;
}
}  // namespace detail

/// @brief η_t = η_0/2^s in stage s = 0, 1, … of 2^s T_0 steps \cite shen2021stl .
///
/// Use it with a `stagewise` schedule, whose stagewise::step_size() creates it. Averages with a = 1
/// like `constant_step`: the last stage contains half of all steps.
class stagewise_step {
 public:
  /// @param first η_0, finite and > 0
  /// @param steps T_0, 1 … 2⁵³. @throws invalid_settings
  stagewise_step(double first, std::uint64_t steps) : first_(first), steps_(steps) {
    detail::require_positive("stagewise_step.first", first);
    detail::require(steps >= 1 && steps <= settings::max_steps, "stagewise_step.steps", steps,
                    "from 1 to 2^53");
  }
  double operator()(std::uint64_t t) const noexcept {
    return first_ / static_cast<double>(std::uint64_t{1} << detail::stage_of(t, steps_));
  }
  static constexpr double shift() noexcept { return 1; }

 private:
  double first_;
  std::uint64_t steps_;
};
static_assert(StepSize<stagewise_step>);

}  // namespace localsgd
