// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/error.hpp"
#include "localsgd/schedule/concept.hpp"
#include "localsgd/settings.hpp"
#include "localsgd/step_size/stagewise_step.hpp"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <string>

/// @file
/// @brief Stages, each twice as long as the previous one, with gaps twice as long and steps half as
///        large.

namespace localsgd {

/// @brief STL-SGD on identical data \cite shen2021stl : stage s = 0, 1, … has T_s = 2^s T_0 steps
///        and gaps of H_s = 2^s H_0.
///
/// Stage s starts after (2^s − 1) T_0 steps, and its end is a sync time. All stages therefore have
/// the same number of rounds, ⌈T_0/H_0⌉, and a run of T steps has about log₂(T/T_0) times as many.
/// The step size is halved at each stage: `step_size` creates the matching one.
class stagewise {
 public:
  /// @param steps       T_0, 1 … 2⁵³
  /// @param local_steps H_0, 1 … T_0. @throws invalid_settings
  stagewise(std::uint64_t steps, std::uint64_t local_steps)
      : steps_(steps), local_steps_(local_steps) {
    detail::require(steps >= 1 && steps <= settings::max_steps, "stagewise.steps", steps,
                    "from 1 to 2^53");
    detail::require(local_steps >= 1 && local_steps <= steps, "stagewise.local_steps", local_steps,
                    "from 1 to the number of steps of the first stage, " + std::to_string(steps));
  }

  std::uint64_t next(std::uint64_t t) const noexcept {
    if (t > settings::max_steps) return std::numeric_limits<std::uint64_t>::max();
    int const s = stage(t);  // 2^s T_0 ≤ t + T_0 ≤ 2⁵⁴, so nothing below overflows
    std::uint64_t const begin = ((std::uint64_t{1} << s) - 1) * steps_, end = begin + (steps_ << s);
    std::uint64_t const gap = local_steps_ << s;
    return std::min(end, begin + ((t - begin) / gap + 1) * gap);
  }

  /// @brief The s of local step t; steps beyond 2⁵³ are treated as step 2⁵³.
  int stage(std::uint64_t t) const noexcept { return detail::stage_of(t, steps_); }

  /// @brief The matching step size: η_0/2^s in stage s.
  /// @param first η_0, finite and > 0. @throws invalid_settings
  stagewise_step step_size(double first) const {
    detail::require_positive("stagewise.step_size", first);
    return {first, steps_};
  }

 private:
  std::uint64_t steps_, local_steps_;
};
static_assert(Schedule<stagewise>);

}  // namespace localsgd
