// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/loss/concept.hpp"

#include <cstddef>

/// @file
/// @brief Losses and derivatives of a block of samples.

namespace localsgd::detail {

/// @brief value_i ← φ(z_i, y_i), slope_i ← ∂φ/∂z there, for `count` samples: with the loss's
///        `evaluate` if it has one, or else sample by sample.
template <Loss L>
void evaluate(L const& loss, double const* z, double const* y, std::size_t count, double* value,
              double* slope) {
  if constexpr (evaluates_blocks<L>) {
    loss.evaluate(z, y, count, value, slope);
  } else {
    for (std::size_t i = 0; i != count; ++i) {
      value[i] = loss.value(z[i], y[i]);
      slope[i] = loss.derivative(z[i], y[i]);
    }
  }
}

}  // namespace localsgd::detail
