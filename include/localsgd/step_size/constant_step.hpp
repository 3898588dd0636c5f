// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/error.hpp"
#include "localsgd/step_size/concept.hpp"

#include <cstdint>

/// @file
/// @brief A constant step size.

namespace localsgd {

/// @brief η_t = η. The weighted average has w_t = (1+t)², which forgets the start.
class constant_step {
 public:
  /// @param step_size η, finite and > 0. @throws invalid_settings
  explicit constant_step(double step_size) : step_size_(step_size) {
    detail::require_positive("constant_step.step_size", step_size);
  }
  constexpr double operator()(std::uint64_t) const noexcept { return step_size_; }
  static constexpr double shift() noexcept { return 1; }

 private:
  double step_size_;
};
static_assert(StepSize<constant_step>);

}  // namespace localsgd
