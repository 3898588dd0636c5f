// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/error.hpp"

/// @file
/// @brief The L2 penalty.

namespace localsgd {

/// @brief (λ/2)‖x‖²: makes a convex f strongly convex with μ = λ. λ = 0 is no penalty.
struct l2 {
  /// @param strength λ, finite and ≥ 0, in the units of f per squared unit of x.
  /// @throws invalid_settings
  explicit l2(double strength = 0) : lambda(strength) {
    detail::require_nonnegative("l2.lambda", strength);
  }

  double lambda;  ///< λ
};

}  // namespace localsgd
