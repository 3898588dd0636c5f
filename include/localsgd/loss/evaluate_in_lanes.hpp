// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/kernels/simd.hpp"

#include <cstddef>

/// @file
/// @brief Losses and derivatives of several samples per instruction.

namespace localsgd::detail {

/// @brief φ and ∂φ/∂z of one sample per lane.
struct lanes_of_loss {
  lanes value, slope;
};

/// @brief What `Loss::evaluate` does, with `in_lanes(z, y)`, which returns lanes_of_loss. It is
///        also called for lanes without a sample, with z = y = 0.
///
/// Only whole vectors are computed, even for the last few samples: the bits of a sample must not
/// depend on its position.
template <class InLanes>
void evaluate_in_lanes(double const* z, double const* y, std::size_t count, double* value,
                       double* slope, InLanes const& in_lanes) noexcept {
  std::size_t i = 0;
  for (; i + lanes::size <= count; i += lanes::size) {
    lanes_of_loss const out = in_lanes(load(z + i), load(y + i));
    store(out.value, value + i);
    store(out.slope, slope + i);
  }
  if (std::size_t const rest = count - i; rest != 0) {
    lanes_of_loss const out = in_lanes(load_first(z + i, rest), load_first(y + i, rest));
    store_first(out.value, value + i, rest);
    store_first(out.slope, slope + i, rest);
  }
}

/// @brief eˣ, also if x is NaN or beyond ±1000, which xsimd would convert to an integer that does
///        not exist.
inline lanes exponential(lanes const& x) noexcept {
  lanes const most(1000.0);
  lanes const bounded = xsimd::select(x > -most, xsimd::select(x < most, x, most), -most);
  return xsimd::select(x == x, xsimd::exp(bounded), x);
}

}  // namespace localsgd::detail
