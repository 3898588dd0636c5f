// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <span>

/// @file
/// @brief The intercepts of softmax regression.

namespace localsgd::detail {

/// @brief One intercept b_c per class: the last coordinates of x, starting at `first`.
struct class_intercepts {
  double constant;  ///< the constant feature, not 0
  std::size_t classes, first;

  /// @brief scores[i·C + c] += constant·b_c
  template <class X>
  void add_to_scores(X const* x, std::size_t samples, double* scores) const noexcept {
    for (std::size_t i = 0; i != samples; ++i)
      for (std::size_t c = 0; c != classes; ++c) add_to_score(x, c, scores[i * classes + c]);
  }
  /// @brief score += constant·b_c
  template <class X>
  void add_to_score(X const* x, std::size_t c, double& score) const noexcept {
    score += constant * static_cast<double>(x[first + c]);
  }
  /// @brief g_b += constant·Σ_i slopes[i·C + c]
  template <class X>
  void add_to_gradient(std::size_t samples, double const* slopes, X* g) const noexcept {
    for (std::size_t c = 0; c != classes; ++c) {
      double sum = 0;
      for (std::size_t i = 0; i != samples; ++i) sum += slopes[i * classes + c];
      g[first + c] += static_cast<X>(constant * sum);
    }
  }
  /// @brief g_b ← λb for a penalty of (λ/2)‖b‖²; returns the penalty.
  template <class Scalar>
  double begin_gradient(double lambda, std::span<Scalar const> x,
                        std::span<Scalar> g) const noexcept {
    double squares = 0;
    for (std::size_t j = first; j != x.size(); ++j) {
      double const b = static_cast<double>(x[j]);
      g[j] = static_cast<Scalar>(lambda * b);
      squares += b * b;
    }
    return lambda / 2 * squares;
  }
};

}  // namespace localsgd::detail
