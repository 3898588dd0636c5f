// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/error.hpp"
#include "localsgd/regularizer/concept.hpp"
#include "localsgd/regularizer/interval_penalty.hpp"
#include "localsgd/regularizer/separable.hpp"

#include <cstddef>
#include <string>

/// @file
/// @brief The L1 penalty.

namespace localsgd {

/// @brief r(x) = λ‖x‖₁, the lasso \cite tibshirani1996lasso : the minimiser has exact zeros. λ = 0
///        means no penalty.
///
/// prox(x, η)_j = sign(x_j)·max(|x_j| − ηλ, 0); r*(u) is 0 if |u_j| ≤ λ for all j, else +∞. Not
/// strongly convex: see elastic_net. Immutable, so it can be used from several threads.
struct l1 : detail::separable<l1> {
  /// @param strength λ, finite and ≥ 0, in the units of f per unit of x.
  /// @throws invalid_settings
  explicit l1(double strength = 0) : lambda(strength) {
    detail::require_nonnegative("l1.lambda", strength);
  }

  std::string identity() const { return "l1(" + detail::shown(lambda) + ")"; }

  double lambda;  ///< λ

  // For detail::separable.
  detail::interval_penalty penalty_at(std::size_t /*j*/) const noexcept { return {.l1 = lambda}; }
  static std::size_t length() noexcept { return 0; }
};
static_assert(Regularizer<l1> && Regularizer<l1, float>);

}  // namespace localsgd
