// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/cache_aligned.hpp"
#include "localsgd/core/index_range.hpp"
#include "localsgd/evaluation/full_gradient.hpp"
#include "localsgd/kernels/packed_cholesky.hpp"
#include "localsgd/kernels/simd.hpp"
#include "localsgd/objective/regularized.hpp"
#include "localsgd/worker/newton/hessian.hpp"

#include <algorithm>
#include <cstddef>
#include <span>
#include <utility>
#include <vector>

/// @file
/// @brief The function that a worker of `dane` minimises between two exchanges.

namespace localsgd::detail {

/// @brief s(y) = f_k(y) + ⟨∇f(x̃) − ∇f_k(x̃), y − x̃⟩ + (μ/2)‖y − x̃‖², f_k the mean over the
///        samples of worker k, including r. Its gradient at x̃ is ∇f(x̃).
///
/// All numbers are double, for any type of x. Not thread safe.
template <Objective F>
class surrogate {
 public:
  using scalar = typename F::scalar;

  surrogate(F const& f, std::vector<index_range> samples)
      : f_(&f), samples_(std::move(samples)), sum_(f.dimension() + 2), point_(f.dimension()) {
    for (index_range const& each : samples_) count_ += each.size();
  }

  std::size_t dimension() const noexcept { return point_.size(); }
  std::size_t samples() const noexcept { return count_; }  ///< n_k

  /// @brief Sets x̃ and ∇f(x̃); without a gradient s(y) = f_k(y) + (μ/2)‖y − x̃‖². One pass.
  void center(std::span<scalar const> at, std::span<double const> gradient, double proximity) {
    center_.assign(at.begin(), at.end());
    proximity_ = proximity;
    shift_.assign(dimension(), 0.0);
    if (gradient.empty()) return;
    add_up(center_);
    for (std::size_t j = 0; j != dimension(); ++j) shift_[j] = gradient[j] - sum_[j] / n();
  }

  /// @brief s(y), and g ← ∇s(y). One pass over the samples.
  double operator()(std::span<double const> y, std::span<double> g) {
    add_up(y);
    double value = sum_[dimension()] / n(), linear = 0, square = 0;
    for (std::size_t j = 0; j != dimension(); ++j) {
      double const moved = y[j] - center_[j];
      g[j] = sum_[j] / n() + shift_[j] + proximity_ * moved;
      linear += shift_[j] * moved;
      square += moved * moved;
    }
    return value + linear + proximity_ / 2 * square;
  }

  /// @brief triangle ← ∇²s(y), packed. @pre triangle has length packed_size(dimension())
  void hessian(std::span<double const> y, std::span<double> triangle)
    requires(has_row_hessian<F> && differentiable<F>)
  {
    std::ranges::copy(y, point_.begin());
    std::ranges::fill(triangle, 0.0);
    for (index_range const& each : samples_)
      add_hessian(*f_, std::span<scalar const>(point_), each, triangle);
    for (double& each : triangle) each /= n();
    double const lambda = ridge_of(*f_);
    std::size_t const penalized = penalized_coordinates(*f_);
    for (std::size_t j = 0; j != dimension(); ++j)
      triangle[packed_size(j) + j] += proximity_ + (j < penalized ? lambda : 0);
  }

  std::span<index_range const> ranges() const noexcept { return samples_; }

 private:
  double n() const noexcept { return static_cast<double>(count_); }

  void add_up(std::span<double const> y) {
    for (std::size_t j = 0; j != y.size(); ++j) point_[j] = static_cast<scalar>(y[j]);
    std::ranges::fill(sum_, 0.0);
    for (index_range const& each : samples_)
      add_samples(*f_, std::span<scalar const>(point_), each, std::span<double>(sum_),
                  std::span<double>());
  }

  F const* f_;
  std::vector<index_range> samples_;
  std::size_t count_ = 0;
  double proximity_ = 0;
  aligned_vector<double> sum_;
  aligned_vector<scalar> point_;
  std::vector<double> center_, shift_;
};

}  // namespace localsgd::detail
