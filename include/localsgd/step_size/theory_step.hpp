// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/error.hpp"
#include "localsgd/step_size/concept.hpp"

#include <cstdint>

/// @file
/// @brief The step size of the theorem.

namespace localsgd {

/// @brief η_t = 4/(μ(a + t)), the step size of Theorem 2.2 \cite stich2019local.
///
/// The theorem requires a > max{16κ, H}, κ = L/μ, so that η₀ ≤ 1/(4L).
class theory_step {
 public:
  /// @param mu    μ, the strong convexity of f, finite and > 0
  /// @param shift a, finite and > 0. @throws invalid_settings
  theory_step(double mu, double shift) : mu_(mu), shift_(shift) {
    detail::require_positive("theory_step.mu", mu);
    detail::require_positive("theory_step.shift", shift);
  }
  constexpr double operator()(std::uint64_t t) const noexcept {
    return 4 / (mu_ * (shift_ + static_cast<double>(t)));
  }
  constexpr double shift() const noexcept { return shift_; }

 private:
  double mu_, shift_;
};
static_assert(StepSize<theory_step>);

}  // namespace localsgd
