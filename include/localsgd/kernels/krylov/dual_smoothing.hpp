// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/compiler.hpp"

#include <algorithm>
#include <cstddef>
#include <limits>
#include <span>
#include <vector>

/// @file
/// @brief A dual point for the iterates of conjugate gradients.

namespace localsgd::detail {

/// @brief ‖r‖² = Σ_j v_j r_j², v_j = 1/μ for the first coordinates, on which the penalty acts, and
///        1/(c²β) for a free intercept.
struct dual_metric {
  std::size_t penalized = 0;
  double of_penalized = 0;  ///< 1/μ
  double of_free = 0;

  double weight(std::size_t j) const noexcept { return j < penalized ? of_penalized : of_free; }
};

/// @brief What conjugate gradients for a quadratic f know of f(x + p) − f*, without products with
///        H.
///
/// At any s, D(s) = f(x + s) − ½‖∇f(x + s)‖² is a lower bound on f* in the norm of dual_metric: the
/// value of the dual function at the slopes of x + s. For the iterate p itself f(x + p) − D(p) is
/// far too large, as the iterations reduce f and not the gradient. Therefore s is a combination of
/// all iterates, moved in each iteration towards p as far as D(s) grows \cite zhou1994residual : D
/// is a concave quadratic, and the residual −∇f(x + s) is the same combination of the residuals.
/// For one thread.
class dual_smoothing {
 public:
  /// @param residual −∇f(x)
  /// @param known    f(x) − D at a known dual point, or infinity
  void begin(std::span<double const> residual, dual_metric const& metric, double known) {
    metric_ = metric;
    known_ = known;
    primal_.assign(residual.size(), 0.0);
    dual_.assign(residual.size(), 0.0);
    smoothed_.assign(residual.begin(), residual.end());
    double square = 0;
    for (std::size_t j = 0; j != residual.size(); ++j)
      square += metric_.weight(j) * residual[j] * residual[j];
    of_primal_ = of_dual_ = square / 2;
  }

  /// @brief p ← p + length·q. @param fall the decrease of f @param residual −∇f(x + p)
  LOCALSGD_ONE_COPY void add(double length, std::span<double const> q, double fall,
                             std::span<double const> residual) {
    known_ -= fall;
    double slope = 0, bend = 0, square = 0;
    for (std::size_t j = 0; j != q.size(); ++j) {
      primal_[j] += length * q[j];
      double const v = metric_.weight(j), way = primal_[j] - dual_[j],
                   change = residual[j] - smoothed_[j];
      slope -= smoothed_[j] * (way + v * change);
      bend += change * (way + v * change);
      square += v * residual[j] * residual[j];
    }
    of_primal_ = square / 2;
    double const step = bend > 0 ? slope / bend : 0;
    // 2(f(x + p) − f(x + s)) = −⟨p − s, the sum of the residuals⟩.
    double smoothed_square = 0, above = 0;
    for (std::size_t j = 0; j != q.size(); ++j) {
      dual_[j] += step * (primal_[j] - dual_[j]);
      smoothed_[j] += step * (residual[j] - smoothed_[j]);
      smoothed_square += metric_.weight(j) * smoothed_[j] * smoothed_[j];
      above -= (primal_[j] - dual_[j]) * (residual[j] + smoothed_[j]);
    }
    of_dual_ = (smoothed_square + above) / 2;
  }

  /// @brief The least of f(x + p) − D(s), f(x + p) − D(p), and f(x + p) − D at the known dual
  ///        point.
  double gap() const noexcept { return std::min(computed(), known_); }
  /// @brief The same without the known dual point, and f(x + p) − D at that alone.
  double computed() const noexcept { return std::min(of_dual_, of_primal_); }
  double known() const noexcept { return known_; }
  /// @brief Whether gap() is that of s.
  bool needs_point() const noexcept { return of_dual_ < std::min(of_primal_, known_); }
  /// @brief s
  std::span<double const> point() const noexcept { return dual_; }

 private:
  dual_metric metric_;
  std::vector<double> primal_, dual_, smoothed_;  // p, s and −∇f(x + s)
  double of_primal_ = 0, of_dual_ = 0, known_ = std::numeric_limits<double>::infinity();
};

}  // namespace localsgd::detail
