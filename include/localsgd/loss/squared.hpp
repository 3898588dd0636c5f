// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/loss/concept.hpp"

#include <cmath>
#include <limits>
#include <string_view>

/// @file
/// @brief The squared loss.

namespace localsgd {

/// @brief φ(z, y) = ½(z − y)²: least squares. φ* = θ²/2 + θy.
struct squared {
  static constexpr std::string_view name = "squared";
  static constexpr bool nonnegative = true;

  static double value(double z, double y) noexcept { return 0.5 * (z - y) * (z - y); }
  static double derivative(double z, double y) noexcept { return z - y; }
  static double curvature() noexcept { return 1; }
  static double lipschitz_constant() noexcept { return std::numeric_limits<double>::infinity(); }
  static double conjugate(double theta, double y) noexcept { return theta * (theta / 2 + y); }
  static double project_to_dual_domain(double theta, double /*y*/) noexcept { return theta; }
  static bool accepts(double y) noexcept { return std::isfinite(y); }
  static constexpr std::string_view targets = "a finite number";
};
static_assert(Loss<squared>);

}  // namespace localsgd
