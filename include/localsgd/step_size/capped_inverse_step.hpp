// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/error.hpp"
#include "localsgd/step_size/concept.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>

/// @file
/// @brief The step size of the paper's experiment.

namespace localsgd {

/// @brief η_t = min(c₁, c₂ n/(t+1)), the step size of the paper's experiment \cite stich2019local.
///
/// Averages with a = max(1, c₂n/c₁), the step from which η_t decreases.
class capped_inverse_step {
 public:
  /// @param cap     c₁, finite and > 0
  /// @param factor  c₂, finite and > 0
  /// @param samples n ≥ 1. @throws invalid_settings
  capped_inverse_step(double cap, double factor, std::size_t samples)
      : cap_(cap), scaled_(factor * static_cast<double>(samples)) {
    detail::require_positive("capped_inverse_step.cap", cap);
    detail::require_positive("capped_inverse_step.factor", factor);
    detail::require(samples >= 1, "capped_inverse_step.samples", samples, ">= 1");
  }
  constexpr double operator()(std::uint64_t t) const noexcept {
    return std::min(cap_, scaled_ / (static_cast<double>(t) + 1));
  }
  constexpr double shift() const noexcept { return std::max(1.0, scaled_ / cap_); }

 private:
  double cap_, scaled_;
};
static_assert(StepSize<capped_inverse_step>);

}  // namespace localsgd
