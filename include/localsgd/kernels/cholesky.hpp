// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <cmath>
#include <cstddef>

/// @file
/// @brief Small systems of linear equations.

namespace localsgd::detail {

/// @brief A symmetric matrix of at most N rows, and a right-hand side.
template <std::size_t N>
struct small_system {
  std::array<std::array<double, N>, N> a{};
  std::array<double, N> b{};
  std::size_t size = 0;

  /// @brief b ← A⁻¹b by Cholesky's factorisation, with ridge·trace(A) added to the diagonal.
  /// @return Whether A was positive definite; if not, b is unspecified.
  bool solve(double ridge) noexcept {
    double trace = 0;
    for (std::size_t i = 0; i != size; ++i) trace += a[i][i];
    for (std::size_t i = 0; i != size; ++i) {
      a[i][i] += ridge * trace;
      for (std::size_t j = 0; j <= i; ++j) {
        double rest = a[i][j];
        for (std::size_t k = 0; k != j; ++k) rest -= a[i][k] * a[j][k];
        if (j != i)
          a[i][j] = rest / a[j][j];
        else if (rest > 0 && std::isfinite(rest))
          a[i][i] = std::sqrt(rest);
        else
          return false;
      }
      for (std::size_t k = 0; k != i; ++k) b[i] -= a[i][k] * b[k];
      b[i] /= a[i][i];
    }
    for (std::size_t i = size; i-- > 0;) {
      for (std::size_t k = i + 1; k != size; ++k) b[i] -= a[k][i] * b[k];
      b[i] /= a[i][i];
    }
    return true;
  }
};

}  // namespace localsgd::detail
