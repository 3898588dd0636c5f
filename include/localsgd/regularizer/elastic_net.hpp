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
/// @brief The elastic net.

namespace localsgd {

/// @brief r(x) = a‖x‖₁ + (b/2)‖x‖², the elastic net \cite zou2005elastic : exact zeros like l1, and
///        strongly convex with μ = b like l2.
///
/// prox(x, η)_j = sign(x_j)·max(|x_j| − ηa, 0)/(1 + ηb), r*(u) = Σ_j max(|u_j| − a, 0)²/(2b). In
/// terms of the strength λ and mixing ratio α of glmnet and scikit-learn, a = λα and b = λ(1 − α).
/// Immutable, so it can be used from several threads.
struct elastic_net : detail::separable<elastic_net> {
  /// @brief Both strengths by name: `elastic_net({.l1 = 1e-3, .l2 = 1e-4})`.
  struct strengths {
    double l1 = 0;  ///< a
    double l2 = 0;  ///< b
  };

  /// @param a, b finite and ≥ 0: `elastic_net{1e-3, 1e-4}` is 1e-3·‖x‖₁ + 5e-5·‖x‖².
  /// @throws invalid_settings
  elastic_net(double a, double b) : l1(a), l2(b) {
    detail::require_nonnegative("elastic_net.l1", a);
    detail::require_nonnegative("elastic_net.l2", b);
  }
  explicit elastic_net(strengths s) : elastic_net(s.l1, s.l2) {}

  std::string identity() const {
    return "elastic_net(" + detail::shown(l1) + ", " + detail::shown(l2) + ")";
  }

  double l1;  ///< a
  double l2;  ///< b

  // For detail::separable.
  detail::interval_penalty penalty_at(std::size_t /*j*/) const noexcept {
    return {.l1 = l1, .l2 = l2};
  }
  static std::size_t length() noexcept { return 0; }
};
static_assert(Regularizer<elastic_net> && Regularizer<elastic_net, float>);

}  // namespace localsgd
