// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/error.hpp"
#include "localsgd/certificate/dual_passes.hpp"
#include "localsgd/evaluation/full_gradient.hpp"
#include "localsgd/objective/concept.hpp"
#include "localsgd/objective/linear_concept.hpp"
#include "localsgd/objective/sharded_concept.hpp"

#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <span>
#include <vector>

/// @file
/// @brief Decreasing sequences of penalty strengths λ, from the largest useful one.

namespace localsgd {

namespace detail {

/// @brief f and its gradient at a point.
struct value_and_gradient {
  double objective = 0;          ///< f(x)
  std::vector<double> gradient;  ///< ∇f(x), or that of the losses if r has none
};

template <Objective F>
value_and_gradient evaluate_all(F const& f, std::span<typename F::scalar const> x) {
  std::vector<double> sum(f.dimension() + 2);
  add_samples(f, x, index_range{0, f.samples()}, std::span<double>(sum), std::span<double>());
  for (double& each : sum) each /= static_cast<double>(f.samples());
  value_and_gradient all{sum[f.dimension()], std::move(sum)};
  all.gradient.resize(f.dimension());
  return all;
}

/// @brief argmin_b Σ_i s_i φ(c·b + o_i, y_i), where c is the value of the intercept: the best model
///        without features.
///
/// Computed by bisection, to a relative accuracy of 1e-14. If there is no minimum, a large number.
template <LinearObjective F>
double intercept_alone(F const& f) {
  double const c = f.intercept();
  auto const slope = [&](double b) {
    double sum = 0;
    for (std::size_t i = 0; i != f.samples(); ++i)
      sum += f.scale(i) * f.loss().derivative(with_offset(f, i, c * b), f.target(i));
    return c * sum;
  };
  double low = -1, high = 1;
  while (slope(low) > 0 && low > -1e9) low *= 2;
  while (slope(high) < 0 && high < 1e9) high *= 2;
  while (high - low > 1e-14 * std::max(std::abs(low), std::abs(high))) {
    double const middle = low + (high - low) / 2;
    if (middle == low || middle == high || high - low < 1e-300) break;
    (slope(middle) < 0 ? low : high) = middle;
  }
  return low + (high - low) / 2;
}

/// @brief b ← log(fraction of the samples in class c)/c, so that these fractions are the
///        probabilities. For a class without samples, the fraction is replaced by e⁻⁷⁰⁰.
template <has_class_probabilities F>
void write_intercepts_alone(F const& f, std::span<typename F::scalar> b) {
  std::vector<double> share(f.classes());
  for (std::size_t i = 0; i != f.samples(); ++i)
    share[f.label(i)] += f.scale(i) / static_cast<double>(f.samples());
  for (std::size_t c = 0; c != share.size(); ++c)
    b[c] = static_cast<typename F::scalar>(std::max(std::log(share[c]), -700.0) / f.intercept());
}

}  // namespace detail

/// @brief λ_max = max_j |∂φ̄/∂x_j|, where φ̄ is the mean loss, at the best x without features: the
///        smallest λ for which λ‖x‖₁ keeps all coefficients 0 \cite friedman2010regularization .
///
/// The best x without features is 0 or, with an intercept that is not regularised, the best model
/// that consists of the intercept alone. For `elastic_net(αλ, (1 − α)λ)`, the smallest λ is
/// λ_max/α. Takes one pass over the data, on the calling thread.
///
/// @param f with any regularizer that has no gradient, or whose gradient at 0 is 0, such as l1
///          and l2; its strength does not matter
/// @return a number ≥ 0; 0 if no feature is useful
template <Objective F>
  requires(!ShardedObjective<F>)
double lambda_max(F const& f) {
  std::vector<typename F::scalar> x(f.dimension());
  std::size_t penalized = x.size();
  if constexpr (LinearObjective<F>)
    if (detail::has_free_intercept(f))
      x[--penalized] = static_cast<typename F::scalar>(detail::intercept_alone(f));
  if constexpr (detail::has_class_probabilities<F>)
    if (detail::has_free_intercept(f)) {
      penalized -= f.classes();
      detail::write_intercepts_alone(f, std::span(x).subspan(penalized));
    }
  auto const at = detail::evaluate_all(f, std::span<typename F::scalar const>(x));
  double largest = 0;
  for (std::size_t j = 0; j != penalized; ++j)
    largest = std::max(largest, std::abs(at.gradient[j]));
  return largest;
}

/// @brief max·min_ratio^(i/(count−1)), i = 0 … count−1: from `max` to `max`·`min_ratio`.
/// @param max       finite and > 0
/// @param min_ratio in (0, 1)
/// @param count     ≥ 1; a single value is `max`
/// @throws invalid_settings naming the argument
inline std::vector<double> geometric_sequence(double max, double min_ratio, std::size_t count) {
  detail::require_positive("max", max);
  detail::require(min_ratio > 0 && min_ratio < 1, "min_ratio", min_ratio, "in (0, 1)");
  detail::require(max * min_ratio > 0, "min_ratio", min_ratio,
                  "large enough that max*min_ratio > 0");
  detail::require(count >= 1, "count", count, ">= 1");
  std::vector<double> sequence(count, max);
  for (std::size_t i = 1; i < count; ++i)
    sequence[i] = i + 1 == count ? max * min_ratio
                                 : max * std::pow(min_ratio, static_cast<double>(i) /
                                                                 static_cast<double>(count - 1));
  return sequence;
}

/// @brief The default λ of a path for l1: `count` values from lambda_max(f) to 1e-4·lambda_max(f),
///        or to 1e-2·lambda_max(f) if there are fewer samples than coordinates, as in glmnet.
/// @throws invalid_settings unless lambda_max(f) is finite and > 0: otherwise no λ has an effect
template <Objective F>
  requires(!ShardedObjective<F>)
std::vector<double> lambda_sequence(F const& f, std::size_t count = 100) {
  double const most = lambda_max(f);
  detail::require_positive("lambda_max(f)", most);
  return geometric_sequence(most, f.samples() >= f.dimension() ? 1e-4 : 1e-2, count);
}

}  // namespace localsgd
