// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/loss/evaluate.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>

/// @file
/// @brief φ'' of any loss.

namespace localsgd::detail {

/// @brief bend_i ← φ''(z_i, y_i) for up to 64 samples, from the slopes around z, as a Loss need not
///        provide φ''. A kink contributes its share.
/// @param width ≥ 0: the mean of φ'' over [z_i − width, z_i + width], if that is wide enough for a
///              difference of slopes
template <class L>
void second_derivatives(L const& loss, double const* z, double const* y, std::size_t count,
                        double* bend, double width = 0) {
  double h[64], beside[64] = {}, value[64], above[64], below[64];
  for (std::size_t i = 0; i != count; ++i) {
    // The cube root of a slope's rounding error.
    h[i] = std::max(width, 6e-6 * (1 + std::abs(z[i])));
    beside[i] = z[i] + h[i];
  }
  evaluate(loss, beside, y, count, value, above);
  for (std::size_t i = 0; i != count; ++i) beside[i] = z[i] - h[i];
  evaluate(loss, beside, y, count, value, below);
  for (std::size_t i = 0; i != count; ++i)
    bend[i] = std::max(0.0, (above[i] - below[i]) / (2 * h[i]));
}

/// @brief Whether φ''(·, y) is the same at all of eight probes on both sides of y, as for least
///        squares: Newton's method then needs a single step.
template <class L>
bool has_constant_curvature(L const& loss, double y) {
  constexpr std::size_t count = 8;
  constexpr double probes[count] = {-1e4, -100, -3, -0.5, 0.25, 1, 30, 1e3};
  double z[count], target[count], bend[count];
  for (std::size_t i = 0; i != count; ++i) {
    target[i] = y;
    z[i] = y + probes[i] * (1 + std::abs(y));
  }
  second_derivatives(loss, z, target, count, bend);
  return std::ranges::all_of(bend, [&](double each) {
    return each > 0 && std::abs(each - bend[0]) <= 1e-4 * bend[0];
  });
}

}  // namespace localsgd::detail
