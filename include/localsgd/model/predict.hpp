// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/error.hpp"
#include "localsgd/kernels/rows.hpp"
#include "localsgd/model/linear_model.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <string>
#include <vector>

/// @file
/// @brief Predictions of a linear_model: decision values, classes or means, probabilities.

namespace localsgd {

namespace detail {

template <class Data>
concept has_features = requires(Data const& data) {
  requires feature_matrix<decltype(data.features)>;
};
/// @brief Rows for predictions: a matrix, or a dataset, whose targets are ignored.
template <class Data>
concept rows_to_predict = bool(feature_matrix<Data> || has_features<Data>);

template <rows_to_predict Data>
auto const& rows_of_data(Data const& data) noexcept {
  if constexpr (has_features<Data>)
    return data.features;
  else
    return data;
}

/// @brief A sparse row without the columns from `columns` on; its indices are sorted.
template <sparse_row Row>
Row row_up_to(Row row, std::size_t columns) noexcept {
  auto const end = std::ranges::lower_bound(row.indices, columns);
  auto const kept = static_cast<std::size_t>(end - row.indices.begin());
  row.indices = row.indices.first(kept);
  row.values = row.values.first(kept);
  return row;
}

/// @brief Calls `visit(z)` for each row in order, with its decision values.
template <feature_matrix Matrix, class Visit>
void for_each_decision(linear_model const& m, Matrix const& rows, Visit const& visit) {
  m.validate_sizes();
  std::size_t const columns = column_count(rows);
  if constexpr (!has_sparse_rows<Matrix>)
    if (columns != m.features)
      throw invalid_data("rows", std::to_string(columns) + " columns",
                         std::to_string(m.features) + ", the number of features of the model");
  std::vector<double> z(m.outputs());
  for (std::size_t i = 0; i != row_count(rows); ++i) {
    auto row = row_of(rows, i);
    if constexpr (has_sparse_rows<Matrix>)
      if (columns > m.features) row = row_up_to(row, m.features);
    for (std::size_t k = 0; k != z.size(); ++k)
      z[k] = dot(row, m.coefficients_of(k).data()) + m.intercepts[k];
    visit(std::span<double>(z));
  }
}

/// @brief The class for given decision values; ties go to the lowest class. For two classes, z > 0
///        is class 1.
inline std::size_t class_of(linear_model const& m, std::span<double const> z) noexcept {
  if (m.kind() == model_kind::binary) return z[0] > 0 ? 1 : 0;
  return static_cast<std::size_t>(std::ranges::max_element(z) - z.begin());
}

/// @brief 1/(1 + e⁻ᶻ), accurate even for small values: the exponential never overflows.
inline double logistic_function(double z) noexcept {
  if (z >= 0) return 1 / (1 + std::exp(-z));
  double const e = std::exp(z);
  return e / (1 + e);
}

/// @brief z ← e^{z_k}/Σ_c e^{z_c}
inline void softmax_in_place(std::span<double> z) noexcept {
  double const largest = std::ranges::max(z);
  double sum = 0;
  for (double& each : z) sum += each = std::exp(each - largest);
  for (double& each : z) each /= sum;
}

/// @brief z_k ← σ(z_k)/Σ_c σ(z_c), where σ is the logistic function: how LIBLINEAR combines C
///        one-vs-rest models.
inline void normalized_logistic_in_place(std::span<double> z) noexcept {
  if (std::ranges::max(z) < -500) {  // σ(z) = e^z there, which may be 0 for all
    softmax_in_place(z);
    return;
  }
  double sum = 0;
  for (double& each : z) sum += each = logistic_function(each);
  for (double& each : z) each /= sum;
}

inline bool predicts_log_of_mean(linear_model const& m) noexcept {
  return m.kind() == model_kind::regression && (m.loss == "poisson" || m.loss == "gamma_loss");
}

}  // namespace detail

/// @brief z_k = ⟨w_k, a_i⟩ + b_k for all rows: n numbers, or n × C row-major for C outputs.
///
/// A `csr_matrix` may have fewer or more columns than the model: the columns of a LIBSVM file
/// end at its largest index. Features that a row lacks are 0; features unknown to the model are
/// ignored, as in LIBLINEAR. A dense matrix must have as many columns as the model.
///
/// @param rows `csr_matrix` or `dense_matrix` of `float` or `double`, or a dataset of one
/// @throws invalid_data naming `rows` if a dense matrix has a different number of columns; the
///         exceptions of linear_model::validate_sizes()
template <detail::rows_to_predict Data>
std::vector<double> decision_function(linear_model const& m, Data const& rows) {
  std::vector<double> all;
  all.reserve(detail::row_count(detail::rows_of_data(rows)) * m.outputs());
  detail::for_each_decision(m, detail::rows_of_data(rows), [&](std::span<double> z) {
    all.insert(all.end(), z.begin(), z.end());
  });
  return all;
}

/// @brief For each row, the label of its class; for regression, the mean, which is z, or eᶻ for the
///        losses `poisson` and `gamma_loss`.
///
/// For two classes with one output, labels[1] is predicted if z > 0. Otherwise the class with the
/// largest decision value is predicted; ties go to the first. @throws like decision_function()
template <detail::rows_to_predict Data>
std::vector<double> predict(linear_model const& m, Data const& rows) {
  std::vector<double> all;
  all.reserve(detail::row_count(detail::rows_of_data(rows)));
  bool const regression = m.kind() == model_kind::regression;
  bool const exponential = detail::predicts_log_of_mean(m);
  detail::for_each_decision(m, detail::rows_of_data(rows), [&](std::span<double> z) {
    if (regression)
      all.push_back(exponential ? std::exp(z[0]) : z[0]);
    else
      all.push_back(m.labels[detail::class_of(m, z)]);
  });
  return all;
}

/// @brief For each row, the label of its class as text. @throws like decision_function(), and
///        invalid_settings for a regression model
template <detail::rows_to_predict Data>
std::vector<std::string> predict_names(linear_model const& m, Data const& rows) {
  detail::require(m.kind() != model_kind::regression, "model.kind", "regression",
                  "binary or multiclass; a regression model has no classes");
  std::vector<std::string> all;
  all.reserve(detail::row_count(detail::rows_of_data(rows)));
  detail::for_each_decision(m, detail::rows_of_data(rows), [&](std::span<double> z) {
    all.push_back(m.name_of_class(detail::class_of(m, z)));
  });
  return all;
}

/// @brief For each row, the probability of labels[1] or, with C outputs, the probabilities of all
///        classes: n numbers, or n × C row-major.
///
/// See linear_model::loss for the formulas. Small probabilities have full relative accuracy.
/// @throws invalid_settings naming `model.loss` if the model has no probabilities: only the losses
///         `logistic` and `softmax` have them; otherwise like decision_function()
template <detail::rows_to_predict Data>
std::vector<double> predict_probability(linear_model const& m, Data const& rows) {
  bool const binary = m.kind() == model_kind::binary;
  bool const softmax = m.loss == "softmax" && m.kind() == model_kind::multiclass;
  bool const logistic = m.loss == "logistic" && m.kind() != model_kind::regression;
  detail::require(
      logistic || softmax, "model.loss", m.loss.empty() ? "unknown" : m.loss,
      binary ? "logistic; no other loss gives probabilities for two classes"
             : "logistic or softmax, in a model with classes; other models give no probabilities");
  std::vector<double> all;
  all.reserve(detail::row_count(detail::rows_of_data(rows)) * m.outputs());
  detail::for_each_decision(m, detail::rows_of_data(rows), [&](std::span<double> z) {
    if (binary)
      z[0] = detail::logistic_function(z[0]);
    else if (softmax)
      detail::softmax_in_place(z);
    else
      detail::normalized_logistic_in_place(z);
    all.insert(all.end(), z.begin(), z.end());
  });
  return all;
}

}  // namespace localsgd
