// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/error.hpp"
#include "localsgd/loss/concept.hpp"

#include <algorithm>
#include <cmath>
#include <string_view>

/// @file
/// @brief The Huber loss.

namespace localsgd {

/// @brief φ(r) = ½r² for |r| ≤ δ, otherwise δ(|r| − δ/2), with r = z − y: robust regression.
///
/// φ* = θ²/2 + θy, |θ| ≤ δ.
class huber {
 public:
  static constexpr std::string_view name = "huber";
  static constexpr bool nonnegative = true;

  /// @param delta δ, finite and > 0, in the units of y. @throws invalid_settings
  explicit huber(double delta = 1) : delta_(delta) {
    detail::require_positive("huber.delta", delta);
  }
  double value(double z, double y) const noexcept {
    double const r = std::abs(z - y);
    return r <= delta_ ? 0.5 * r * r : delta_ * (r - delta_ / 2);
  }
  double derivative(double z, double y) const noexcept {
    return std::clamp(z - y, -delta_, delta_);
  }
  static double curvature() noexcept { return 1; }
  double lipschitz_constant() const noexcept { return delta_; }
  static double conjugate(double theta, double y) noexcept {
    return theta * (theta / 2 + y);
  }
  double project_to_dual_domain(double theta, double /*y*/) const noexcept {
    return std::clamp(theta, -delta_, delta_);
  }
  static bool accepts(double y) noexcept { return std::isfinite(y); }
  static constexpr std::string_view targets = "a finite number";

 private:
  double delta_;
};
static_assert(Loss<huber>);

}  // namespace localsgd
