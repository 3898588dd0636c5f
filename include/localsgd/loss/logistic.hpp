// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/loss/concept.hpp"
#include "localsgd/loss/evaluate_in_lanes.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string_view>

/// @file
/// @brief The logistic loss.

namespace localsgd {

/// @brief φ(z, y) = log(1 + exp(−yz)), y = ±1: logistic regression.
///
/// φ* = a log a + (1 − a) log(1 − a), a = −yθ ∈ [0, 1].
struct logistic {
  static constexpr std::string_view name = "logistic";
  static constexpr bool nonnegative = true;

  static double value(double z, double y) noexcept {
    double const m = y * z;  // the exponent is never positive, so nothing overflows
    return std::max(-m, 0.0) + std::log1p(std::exp(-std::abs(m)));
  }
  static double derivative(double z, double y) noexcept { return -y / (1 + std::exp(y * z)); }
  static double curvature() noexcept { return 0.25; }
  static double lipschitz_constant() noexcept { return 1; }
  static double conjugate(double theta, double y) noexcept {
    double const a = -y * theta;  // near 1 the difference from 1 is exact, and so is log1p(−a)
    return a > 0 && a < 1 ? a * std::log(a) + (1 - a) * std::log1p(-a) : 0;
  }
  static double project_to_dual_domain(double theta, double y) noexcept {
    return -y * std::clamp(-y * theta, 0.0, 1.0);
  }
  static bool accepts(double y) noexcept { return y == 1 || y == -1; }
  static constexpr std::string_view targets = detail::two_signs;

  /// One exponential, which never overflows, serves both outputs.
  void evaluate(double const* z, double const* y, std::size_t count, double* value,
                double* slope) const noexcept {
    using detail::lanes;
    detail::evaluate_in_lanes(z, y, count, value, slope, [](lanes const& at, lanes const& label) {
      lanes const margin = label * at, e = detail::exponential(-xsimd::abs(margin));
      return detail::lanes_of_loss{
          xsimd::max(-margin, lanes(0.0)) + xsimd::log1p(e),
          -label * xsimd::select(margin > lanes(0.0), e, lanes(1.0)) / (lanes(1.0) + e)};
    });
  }
};
static_assert(Loss<logistic> && detail::evaluates_blocks<logistic>);

}  // namespace localsgd
