// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/kernels/rows.hpp"
#include "localsgd/objective/concept.hpp"
#include "localsgd/objective/linear_concept.hpp"
#include "localsgd/objective/regularized.hpp"
#include "localsgd/planning/lambda_sequence.hpp"

#include <concepts>
#include <cstddef>
#include <span>

/// @file
/// @brief The quality of a model on unseen samples: metrics for cross_validate().
///
/// These metrics take an objective and a point. accuracy(), auc() and others in model/metrics.hpp
/// take predictions.

namespace localsgd {

namespace detail {

template <class F>
concept knows_accuracy = requires(F const& f, std::span<typename F::scalar const> x) {
  { f.accuracy(x) } -> std::convertible_to<double>;
};

/// @brief (1/n) Σ s_i metric(⟨a_i, x⟩, y_i), the mean of a function of predictions and targets,
///        where s has mean 1.
template <LinearObjective F, class Metric>
double mean_over_rows(F const& f, std::span<typename F::scalar const> x, Metric const& metric) {
  double sum = 0;
  for (std::size_t i = 0; i != f.samples(); ++i)
    sum += f.scale(i) * metric(prediction_of(f, i, x), f.target(i));
  return sum / static_cast<double>(f.samples());
}

}  // namespace detail

/// @brief The mean loss without the penalty, f(x) − r(x). For an objective without a regularizer(),
///        f(x).
struct mean_loss {
  template <Objective F>
  double operator()(F const& f, std::span<typename F::scalar const> x) const {
    if constexpr (LinearObjective<F>) {
      return detail::mean_over_rows(
          f, x, [&](double z, double y) { return f.loss().value(z, y); });
    } else {
      double const all = detail::evaluate_all(f, x).objective;
      if constexpr (detail::has_regularizer<F>)
        return all - f.regularizer().value(x);
      else
        return all;
    }
  }
};

/// @brief The weighted fraction of misclassified samples: for linear models, those with sign(z) ≠
///        sign(y), where 0 is negative; for objectives with an `accuracy(x)`, such as
///        softmax_objective, 1 − accuracy(x).
struct error_rate {
  template <Objective F>
    requires(LinearObjective<F> || detail::knows_accuracy<F>)
  double operator()(F const& f, std::span<typename F::scalar const> x) const {
    if constexpr (LinearObjective<F>)
      return detail::mean_over_rows(
          f, x, [](double z, double y) { return (z > 0) != (y > 0) ? 1.0 : 0.0; });
    else
      return 1 - f.accuracy(x);
  }
};

}  // namespace localsgd
