// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/loss/concept.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>

/// @file
/// @brief Whether the slope of a loss is bounded.

namespace localsgd::detail {

/// @brief Whether a loss states that |∂φ/∂z| is bounded.
template <class L>
bool is_lipschitz(L const& loss) {
  if constexpr (knows_lipschitz_constant<L>)
    return std::isfinite(loss.lipschitz_constant());
  else
    return false;
}

/// @brief Whether ∂φ/∂z(z, y) has a finite limit on both sides of z = 0, as determined numerically.
///
/// φ is convex, so its slope is monotone in z; it is bounded if both limits are finite. On each
/// side, the slopes at 2⁶³ and 2⁶⁴ must differ by less than 10⁻⁶ of the difference between the two
/// sides. If a slope there is NaN, for example because of ∞/∞, smaller z are tried: 2³², 2¹⁶, 2⁸.
template <class L>
bool saturates(L const& loss, double y) {
  double const infinity = std::numeric_limits<double>::infinity();
  std::array<double, 2> farther{}, change{};
  for (std::size_t side = 0; side != 2; ++side) {
    change[side] = infinity;
    for (int exponent = 64; exponent >= 8; exponent /= 2) {
      double const z = std::ldexp(side == 0 ? -1.0 : 1.0, exponent);
      farther[side] = loss.derivative(z, y);
      double const nearer = loss.derivative(z / 2, y);
      if (std::isnan(farther[side]) || std::isnan(nearer)) continue;
      change[side] = std::abs(farther[side] - nearer);  // NaN if both are infinite
      break;
    }
  }
  double const range = std::abs(farther[1] - farther[0]);
  return std::isfinite(range) && change[0] <= 1e-6 * range && change[1] <= 1e-6 * range;
}

/// @brief Whether |∂φ/∂z| is bounded for the targets of some samples: from `lipschitz_constant()`
///        or, without it, from the slopes far from 0.
/// @param target `target(i)` of sample i < samples. Takes about four slopes per sample, fewer if
///               targets repeat.
template <class L, class Target>
bool is_lipschitz(L const& loss, std::size_t samples, Target const& target) {
  if constexpr (knows_lipschitz_constant<L>) {
    return is_lipschitz(loss);
  } else {
    std::array<double, 8> last;  // targets repeat in classification
    last.fill(std::numeric_limits<double>::quiet_NaN());
    std::size_t next = 0;
    for (std::size_t i = 0; i != samples; ++i) {
      double const y = target(i);
      if (std::find(last.begin(), last.end(), y) != last.end()) continue;
      if (!saturates(loss, y)) return false;
      last[next] = y;
      next = (next + 1) % last.size();
    }
    return true;
  }
}

/// @brief The same for a linear model.
template <class F>
bool has_lipschitz_loss(F const& f) {
  return is_lipschitz(f.loss(), f.samples(), [&](std::size_t i) { return f.target(i); });
}

}  // namespace localsgd::detail
