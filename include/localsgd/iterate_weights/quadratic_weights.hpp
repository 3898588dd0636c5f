// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/error.hpp"
#include "localsgd/iterate_weights/concept.hpp"

#include <cstdint>
#include <string>

/// @file
/// @brief Weights that grow like t².

namespace localsgd {

/// @brief w_t = (a+t)², the weight of the iterate x_t in quadratic_weights{a}. @param shift a ≥ 0
constexpr double iterate_weight(double shift, std::uint64_t t) noexcept {
  double const at = shift + static_cast<double>(t);
  return at * at;
}

/// @brief w_t = (a+t)², the weights of Theorem 2.2 \cite stich2019local ; the default.
///
/// S_T = (T/6)(2T² + 6aT − 3T + 6a² − 6a + 1).
///
/// If a is small compared to T, half of the weight is on the last fifth of the iterates: the
/// average forgets the start. The theorem sets a to the shift of its step size, η_t = 4/(μ(a+t)),
/// and a run without explicit weights takes a from its step size: see recommended_weights().
class quadratic_weights {
 public:
  /// @param shift a, finite and ≥ 0; 0 gives the start zero weight. @throws invalid_settings
  explicit quadratic_weights(double shift = 1) : shift_(shift) {
    detail::require_nonnegative("quadratic_weights.shift", shift);
  }
  constexpr double weight(std::uint64_t t) const noexcept { return iterate_weight(shift_, t); }
  constexpr double sum(std::uint64_t steps) const noexcept {
    double const t = static_cast<double>(steps);
    return t / 6 * (2 * t * t + 6 * shift_ * t - 3 * t + 6 * shift_ * shift_ - 6 * shift_ + 1);
  }
  constexpr double shift() const noexcept { return shift_; }  ///< a
  std::string identity() const { return "quadratic_weights(" + detail::shown(shift_) + ")"; }

 private:
  double shift_;
};
static_assert(IterateWeights<quadratic_weights>);

}  // namespace localsgd
