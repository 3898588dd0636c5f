// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/detail/compiler.hpp"
#include "localsgd/synchronizer/concept.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <span>
#include <vector>

/// @file
/// @brief Sums over workers in an order fixed by worker number, split by coordinates.

namespace localsgd::detail {

/// @brief Part `i` of `n` items split evenly into `parts` consecutive ranges.
constexpr index_range even_split(std::size_t n, std::size_t parts, std::size_t i) noexcept {
  auto const edge = [&](std::size_t j) { return n / parts * j + n % parts * j / parts; };
  return {edge(i), edge(i + 1)};
}

/// @brief The coordinates of member `i`: whole cache lines, so that no coordinate's arithmetic
///        depends on where the split falls.
template <class Scalar>
constexpr index_range coordinates_of(std::size_t dimension, std::size_t members,
                               std::size_t i) noexcept {
  constexpr std::size_t line = 64 / sizeof(Scalar);
  index_range const lines = even_split((dimension + line - 1) / line, members, i);
  return {std::min(lines.first * line, dimension), std::min(lines.last * line, dimension)};
}

/// @brief out_i ← x_0i + Σ_{k≥1} w_k (x_ki − x_0i) for i in [first, last), in the order of k.
///
/// An average of differences: where all workers agree, nothing changes, exactly. K = 1 copies.
/// @pre The weights sum to one; all vectors have at least `last` elements.
/// @return Whether every out_i is finite.
template <class Scalar>
LOCALSGD_ONE_COPY bool weighted_average(std::span<std::span<Scalar> const> x,
                                        std::span<double const> weights, std::size_t first,
                                        std::size_t last, Scalar* out) noexcept {
  constexpr std::size_t block = 256;  // a stretch of all K vectors stays in the nearest cache
  std::array<double, block> sum;
  Scalar const* const x0 = x[0].data();
  bool finite = true;
  for (std::size_t begin = first; begin < last; begin += block) {
    std::size_t const n = std::min(block, last - begin);
    std::fill_n(sum.begin(), n, 0.0);
    for (std::size_t k = 1; k < x.size(); ++k) {
      Scalar const* const xk = x[k].data();
      for (std::size_t i = 0; i != n; ++i)
        sum[i] += weights[k] *
                  (static_cast<double>(xk[begin + i]) - static_cast<double>(x0[begin + i]));
    }
    double check = 0;
    for (std::size_t i = 0; i != n; ++i) {
      out[begin + i] = static_cast<Scalar>(static_cast<double>(x0[begin + i]) + sum[i]);
      check += static_cast<double>(out[begin + i]) * 0.0;  // 0 for finite numbers, else NaN
    }
    finite = finite && check == 0;
  }
  return finite;
}

/// @brief out_i ← Σ_p parts_p,i for i in [first, last), in the order of p.
LOCALSGD_ONE_COPY inline void ordered_sum(std::span<std::vector<double> const> parts,
                                          std::size_t first, std::size_t last,
                                          double* out) noexcept {
  std::fill(out + first, out + last, 0.0);
  for (std::vector<double> const& part : parts)
    for (std::size_t i = first; i != last; ++i) out[i] += part[i];
}

}  // namespace localsgd::detail
