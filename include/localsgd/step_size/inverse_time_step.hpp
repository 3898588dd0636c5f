// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/error.hpp"
#include "localsgd/step_size/concept.hpp"

#include <cstdint>

/// @file
/// @brief A step size that decreases like 1/t from the first step on.

namespace localsgd {

/// @brief η_t = η₀/(1 + γt). Averages with a = 1/γ, so that w_t ∝ 1/η_t²; γ = 0 is `constant_step`.
class inverse_time_step {
 public:
  /// @param first η₀, finite and > 0
  /// @param decay γ, finite and ≥ 0, per step. @throws invalid_settings
  inverse_time_step(double first, double decay) : first_(first), decay_(decay) {
    detail::require_positive("inverse_time_step.first", first);
    detail::require_nonnegative("inverse_time_step.decay", decay);
  }
  constexpr double operator()(std::uint64_t t) const noexcept {
    return first_ / (1 + decay_ * static_cast<double>(t));
  }
  constexpr double shift() const noexcept { return decay_ > 0 ? 1 / decay_ : 1; }

 private:
  double first_, decay_;
};
static_assert(StepSize<inverse_time_step>);

}  // namespace localsgd
