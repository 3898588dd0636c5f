// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/compiler.hpp"
#include "localsgd/core/index_range.hpp"
#include "localsgd/kernels/simd.hpp"

#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

/// @file
/// @brief Sums over workers in an order fixed by worker number, split by coordinates.

namespace localsgd::detail {

template <class Scalar>
bool all_finite(std::span<Scalar> x) noexcept {
  for (auto const v : x)
    if (!(v - v == 0)) return false;  // ∞ − ∞ is NaN
  return true;
}

/// @brief The weighted_average of N·(lanes) coordinates starting at i. Returns `check` plus 0, or
///        plus NaN if one of them is not finite.
template <std::size_t N, class Scalar>
lanes average_lanes(std::span<std::span<Scalar> const> x, std::span<double const> weights,
                    std::size_t i, Scalar* out, lanes check) noexcept {
  constexpr std::size_t w = lanes::size;
  lanes base[N], sum[N];
  for (std::size_t j = 0; j != N; ++j) {
    base[j] = load(x[0].data() + i + j * w);
    sum[j] = lanes(0.0);
  }
  for (std::size_t k = 1; k < x.size(); ++k) {
    lanes const weight(weights[k]);
    for (std::size_t j = 0; j != N; ++j)
      sum[j] = multiply_add(weight, load(x[k].data() + i + j * w) - base[j], sum[j]);
  }
  for (std::size_t j = 0; j != N; ++j) {
    store(base[j] + sum[j], out + i + j * w);
    check = multiply_add(load(out + i + j * w), lanes(0.0), check);  // 0·∞ and 0·NaN are NaN
  }
  return check;
}

/// @brief out_i ← x_0i + Σ_{k≥1} w_k (x_ki − x_0i) for i in [first, last), in the order of k.
///
/// Averages differences: if all workers agree, the result is exactly their point. K = 1 copies.
/// @pre The weights sum to one; all vectors have at least `last` elements.
/// @return Whether every out_i is finite.
template <class Scalar>
LOCALSGD_ONE_COPY bool weighted_average(std::span<std::span<Scalar> const> x,
                                        std::span<double const> weights, std::size_t first,
                                        std::size_t last, Scalar* out) noexcept {
  constexpr std::size_t w = lanes::size;
  std::size_t i = first;
  lanes check(0.0);
  for (; i + 4 * w <= last; i += 4 * w) check = average_lanes<4>(x, weights, i, out, check);
  for (; i + w <= last; i += w) check = average_lanes<1>(x, weights, i, out, check);
  bool finite = sum_of(check) == 0;
  for (; i != last; ++i) {  // the tail of the vectors; coordinates are never split here
    double const base = static_cast<double>(x[0][i]);
    double sum = 0;
    for (std::size_t k = 1; k < x.size(); ++k)
      sum += weights[k] * (static_cast<double>(x[k][i]) - base);
    out[i] = static_cast<Scalar>(base + sum);
    finite = finite && out[i] - out[i] == 0;
  }
  return finite;
}

/// @brief out_i ← Σ_p parts_p,i for i in [first, last), in the order of p.
LOCALSGD_ONE_COPY inline void ordered_sum(std::span<std::vector<double> const> parts,
                                          std::size_t first, std::size_t last,
                                          double* out) noexcept {
  std::fill_n(out + first, last - first, 0.0);
  for (std::vector<double> const& part : parts)
    for (std::size_t i = first; i != last; ++i) out[i] += part[i];
}

}  // namespace localsgd::detail
