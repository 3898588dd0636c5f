// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/certificate/dual_rows.hpp"
#include "localsgd/objective/linear_concept.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

/// @file
/// @brief The rounding errors of a gap between f and its dual function.

namespace localsgd::detail {

/// @brief The sizes of dual variables and of a point: together they bound the terms of h(θ).
struct dual_lengths {
  double slopes = 0;  ///< √((1/n) Σ s_i θ_i²)
  double x = 0;       ///< ‖x‖
};

/// @brief A bound on the rounding errors of f(x) − D(θ) for f(x) = (1/n) Σ s_i φ(⟨a_i, x⟩ + o_i, y_i) +
///        (λ/2)‖x‖², θ a combination of slopes: see dual_extrapolation.
///
/// |error of a sum of m products| ≤ m u Σ|product| with u = 2⁻⁵³, doubled to cover second-order
/// terms. With m the longest chain of additions and ρ = √((1/n) Σ s_i‖a_i‖²),
/// - a sum h(θ) has an error of m u (1/n) Σ s_i|θ_i|‖a_i‖ ≤ m u ρ √((1/n) Σ s_i θ_i²), and of m u
///   λ‖x‖, as it is the gradient minus λx. Let E be the sum of all these errors, each times its
///   coefficient: ‖h‖²/(2λ) has an error of at most E(‖h‖ + E)/λ;
/// - f has an error of m u f, of m u ρ √(…) ‖x‖ due to the z_i, and of ½ φ'' (m u ρ‖x‖)², which
///   is larger only if the slopes are near 0; also of λ d 2⁻¹⁰⁷⁵ if ‖x‖² underflows;
/// - the conjugates have an error of m u (1/n) Σ s_i|φ*(θ_i)|, and |φ*(θ)| ≤ gap + |θz| + |φ|.
/// If φ can be negative, φ ≥ −φ*(0), so |φ| ≤ φ + 2 max(0, φ*(0)).
/// Offsets are equivalent to a feature o_i with coefficient 1, which is included in ‖a_i‖² and
/// ‖x‖².
struct dual_rounding {
  double chain = 0;   ///< m
  double lambda = 0;  ///< > 0
  dual_lengths at;    ///< of x
  dual_lengths all;   ///< of all terms of θ, each times its coefficient

  /// @param squares ‖h(θ)‖²
  template <LinearObjective F>
  double of_gap(F const& f, dual_rows const& rows, double objective, double gap,
                double squares) const {
    constexpr double u = std::numeric_limits<double>::epsilon() / 2;
    double const slopes = rows.norm * all.slopes, size = slopes + lambda * all.x;
    double const error = 2 * chain * u * size;
    double const products = offsets_of(f).empty() ? 2 : 3;  // in f, in the conjugates, and θ_i o_i
    double const bent = chain * u * rows.norm * at.x;       // of all z_i
    return std::max(2 * chain * u *
                            (2 * (std::abs(objective) + 2 * rows.depth) + std::abs(gap) +
                             products * size * at.x + squares / lambda) +
                        error * (std::sqrt(squares) + error) / lambda,
                    f.loss().curvature() * bent * bent) +
           lambda * static_cast<double>(f.dimension() + 2) * 0x1p-1074;
  }
};

}  // namespace localsgd::detail
