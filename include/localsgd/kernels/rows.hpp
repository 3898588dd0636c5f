// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/compiler.hpp"
#include "localsgd/core/tensor.hpp"
#include "localsgd/kernels/simd.hpp"

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <span>

/// @file
/// @brief One interface to the rows of dense and sparse feature matrices.

namespace localsgd::detail {

template <class Matrix>
concept has_sparse_rows = requires(Matrix const& m, std::size_t i) {
  { m.row(i).indices.size() } -> std::convertible_to<std::size_t>;
  m.row(i).values.data();
  { m.rows() } -> std::convertible_to<std::size_t>;
  { m.columns() } -> std::convertible_to<std::size_t>;
};
/// Whether a matrix reports a different layout. An xtensor view has an expression(), whose data()
/// is not where the view begins.
template <class Matrix>
inline constexpr bool is_known_as_row_major = !requires(Matrix const& m) { m.expression(); };
template <class Matrix>
  requires requires { Matrix::static_layout; }
inline constexpr bool is_known_as_row_major<Matrix> =
    Matrix::static_layout == decltype(Matrix::static_layout)::row_major &&
    !requires(Matrix const& m) { m.expression(); };
template <class Matrix>
concept is_row_major_2d = is_known_as_row_major<Matrix> && requires(Matrix const& m) {
  m.data();
  m.shape(0);
  m.shape(1);
};

/// @brief The matrices whose rows the library accepts: csr_matrix or dense_matrix of float or
///        double.
template <class Matrix>
concept feature_matrix = bool(has_sparse_rows<Matrix> || is_row_major_2d<Matrix>);

template <feature_matrix Matrix>
std::size_t row_count(Matrix const& m) noexcept {
  if constexpr (has_sparse_rows<Matrix>)
    return m.rows();
  else
    return m.shape(0);
}
template <feature_matrix Matrix>
std::size_t column_count(Matrix const& m) noexcept {
  if constexpr (has_sparse_rows<Matrix>)
    return m.columns();
  else
    return m.shape(1);
}
/// @brief The average number of stored values per row: the multiply-adds of a product with a row.
template <feature_matrix Matrix>
double entries_per_row(Matrix const& m) noexcept {
  if constexpr (has_sparse_rows<Matrix>)
    return static_cast<double>(m.nonzeros()) / static_cast<double>(m.rows());
  else
    return static_cast<double>(m.shape(1));
}

template <feature_matrix Matrix>
auto row_of(Matrix const& m, std::size_t i) noexcept {
  if constexpr (has_sparse_rows<Matrix>)
    return m.row(i);
  else
    return std::span(m.data() + i * m.shape(1), m.shape(1));
}

/// @brief Prefetches the first cache lines of a sparse row, or both ends of a dense one. That loads
///        its pages; a product with the previous row prefetches the rest.
template <feature_matrix Matrix>
void prefetch_row(Matrix const& m, std::size_t i) noexcept {
  auto const row = row_of(m, i);
  if constexpr (has_sparse_rows<Matrix>) {
    LOCALSGD_PREFETCH(row.indices.data());
    LOCALSGD_PREFETCH(row.indices.data() + 16);
    LOCALSGD_PREFETCH(row.values.data());
    LOCALSGD_PREFETCH(row.values.data() + 16);
  } else {
    LOCALSGD_PREFETCH(row.data());
    LOCALSGD_PREFETCH(row.data() + row.size() - 1);
  }
}

/// @brief Prefetches all cache lines of a dense row.
template <class Value>
void prefetch_all(std::span<Value const> row) noexcept {
  for (std::size_t j = 0; j < row.size(); j += 64 / sizeof(Value)) LOCALSGD_PREFETCH(&row[j]);
}

template <class Row>
concept sparse_row = requires(Row const& r) {
  r.indices;
  r.values;
};

/// @brief ⟨a, x⟩
template <class Row, class Scalar>
double dot(Row const& a, Scalar const* x) noexcept {
  if constexpr (sparse_row<Row>) {
    double sum = 0;
    for (std::size_t j = 0; j != a.indices.size(); ++j)
      sum += static_cast<double>(a.values[j]) * static_cast<double>(x[a.indices[j]]);
    return sum;
  } else {
    return dot(a.data(), x, a.size());
  }
}

/// @brief y ← y + c·a
template <class Row, class Scalar>
void add_scaled(double c, Row const& a, Scalar* y) noexcept {
  if constexpr (sparse_row<Row>) {
    for (std::size_t j = 0; j != a.indices.size(); ++j)
      y[a.indices[j]] += static_cast<Scalar>(c * static_cast<double>(a.values[j]));
  } else {
    add_scaled(c, a.data(), y, a.size());
  }
}

/// @brief Calls `visit(column, value)` for every stored entry of a row, in order.
template <class Row, class Visit>
void for_each_entry(Row const& a, Visit const& visit) {
  if constexpr (sparse_row<Row>) {
    for (std::size_t j = 0; j != a.indices.size(); ++j)
      visit(std::size_t{a.indices[j]}, static_cast<double>(a.values[j]));
  } else {
    for (std::size_t j = 0; j != a.size(); ++j) visit(j, static_cast<double>(a[j]));
  }
}

/// @brief ‖a‖²
template <class Row>
double squared_norm_of(Row const& a) noexcept {
  if constexpr (sparse_row<Row>)
    return squared_norm(a.values);
  else
    return dot(a.data(), a.data(), a.size());
}

}  // namespace localsgd::detail
