// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/settings.hpp"
#include "localsgd/step_size/theory_step.hpp"
#include "localsgd/theory/constants.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>

/// @file
/// @brief The bounds of the theory for a run, term by term.
///
/// All functions are pure and thread safe. Outside its assumptions a bound throws
/// invalid_settings with the argument and the violated rule. A bound from estimated constants is
/// itself an estimate.

namespace localsgd {

/// @brief The parameters of a run that the bounds depend on.
struct run_shape {
  std::size_t workers = 1;        ///< K ≥ 1
  std::uint64_t local_steps = 1;  ///< H, the largest gap between two sync times: 1 … T
  std::size_t batch_size = 1;     ///< b ≥ 1, drawn with replacement
  std::uint64_t steps = 0;        ///< T, local steps of each worker: 1 … 2⁵³
  double shift = 0;               ///< a of η_t = 4/(μ(a+t)); 0 = the smallest admissible one
  /// τ: what a worker reads holds all updates that were made more than τ steps before it, as
  /// `result::delay` counts it; 0 = Algorithm 1, where all workers wait.
  std::uint64_t delay = 0;

  /// @throws invalid_settings with the member, its value and the violated rule.
  void validate() const {
    detail::require(workers >= 1, "run_shape.workers", workers, ">= 1");
    detail::require(batch_size >= 1, "run_shape.batch_size", batch_size, ">= 1");
    detail::require(steps >= 1 && steps <= settings::max_steps, "run_shape.steps", steps,
                    "from 1 to 2^53");
    detail::require(local_steps >= 1 && local_steps <= steps, "run_shape.local_steps", local_steps,
                    "from 1 to the number of steps, " + detail::shown(steps));
    detail::require_nonnegative("run_shape.shift", shift);
    detail::require(delay <= settings::max_steps, "run_shape.delay", delay, "<= 2^53");
  }
};

/// @brief An upper bound and its terms; each is ≥ 0, in the units of the bounded quantity.
struct error_bound {
  double start = 0;  ///< The remaining effect of the start.
  double noise = 0;  ///< The effect of the variance of K·b gradients per step.
  double drift = 0;  ///< The effect of the drift between two averages.
  double total() const noexcept { return start + noise + drift; }
};

/// @brief The smallest shift a > max{16κ, H + τ} of Theorem 2.2 (τ = 0) and its asynchronous
///        counterpart \cite stich2019local.
///
/// Then η₀ ≤ 1/(4L) and η_t ≤ 2η_{t+H+τ}. Needs μ > 0 and H ≥ 1. @throws invalid_settings
inline double smallest_shift(constants const& c, std::uint64_t local_steps,
                             std::uint64_t delay = 0) {
  c.validate();
  detail::require_positive("constants.strong_convexity", c.strong_convexity.value);
  detail::require(local_steps >= 1, "local_steps", local_steps, ">= 1");
  double const needed = std::max(16 * c.condition_number(), static_cast<double>(local_steps) +
                                                                static_cast<double>(delay));
  return std::nextafter(needed, std::numeric_limits<double>::infinity());
}

/// @brief η_t = 4/(μ(a+t)) for this run: the step size of stich_bound() and
///        stich_asynchronous_bound() \cite stich2019local.
///
/// The iterates x_t of such a run are averaged with the weights w_t = (a+t)², quadratic_weights{a}.
/// @throws invalid_settings unless μ > 0 and a = 0 or a > max{16κ, H + τ}
inline theory_step stich_step(constants const& c, run_shape const& s) {
  s.validate();
  double const smallest = smallest_shift(c, s.local_steps, s.delay);
  detail::require(s.shift == 0 || s.shift >= smallest, "run_shape.shift", s.shift,
                  "0, or above max{16 kappa, H + delay}, i.e. at least " + detail::shown(smallest));
  return theory_step(c.strong_convexity.value, s.shift == 0 ? smallest : s.shift);
}

namespace detail {

/// @brief S_T/a³, S_T = Σ_{t<T} (a+t)², in r = T/a: as large as T and a may be, nothing overflows.
///
/// S_T = (T/6)(2T² + 6aT − 3T + 6a² − 6a + 1). @pre a ≥ 1, so that no digits cancel.
inline double scaled_weight_sum(double shift, std::uint64_t steps) noexcept {
  double const r = static_cast<double>(steps) / shift;
  return r / 6 * (2 * r * r + (6 - 3 / shift) * r + 6 - 6 / shift + 1 / shift / shift);
}

/// @param gap     H, or H + τ
/// @param factor  256 or 768
inline error_bound stich_terms(constants const& c, run_shape const& s, double gap, double factor) {
  double const a = stich_step(c, s).shift(), mu = c.strong_convexity.value;
  double const r = static_cast<double>(s.steps) / a, sum = scaled_weight_sum(a, s.steps);
  double const gradients = static_cast<double>(s.workers) * static_cast<double>(s.batch_size);
  double const parted = gap / (mu * a);
  return {.start = mu / (2 * sum) * c.squared_distance.value,
          .noise = 4 * r * (r + 2) / (mu * a * sum) * (c.variance.value / gradients),
          .drift = factor * (r / sum) * parted * parted * c.second_moment.value *
                   c.smoothness.value};
}

inline void require_no_delay(run_shape const& s) {
  require(s.delay == 0, "run_shape.delay", s.delay, "0 for synchronous runs");
}

/// @brief The smallest T in H … 2⁵³ for which `total(T)`, which falls with T, is at most ε.
template <class Total>
std::uint64_t smallest_steps(double accuracy, std::uint64_t local_steps, Total const& total) {
  require_positive("accuracy", accuracy);
  std::uint64_t low = local_steps, high = settings::max_steps;
  double const lowest = total(high);
  require(lowest <= accuracy, "accuracy", accuracy,
          "at least the bound after 2^53 steps, " + shown(lowest));
  while (low != high) {
    std::uint64_t const middle = low + (high - low) / 2;
    if (total(middle) <= accuracy)
      high = middle;
    else
      low = middle + 1;
  }
  return high;
}

}  // namespace detail

/// @brief Theorem 2.2 \cite stich2019local : a bound on E f(x̂_T) − f* for Algorithm 1 with the
///        step size stich_step(), where x̂_T = Σ_k Σ_{t<T} w_t x_t^k/(K S_T), w_t = (a+t)², S_T = Σ
///        w_t.
///
/// \f[ \frac{\mu a^3}{2 S_T}\|x_0-x^*\|^2 + \frac{4T(T+2a)}{\mu K S_T}\frac{\sigma^2}{b}
///     + \frac{256\,T}{\mu^2 S_T} G^2 H^2 L \f]
///
/// Assumes that f is L-smooth and μ-strongly convex, that all workers draw from all samples, that
/// no two sync times are more than H apart, that T is one of them, and that σ² and G², which are
/// those of single samples, hold along the run.
/// @throws invalid_settings unless μ > 0, the shift is admissible and there is no delay
inline error_bound stich_bound(constants const& c, run_shape const& s) {
  detail::require_no_delay(s);
  return detail::stich_terms(c, s, static_cast<double>(s.local_steps), 256);
}

/// @brief The same for Algorithm 2 \cite stich2019local, where no worker waits: H + τ replaces H,
///        and 768 replaces 256.
///
/// \f[ \frac{\mu a^3}{2 S_T}\|x_0-x^*\|^2 + \frac{4T(T+2a)}{\mu K S_T}\frac{\sigma^2}{b}
///     + \frac{768\,T}{\mu^2 S_T} G^2 (H+\tau)^2 L \f]
///
/// Assumes what stich_bound() does, for the sync times of each worker, and delays of at most τ.
/// @throws invalid_settings unless μ > 0 and the shift is admissible
inline error_bound stich_asynchronous_bound(constants const& c, run_shape const& s) {
  double const gap = static_cast<double>(s.local_steps) + static_cast<double>(s.delay);
  return detail::stich_terms(c, s, gap, 768);
}

/// @brief Lemma 3.3 \cite stich2019local : E (1/K) Σ_k ‖x̄_t − x_t^k‖² ≤ 4η_t²G²H² at every t,
///        under the assumptions of stich_bound(). @throws invalid_settings as there
inline double stich_drift_bound(constants const& c, run_shape const& s, std::uint64_t t) {
  detail::require_no_delay(s);
  double const moved = stich_step(c, s)(t) * static_cast<double>(s.local_steps);
  return 4 * moved * moved * c.second_moment.value;
}

/// @brief The same for Algorithm 2: at most 12η_t²G²(H+τ)², with x̄_t = x_0 − Σ_{s<t} η_s ḡ_s and
///        ḡ_s the mean of the K gradients of step s. @throws invalid_settings as its bound
inline double stich_asynchronous_drift_bound(constants const& c, run_shape const& s,
                                             std::uint64_t t) {
  double const gap = static_cast<double>(s.local_steps) + static_cast<double>(s.delay);
  double const moved = stich_step(c, s)(t) * gap;
  return 12 * moved * moved * c.second_moment.value;
}

/// @brief The smallest T ≥ H whose stich_bound() is at most ε, in the units of f; with a delay, its
///        stich_asynchronous_bound(). `s.steps` is ignored. @throws invalid_settings
inline std::uint64_t steps_to(double accuracy, constants const& c, run_shape s) {
  s.steps = settings::max_steps;
  s.validate();
  return detail::smallest_steps(accuracy, s.local_steps, [&](std::uint64_t steps) {
    s.steps = steps;
    return (s.delay == 0 ? stich_bound(c, s) : stich_asynchronous_bound(c, s)).total();
  });
}

/// @brief H = max{1, ⌊√(T/(Kb))⌋: up to this order of H the rate of mini-batch SGD is kept, by
///        Corollary 2.3 \cite stich2019local. The constants are dropped: κ and σ²/G² do not matter.
/// @throws invalid_settings unless T, K, b ≥ 1
inline std::uint64_t recommended_local_steps(std::uint64_t steps, std::size_t workers,
                                             std::size_t batch_size) {
  detail::require(steps >= 1, "steps", steps, ">= 1");
  detail::require(workers >= 1, "workers", workers, ">= 1");
  detail::require(batch_size >= 1, "batch_size", batch_size, ">= 1");
  std::uint64_t const square = steps / workers / batch_size;
  auto root = static_cast<std::uint64_t>(std::sqrt(static_cast<double>(square)));
  while (root > 0 && root > square / root) --root;  // both are rounded
  while (root + 1 <= square / (root + 1)) ++root;
  return std::max<std::uint64_t>(1, root);
}

}  // namespace localsgd
