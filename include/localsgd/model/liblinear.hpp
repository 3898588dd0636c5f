// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/error.hpp"
#include "localsgd/data/dataset.hpp"
#include "localsgd/io/mapped_file.hpp"
#include "localsgd/io/replacing_file.hpp"
#include "localsgd/model/liblinear_text.hpp"
#include "localsgd/model/linear_model.hpp"
#include "localsgd/model/predict.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// @file
/// @brief Models as LIBLINEAR text files.

namespace localsgd {

namespace detail {

/// @brief LIBLINEAR's limit for the number of features and for labels, which are of type int.
inline constexpr double liblinear_largest = std::numeric_limits<std::int32_t>::max();

/// @brief Appends the shortest text that restores the same bits.
inline void append_number(std::string& text, double number) {
  std::array<char, 32> digits{};
  text.append(digits.data(),
              std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr);
}

/// @brief The two-class model with one output whose decision value is z_1 − z_0.
inline linear_model difference_of_outputs(linear_model const& m) {
  linear_model one = m;
  one.loss = m.loss == "softmax" ? "logistic" : "";  // other losses lose their probabilities
  one.coefficients.resize(m.features);
  for (std::size_t j = 0; j != m.features; ++j)
    one.coefficients[j] = m.coefficients[m.features + j] - m.coefficients[j];
  one.intercepts = {m.intercepts[1] - m.intercepts[0]};
  one.validate();
  return one;
}

/// @brief The LIBLINEAR solver name for a model that predicts the same labels.
inline std::string_view liblinear_solver_for(linear_model const& m) {
  if (m.kind() == model_kind::regression) return "L2R_L2LOSS_SVR";
  if (m.loss == "logistic") return "L2R_LR";
  if (m.loss == "hinge" || m.loss == "smoothed_hinge") return "L2R_L1LOSS_SVC_DUAL";
  bool const joint = m.loss == "softmax" || m.loss == "crammer_singer";
  return joint && m.outputs() != 1 ? "MCSVM_CS" : "L2R_L2LOSS_SVC";
}

inline void check_liblinear_can_store(linear_model const& m) {
  m.validate();
  require(m.coding.empty(), "model.coding", "the columns of a table",
          "empty for LIBLINEAR; use save_json()");
  require(!predicts_log_of_mean(m), "model.loss", m.loss,
          "a loss whose prediction is z, because LIBLINEAR predicts z; use save_json()");
  require(static_cast<double>(m.features) < liblinear_largest, "model.features", m.features,
          "below 2^31 - 1 for LIBLINEAR; use save_json()");
  for (std::size_t c = 0; c != m.labels.size(); ++c)
    if (m.labels[c] != std::floor(m.labels[c]) || std::abs(m.labels[c]) > liblinear_largest)
      throw invalid_data("model.labels[" + std::to_string(c) + "]", shown(m.labels[c]),
                         "a 32-bit integer for LIBLINEAR; for other labels use save_json()");
}

}  // namespace detail

/// @brief A model as text in the format of LIBLINEAR: see save_liblinear().
inline std::string to_liblinear(linear_model const& model) {
  detail::check_liblinear_can_store(model);
  if (model.labels.size() == 2 && model.outputs() == 2)
    return to_liblinear(detail::difference_of_outputs(model));
  linear_model const& m = model;
  bool has_bias = false;
  for (double const b : m.intercepts) has_bias = has_bias || b != 0 || std::signbit(b);

  std::string text("solver_type ");
  text.append(detail::liblinear_solver_for(m)).append("\nnr_class ");
  text += std::to_string(m.labels.empty() ? 2 : m.labels.size());
  if (!m.labels.empty()) {
    text += "\nlabel";
    auto const add = [&](double label) { text += " " + std::to_string(static_cast<long>(label)); };
    if (m.kind() == model_kind::binary) {  // the first label is that of z > 0
      add(m.labels[1]);
      add(m.labels[0]);
    } else {
      for (double const label : m.labels) add(label);
    }
  }
  text += "\nnr_feature " + std::to_string(m.features);
  text.append("\nbias ").append(has_bias ? "1" : "-1").append("\nw\n");
  auto const add_row = [&](auto const& number_of) {
    for (std::size_t k = 0; k != m.outputs(); ++k) {
      detail::append_number(text, number_of(k));
      text += ' ';
    }
    text += '\n';
  };
  for (std::size_t j = 0; j != m.features; ++j)
    add_row([&](std::size_t k) { return m.coefficients[k * m.features + j]; });
  if (has_bias) add_row([&](std::size_t k) { return m.intercepts[k]; });
  return text;
}

/// @brief Writes a model in LIBLINEAR's text format, for `liblinear-predict` and its libraries.
///
/// load_liblinear() restores the same coefficients, intercepts and labels, bit for bit, and
/// LIBLINEAR predicts the same labels. An intercept is written as the coefficient of LIBLINEAR's
/// constant feature, "bias 1".
///
/// The format has these limits:
/// - The loss is not stored, except for `logistic` ("L2R_LR", which has probabilities),
///   `squared_hinge` and `hinge`. Softmax regression of three or more classes becomes "MCSVM_CS",
///   for which LIBLINEAR has no probabilities.
/// - Two outputs for two classes are written as their difference, which predicts the same labels
///   and, after softmax regression, the same probabilities.
/// - Names are not stored: the codes are written as labels.
///
/// `path` is replaced only when everything is written; after any error, the old file is kept.
/// @throws invalid_data naming a `model.labels[c]` that is not an integer; anything that
///         linear_model::validate() throws
/// @throws invalid_settings for the losses `poisson` and `gamma_loss`, or 2^31 − 1 features or more
/// @throws std::filesystem::filesystem_error with path and reason if the file cannot be written
inline void save_liblinear(linear_model const& m, std::filesystem::path const& path) {
  std::string const text = to_liblinear(m);
  detail::replacing_file file(path);
  file.write(text.data(), text.size());
  file.commit();
}

/// @brief Reads a model from text in the format of LIBLINEAR: see load_liblinear().
/// @param name the name of the text in error messages
inline linear_model parse_liblinear(std::string_view text, std::string_view name) {
  detail::refuse_compressed(text, name);
  auto const file = detail::read_liblinear_text(text, name);
  std::size_t const outputs = file.outputs, d = file.features;
  // With two classes, LIBLINEAR uses only the first output, even if there are two.
  bool const binary = file.labels.size() == 2;
  linear_model m;
  m.loss = file.solver.loss;
  m.features = d;
  m.labels = file.labels;
  if (binary) std::swap(m.labels[0], m.labels[1]);
  for (std::size_t k = 0; k != (binary ? 1 : outputs); ++k) {
    for (std::size_t j = 0; j != d; ++j) m.coefficients.push_back(file.weights[j * outputs + k]);
    m.intercepts.push_back(file.bias >= 0 ? file.bias * file.weights[d * outputs + k] : 0);
  }
  try {
    m.validate();
  } catch (invalid_data const& e) {
    throw invalid_data(name, e.found + " (" + e.file + ")", e.expected);
  }
  return m;
}

/// @brief Reads a model written by LIBLINEAR or save_liblinear().
///
/// | `solver_type`                                | linear_model::loss                               |
/// |----------------------------------------------|--------------------------------------------------|
/// | `L2R_LR`, `L2R_LR_DUAL`, `L1R_LR`            | `logistic`                                       |
/// | `L2R_L2LOSS_SVC`, its `_DUAL`, `L1R_L2LOSS_SVC` | `squared_hinge`                               |
/// | `L2R_L1LOSS_SVC_DUAL`                        | `hinge`                                          |
/// | `MCSVM_CS`                                   | `crammer_singer`                                 |
/// | `L2R_L2LOSS_SVR`, its `_DUAL`                | `squared_epsilon_insensitive`, a regression      |
/// | `L2R_L1LOSS_SVR_DUAL`                        | `epsilon_insensitive`, a regression              |
///
/// Predictions agree with LIBLINEAR: the same labels and, for `logistic`, the same probabilities.
/// The constant feature becomes an intercept, which is its coefficient times the bias.
/// `ONECLASS_SVM` is rejected.
///
/// @throws invalid_data with file, line and column of the error, or if the file is missing,
///         unreadable, compressed or truncated
inline linear_model load_liblinear(std::filesystem::path const& path) {
  detail::mapped_file const file(path);
  return parse_liblinear(file.bytes(), path.string());
}

}  // namespace localsgd
