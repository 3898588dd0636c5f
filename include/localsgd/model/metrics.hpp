// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/error.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// @file
/// @brief Measures of prediction quality: accuracy, log loss, AUC, RMSE, R².
///
/// These compare predictions with targets. To choose a penalty, cross_validate() uses metrics of
/// an objective and a point: mean_loss, error_rate, or a function that calls one of these.

namespace localsgd {

namespace detail {

/// @brief Checks the arguments common to all metrics and returns S = Σ s_i.
/// @throws invalid_data or invalid_settings naming the argument
inline double checked_weight_sum(std::span<double const> y, std::string_view other,
                                 std::size_t size, std::size_t expected,
                                 std::span<double const> weights) {
  if (y.empty()) throw invalid_data("y", "no samples", "at least one");
  if (size != expected)
    throw invalid_data(other, std::to_string(size) + " numbers",
                       std::to_string(expected) + " for " + std::to_string(y.size()) + " samples");
  if (weights.empty()) return static_cast<double>(y.size());
  if (weights.size() != y.size())
    throw invalid_data("weights", std::to_string(weights.size()) + " weights",
                       "one for each of the " + std::to_string(y.size()) + " samples");
  double sum = 0;
  for (std::size_t i = 0; i != weights.size(); ++i) {
    require_nonnegative("weights[" + std::to_string(i) + "]", weights[i]);
    sum += weights[i];
  }
  require_positive("sum of weights", sum);
  return sum;
}

inline double weight_of(std::span<double const> weights, std::size_t i) noexcept {
  return weights.empty() ? 1 : weights[i];
}

}  // namespace detail

/// @brief (1/S) Σ s_i [ŷ_i = y_i]: the fraction of samples with correctly predicted labels.
///
/// @param y         n labels, n ≥ 1
/// @param predicted n labels from predict()
/// @param weights   s_i ≥ 0, one for each sample; empty = all 1. The same for all metrics.
/// @throws invalid_data or invalid_settings naming the invalid argument, like all metrics
inline double accuracy(std::span<double const> y, std::span<double const> predicted,
                       std::span<double const> weights = {}) {
  double const total =
      detail::checked_weight_sum(y, "predicted", predicted.size(), y.size(), weights);
  double right = 0;
  for (std::size_t i = 0; i != y.size(); ++i)
    if (y[i] == predicted[i]) right += detail::weight_of(weights, i);
  return right / total;
}

/// @brief −(1/S) Σ s_i log p(y_i): the mean negative log-probability of the labels. Infinite if a
///        label has probability 0.
///
/// @param y             n labels
/// @param probabilities from predict_probability(): n numbers, for labels[1]; or n × C row-major
/// @param labels        the labels of the classes: linear_model::labels
/// @throws invalid_data also naming `y[i]` if not a label, or `probabilities[i]` outside [0, 1]
inline double log_loss(std::span<double const> y, std::span<double const> probabilities,
                       std::span<double const> labels, std::span<double const> weights = {}) {
  bool const binary = labels.size() == 2 && probabilities.size() == y.size();
  std::size_t const columns = binary ? 1 : labels.size();
  double const total = detail::checked_weight_sum(y, "probabilities", probabilities.size(),
                                                  columns * y.size(), weights);
  double sum = 0;
  for (std::size_t i = 0; i != y.size(); ++i) {
    auto const c = static_cast<std::size_t>(std::ranges::find(labels, y[i]) - labels.begin());
    if (c == labels.size())
      throw invalid_data("y[" + std::to_string(i) + "]", detail::shown(y[i]), "one of the labels");
    std::size_t const at = binary ? i : i * columns + c;
    double const p = probabilities[at];
    if (!(p >= 0 && p <= 1))
      throw invalid_data("probabilities[" + std::to_string(at) + "]", detail::shown(p),
                         "a probability, from 0 to 1");
    double const weight = detail::weight_of(weights, i);
    // With weight 0, not even an infinite logarithm counts.
    if (weight != 0) sum -= weight * (binary && c == 0 ? std::log1p(-p) : std::log(p));
  }
  return sum / total;
}

/// @brief The area under the ROC curve: the probability that a sample of the positive class scores
///        higher than one of another class, with ties counted as ½. ½ is chance, 1 is perfect.
///
/// (Σ_{i positive, j not} s_i s_j ([z_i > z_j] + ½[z_i = z_j]))/(S₊S₋), in O(n log n).
/// @param y        n labels
/// @param scores   n numbers that increase with the probability of the positive class: decision
///                 values, or probabilities
/// @param positive the label of the positive class: `m.labels[1]` of a model m
/// @throws invalid_data also naming `y` unless it has samples (of positive weight) of both kinds,
///         or `scores[i]` if it is NaN
inline double auc(std::span<double const> y, std::span<double const> scores, double positive = 1,
                  std::span<double const> weights = {}) {
  detail::checked_weight_sum(y, "scores", scores.size(), y.size(), weights);
  for (std::size_t i = 0; i != y.size(); ++i)
    if (std::isnan(scores[i]))
      throw invalid_data("scores[" + std::to_string(i) + "]", "nan", "a number");
  std::vector<std::size_t> order(y.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::sort(order, {}, [&](std::size_t i) { return scores[i]; });
  double pairs = 0, others_below = 0, positives = 0;
  for (std::size_t first = 0, last = 0; first != order.size(); first = last) {
    double same_positive = 0, same_other = 0;
    for (; last != order.size() && scores[order[last]] == scores[order[first]]; ++last)
      (y[order[last]] == positive ? same_positive : same_other) +=
          detail::weight_of(weights, order[last]);
    pairs += same_positive * (others_below + same_other / 2);
    others_below += same_other;
    positives += same_positive;
  }
  if (!(positives > 0 && others_below > 0))
    throw invalid_data(
        "y",
        positives > 0 ? "only samples of the positive class" : "no samples of the positive class",
        "samples of class " + detail::shown(positive) + " and of another class");
  return pairs / positives / others_below;
}

/// @brief √((1/S) Σ s_i (ŷ_i − y_i)²): the root mean square error, in the units of y.
inline double rmse(std::span<double const> y, std::span<double const> predicted,
                   std::span<double const> weights = {}) {
  double const total =
      detail::checked_weight_sum(y, "predicted", predicted.size(), y.size(), weights);
  double sum = 0;
  for (std::size_t i = 0; i != y.size(); ++i) {
    double const error = predicted[i] - y[i];
    sum += detail::weight_of(weights, i) * error * error;
  }
  return std::sqrt(sum / total);
}

/// @brief R² = 1 − Σ s_i (ŷ_i − y_i)²/Σ s_i (y_i − ȳ)², where ȳ is the weighted mean: 1 is perfect,
///        0 is as good as predicting ȳ, and negative values are worse.
/// @throws invalid_data also naming `y` if all targets are equal
inline double r_squared(std::span<double const> y, std::span<double const> predicted,
                        std::span<double const> weights = {}) {
  double const total =
      detail::checked_weight_sum(y, "predicted", predicted.size(), y.size(), weights);
  double mean = 0;
  for (std::size_t i = 0; i != y.size(); ++i) mean += detail::weight_of(weights, i) / total * y[i];
  double errors = 0, spread = 0, least = HUGE_VAL, largest = -HUGE_VAL;
  for (std::size_t i = 0; i != y.size(); ++i) {
    double const weight = detail::weight_of(weights, i);
    errors += weight * (predicted[i] - y[i]) * (predicted[i] - y[i]);
    spread += weight * (y[i] - mean) * (y[i] - mean);
    if (weight > 0) least = std::min(least, y[i]), largest = std::max(largest, y[i]);
  }
  // For equal targets, the spread may be nonzero because of rounding.
  if (!(least < largest && spread > 0))
    throw invalid_data("y", "equal targets", "at least two different targets");
  return 1 - errors / spread;
}

}  // namespace localsgd
