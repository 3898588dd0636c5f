// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/error.hpp"
#include "localsgd/kernels/simd.hpp"
#include "localsgd/regularizer/concept.hpp"

#include <cstddef>
#include <limits>
#include <span>
#include <string>

/// @file
/// @brief The L2 penalty.

namespace localsgd {

/// @brief r(x) = (λ/2)‖x‖²: makes a convex f strongly convex with μ = λ. λ = 0 means no penalty.
///
/// prox(x, η) = x/(1 + ηλ), r*(u) = ‖u‖²/(2λ). Immutable, so it can be used from several threads.
struct l2 {
  /// @param strength λ, finite and ≥ 0, in the units of f per squared unit of x.
  /// @throws invalid_settings
  explicit l2(double strength = 0) : lambda(strength) {
    detail::require_nonnegative("l2.lambda", strength);
  }

  template <class Scalar>
  double value(std::span<Scalar const> x) const noexcept {
    return lambda / 2 * detail::squared_norm(x);
  }
  template <class Scalar>
  void gradient(std::span<Scalar const> x, std::span<Scalar> g) const noexcept {
    for (std::size_t j = 0; j != g.size(); ++j)
      g[j] = static_cast<Scalar>(lambda * static_cast<double>(x[j]));
  }
  template <class Scalar>
  void prox(std::span<Scalar> x, double step) const noexcept {
    double const shrinkage = 1 / (1 + step * lambda);
    for (Scalar& e : x) e = static_cast<Scalar>(shrinkage * static_cast<double>(e));
  }
  double conjugate(std::span<double const> u) const noexcept {
    double const squares = detail::squared_norm_above(u);  // never 0 for u ≠ 0
    if (squares == 0) return 0;
    return lambda > 0 ? squares / (2 * lambda) : std::numeric_limits<double>::infinity();
  }
  double ridge_strength() const noexcept { return lambda; }
  double smoothness() const noexcept { return lambda; }
  double strong_convexity() const noexcept { return lambda; }
  std::string identity() const { return "l2(" + detail::shown(lambda) + ")"; }

  double lambda;  ///< λ
};
static_assert(Regularizer<l2> && Regularizer<l2, float> && detail::ridge_regularizer<l2>);

}  // namespace localsgd
