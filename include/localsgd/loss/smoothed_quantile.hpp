// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/error.hpp"
#include "localsgd/loss/concept.hpp"

#include <algorithm>
#include <cmath>
#include <string_view>

/// @file
/// @brief The smoothed pinball loss of quantile regression.

namespace localsgd {

/// @brief φ(r) = max over θ in [−τ, 1 − τ] of θr − γθ²/2, r = z − y: regression of the τ-quantile
///        of y, smoothed with parameter γ.
///
/// This is r²/(2γ) for −γτ ≤ r ≤ γ(1 − τ), otherwise max(−τr, (1 − τ)r) minus γτ²/2 or γ(1 − τ)²/2.
/// It is below the pinball loss by at most γ·max(τ, 1 − τ)²/2. φ* = γθ²/2 + θy, −τ ≤ θ ≤ 1 − τ.
class smoothed_quantile {
 public:
  static constexpr std::string_view name = "smoothed_quantile";
  static constexpr bool nonnegative = true;

  /// @param tau   τ, in (0, 1): 0.5 fits the median
  /// @param gamma γ, finite and > 0, in the units of y; small compared to the spread of residuals
  /// @throws invalid_settings
  explicit smoothed_quantile(double tau = 0.5, double gamma = 1) : tau_(tau), gamma_(gamma) {
    detail::require(tau > 0 && tau < 1, "smoothed_quantile.tau", tau, "in (0, 1)");
    detail::require_positive("smoothed_quantile.gamma", gamma);
  }
  double value(double z, double y) const noexcept {
    double const theta = derivative(z, y);
    return theta * (z - y) - gamma_ / 2 * theta * theta;
  }
  double derivative(double z, double y) const noexcept {
    return project_to_dual_domain((z - y) / gamma_, y);
  }
  double curvature() const noexcept { return 1 / gamma_; }
  double lipschitz_constant() const noexcept { return std::max(tau_, 1 - tau_); }
  double conjugate(double theta, double y) const noexcept {
    return theta * (gamma_ / 2 * theta + y);
  }
  double project_to_dual_domain(double theta, double /*y*/) const noexcept {
    return std::clamp(theta, -tau_, 1 - tau_);
  }
  static bool accepts(double y) noexcept { return std::isfinite(y); }
  static constexpr std::string_view targets = "a finite number";

 private:
  double tau_, gamma_;
};
static_assert(Loss<smoothed_quantile>);

}  // namespace localsgd
