// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/error.hpp"
#include "localsgd/objective/concept.hpp"
#include "localsgd/objective/estimate.hpp"
#include "localsgd/objective/regularized.hpp"
#include "localsgd/objective/stable_step.hpp"
#include "localsgd/step_size/concept.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>

/// @file
/// @brief The default step size, which needs no tuning.

namespace localsgd {

namespace detail {
template <class F>
concept knows_stable_step = requires(F const& f, std::size_t batch_size) {
  { f.stable_step(batch_size) } -> std::convertible_to<double>;
};
template <class F>
concept knows_stable_step_of_workers = requires(F const& f, std::size_t batch_size) {
  { f.stable_step(batch_size, batch_size) } -> std::convertible_to<double>;
};
}  // namespace detail

/// @brief Chooses η_t from the objective's own constants.
///
/// η₀ = min{1/(4L), the largest step that single samples allow} (detail::stable_step). L and the
/// curvature of single samples are taken from the objective's `stable_step(b, K)` or
/// `stable_step(b)` if it has one, or else estimated from differences of gradients
/// (detail::estimate_curvature). Then
/// - if μ > 0, the paper's form η_t = c/(μ(a + t)), a = max{c/(μη₀), H} \cite stich2019local, with
///   c = 2 instead of 4, so that the steps start to shrink twice as early: on w8a and a9a this
///   halves the largest error after 15 epochs, for K = 1 … 16. `theory_step` follows the theorem
///   exactly;
/// - if μ = 0 or unknown, η_t = η₀/√(1 + e) after e epochs, the rate for convex problems.
///
/// If only the intercept is not regularised, μ is that of the regularizer: along the intercept, the
/// data provide the curvature of f. On w8a and a9a, the errors are then the same as with a
/// regularised intercept.
///
/// The weighted average has w_t = (1 + t)², which forgets the start sooner than (a + t)² does.
class automatic_step {
 public:
  /// @brief The StepSize that is chosen.
  class chosen {
   public:
    /// @param first η₀ > 0
    /// @param mu    μ ≥ 0
    /// @param a     > 0: as above in the first form; the number of steps of an epoch in the second
    chosen(double first, double mu, double a) : first_(first), mu_(mu), a_(a) {}

    double operator()(std::uint64_t t) const noexcept {
      double const at = a_ + static_cast<double>(t);
      return mu_ > 0 ? factor / (mu_ * at) : first_ * std::sqrt(a_ / at);
    }
    static double shift() noexcept { return 1; }

   private:
    double first_, mu_, a_;
  };

  /// @brief Replaces choose() in runs in which no step depends on it.
  static chosen unused() { return chosen(1, 0, 1); }

  template <Objective F>
  chosen choose(F const& f, plan const& p) const {
    double first = 0;
    if constexpr (detail::knows_stable_step_of_workers<F>)
      first = f.stable_step(p.batch_size, p.workers);
    else if constexpr (detail::knows_stable_step<F>)
      first = f.stable_step(p.batch_size);
    else
      first = detail::stable_step(detail::estimate_curvature(f), p.batch_size);
    double const mu = detail::has_free_intercept(f) ? detail::penalty_convexity_of(f)
                                                    : detail::strong_convexity_of(f);
    detail::require_nonnegative("strong_convexity", mu);
    detail::require_positive("stable_step", first);
    if (mu > 0) {
      double const gap = p.workers > 1 ? static_cast<double>(p.local_steps) : 1.0;
      return chosen(first, mu, std::max(factor / (mu * first), gap));
    }
    double const epoch = static_cast<double>(p.samples) /
                         (static_cast<double>(p.workers) * static_cast<double>(p.batch_size));
    return chosen(first, 0, std::max(1.0, epoch));
  }

 private:
  static constexpr double factor = 2;  // c
};
static_assert(StepSize<automatic_step::chosen>);

}  // namespace localsgd
