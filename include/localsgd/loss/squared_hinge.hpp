// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/loss/concept.hpp"

#include <algorithm>
#include <limits>
#include <string_view>

/// @file
/// @brief The squared hinge loss.

namespace localsgd {

/// @brief φ(z, y) = max(0, 1 − yz)², y = ±1: the L2 support vector machine.
///
/// φ* = a²/4 − a, a = −yθ ≥ 0.
struct squared_hinge {
  static constexpr std::string_view name = "squared_hinge";
  static constexpr bool nonnegative = true;

  static double value(double z, double y) noexcept {
    double const gap = std::max(0.0, 1 - y * z);
    return gap * gap;
  }
  static double derivative(double z, double y) noexcept {
    return -2 * y * std::max(0.0, 1 - y * z);
  }
  static double curvature() noexcept { return 2; }
  static double lipschitz_constant() noexcept { return std::numeric_limits<double>::infinity(); }
  static double conjugate(double theta, double y) noexcept {
    double const a = -y * theta;
    return a * (a / 4 - 1);
  }
  static double project_to_dual_domain(double theta, double y) noexcept {
    return -y * std::max(-y * theta, 0.0);
  }
  static bool accepts(double y) noexcept { return y == 1 || y == -1; }
  static constexpr std::string_view targets = detail::two_signs;
};
static_assert(Loss<squared_hinge>);

}  // namespace localsgd
