// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/kernels/simd.hpp"

#include <cmath>
#include <cstddef>
#include <span>

/// @file
/// @brief Systems of many linear equations whose matrix is symmetric and positive definite.

namespace localsgd::detail {

/// @brief How many numbers the lower triangle of a symmetric matrix of n rows has.
constexpr std::size_t packed_size(std::size_t n) noexcept { return n * (n + 1) / 2; }

/// @brief Overwrites the lower triangle of A, row after row, with L of A = LLᵀ. n³/3 flops.
/// @return Whether A was positive definite as far as rounding lets one see; if not, `a` is of no use.
/// @pre a has length packed_size(n)
inline bool factor_packed(std::span<double> a, std::size_t n) noexcept {
  for (std::size_t i = 0; i != n; ++i) {
    double* const row = a.data() + packed_size(i);
    for (std::size_t j = 0; j != i; ++j) {
      double const* const other = a.data() + packed_size(j);
      row[j] = (row[j] - dot(other, row, j)) / other[j];
    }
    double const pivot = row[i] - dot(row, row, i);
    if (!(pivot > 0) || !std::isfinite(pivot)) return false;
    row[i] = std::sqrt(pivot);
  }
  return true;
}

/// @brief b ← (LLᵀ)⁻¹ b, with L as factor_packed leaves it. 2n² flops.
inline void solve_packed(std::span<double const> l, std::span<double> b) noexcept {
  std::size_t const n = b.size();
  for (std::size_t i = 0; i != n; ++i) {
    double const* const row = l.data() + packed_size(i);
    b[i] = (b[i] - dot(row, b.data(), i)) / row[i];
  }
  for (std::size_t i = n; i-- > 0;) {
    double const* const row = l.data() + packed_size(i);
    b[i] /= row[i];
    add_scaled(-b[i], row, b.data(), i);
  }
}

}  // namespace localsgd::detail
