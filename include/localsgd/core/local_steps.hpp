// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>

/// @file
/// @brief The number of local steps in a round, for the default H and advise().

namespace localsgd::detail {

/// @brief H for rounds that take as long as r local steps, in a run of about T of them.
///
/// A run of T(H) steps takes T(H)(1 + r/H) in units of a step. T(H) is T as long as the workers
/// stay close, and beyond a gap H_c grows with it: with η_t ∝ 1/t and a drift like η_t²H the drift
/// is paid for by T ∝ √H; where it costs nothing (quadratics) T does not grow at all. Between T ∝
/// H⁰, whose best H is infinite, and T ∝ √H, whose best H is r, H = 4r is the choice of least
/// regret: it takes 1 + 1/4 of the best time in the first case and √4(1 + 1/4)/2 = 1 + 1/4 in the
/// second, less in between. An estimate of H_c moves H within 3r … 6r. That T is rounded up to a
/// multiple of H, H/2 in the mean, makes (T + H/2)(1 + r/H) the time where nothing drifts: least at
/// √(2rT), which limits H.
///
/// The rule is a heuristic: nothing bounds the growth of T by √H in general.
/// @param round  r ≥ 0
/// @param steps  T ≥ 0; infinity if unknown
/// @param drift_free H_c, an estimate; 4r by default
/// @return ≥ 1; 1 if rounds are free
inline double balanced_local_steps(double round, double steps,
                                   double drift_free = std::numeric_limits<double>::quiet_NaN()) {
  double const h =
      std::isnan(drift_free) ? 4 * round : std::clamp(drift_free, 3 * round, 6 * round);
  return std::max(1.0, std::min(h, std::sqrt(2 * round * steps)));
}

/// @brief T(H)/T(4) where it was measured.
struct drift_cost {
  double local_steps = 0;  ///< H > 4
  double times = 1;        ///< ≥ 1
};

/// @brief T(H)/T(4) between and beyond what was measured, along straight lines in log H and log T:
///        1 up to H = 4, and the mean slope, at most 0.9, beyond the last.
/// @param seen not empty, both members ascending
inline double drift_times(std::span<drift_cost const> seen, double local_steps) {
  drift_cost const start{4, 1};
  auto const slope = [](drift_cost const& from, drift_cost const& to) {
    return std::log(to.times / from.times) / std::log(to.local_steps / from.local_steps);
  };
  drift_cost from = start;
  if (local_steps <= from.local_steps) return 1;
  for (drift_cost const& to : seen) {
    if (local_steps <= to.local_steps)
      return from.times * std::pow(local_steps / from.local_steps, slope(from, to));
    from = to;
  }
  return from.times * std::pow(local_steps / from.local_steps, std::min(0.9, slope(start, from)));
}

/// @brief H where the drift was measured: where (T(H) + H/2)(1 + r/H) is least, with
///        T(H) = min{T(4)·drift_times(), T₁}.
/// @param round r ≥ 0 @param steps T(4) ≥ 1 @param alone T₁ of one worker
inline double best_local_steps(double round, double steps, std::span<drift_cost const> seen,
                               double alone) {
  double best = 1, least = std::numeric_limits<double>::infinity();
  // Where one round is enough a longer one is only slower; half as much again, since T varies.
  for (double h = 1, t = steps; h <= 1.5 * t; h *= 1.125) {
    t = std::min(steps * drift_times(seen, h), std::max(steps, alone));
    double const time = (t + h / 2) * (1 + round / h);
    if (time >= least) continue;
    least = time;
    best = h;
  }
  return best;
}

/// @brief H_c: the gap from which drift costs as much as the accuracy ε that is asked for.
///
/// The term 4γ²Lσ²(H−1)/b of \cite khaled2020tighter at the step size γ in use, times 1 − 1/K, is a
/// worst case: on logistic regression of real and synthetic data drift began to cost steps where it
/// was some 500 times ε, on quadratics never. So a 500th of it is compared with ε: a heuristic.
/// @param accuracy, step_size, smoothness, variance  ε, γ, L, σ²/b; > 0, but σ² ≥ 0
inline double drift_free_local_steps(double accuracy, double step_size, double smoothness,
                                     double variance, double workers) {
  constexpr double overstated = 500;
  double const per_step = 4 * step_size * step_size * smoothness * variance * (1 - 1 / workers);
  return 1 + overstated * accuracy / per_step;
}

}  // namespace localsgd::detail
