// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cmath>
#include <limits>

/// @file
/// @brief The distance of an answer from the optimum.

namespace localsgd {

/// @brief ‖∇f(x)‖²/(2μ) ≥ f(x) − f*, for every μ-strongly convex f.
///
/// f(y) ≥ f(x) + ⟨∇f(x), y − x⟩ + (μ/2)‖y − x‖² for all y; the right-hand side is smallest at y = x
/// − ∇f(x)/μ, where it is f(x) − ‖∇f(x)‖²/(2μ). For an L2-regularised linear model this is the
/// duality gap at the dual point α_i = φ'(z_i, y_i). The result is rounded up by 1e-12, so that
/// rounding in the sums of ‖∇f(x)‖² does not make it too small.
/// @return Infinity if μ is 0, or if the gradient is not finite.
inline double certificate(double squared_gradient_norm, double mu) noexcept {
  if (!(mu > 0) || !std::isfinite(squared_gradient_norm))
    return std::numeric_limits<double>::infinity();
  return squared_gradient_norm / (2 * mu) * (1 + 1e-12);
}

}  // namespace localsgd
