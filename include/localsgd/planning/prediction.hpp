// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/local_steps.hpp"
#include "localsgd/theory/constants.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

/// @file
/// @brief The number of local steps needed for an accuracy, for advise().

namespace localsgd::detail {

/// @brief A number of steps that suffices for E[f − f*] ≤ ε by \cite khaled2020tighter, H = 1,
///        with the constant step size that assigns half of ε to each of the two terms.
///
/// With g = K·b, the smaller of
/// - μ > 0: γ = min{1/(4L), εμg/(Lσ²)}, T = ln(L‖x_0 − x*‖²/ε)/(−ln(1 − γμ)), for the last
/// consensus;
/// - γ = min{1/(4L), εg/(4σ²)}, T = 4‖x_0 − x*‖²/(γε), for the mean of all iterates.
/// @param accuracy  ε > 0
/// @param gradients g ≥ 1, per step
inline double sufficient_steps(constants const& c, double accuracy, double gradients) {
  double const l = c.smoothness.value, mu = c.strong_convexity.value, sigma = c.variance.value;
  double const distance = c.squared_distance.value, largest = 1 / (4 * l);
  auto const step = [&](double balanced) {
    return sigma > 0 ? std::min(largest, balanced) : largest;
  };
  double const convex = 4 * distance / (step(accuracy * gradients / (4 * sigma)) * accuracy);
  double strongly = std::numeric_limits<double>::infinity();
  if (mu > 0)
    strongly = std::log(std::max(1.0, l * distance / accuracy)) /
               -std::log1p(-mu * step(accuracy * mu * gradients / (l * sigma)));
  return std::max(1.0, std::ceil(std::min(convex, strongly)));
}

/// @brief T(K, b) = start + noise/(Kb): the form of both the measured and the proven numbers.
struct step_counts {
  constants c;
  double samples = 0;   ///< n
  double accuracy = 0;  ///< ε
  double start = -1;    ///< Measured; < 0: use sufficient_steps() instead of start + noise/(Kb).
  double noise = 0;
  std::vector<drift_cost> drift = {};  ///< Measured; empty: √ beyond H_c
  double one_shot = 0;  ///< The measured H for which a single round was sufficient; 0 = unknown
  double seen_workers = 0, seen_batch = 0;  ///< K and b of that measurement

  /// @brief The H for which a single round is sufficient; 0 = unknown for this K and b.
  double once(double workers, double batch) const {
    return workers == seen_workers && batch == seen_batch ? one_shot : 0;
  }

  /// @brief T at H = 1.
  double close(double workers, double batch) const {
    if (start < 0) return sufficient_steps(c, accuracy, workers * batch);
    return std::max(1.0, std::ceil(start + noise / (workers * batch)));
  }

  /// @brief H_c at the step size that automatic_step reaches after this many steps, starting from
  ///        1/(4L).
  double drift_free(double workers, double batch, double steps) const {
    double const first = 1 / (4 * c.smoothness.value), mu = c.strong_convexity.value;
    double const now = mu > 0 ? 1 / (1 / first + mu * steps / 2)
                              : first / std::sqrt(1 + steps * workers * batch / samples);
    if (!(c.variance.value > 0)) return std::numeric_limits<double>::infinity();
    return drift_free_local_steps(accuracy, now, c.smoothness.value, c.variance.value / batch,
                                  workers);
  }

  /// @brief T(H) = T·drift_times() or, if that was not measured, T·√(H/H_c) beyond H_c; at most the
  ///        number of steps of a single worker, since f at an average is at most the average of f.
  double apart(double workers, double batch, double local_steps) const {
    double const enough = once(workers, batch);
    if (enough > 0 && local_steps >= enough) return enough;
    double const together = close(workers, batch);
    double const times =
        drift.empty()
            ? std::sqrt(std::max(1.0, local_steps / drift_free(workers, batch, together)))
            : drift_times(drift, local_steps);
    return std::min(together * times, std::max(together, close(1, batch)));
  }
};

}  // namespace localsgd::detail
