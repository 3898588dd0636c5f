// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/compiler.hpp"
#include "localsgd/kernels/softmax.hpp"

#include <cstddef>
#include <span>

/// @file
/// @brief The products of kernels/softmax.hpp for sparse rows: one index serves several classes.

namespace localsgd::detail {

/// @brief Some rows of a sparse matrix.
template <class Matrix>
struct sparse_rows {
  Matrix const* matrix;
  std::size_t columns;
  std::span<std::size_t const> batch;

  std::size_t size() const noexcept { return batch.size(); }
  auto operator[](std::size_t s) const noexcept { return matrix->row(batch[s]); }
};

/// @brief scores[s·stride + c] ← ⟨a_s, x_c⟩ for C classes, the first at x.
template <std::size_t C, class Matrix, class X>
LOCALSGD_ONE_COPY void scores_of_classes(sparse_rows<Matrix> rows, X const* x, double* scores,
                                         std::size_t stride) noexcept {
  for (std::size_t s = 0; s != rows.size(); ++s) {
    auto const row = rows[s];
    double sum[C] = {};
    for (std::size_t k = 0; k != row.indices.size(); ++k) {
      double const value = static_cast<double>(row.values[k]);
      X const* const at = x + row.indices[k];
      LOCALSGD_UNROLL
      for (std::size_t c = 0; c != C; ++c)
        sum[c] += value * static_cast<double>(at[c * rows.columns]);
    }
    LOCALSGD_UNROLL
    for (std::size_t c = 0; c != C; ++c) scores[s * stride + c] = sum[c];
  }
}

/// @brief scores[s·classes + c] ← ⟨a_s, x_c⟩
template <class Matrix, class X>
void scores_of(sparse_rows<Matrix> const& rows, X const* x, std::size_t classes,
               double* scores) noexcept {
  for_class_groups(classes, direction::forward, [&](std::size_t c, auto count) {
    scores_of_classes<count()>(rows, x + c * rows.columns, scores + c, classes);
  });
}

/// @brief g_c ← g_c + Σ_s slopes[s·stride + c] a_s for C classes, adding the rows in order.
template <std::size_t C, class Matrix, class X>
LOCALSGD_ONE_COPY void add_rows(sparse_rows<Matrix> rows, double const* slopes, std::size_t stride,
                                X* g) noexcept {
  for (std::size_t s = 0; s != rows.size(); ++s) {
    auto const row = rows[s];
    double slope[C];
    LOCALSGD_UNROLL
    for (std::size_t c = 0; c != C; ++c) slope[c] = slopes[s * stride + c];
    for (std::size_t k = 0; k != row.indices.size(); ++k) {
      double const value = static_cast<double>(row.values[k]);
      X* const at = g + row.indices[k];
      LOCALSGD_UNROLL
      for (std::size_t c = 0; c != C; ++c) at[c * rows.columns] += static_cast<X>(slope[c] * value);
    }
  }
}

/// @brief g_c ← λx_c + Σ_s slopes[s·classes + c] a_s and returns ‖x‖²; see gradient_target.
template <class Matrix, class X>
double add_gradient(sparse_rows<Matrix> const& rows, double const* slopes,
                    gradient_target<X> const& to, std::size_t classes) noexcept {
  double squares = 0;
  if (to.x != nullptr) {  // λx is the gradient of one long class without samples
    std::size_t const d = classes * rows.columns;
    squares = gradient_of_classes<1>(dense_rows<X>{to.x, d, {}}, nullptr, 0, to, 0, d);
  }
  for_class_groups(classes, direction::backward, [&](std::size_t c, auto count) {
    add_rows<count()>(rows, slopes + c, classes, to.g + c * rows.columns);
  });
  return squares;
}

}  // namespace localsgd::detail
