// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/error.hpp"
#include "localsgd/data/text/csv_coding.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// @file
/// @brief A trained linear model, without the data and the objective used for training.

namespace localsgd {

/// @brief The kind of prediction of a linear_model.
enum class model_kind {
  regression,  ///< a number
  binary,      ///< one of two classes, by the sign of one decision value
  multiclass,  ///< one of C classes, by the largest of C decision values
};

/// @brief A linear model: everything needed for predictions.
///
/// Its decision values are z_k = ⟨w_k, a⟩ + b_k, k = 0 … outputs() − 1: one value for a regression
/// or two classes, C values otherwise. make_model() builds it from an objective and its minimiser;
/// load_liblinear() and load_json() read it from a file. All members are public and may be changed.
/// Functions that save or load a model call validate(), those that predict call validate_sizes().
///
/// A plain value: safe to read from several threads.
struct linear_model {
  /// The loss used for training, which determines the meaning of decision values:
  ///
  /// | `loss`                  | predict()                  | predict_probability()                       |
  /// |-------------------------|----------------------------|---------------------------------------------|
  /// | `logistic`              | the class                  | 1/(1 + e⁻ᶻ); for C outputs (one against all |
  /// |                         |                            | others) the same, divided by their sum      |
  /// | `softmax`               | the class                  | e^{z_k}/Σ_c e^{z_c}                         |
  /// | `poisson`, `gamma_loss` | the mean eᶻ                | throws                                      |
  /// | any other               | the class; a regression: z | throws                                      |
  std::string loss;

  std::size_t features = 0;          ///< d ≥ 1
  std::vector<double> coefficients;  ///< w_0, w_1, …: outputs() × d numbers, row-major. Finite.
  std::vector<double> intercepts;    ///< b_k, one for each output; 0 without an intercept. Finite.

  /// The label of each class, which predict() returns. Finite and distinct. For two classes with
  /// one output, labels[1] is the class of z > 0. Empty for regression.
  std::vector<double> labels;

  /// The label of each class as text, if the labels are texts; `labels` are then codes, such as −1
  /// and +1. Empty otherwise.
  std::vector<std::string> names;

  /// How the columns of a table become the features, if the model was fitted to a table: see
  /// parse_csv(). Empty otherwise.
  csv_coding coding = {};

  std::size_t outputs() const noexcept { return intercepts.size(); }
  model_kind kind() const noexcept {
    if (labels.empty()) return model_kind::regression;
    return labels.size() == 2 && outputs() == 1 ? model_kind::binary : model_kind::multiclass;
  }

  /// @brief w_k. @pre k < outputs()
  std::span<double const> coefficients_of(std::size_t k) const noexcept {
    return std::span(coefficients).subspan(k * features, features);
  }

  /// @brief The label of class c as text. @pre c < labels.size()
  std::string name_of_class(std::size_t c) const {
    return names.empty() ? detail::shown(labels[c]) : names[c];
  }

  /// @brief Checks the number of coefficients, intercepts and labels; constant time.
  /// @throws invalid_data naming the member that violates a rule
  void validate_sizes() const {
    if (features == 0) throw invalid_data("model.features", "0", "at least 1");
    bool const one_output = labels.empty() || labels.size() == 2;
    if (!(one_output && outputs() == 1) && (outputs() != labels.size() || outputs() == 0))
      refuse_size("model.intercepts", outputs(), one_output ? 1 : labels.size(),
                  ", one for each decision value");
    // In this order, since the product may overflow.
    if (coefficients.size() / features != outputs() || coefficients.size() % features != 0)
      refuse_size("model.coefficients", coefficients.size(), outputs(),
                  " for each of " + std::to_string(features) + " features");
    if (!names.empty() && names.size() != labels.size())
      refuse_size("model.names", names.size(), labels.size(), ", one for each class");
  }

  /// @brief Checks everything.
  /// @throws invalid_data naming the member that violates a rule
  void validate() const {
    validate_sizes();
    check_finite("model.coefficients", coefficients);
    check_finite("model.intercepts", intercepts);
    check_finite("model.labels", labels);
    check_different("model.labels", labels);
    check_different("model.names", names);
    coding.validate();
    if (!coding.empty() && coding.features() != features)
      refuse_size("model.coding.columns", coding.features(), features, ", one for each feature");
  }

  friend bool operator==(linear_model const&, linear_model const&) = default;

 private:
  static std::string element(char const* member, std::size_t i) {
    return std::string(member) + "[" + std::to_string(i) + "]";
  }
  [[noreturn]] static void refuse_size(char const* member, std::size_t size, std::size_t wanted,
                                       std::string const& what) {
    throw invalid_data(member, std::to_string(size) + " elements",
                       std::to_string(wanted) + what);
  }
  static void check_finite(char const* member, std::span<double const> numbers) {
    for (std::size_t i = 0; i != numbers.size(); ++i)
      if (!std::isfinite(numbers[i]))
        throw invalid_data(element(member, i), detail::shown(numbers[i]), "a finite number");
  }
  template <class Label>
  static void check_different(char const* member, std::vector<Label> all) {
    std::ranges::sort(all);
    auto const twice = std::ranges::adjacent_find(all);
    if (twice != all.end())
      throw invalid_data(member, detail::printable(detail::shown(*twice)) + " twice",
                         "distinct values, one for each class");
  }
};

/// @brief `regression`, `binary` or `multiclass`.
constexpr std::string_view to_string(model_kind kind) noexcept {
  switch (kind) {
    case model_kind::regression: return "regression";
    case model_kind::binary: return "binary";
    case model_kind::multiclass: return "multiclass";
  }
  return "unknown";
}

}  // namespace localsgd
