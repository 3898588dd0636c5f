// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/error.hpp"
#include "localsgd/core/tensor.hpp"
#include "localsgd/kernels/rows.hpp"

#include <cmath>
#include <concepts>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

/// @file
/// @brief Checks of features, targets and weights for all objectives with data, and the options of
///        softmax regression.

namespace localsgd::detail {

template <class T>
concept span_of_double = std::convertible_to<T const&, std::span<double const>>;

template <class T>
inline constexpr bool is_span = false;
template <class T, std::size_t N>
inline constexpr bool is_span<std::span<T, N>> = true;

/// @brief A temporary that owns its elements: borrowing from it would dangle. A span does not own.
template <class T>
concept owning_temporary = !std::is_lvalue_reference_v<T> && !is_span<std::remove_cvref_t<T>>;

/// @brief A member of an options struct that borrows numbers: a span that is not convertible from a
///        temporary container.
class borrowed_numbers : public std::span<double const> {
 public:
  constexpr borrowed_numbers() noexcept = default;
  constexpr borrowed_numbers(double const* first, std::size_t count) noexcept
      : std::span<double const>(first, count) {}
  template <class Numbers>
    requires(!owning_temporary<Numbers> && span_of_double<std::remove_cvref_t<Numbers>>)
  constexpr borrowed_numbers(Numbers&& numbers) noexcept  // NOLINT: implicit, like a span
      : std::span<double const>(std::as_const(numbers)) {}
  /// The data are borrowed: a temporary would be destroyed before the first step.
  template <owning_temporary Numbers>
    requires(!std::same_as<std::remove_cvref_t<Numbers>, borrowed_numbers>)
  borrowed_numbers(Numbers&&) = delete;  // NOLINT: its constraint excludes copies
};

/// @throws invalid_data naming the first label that is not 0, 1, …, classes−1
template <class Label>
void check_classes(std::span<Label const> labels, std::size_t classes) {
  for (std::size_t i = 0; i != labels.size(); ++i) {
    double const y = static_cast<double>(labels[i]);
    if (!(y >= 0 && y < static_cast<double>(classes) && y == std::floor(y)))
      throw invalid_data("labels[" + std::to_string(i) + "]", shown(y),
                         "a class from 0 to " + std::to_string(classes - 1) +
                             "; encode_classes() converts any labels");
  }
}

/// @throws invalid_data unless there are at least one row and one column, and one target per row.
template <feature_matrix Matrix>
void check_shape(Matrix const& features, std::size_t targets) {
  std::size_t const rows = row_count(features);
  if (rows == 0) throw invalid_data("features", "0 rows", "at least one sample");
  if (column_count(features) == 0)
    throw invalid_data("features", "0 columns", "at least one feature");
  if (rows != targets)
    throw invalid_data("targets", std::to_string(targets) + " targets",
                       "one for each of the " + std::to_string(rows) + " rows of features");
}

/// @throws invalid_data naming the first target that `accepts` rejects.
template <class Accepts>
void check_targets(std::span<double const> targets, Accepts const& accepts,
                   std::string_view expected) {
  for (std::size_t i = 0; i != targets.size(); ++i)
    if (!accepts(targets[i]))
      throw invalid_data("targets[" + std::to_string(i) + "]", shown(targets[i]), expected);
}

/// @throws invalid_data unless there are no offsets, or one finite offset for each sample
inline void check_offsets(std::span<double const> offsets, std::size_t samples) {
  if (!offsets.empty() && offsets.size() != samples)
    throw invalid_data("offset", std::to_string(offsets.size()) + " offsets",
                       "one for each of the " + std::to_string(samples) + " samples");
  for (std::size_t i = 0; i != offsets.size(); ++i)
    if (!std::isfinite(offsets[i]))
      throw invalid_data("offset[" + std::to_string(i) + "]", shown(offsets[i]), "a finite number");
}

/// @brief S/n, or 1 without weights.
/// @throws invalid_data     unless there is one weight for each sample
/// @throws invalid_settings unless all weights are finite, none is negative, and one is positive
inline double checked_mean_weight(std::span<double const> weights, std::size_t samples) {
  if (weights.empty()) return 1;
  if (weights.size() != samples)
    throw invalid_data("weights", std::to_string(weights.size()) + " weights",
                       "one for each of the " + std::to_string(samples) + " samples");
  double sum = 0;
  for (std::size_t i = 0; i != samples; ++i) {
    require_nonnegative("weights[" + std::to_string(i) + "]", weights[i]);
    sum += weights[i];
  }
  require_positive("sum of weights", sum);
  return sum / static_cast<double>(samples);
}

/// @brief (1/n) Σ_i s_i w_{y_i}; 1 if there are neither sample weights s_i nor class weights w_c.
/// @param labels y_i, all in range
/// @throws invalid_data     unless there is one weight per sample and per class, or none
/// @throws invalid_settings unless all are finite, none is negative, and one product is positive
template <class Label>
double checked_mean_weight(std::span<double const> weights, std::span<double const> of_classes,
                           std::span<Label const> labels, std::size_t classes) {
  double const mean = checked_mean_weight(weights, labels.size());
  if (of_classes.empty()) return mean;
  if (of_classes.size() != classes)
    throw invalid_data("class_weights", std::to_string(of_classes.size()) + " weights",
                       "one for each of the " + std::to_string(classes) + " classes");
  for (std::size_t c = 0; c != classes; ++c)
    require_nonnegative("class_weights[" + std::to_string(c) + "]", of_classes[c]);
  double sum = 0;
  for (std::size_t i = 0; i != labels.size(); ++i)
    sum += (weights.empty() ? 1 : weights[i]) * of_classes[static_cast<std::size_t>(labels[i])];
  require_positive("sum of weights times class_weights", sum);
  return sum / static_cast<double>(labels.size());
}

}  // namespace localsgd::detail

namespace localsgd {

/// @brief The options of softmax regression other than features, labels and regularizer. Weights
///        can be any contiguous range of double; they are borrowed, and temporaries do not compile.
struct softmax_options {
  /// The value of a constant feature appended to every row; its coefficients, one intercept for
  /// each class, are the last coordinates of x. 0 = no intercepts. Finite.
  double intercept = 0;

  /// s_i ≥ 0, one for each sample; empty = all equal. A weight of 2 counts a sample twice.
  detail::borrowed_numbers weights = {};

  /// w_c ≥ 0, one for each class, multiplied by the weights of its samples; empty = all equal.
  /// For classes of unequal size, balanced_weights() returns sample weights.
  detail::borrowed_numbers class_weights = {};

  /// Whether the regularizer also acts on the intercepts. If not, they are free, and f is not
  /// strongly convex: see linear_options::regularize_intercept. Has no effect without intercepts.
  bool regularize_intercept = false;
};

}  // namespace localsgd
