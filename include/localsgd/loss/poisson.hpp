// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/error.hpp"
#include "localsgd/loss/concept.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>
#include <string_view>

/// @file
/// @brief The Poisson loss.

namespace localsgd {

/// @brief φ(z, y) = eᶻ − yz, y ≥ 0: Poisson regression of counts, with the rate eᶻ.
///
/// eᶻ has no bounded curvature, so beyond a largest rate ρ it goes on as its second-order expansion
/// ρ(1 + u + u²/2), u = z − log ρ: nothing changes where predictions stay below ρ.
class poisson {
 public:
  /// @param max_rate ρ, finite and > 0: above the largest rate that is to be predicted. The
  ///                 automatic step size is inversely proportional to it. @throws invalid_settings
  explicit poisson(double max_rate = 100) : max_rate_(max_rate), corner_(std::log(max_rate)) {
    detail::require_positive("poisson.max_rate", max_rate);
  }
  double value(double z, double y) const noexcept {
    double const u = z - corner_;
    return (u <= 0 ? std::exp(z) : max_rate_ * (1 + u + 0.5 * u * u)) - y * z;
  }
  double derivative(double z, double y) const noexcept {
    double const u = z - corner_;
    return (u <= 0 ? std::exp(z) : max_rate_ * (1 + u)) - y;
  }
  double curvature() const noexcept { return max_rate_; }
  static double lipschitz_constant() noexcept { return std::numeric_limits<double>::infinity(); }
  static bool accepts(double y) noexcept { return std::isfinite(y) && y >= 0; }
  static constexpr std::string_view targets = "a finite count >= 0";
  /// A count above ρ + 10√ρ is no sample of a rate up to ρ: beyond ρ the model is not Poisson's, and
  /// its predictions eᶻ would be far off. @throws invalid_settings naming `poisson.max_rate`
  void check_targets(std::span<double const> y) const {
    double largest = 0;
    for (double const each : y) largest = std::max(largest, each);
    detail::require(largest <= max_rate_ + 10 * std::sqrt(max_rate_), "poisson.max_rate", max_rate_,
                    "above the largest rate: there is a target " + detail::shown(largest));
  }

 private:
  double max_rate_, corner_;
};
static_assert(Loss<poisson>);

}  // namespace localsgd
