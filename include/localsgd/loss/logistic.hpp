// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/kernels/simd.hpp"
#include "localsgd/loss/concept.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string_view>

/// @file
/// @brief The logistic loss.

namespace localsgd {

/// @brief φ(z, y) = log(1 + exp(−yz)), y = ±1: logistic regression.
///
/// φ* = a log a + (1 − a) log(1 − a), a = −yθ ∈ [0, 1].
struct logistic {
  static constexpr std::string_view name = "logistic";
  static constexpr bool nonnegative = true;

  static double value(double z, double y) noexcept {
    double const m = y * z;  // the exponent is never positive, so nothing overflows
    return std::max(-m, 0.0) + std::log1p(std::exp(-std::abs(m)));
  }
  static double derivative(double z, double y) noexcept { return -y / (1 + std::exp(y * z)); }
  static double curvature() noexcept { return 0.25; }
  static double lipschitz_constant() noexcept { return 1; }
  static double conjugate(double theta, double y) noexcept {
    double const a = -y * theta;  // near 1 the difference from 1 is exact, and so is log1p(−a)
    return a > 0 && a < 1 ? a * std::log(a) + (1 - a) * std::log1p(-a) : 0;
  }
  static double project_to_dual_domain(double theta, double y) noexcept {
    return -y * std::clamp(-y * theta, 0.0, 1.0);
  }
  static bool accepts(double y) noexcept { return y == 1 || y == -1; }
  static constexpr std::string_view targets = detail::two_signs;

  /// One exponential serves both outputs, and each instruction processes several samples. Only
  /// whole vectors are computed, even for the last few samples: the bits of a sample must not
  /// depend on its position.
  void evaluate(double const* z, double const* y, std::size_t count, double* value,
                double* slope) const noexcept {
    constexpr std::size_t w = detail::lanes::size;
    std::size_t i = 0;
    for (; i + w <= count; i += w) evaluate_lanes(z + i, y + i, value + i, slope + i);
    if (i == count) return;
    alignas(detail::lanes) double rest[4][w] = {};
    for (std::size_t j = i; j != count; ++j) {
      rest[0][j - i] = z[j];
      rest[1][j - i] = y[j];
    }
    evaluate_lanes(rest[0], rest[1], rest[2], rest[3]);
    for (std::size_t j = i; j != count; ++j) {
      value[j] = rest[2][j - i];
      slope[j] = rest[3][j - i];
    }
  }

 private:
  static void evaluate_lanes(double const* z, double const* y, double* value,
                             double* slope) noexcept {
    using detail::lanes;
    lanes const label = detail::load(y), margin = label * detail::load(z);
    // Never overflows. If the exponential were 0, or its argument NaN, xsimd would convert a number
    // that no integer can represent.
    lanes const exponent = -xsimd::abs(margin), least(-1000.0);
    lanes const bounded = xsimd::exp(xsimd::select(exponent > least, exponent, least));
    lanes const e = xsimd::select(margin == margin, bounded, margin);
    detail::store(xsimd::max(-margin, lanes(0.0)) + xsimd::log1p(e), value);
    detail::store(-label * xsimd::select(margin > lanes(0.0), e, lanes(1.0)) / (lanes(1.0) + e),
                  slope);
  }
};
static_assert(Loss<logistic> && detail::evaluates_blocks<logistic>);

}  // namespace localsgd
