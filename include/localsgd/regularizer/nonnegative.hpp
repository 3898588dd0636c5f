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
/// @brief Nonnegative coefficients.

namespace localsgd {

/// @brief r(x) = R(x) if x_j ≥ 0 for all j, else +∞: `nonnegative{}`, `nonnegative{l1{1e-3}}`.
///        It is the box [0, ∞).
///
/// prox(x, η)_j is that of R, or 0 if that is negative. Without a penalty, r*(u) is 0 if u_j ≤ 0
/// for all j, else +∞.
///
/// @tparam R as for box
template <class R = no_penalty>
class nonnegative : public box<R> {
 public:
  /// @throws invalid_settings if R has bounds that are all negative
  explicit nonnegative(R penalty = R())
      : box<R>({0.0}, {std::numeric_limits<double>::infinity()}, false, std::move(penalty),
               "nonnegative") {}

  std::string identity() const { return "nonnegative(" + this->penalty().identity() + ")"; }
};
static_assert(Regularizer<nonnegative<>> && Regularizer<nonnegative<>, float>);

}  // namespace localsgd
