// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/kernels/simd.hpp"
#include "localsgd/loss/concept.hpp"
#include "localsgd/loss/logistic.hpp"

#include <cstddef>

/// @file
/// @brief Losses and slopes of many samples at once.

namespace localsgd::detail {

/// @brief values_i ← φ(z_i, y_i), slopes_i ← ∂φ/∂z there, for n samples.
template <Loss L>
void losses_of(L const& loss, double const* z, double const* y, std::size_t n, double* values,
               double* slopes) {
  for (std::size_t i = 0; i != n; ++i) {
    values[i] = loss.value(z[i], y[i]);
    slopes[i] = loss.derivative(z[i], y[i]);
  }
}

/// One exponential serves both, and several samples share an instruction. Whole vectors only: a
/// sample's bits must not depend on its place, so the last few are computed the same way.
inline void losses_of(logistic const&, double const* z, double const* y, std::size_t n,
                      double* values, double* slopes) {
  auto const some = [](double const* at_z, double const* at_y, double* value, double* slope) {
    lanes const label = load(at_y), margin = label * load(at_z);
    // Never overflows. Where the exponential is 0, or its argument no number, xsimd would convert
    // what no integer can hold.
    lanes const exponent = -xsimd::abs(margin), least(-1000.0);
    lanes const small = xsimd::exp(xsimd::select(exponent > least, exponent, least));
    lanes const e = xsimd::select(margin == margin, small, margin);
    store(xsimd::max(-margin, lanes(0.0)) + xsimd::log1p(e), value);
    store(-label * xsimd::select(margin > lanes(0.0), e, lanes(1.0)) / (lanes(1.0) + e), slope);
  };
  constexpr std::size_t w = lanes::size;
  std::size_t i = 0;
  for (; i + w <= n; i += w) some(z + i, y + i, values + i, slopes + i);
  if (i == n) return;
  alignas(lanes) double rest[4][w] = {};
  for (std::size_t j = i; j != n; ++j) {
    rest[0][j - i] = z[j];
    rest[1][j - i] = y[j];
  }
  some(rest[0], rest[1], rest[2], rest[3]);
  for (std::size_t j = i; j != n; ++j) {
    values[j] = rest[2][j - i];
    slopes[j] = rest[3][j - i];
  }
}

}  // namespace localsgd::detail
