// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/regularizer/concept.hpp"

#include <algorithm>
#include <limits>
#include <span>
#include <string>

/// @file
/// @brief No regularisation.

namespace localsgd {

/// @brief r(x) = 0: minimises the mean loss alone, with the same steps as `l2{0}`. μ = 0, so there
///        is no certificate.
///
/// If the classes are linearly separable, f has no minimum: a run with a tolerance reports
/// stop_reason::no_minimum.
///
/// prox(x, η) = x; r*(u) is 0 at u = 0, +∞ elsewhere.
struct no_penalty {
  template <class Scalar>
  static double value(std::span<Scalar const>) noexcept {
    return 0;
  }
  template <class Scalar>
  static void gradient(std::span<Scalar const>, std::span<Scalar> g) noexcept {
    std::fill(g.begin(), g.end(), Scalar{0});
  }
  template <class Scalar>
  static void prox(std::span<Scalar>, double) noexcept {}
  static double conjugate(std::span<double const> u) noexcept {
    bool const zero = std::all_of(u.begin(), u.end(), [](double e) { return e == 0; });
    return zero ? 0 : std::numeric_limits<double>::infinity();
  }
  static double ridge_strength() noexcept { return 0; }
  static double smoothness() noexcept { return 0; }
  static double strong_convexity() noexcept { return 0; }
  static std::string identity() { return "no_penalty"; }
};
static_assert(Regularizer<no_penalty> && Regularizer<no_penalty, float>);

}  // namespace localsgd
