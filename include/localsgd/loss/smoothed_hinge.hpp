// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/error.hpp"
#include "localsgd/loss/concept.hpp"

#include <algorithm>
#include <cmath>
#include <string_view>

/// @file
/// @brief The smoothed hinge loss.

namespace localsgd {

/// @brief The hinge max(0, 1 − yz), y = ±1, with its kink smoothed by a parabola of width γ.
///
/// φ = 0 for yz ≥ 1, (1 − yz)²/(2γ) for 1 − γ < yz < 1, and 1 − yz − γ/2 below.
/// φ* = γa²/2 − a, a = −yθ ∈ [0, 1].
class smoothed_hinge {
 public:
  static constexpr std::string_view name = "smoothed_hinge";
  static constexpr bool nonnegative = true;

  /// @param gamma γ, finite and > 0, in units of yz. @throws invalid_settings
  explicit smoothed_hinge(double gamma = 1) : gamma_(gamma) {
    detail::require_positive("smoothed_hinge.gamma", gamma);
  }
  double value(double z, double y) const noexcept {
    double const gap = 1 - y * z;
    if (gap <= 0) return 0;
    return gap < gamma_ ? gap * gap / (2 * gamma_) : gap - gamma_ / 2;
  }
  double derivative(double z, double y) const noexcept {
    return -y * std::clamp((1 - y * z) / gamma_, 0.0, 1.0);
  }
  double curvature() const noexcept { return 1 / gamma_; }
  static double lipschitz_constant() noexcept { return 1; }
  double conjugate(double theta, double y) const noexcept {
    double const a = -y * theta;
    return a * std::fma(gamma_ / 2, a, -1);  // rounded once: γa/2 may be close to 1
  }
  static double project_to_dual_domain(double theta, double y) noexcept {
    return -y * std::clamp(-y * theta, 0.0, 1.0);
  }
  static bool accepts(double y) noexcept { return y == 1 || y == -1; }
  static constexpr std::string_view targets = detail::two_signs;

 private:
  double gamma_;
};
static_assert(Loss<smoothed_hinge>);

}  // namespace localsgd
