// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/kernels/enclosed_zero.hpp"
#include "localsgd/loss/concept.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

/// @file
/// @brief The slope of a loss at a proximal point.

namespace localsgd::detail {

/// @brief φ'(z*, y) where z* + q φ'(z*, y) = center: z* minimises φ(·, y) + (· − center)²/(2q).
///
/// The result is always a slope of φ, so it is in the domain of φ*. It is that of a point z at
/// which z + q φ'(z) differs from the center by at most a thousandth of |z − start|, or of
/// rounding, unless more than 40 evaluations would be needed.
/// @param q     ≥ 0
/// @param start a first guess of z*
template <Loss L>
double proximal_slope(L const& loss, double y, double q, double center, double start) {
  constexpr int most = 40;
  constexpr double rounding = 4 * std::numeric_limits<double>::epsilon();
  double slope = loss.derivative(start, y);
  double const noise = rounding * (std::abs(start) + std::abs(center) + std::abs(q * slope));
  near_zero(
      start - center + q * slope, 1 + q * loss.curvature(), most,
      [&](double move) {
        double const there = loss.derivative(start + move, y),
                     left = start + move - center + q * there;
        if (std::isfinite(left)) slope = there;
        return left;
      },
      // Also at a number that is not finite.
      [&](double move, double left) {
        return !(std::abs(left) > std::max(noise, 1e-3 * std::abs(move))) || !std::isfinite(left);
      });
  return slope;
}

}  // namespace localsgd::detail
