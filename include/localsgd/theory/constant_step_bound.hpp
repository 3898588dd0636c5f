// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/step_size/constant_step.hpp"
#include "localsgd/theory/bound.hpp"

/// @file
/// @brief The bounds of the theory for a constant step size, without a bound on the
///        gradients.
///
/// Here the drift is exactly 0 at H = 1, and G² and the shift do not matter. Pure and thread safe.

namespace localsgd {

namespace detail {

/// @brief γ, after checking the assumptions of the bounds below.
inline double khaled_step(constants const& c, run_shape const& s, constant_step const& step) {
  c.validate();
  s.validate();
  require_no_delay(s);
  double const gamma = step(0), largest = 1 / (4 * c.smoothness.value);
  require(gamma <= largest, "constant_step.step_size", gamma,
          "at most 1/(4L), " + shown(largest));
  return gamma;
}

inline double mean_variance(constants const& c, run_shape const& s) noexcept {
  return c.variance.value / static_cast<double>(s.batch_size);
}

}  // namespace detail

/// @brief A bound on E‖x̄_T − x*‖² of the last consensus, for strongly convex f
///        \cite khaled2020tighter.
///
/// \f[ (1-\gamma\mu)^T\|x_0-x^*\|^2 + \frac{\gamma\sigma^2}{\mu K b}
///     + \frac{2L\gamma^2(H-1)\sigma^2}{\mu b} \f]
///
/// Assumes that f is L-smooth and μ-strongly convex, that all workers draw from all samples, that
/// the variance is at most σ² along the run, and γ ≤ 1/(4L). No bound on the gradients is needed.
/// @throws invalid_settings unless μ > 0, γ ≤ 1/(4L) and there is no delay
inline error_bound khaled_distance_bound(constants const& c, run_shape const& s,
                                         constant_step const& step) {
  double const gamma = detail::khaled_step(c, s, step), mu = c.strong_convexity.value;
  detail::require_positive("constants.strong_convexity", mu);
  double const variance = detail::mean_variance(c, s);
  return {.start = std::exp(static_cast<double>(s.steps) * std::log1p(-gamma * mu)) *
                   c.squared_distance.value,
          .noise = gamma * variance / (mu * static_cast<double>(s.workers)),
          .drift = 2 * c.smoothness.value * gamma * gamma *
                   static_cast<double>(s.local_steps - 1) * variance / mu};
}

/// @brief A bound on E f(x̄_T) − f* of the last consensus: L/2 times khaled_distance_bound(), by
///        smoothness. @throws invalid_settings as there
inline error_bound khaled_bound(constants const& c, run_shape const& s, constant_step const& step) {
  error_bound const distance = khaled_distance_bound(c, s, step);
  double const half = c.smoothness.value / 2;
  return {half * distance.start, half * distance.noise, half * distance.drift};
}

/// @brief A bound on E f((1/T) Σ_{t<T} x̄_t) − f* for convex f, μ = 0 included
///        \cite khaled2020tighter. This is the unweighted mean.
///
/// \f[ \frac{2\|x_0-x^*\|^2}{\gamma T} + \frac{2\gamma\sigma^2}{K b}
///     + \frac{4\gamma^2 L (H-1)\sigma^2}{b} \f]
///
/// Assumes what khaled_distance_bound() does, except μ > 0.
/// @throws invalid_settings unless γ ≤ 1/(4L) and there is no delay
inline error_bound khaled_convex_bound(constants const& c, run_shape const& s,
                                       constant_step const& step) {
  double const gamma = detail::khaled_step(c, s, step), variance = detail::mean_variance(c, s);
  return {.start = 2 * c.squared_distance.value / (gamma * static_cast<double>(s.steps)),
          .noise = 2 * gamma * variance / static_cast<double>(s.workers),
          .drift = 4 * gamma * gamma * c.smoothness.value *
                   static_cast<double>(s.local_steps - 1) * variance};
}

/// @brief The smallest T ≥ H whose khaled_bound() is at most ε, in the units of f. `s.steps` is
///        ignored. @throws invalid_settings, also if ε is below noise + drift
inline std::uint64_t steps_to(double accuracy, constants const& c, run_shape s,
                              constant_step const& step) {
  s.steps = settings::max_steps;
  s.validate();
  return detail::smallest_steps(accuracy, s.local_steps, [&](std::uint64_t steps) {
    s.steps = steps;
    return khaled_bound(c, s, step).total();
  });
}

}  // namespace localsgd
