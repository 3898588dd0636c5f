// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/compiler.hpp"
#include "localsgd/evaluation/row_rounding.hpp"
#include "localsgd/objective/regularized.hpp"

#include <cmath>
#include <cstddef>
#include <limits>
#include <span>
#include <vector>

/// @file
/// @brief A duality gap from sums over the samples, rounded up.

namespace localsgd::detail {

/// @brief The sums of a duality gap over the samples of f(x) = (1/n) Σ s_i φ(z_i) + r(w), with a
///        dual point θ.
struct fenchel_sum {
  std::span<double const> nh;  ///< n h(θ) = Σ s_i θ_i a_i: as many numbers as w has
  double terms = 0;            ///< Σ s_i (φ(z_i) + φ*(θ_i) − θ_i z_i)
  double rounding = 0;         ///< of the terms, without that of the z_i
  double squared_slopes = 0;   ///< (1/n) Σ s_i θ_i², or more
  std::size_t chain = 0;       ///< the largest number of additions in one of the sums

  /// @brief (1/n) Σ s_i (φ(z_i) + φ*(θ_i) − θ_i z_i) + ‖∇r(w) + h(θ)‖²/(2μ), an upper bound on f(x)
  ///        − f* for a smooth, μ-strongly convex r. Infinity if it is not finite.
  ///
  /// It is rounded up, with u = 2⁻⁵³:
  /// - the terms by their rounding, and by that of the z_i, which is proportional to |φ'(z_i) −
  ///   θ_i|;
  /// - the sum by its chain of additions;
  /// - h(θ) by twice the error of a sum, which covers a change of the θ_i by its relative error,
  ///   and ∇r(w) by 4 u ‖∇r(w)‖, where u is that of the iterate.
  /// @param rounding_of_terms receives the part that also applies to the objective
  template <class F>
  LOCALSGD_ONE_COPY double bound(F const& f, std::span<typename F::scalar const> x,
                                 row_rounding<F> const& rows, double& rounding_of_terms) const {
    using scalar = typename F::scalar;
    constexpr double u = std::numeric_limits<double>::epsilon() / 2;
    constexpr double unit_of_penalty =
        static_cast<double>(std::numeric_limits<scalar>::epsilon()) / 2;
    double const n = static_cast<double>(f.samples()), mu = penalty_convexity_of(f);
    auto const w = penalized(f, x);
    double const d = static_cast<double>(w.size());
    std::vector<scalar> of_penalty(w.size());
    f.regularizer().gradient(w, std::span<scalar>(of_penalty));
    double square = 0, penalty = 0;
    for (std::size_t j = 0; j != w.size(); ++j) {
      double const own = static_cast<double>(of_penalty[j]), rest = own + nh[j] / n;
      square += rest * rest;
      penalty += own * own;
    }
    square += d * 0x1p-1074;  // if squares underflow
    double const moved = 2 * rows.of_sum(squared_slopes) + 4 * unit_of_penalty * std::sqrt(penalty);
    double const mean = terms / n, own = rounding / n;
    rounding_of_terms = own + rows.of_duality_gap(mean + own, x);
    double const result =
        mean * (1 + 2 * static_cast<double>(chain + 64) * u) + rounding_of_terms +
        (square + moved * (2 * std::sqrt(square) + moved)) / (2 * mu) * (1 + 1e-12 + 2 * d * u);
    return std::isfinite(result) ? result : std::numeric_limits<double>::infinity();
  }
};

/// @brief An estimate of fenchel_sum::bound() at the slopes of x if r acts on all coordinates:
///        ‖∇f(x)‖²/(2μ). Infinity if less than half of a known bound is rounding, so that little
///        would be gained.
inline double predicted_fenchel_gap(double squared_gradient_norm, double mu,
                                    double known) noexcept {
  double const predicted = squared_gradient_norm / (2 * mu);
  return predicted < known / 2 ? predicted : std::numeric_limits<double>::infinity();
}

}  // namespace localsgd::detail
