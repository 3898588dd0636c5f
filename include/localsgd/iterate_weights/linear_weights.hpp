// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/error.hpp"
#include "localsgd/iterate_weights/concept.hpp"

#include <cstdint>
#include <string>

/// @file
/// @brief Weights that grow like t.

namespace localsgd {

/// @brief w_t = a+t. S_T = T(2a + T − 1)/2.
///
/// With a = 1 and η_t ∝ 1/(μt), this average of the iterates of SGD on a strongly convex function
/// converges like 1/T \cite lacostejulien2012simpler . Compared to quadratic_weights, it forgets
/// the start later but averages out more noise.
class linear_weights {
 public:
  /// @param shift a, finite and ≥ 0; 0 gives the start zero weight. @throws invalid_settings
  explicit linear_weights(double shift = 1) : shift_(shift) {
    detail::require_nonnegative("linear_weights.shift", shift);
  }
  constexpr double weight(std::uint64_t t) const noexcept {
    return shift_ + static_cast<double>(t);
  }
  constexpr double sum(std::uint64_t steps) const noexcept {
    double const t = static_cast<double>(steps);
    return t * (2 * shift_ + (t - 1)) / 2;
  }
  constexpr double shift() const noexcept { return shift_; }  ///< a
  std::string identity() const { return "linear_weights(" + detail::shown(shift_) + ")"; }

 private:
  double shift_;
};
static_assert(IterateWeights<linear_weights>);

}  // namespace localsgd
