// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>

/// @file
/// @brief The largest step size of SGD that the curvature allows.

namespace localsgd::detail {

/// @brief The curvatures of a finite sum: that of f, and those of its components.
struct curvature_bounds {
  double smoothness = 0;  ///< L, of f
  double typical = 0;     ///< of a component, weighted by its influence on gradients
  double largest = 0;     ///< L_max, of the worst component
  bool lipschitz_loss = false;  ///< |∂φ/∂z| is bounded: the step of a single sample saturates
};

/// @brief min{1/(4L), the limit set by single samples}, for batches of b.
///
/// Theorem 2.2 requires at most 1/(4L) \cite stich2019local. Steps on single samples of curvature ℓ
/// are contractions in the mean only up to about 1/ℓ; for batches, L_b = L + (ℓ − L)/b replaces ℓ.
/// If the loss grows quadratically, larger steps diverge: ℓ = L_max, and the step is at most
/// 1/(2L_b). If the loss is Lipschitz, a large step overshoots but saturates: the limit is 4/L_b at
/// the typical curvature, which is also safe for single huge rows.
/// @return > 0, finite; 1 if the curvature is 0.
inline double stable_step(curvature_bounds const& c, std::size_t batch_size) noexcept {
  auto const of_batch = [&](double sample) {
    return c.smoothness +
           std::max(0.0, sample - c.smoothness) / static_cast<double>(batch_size);
  };
  double const noise =
      c.lipschitz_loss ? of_batch(c.typical) / 4 : 2 * of_batch(c.largest);
  double const limit = std::max(4 * c.smoothness, noise);
  if (!(limit > 0)) return 1;
  if (!std::isfinite(limit)) return std::numeric_limits<double>::denorm_min();
  // A subnormal limit has no inverse.
  return std::min(1 / limit, std::numeric_limits<double>::max());
}

}  // namespace localsgd::detail
