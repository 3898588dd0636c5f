// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/kernels/simd.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <span>

/// @file
/// @brief Large systems of linear equations with a symmetric positive definite matrix.

namespace localsgd::detail {

/// @brief The number of elements in the lower triangle of a symmetric matrix of n rows.
constexpr std::size_t packed_size(std::size_t n) noexcept { return n * (n + 1) / 2; }

/// @brief ⟨row_k, p⟩ and ⟨row_k, q⟩ of n elements, k < 4, in one pass.
inline void dots_of_four(std::array<double*, 4> const& rows, double const* p, double const* q,
                         std::size_t n, std::array<std::array<double, 2>, 4>& sums) noexcept {
  lanes a0(0.0), a1(0.0), b0(0.0), b1(0.0), c0(0.0), c1(0.0), d0(0.0), d1(0.0);
  auto const add = [&](auto const& load_at) {
    lanes const x = load_at(p), y = load_at(q);
    lanes const a = load_at(rows[0]), b = load_at(rows[1]), c = load_at(rows[2]),
                d = load_at(rows[3]);
    a0 = multiply_add(a, x, a0);
    a1 = multiply_add(a, y, a1);
    b0 = multiply_add(b, x, b0);
    b1 = multiply_add(b, y, b1);
    c0 = multiply_add(c, x, c0);
    c1 = multiply_add(c, y, c1);
    d0 = multiply_add(d, x, d0);
    d1 = multiply_add(d, y, d1);
  };
  std::size_t i = 0;
  for (; i + lanes::size <= n; i += lanes::size) add([&](double const* r) { return load(r + i); });
  if (i != n) add([&](double const* r) { return load_first(r + i, n - i); });
  sums = {{{sum_of(a0), sum_of(a1)}, {sum_of(b0), sum_of(b1)}, {sum_of(c0), sum_of(c1)},
           {sum_of(d0), sum_of(d1)}}};
}

/// @brief Overwrites the lower triangle of A, row after row, with L of A = LLᵀ. n³/3 flops.
/// @return Whether A was positive definite, up to rounding; if not, `a` is unspecified.
/// @pre a has length packed_size(n)
template <class = void>  // compiled only where it is used
inline bool factor_packed(std::span<double> a, std::size_t n) noexcept {
  std::array<std::array<double, 2>, 4> sums;
  for (std::size_t first = 0; first < n; first += 4) {
    std::size_t const count = std::min<std::size_t>(4, n - first);
    std::array<double*, 4> rows;
    for (std::size_t k = 0; k != 4; ++k)
      rows[k] = a.data() + packed_size(first + std::min(k, count - 1));
    for (std::size_t j = 0; j != first; j += 2) {  // `first` is even
      double const* const p = a.data() + packed_size(j);
      double const* const q = p + j + 1;
      dots_of_four(rows, p, q, j, sums);
      for (std::size_t k = 0; k != count; ++k) {
        double* const row = rows[k];
        row[j] = (row[j] - sums[k][0]) / p[j];
        row[j + 1] = (row[j + 1] - sums[k][1] - row[j] * q[j]) / q[j + 1];
      }
    }
    for (std::size_t i = first; i != first + count; ++i) {
      double* const row = a.data() + packed_size(i);
      for (std::size_t j = first; j != i; ++j) {
        double const* const other = a.data() + packed_size(j);
        row[j] = (row[j] - dot(other, row, j)) / other[j];
      }
      double const pivot = row[i] - dot(row, row, i);
      if (!(pivot > 0) || !std::isfinite(pivot)) return false;
      row[i] = std::sqrt(pivot);
    }
  }
  return true;
}

/// @brief b ← (LLᵀ)⁻¹ b, with L from factor_packed. 2n² flops.
template <class = void>  // compiled only where it is used
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
