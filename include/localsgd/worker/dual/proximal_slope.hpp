// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/kernels/enclosed_zero.hpp"
#include "localsgd/loss/concept.hpp"

#include <cmath>

/// @file
/// @brief The slope of a loss at a proximal point.

namespace localsgd::detail {

/// @brief φ'(z*, y) where z* + q φ'(z*, y) = center: z* minimises φ(·, y) + (· − center)²/(2q).
///
/// The result is always a slope of φ, so it is in the domain of φ*; the equation holds at its point
/// to a thousandth of the residual at `start`, or as far as 40 evaluations lead.
/// @param q     ≥ 0
/// @param start a first guess of z*
template <Loss L>
double proximal_slope(L const& loss, double y, double q, double center, double start) {
  constexpr int most = 40;
  double slope = loss.derivative(start, y);
  double const residual = start - center + q * slope;
  enclosed_zero root;
  root.begin(residual, 1 + q * loss.curvature());
  double left = residual;
  for (int i = 0; i != most && std::abs(left) > 1e-3 * std::abs(residual); ++i) {
    double const move = root.next();
    double const there = loss.derivative(start + move, y);
    left = start + move - center + q * there;
    if (!std::isfinite(left)) break;
    slope = there;
    root.add(move, left);
  }
  return slope;
}

}  // namespace localsgd::detail
