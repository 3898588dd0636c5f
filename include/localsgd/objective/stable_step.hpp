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

/// @brief Curvatures of a finite sum: of f, and of its components.
struct curvature_bounds {
  double smoothness = 0;  ///< L, of f
  double typical = 0;     ///< of a component that gradients typically meet
  double largest = 0;     ///< L_max, of the worst component
  bool lipschitz_loss = false;  ///< |∂φ/∂z| is bounded: one sample's step saturates
};

/// @brief min{1/(4L), what single samples allow}, for batches of b.
///
/// 1/(4L) is what Theorem 2.2 needs \cite stich2019local. Steps on single samples of curvature ℓ
/// are contractions in the mean only up to about 1/ℓ, where L_b = L + (ℓ − L)/b takes ℓ's place for
/// batches. With a quadratic growth of the loss that is a matter of divergence: ℓ = L_max and a
/// step of at most 1/(2L_b). With a Lipschitz loss a large step overshoots but saturates: 4/L_b at
/// the typical curvature, which also tames single huge rows.
/// @return > 0, finite; 1 where there is no curvature at all.
inline double stable_step(curvature_bounds const& c, std::size_t batch_size) noexcept {
  auto const of_batch = [&](double sample) {
    return c.smoothness +
           std::max(0.0, sample - c.smoothness) / static_cast<double>(batch_size);
  };
  double const noise =
      c.lipschitz_loss ? of_batch(c.typical) / 4 : 2 * of_batch(c.largest);
  double const limit = std::max(4 * c.smoothness, noise);
  if (!(limit > 0)) return 1;
  if (!std::isfinite(limit)) return std::numeric_limits<double>::min();
  return std::min(1 / limit, std::numeric_limits<double>::max());  // a subnormal limit has no inverse
}

}  // namespace localsgd::detail
