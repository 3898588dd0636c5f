// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/compiler.hpp"
#include "localsgd/core/index_range.hpp"
#include "localsgd/certificate/dual_passes.hpp"
#include "localsgd/evaluation/full_gradient.hpp"
#include "localsgd/kernels/rows.hpp"
#include "localsgd/kernels/simd.hpp"
#include "localsgd/objective/regularized.hpp"
#include "localsgd/objective/sharded_concept.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <span>
#include <utility>
#include <vector>

/// @file
/// @brief Detects that f has no minimum because it decreases without bound along x.

namespace localsgd::detail {

/// @brief Linear models and softmax regression, which may have no penalty.
template <class F>
concept may_recede = has_ridge<stepped_objective<F>> &&
                     bool(linear_with_conjugate<stepped_objective<F>> ||
                          has_class_probabilities<stepped_objective<F>>);

/// @brief Counts, over some samples of a linear model without a penalty: sum[0], those whose loss
///        grows along x or may grow; sum[1], those whose loss decreases for all t.
///
/// lim φ(tz)/t for t → ∞ is sup θz over the domain of φ* \cite rockafellar1970convex . If it is 0,
/// as for the logistic loss with yz > 0, φ decreases for all t unless its slope is 0 far out, as
/// for a hinge.
template <linear_with_conjugate F>
LOCALSGD_ONE_COPY void count_receding(F const& f, std::span<typename F::scalar const> x,
                                      index_range samples, std::span<double> sum) {
  constexpr double infinite = std::numeric_limits<double>::infinity(), extreme = 600;
  double const length = std::sqrt(squared_norm(x)), c = f.intercept();
  for (std::size_t i = samples.first; i != samples.last; ++i) {
    if (!(f.scale(i) > 0)) continue;
    double const z = product_with_row(f, i, x), y = f.target(i);
    double const size = std::sqrt(squared_norm_of(row_of(f.features(), i)) + c * c) * length;
    if (size == 0) continue;  // the loss does not change
    double const sign = z > 0 ? 1 : -1;
    double const slope = sign * f.loss().project_to_dual_domain(sign * infinite, y);
    bool const certain = std::abs(z) > 1e-10 * size;
    if (!certain || !(slope <= 0))
      sum[0] += 1;
    else if (slope < 0 || f.loss().derivative(sign * extreme, y) != 0)
      sum[1] += 1;
  }
}

/// @brief The same for softmax regression, whose loss decreases for all t if the score of the label
///        is above all others.
template <has_class_probabilities F>
LOCALSGD_ONE_COPY void count_receding(F const& f, std::span<typename F::scalar const> x,
                                      index_range samples, std::span<double> sum) {
  std::size_t const classes = f.classes();
  std::vector<double> p(classes);
  for (std::size_t i = samples.first; i != samples.last; ++i) {
    if (!(f.scale(i) > 0) || squared_norm_of(row_of(f.features(), i)) == 0) continue;
    f.probabilities(x, std::span<std::size_t const>(&i, 1), p);
    double const own = p[f.label(i)];
    p[f.label(i)] = 0;
    sum[own > (1 + 1e-9) * *std::ranges::max_element(p) ? 1 : 0] += 1;
  }
}

/// @brief Collective: whether f(tx) certainly decreases for all t ≥ 1, so that f has no minimum;
///        the leader receives the result. One pass over the rows; the sums of `pass` are preserved.
///
/// This is the case if no loss grows along x, some losses decrease, and there is no penalty: x
/// separates the classes.
template <Objective F, class T>
bool recedes_along(F const& f, std::span<typename F::scalar const> x, full_gradient& pass,
                   T& team) {
  if constexpr (may_recede<F>) {
    if (ridge_of(f) != 0) return false;
    bool recedes = false;
    pass.keeping_sums(team, [&] {
      pass.each_share(f, team, [&](auto const& share, index_range samples, std::span<double> sum,
                                   std::size_t) { count_receding(share, x, samples, sum); });
      if (team.leads()) recedes = pass.totals()[0] == 0 && pass.totals()[1] > 0;
    });
    return recedes;
  } else {
    return false;
  }
}

}  // namespace localsgd::detail
