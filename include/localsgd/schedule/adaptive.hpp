// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/error.hpp"
#include "localsgd/schedule/concept.hpp"
#include "localsgd/settings.hpp"

#include <algorithm>
#include <cmath>

/// @file
/// @brief Averages more and more often as the objective decreases.

namespace localsgd {

/// @brief AdaComm \cite wang2019adaptive : H decreases with the objective.
///
/// H is H₀ until the first evaluation after the start. At each evaluation, with f₀ = f(x_0),
///
///     H ← ⌈√((f − f_low)/(f₀ − f_low)) H₀⌉, or ⌊H/2⌋ if that is not below H; but at least 1,
///
/// and H is constant between two evaluations: few rounds far from the minimum, where drift does not
/// matter yet, and many near it, where drift limits the accuracy of a constant step.
///
/// For step sizes that change, the paper has a factor η₀/η under the root. Here it is always 1:
/// this is the paper's rule for constant steps; with decreasing steps, H decreases sooner than in
/// the paper, which gives more rounds. f_low is a lower bound on f*, and 0 in the paper. If the
/// root is undefined, because f < f_low or f₀ ≤ f_low, H does not change.
///
/// H can change only at evaluations, so this schedule requires `settings::evaluations` or a
/// tolerance.
class adaptive {
 public:
  static constexpr bool needs_evaluations = true;

  /// @param local_steps     H₀, 1 … 2⁵³
  /// @param lower_objective f_low, finite; no loss of the library is ever negative
  /// @throws invalid_settings
  explicit adaptive(std::uint64_t local_steps, double lower_objective = 0)
      : local_steps_(local_steps), lower_(lower_objective) {
    detail::require(local_steps >= 1 && local_steps <= settings::max_steps, "adaptive.local_steps",
                    local_steps, "from 1 to 2^53");
    detail::require(std::isfinite(lower_objective), "adaptive.lower_objective", lower_objective,
                    "finite");
  }

  /// Without evaluations, averages every H₀ steps.
  std::uint64_t next(std::uint64_t t) const noexcept { return t + local_steps_; }

  std::uint64_t next(std::uint64_t t, progress const& seen) const noexcept {
    if (seen.local_steps == 0) return next(t);
    return t + (seen.steps == t ? revised(seen) : seen.local_steps);
  }

 private:
  std::uint64_t revised(progress const& seen) const noexcept {
    double const now = seen.objective - lower_, first = seen.first_objective - lower_;
    if (!(now >= 0 && first > 0)) return seen.local_steps;
    double const h = std::ceil(std::sqrt(now / first) * static_cast<double>(local_steps_));
    std::uint64_t const next = h < static_cast<double>(seen.local_steps)
                                   ? static_cast<std::uint64_t>(h)
                                   : seen.local_steps / 2;
    return std::max<std::uint64_t>(1, next);
  }

  std::uint64_t local_steps_;
  double lower_;
};
static_assert(Schedule<adaptive> && detail::looks_at_progress<adaptive>);

}  // namespace localsgd
