// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/error.hpp"
#include "localsgd/core/tensor.hpp"
#include "localsgd/data/csr_matrix.hpp"
#include "localsgd/kernels/rows.hpp"
#include "localsgd/model/linear_model.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// @file
/// @brief Scaling of features for training, and conversion of the model back to the data's units.

namespace localsgd {

/// @brief a'_j = (a_j − m_j)/s_j for each feature j.
///
/// ~~~{.cpp}
/// auto const scaling = standard_scaling(data.features);
/// auto const rows = scaled(data.features, scaling);
/// linear_objective const f(rows, y, logistic{}, l2{1e-4}, {.intercept = 1});
/// auto const m = unscale(make_model(f, minimize(f).x), scaling);  // predicts from unscaled data
/// ~~~
/// The penalty acts on the coefficients of scaled features and so does not depend on their units.
struct feature_scaling {
  std::vector<double> shift;  ///< m_j, finite; empty = all 0.
  std::vector<double> scale;  ///< s_j, finite and > 0, one for each feature.

  friend bool operator==(feature_scaling const&, feature_scaling const&) = default;
};

namespace detail {

/// @brief Statistics of a column, computed in one pass.
struct column_summary {
  double least = std::numeric_limits<double>::infinity();
  double largest = -std::numeric_limits<double>::infinity();
  double sum = 0;
  std::size_t stored = 0;

  void add(double value) noexcept {
    least = std::min(least, value);
    largest = std::max(largest, value);
    sum += value;
    ++stored;
  }
};

template <feature_matrix Matrix>
std::vector<column_summary> summarize_columns(Matrix const& rows) {
  std::size_t const n = row_count(rows);
  if (n == 0) throw invalid_data("rows", "0 rows", "at least one sample");
  std::vector<column_summary> columns(column_count(rows));
  for (std::size_t i = 0; i != n; ++i)
    for_each_entry(row_of(rows, i), [&](std::size_t j, double value) { columns[j].add(value); });
  for (auto& column : columns)
    if (column.stored != n) {  // the other entries are zeros
      column.least = std::min(column.least, 0.0);
      column.largest = std::max(column.largest, 0.0);
    }
  return columns;
}

inline std::string name_of_column(std::size_t j) { return "column " + std::to_string(j); }

/// @brief Checks a scaling for rows with `features` columns.
inline void check_scaling(feature_scaling const& s, std::size_t features, std::string_view whose) {
  if (s.scale.size() != features)
    throw invalid_data(
        "scaling.scale", std::to_string(s.scale.size()) + " numbers",
        std::to_string(features) + ", the number of features of the " + std::string(whose));
  if (!s.shift.empty() && s.shift.size() != features)
    throw invalid_data("scaling.shift", std::to_string(s.shift.size()) + " numbers",
                       std::to_string(features) + ", or none for no shift");
  for (std::size_t j = 0; j != features; ++j) {
    require_positive("scaling.scale[" + std::to_string(j) + "]", s.scale[j]);
    if (!s.shift.empty())
      require(std::isfinite(s.shift[j]), "scaling.shift[" + std::to_string(j) + "]", s.shift[j],
              "finite");
  }
}

template <class Value>
Value checked_value(double value, std::size_t row, std::size_t column) {
  auto const rounded = static_cast<Value>(value);
  if (!std::isfinite(rounded))
    throw invalid_data(
        "rows",
        shown(value) + " in scaled row " + std::to_string(row) + ", " + name_of_column(column),
        "a finite number");
  return rounded;
}

}  // namespace detail

/// @brief The scaling of each feature to standard deviation 1 and, for dense rows, mean 0. Sparse
///        rows are not shifted, so that they stay sparse.
///
/// s_j = √((1/n) Σ_i (a_ij − ā_j)²), also for sparse rows. Omitting the shift loses nothing if the
/// intercept is free, which is the default: a shift would only change the intercept of the
/// minimiser. A constant feature gets s_j = 1.
/// @param rows n ≥ 1
/// @throws invalid_data naming `rows` if there are no samples, or if the squares of a column
///         overflow
template <detail::feature_matrix Matrix>
feature_scaling standard_scaling(Matrix const& rows) {
  auto const columns = detail::summarize_columns(rows);
  auto const n = static_cast<double>(detail::row_count(rows));
  std::vector<double> mean(columns.size()), squares(columns.size());
  for (std::size_t j = 0; j != columns.size(); ++j) {
    bool const constant = columns[j].least == columns[j].largest;
    mean[j] = constant ? columns[j].least : columns[j].sum / n;
    squares[j] = (n - static_cast<double>(columns[j].stored)) * mean[j] * mean[j];
  }
  for (std::size_t i = 0; i != detail::row_count(rows); ++i)
    detail::for_each_entry(detail::row_of(rows, i), [&](std::size_t j, double value) {
      squares[j] += (value - mean[j]) * (value - mean[j]);
    });
  feature_scaling s;
  for (std::size_t j = 0; j != columns.size(); ++j) {
    double const deviation = std::sqrt(squares[j] / n);
    if (!std::isfinite(deviation))
      throw invalid_data("rows", detail::name_of_column(j) + " with squares that overflow",
                         "numbers with finite squares; for larger ones use max_abs_scaling()");
    bool const varies = columns[j].least != columns[j].largest && deviation > 0;
    s.scale.push_back(varies ? deviation : 1);
  }
  if constexpr (!detail::has_sparse_rows<Matrix>) s.shift = std::move(mean);
  return s;
}

/// @brief The scaling of every feature to [−1, 1]: s_j = max_i |a_ij|, or 1 if all are 0. There is
///        no shift, so zeros stay zeros.
/// @param rows n ≥ 1 @throws invalid_data naming `rows` if there are no samples
template <detail::feature_matrix Matrix>
feature_scaling max_abs_scaling(Matrix const& rows) {
  feature_scaling s;
  for (auto const& column : detail::summarize_columns(rows)) {
    double const largest = std::max(std::abs(column.least), std::abs(column.largest));
    s.scale.push_back(largest > 0 ? largest : 1);
  }
  return s;
}

/// @brief The rows with scaled features. Sparse rows share their indices with the original.
///
/// Sparse rows may have fewer or more columns than the scaling: see decision_function(). Columns
/// without a scale are not changed.
/// @throws invalid_data if the scaling is invalid or has a shift, or a scaled value is not finite
template <class Value>
csr_matrix<Value> scaled(csr_matrix<Value> const& rows, feature_scaling const& scaling) {
  detail::check_scaling(scaling, scaling.scale.size(), "scaling");
  if (!scaling.shift.empty())
    throw invalid_data("scaling.shift", std::to_string(scaling.shift.size()) + " numbers",
                       "none, because a shift would make sparse rows dense");
  struct arrays {
    csr_matrix<Value> from;
    std::vector<Value> values;
  };
  auto const own = std::make_shared<arrays>(arrays{rows, {}});
  auto const old = detail::csr_access::values(rows);
  own->values.assign(old.begin(), old.end());
  for (std::size_t i = 0; i != rows.rows(); ++i) {
    auto const row = rows.row(i);
    auto* const values = own->values.data() + (row.values.data() - old.data());
    for (std::size_t k = 0; k != row.indices.size() && row.indices[k] < scaling.scale.size(); ++k)
      values[k] = detail::checked_value<Value>(
          static_cast<double>(values[k]) / scaling.scale[row.indices[k]], i, row.indices[k]);
  }
  return detail::csr_access::view<Value>(rows.columns(), detail::csr_access::row_starts(own->from),
                                         detail::csr_access::indices(own->from), own->values, own);
}

/// @brief The rows with scaled features. @throws invalid_data if the number of columns differs from
///        that of the scaling, or if a scaled value is not finite
template <class Value>
dense_matrix<Value> scaled(dense_matrix<Value> const& rows, feature_scaling const& scaling) {
  std::size_t const columns = rows.shape(1);
  detail::check_scaling(scaling, columns, "rows");
  dense_matrix<Value> all = rows;
  for (std::size_t i = 0; i != rows.shape(0); ++i)
    for (std::size_t j = 0; j != columns; ++j) {
      Value& value = all.data()[i * columns + j];
      double const shift = scaling.shift.empty() ? 0 : scaling.shift[j];
      value = detail::checked_value<Value>((static_cast<double>(value) - shift) / scaling.scale[j],
                                           i, j);
    }
  return all;
}

/// @brief The model that predicts from unscaled features what `m` predicts from scaled ones:
///        w_j/s_j, and the intercept b − Σ_j w_j m_j/s_j.
/// @throws invalid_data if the numbers of features differ, or a coefficient overflows
inline linear_model unscale(linear_model m, feature_scaling const& scaling) {
  m.validate();
  detail::check_scaling(scaling, m.features, "model");
  for (std::size_t k = 0; k != m.outputs(); ++k)
    for (std::size_t j = 0; j != m.features; ++j) {
      double& w = m.coefficients[k * m.features + j];
      w /= scaling.scale[j];
      if (!scaling.shift.empty()) m.intercepts[k] -= w * scaling.shift[j];
    }
  m.validate();
  return m;
}

}  // namespace localsgd
