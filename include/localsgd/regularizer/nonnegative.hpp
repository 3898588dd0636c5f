// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/regularizer/box.hpp"
#include "localsgd/regularizer/concept.hpp"
#include "localsgd/regularizer/no_penalty.hpp"

#include <limits>
#include <string>
#include <utility>

/// @file
/// @brief No negative coefficients.

namespace localsgd {

/// @brief r(x) = R(x) where x_j ≥ 0 for all j, else +∞: `nonnegative{}`, `nonnegative{l1{1e-3}}`.
///        It is the box [0, ∞).
///
/// prox(x, η)_j is that of R, and 0 where that is negative. Without a penalty r*(u) is 0 where
/// u_j ≤ 0 for all j, else +∞.
///
/// @tparam R as for box
template <class R = no_penalty>
class nonnegative : public box<R> {
 public:
  /// @throws invalid_settings if R has bounds of its own, all negative
  explicit nonnegative(R penalty = R())
      : box<R>({0.0}, {std::numeric_limits<double>::infinity()}, false, std::move(penalty),
               "nonnegative") {}

  std::string identity() const { return "nonnegative(" + this->penalty().identity() + ")"; }
};
static_assert(Regularizer<nonnegative<>> && Regularizer<nonnegative<>, float>);

}  // namespace localsgd
