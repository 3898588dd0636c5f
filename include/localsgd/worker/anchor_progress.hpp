// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/evaluation/full_gradient.hpp"

#include <cmath>
#include <limits>

/// @file
/// @brief Whether anchors still lead towards the minimum.

namespace localsgd::detail {

/// @brief The rounding error of f(x) without cancellation.
inline double rounding_of(double f) noexcept {
  return 4 * std::numeric_limits<double>::epsilon() * std::abs(f);
}

/// @brief Whether f is higher at a new anchor than before, beyond rounding. Cancellation can turn
///        the difference of two values into noise, but not their gradients.
inline bool rises(full_gradient::value const& now, full_gradient::value const& before) noexcept {
  bool const by_gradient = now.squared_gradient_norm < before.squared_gradient_norm;
  double const noise = (by_gradient ? 64 : 1) * rounding_of(before.objective);
  return !(now.objective <= before.objective + noise);
}

/// @brief Whether f is lower, beyond rounding; or as low, with at most half the gradient.
inline bool falls(full_gradient::value const& now, full_gradient::value const& before) noexcept {
  double const noise = rounding_of(before.objective);
  return now.objective < before.objective - noise ||
         (now.objective <= before.objective + noise &&
          now.squared_gradient_norm < before.squared_gradient_norm / 4);
}

/// @brief Counts anchors since the last progress: many small decreases of f count as one. When f
///        has reached full precision, its gradient may still improve.
struct anchor_progress {
  full_gradient::value reference{};  ///< at the last progress
  int idle = 0;                      ///< anchors since then

  /// @param certain whether this anchor is progress whatever its value
  void note(full_gradient::value const& now, bool certain) noexcept {
    bool const lower = now.objective < reference.objective - rounding_of(reference.objective) ||
                       now.squared_gradient_norm < reference.squared_gradient_norm / 4;
    idle = certain || lower ? 0 : idle + 1;
    if (idle == 0) reference = now;
  }
};

}  // namespace localsgd::detail
