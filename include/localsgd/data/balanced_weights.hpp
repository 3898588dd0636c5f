// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/error.hpp"
#include "localsgd/core/tensor.hpp"

#include <cmath>
#include <concepts>
#include <cstddef>
#include <map>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

/// @file
/// @brief Weights that give every class the same total weight.

namespace localsgd {

namespace detail {

/// @brief A contiguous range of numbers.
template <class Labels>
concept contiguous_labels = requires(Labels const& labels) {
  { labels.size() } -> std::convertible_to<std::size_t>;
  requires std::is_arithmetic_v<std::remove_cvref_t<decltype(*labels.data())>>;
};

/// @brief n/(C·n_c) for every sample, where n_c is the size of its class and C counts the classes.
template <class Label>
std::vector<double> weights_by_class(std::span<Label const> y) {
  std::map<Label, std::size_t> counts;
  for (std::size_t i = 0; i != y.size(); ++i) {
    if constexpr (std::floating_point<Label>)  // NaN is not ordered
      if (!std::isfinite(y[i]))
        throw invalid_data("targets[" + std::to_string(i) + "]", shown(y[i]), "a finite number");
    ++counts[y[i]];
  }
  double const n = static_cast<double>(y.size()), classes = static_cast<double>(counts.size());
  std::map<Label, double> weights;
  for (auto const& [label, count] : counts)
    weights[label] = n / (classes * static_cast<double>(count));
  std::vector<double> all(y.size());
  for (std::size_t i = 0; i != y.size(); ++i) all[i] = weights.find(y[i])->second;
  return all;
}

}  // namespace detail

/// @brief n/(C·n_i) for each of the n samples, where C is the number of different values in y, and
///        n_i the number of samples with the value of sample i.
///
/// All classes then have the same total weight n/C, and the mean weight is 1. This corresponds to
/// scikit-learn's `class_weight="balanced"`. If there is only one class, all weights are 1.
/// ~~~{.cpp}
/// auto const weights = balanced_weights(data.targets);
/// linear_objective const f(data.features, data.targets, logistic{}, l2{1e-4}, {.weights = weights});
/// ~~~
/// Takes O(n log C). Thread safe.
///
/// @param y labels of any values, contiguous, of any arithmetic type; if empty, the result is empty
/// @throws invalid_data naming the first label, `targets[i]`, that is NaN or infinite
template <detail::contiguous_labels Labels>
std::vector<double> balanced_weights(Labels const& y) {
  auto const labels = detail::span_of(y);
  using label = std::remove_const_t<typename decltype(labels)::element_type>;
  return detail::weights_by_class(std::span<label const>(labels));
}

/// @brief The same for doubles.
inline std::vector<double> balanced_weights(std::span<double const> y) {
  return detail::weights_by_class(y);
}

}  // namespace localsgd
