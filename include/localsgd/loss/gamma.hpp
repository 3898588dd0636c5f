// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/error.hpp"
#include "localsgd/loss/concept.hpp"
#include "localsgd/loss/evaluate_in_lanes.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <string_view>

/// @file
/// @brief The Gamma loss.

namespace localsgd {

/// @brief φ(z, y) = z + y e⁻ᶻ, y > 0: Gamma regression of amounts and durations, with the mean eᶻ
///        and a standard deviation proportional to the mean.
///
/// Twice φ(z, y) − φ(log y, y) is the Gamma deviance. The curvature is y e⁻ᶻ, the ratio of target
/// to mean, which is unbounded. Above a largest ratio κ, this term is therefore continued by its
/// second-order expansion κ(1 + u + u²/2), u = log y − z − log κ. This changes nothing if no target
/// exceeds κ times its mean.
/// With w = 1 − θ ≥ 0, φ* = w log w − w − w log y up to w = κ, and
/// w log κ + κ(q²/2 − 1) − w log y, q = w/κ − 1, above.
class gamma_loss {
 public:
  static constexpr std::string_view name = "gamma_loss";

  /// @param max_ratio κ, finite and > 0. With the default, an exponentially distributed target
  ///                  exceeds κ times its mean with probability 2·10⁻⁹. The automatic step size is
  ///                  inversely proportional to it. @throws invalid_settings
  explicit gamma_loss(double max_ratio = 20) : max_ratio_(max_ratio), corner_(std::log(max_ratio)) {
    detail::require_positive("gamma_loss.max_ratio", max_ratio);
  }
  double value(double z, double y) const noexcept {
    double const ratio = y * std::exp(-z);
    if (ratio <= max_ratio_) return z + ratio;
    double const u = beyond(z, y);
    return z + max_ratio_ * (1 + u + 0.5 * u * u);
  }
  double derivative(double z, double y) const noexcept {
    double const ratio = y * std::exp(-z);
    return 1 - (ratio <= max_ratio_ ? ratio : max_ratio_ * (1 + beyond(z, y)));
  }
  double curvature() const noexcept { return max_ratio_; }
  double max_ratio() const noexcept { return max_ratio_; }  ///< κ
  static double lipschitz_constant() noexcept { return std::numeric_limits<double>::infinity(); }
  double conjugate(double theta, double y) const noexcept {
    double const w = 1 - theta;
    if (!(w > 0)) return 0;
    if (w <= max_ratio_) return w * (std::log(w) - 1 - std::log(y));
    double const q = w / max_ratio_ - 1;
    return w * (corner_ - std::log(y)) + max_ratio_ * (0.5 * q * q - 1);
  }
  static double project_to_dual_domain(double theta, double /*y*/) noexcept {
    return std::min(theta, 1.0);
  }
  static bool accepts(double y) noexcept { return std::isfinite(y) && y > 0; }
  static constexpr std::string_view targets = "a finite number > 0";
  /// One exponential serves both outputs; a logarithm is computed only for ratios above κ.
  void evaluate(double const* z, double const* y, std::size_t count, double* value,
                double* slope) const noexcept {
    using detail::lanes;
    lanes const corner(corner_), most(max_ratio_), one(1.0);
    detail::evaluate_in_lanes(z, y, count, value, slope, [&](lanes const& at, lanes const& target) {
      lanes const ratio = target * detail::exponential(-at);
      auto const inside = ratio <= most;
      if (xsimd::all(inside)) return detail::lanes_of_loss{at + ratio, one - ratio};
      lanes const u = xsimd::log(target) - at - corner;
      return detail::lanes_of_loss{
          at + xsimd::select(inside, ratio, most * (one + u + lanes(0.5) * u * u)),
          one - xsimd::select(inside, ratio, most * (one + u))};
    });
  }

 private:
  // u for a ratio above κ, which may have overflowed.
  double beyond(double z, double y) const noexcept { return std::log(y) - z - corner_; }

  double max_ratio_, corner_;
};
static_assert(Loss<gamma_loss> && detail::evaluates_blocks<gamma_loss>);

}  // namespace localsgd
