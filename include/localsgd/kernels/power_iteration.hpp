// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/compiler.hpp"
#include "localsgd/core/random.hpp"
#include "localsgd/kernels/rows.hpp"

#include <cmath>
#include <cstddef>
#include <span>
#include <vector>

/// @file
/// @brief The largest eigenvalue of a positive semidefinite map, by power iteration.

namespace localsgd::detail {

/// @brief A start vector for the iteration: standard normal numbers, scaled to length 1.
LOCALSGD_ONE_COPY inline std::vector<double> random_direction(std::size_t dimension,
                                                              std::uint32_t lane = 0) {
  std::vector<double> v(dimension);
  for (std::size_t i = 0; i != dimension; ++i)
    v[i] = standard_normal(random_words(0, random_stream::estimate, lane, i));
  double const norm = std::sqrt(squared_norm(std::span<double const>(v)));
  for (std::size_t i = 0; i != dimension; ++i) v[i] /= norm;
  return v;
}

/// @brief λ_max of a symmetric, positive semidefinite map; approached from below.
///
/// @param apply `apply(v, out)` overwrites out with the image of v.
/// @param tolerance Stops when an iteration changes the estimate by less than this, relatively.
template <class Apply>
double largest_eigenvalue(std::size_t dimension, Apply const& apply, double tolerance,
                          int max_iterations) {
  std::vector<double> v = random_direction(dimension), out(dimension);
  double estimate = 0;
  for (int i = 0; i != max_iterations; ++i) {
    apply(std::span<double const>(v), std::span<double>(out));
    double const norm = std::sqrt(squared_norm(std::span<double const>(out)));
    if (!(norm > 0) || !std::isfinite(norm)) return norm > 0 ? norm : 0;
    for (std::size_t j = 0; j != dimension; ++j) v[j] = out[j] / norm;
    bool const settled = std::abs(norm - estimate) <= tolerance * norm;
    estimate = norm;
    if (settled) break;
  }
  return estimate;
}

/// @brief Moments of the rows ã_i of a feature matrix, each scaled by √s_i.
struct row_moments {
  double spectral = 0;  ///< λ_max((1/n) Σ s_i ã_i ã_iᵀ)
  /// @brief Σ (s_i‖ã_i‖²)² / Σ s_i‖ã_i‖²: the squared norm weighted as gradients see it.
  double typical = 0;
  double largest = 0;   ///< max s_i‖ã_i‖²
};

/// @brief The moments of a matrix with a constant feature of value `intercept` (0 = none).
///
/// @param scale s_i of row i.
/// @param rows  The number of rows for the spectrum: n, or fewer, evenly spaced.
/// @param norms The number of rows for the norms.
template <feature_matrix Matrix, class Scale>
row_moments moments_of(Matrix const& features, double intercept, Scale const& scale,
                       std::size_t rows, std::size_t norms, double tolerance,
                       int max_iterations) {
  std::size_t const n = row_count(features), columns = column_count(features);
  auto const stride_of = [n](std::size_t count) {
    return std::max<std::size_t>(1, n / std::max<std::size_t>(1, count));
  };
  std::size_t const dimension = columns + (intercept != 0 ? 1 : 0);
  std::size_t const stride = stride_of(rows), norm_stride = stride_of(norms);
  std::size_t const seen = (n + stride - 1) / stride;
  row_moments m;
  double sum = 0, sum_of_squares = 0;
  for (std::size_t i = 0; i < n; i += norm_stride) {
    double const square = scale(i) * (squared_norm_of(row_of(features, i)) + intercept * intercept);
    sum += square;
    sum_of_squares += square * square;
    m.largest = std::max(m.largest, square);
  }
  m.typical = sum > 0 ? sum_of_squares / sum : 0;
  // If the squares overflow or underflow: never less.
  if (sum > 0 && !(sum_of_squares > 0x1p-900 && std::isfinite(sum_of_squares)))
    m.typical = m.largest;
  m.spectral = largest_eigenvalue(
      dimension,
      [&](std::span<double const> v, std::span<double> out) {
        std::fill_n(out.data(), out.size(), 0.0);
        for (std::size_t i = 0; i < n; i += stride) {
          auto const row = row_of(features, i);
          double z = dot(row, v.data());
          if (intercept != 0) z += intercept * v[columns];
          z *= scale(i) / static_cast<double>(seen);
          add_scaled(z, row, out.data());
          if (intercept != 0) out[columns] += z * intercept;
        }
      },
      tolerance, max_iterations);
  return m;
}

}  // namespace localsgd::detail
