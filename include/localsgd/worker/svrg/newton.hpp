// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/cache_aligned.hpp"
#include "localsgd/core/index_range.hpp"
#include "localsgd/evaluation/full_gradient.hpp"
#include "localsgd/kernels/packed_cholesky.hpp"
#include "localsgd/kernels/rows.hpp"
#include "localsgd/objective/sharded_concept.hpp"
#include "localsgd/settings.hpp"
#include "localsgd/worker/svrg/hessian.hpp"

#include <cstddef>
#include <memory>
#include <span>
#include <utility>
#include <vector>

/// @file
/// @brief Newton's direction at an anchor, for models whose Hessian is cheap.

namespace localsgd::detail {

/// @brief Objectives whose Hessian is not known have no direction.
template <Objective F>
class newton_direction {
 public:
  newton_direction() = default;
  newton_direction(F const&, plan const&) noexcept {}

  template <class T>
  static void prepare(F const&, full_gradient&, T&) noexcept {}
  static constexpr bool exists() noexcept { return false; }
  static constexpr double epochs() noexcept { return 0; }
  static constexpr double gradients_per_sample() noexcept { return 0; }
  template <class T>
  static void curvature_at(F const&, std::span<typename F::scalar const>, full_gradient&,
                           T&) noexcept {}
  static bool solve(std::span<double const>, std::span<double>) noexcept { return false; }
  template <class Archive>
  static void state(Archive&) noexcept {}
};

/// @brief p = −∇²f(x)⁻¹∇f(x) of a linear model or softmax regression, by Cholesky.
///
/// Only where d ≤ 1024. The Hessian is summed by all threads in the order of the parts, so it has the
/// same bits on any number of them; the system is solved by who leads each process.
template <Objective F>
  requires has_row_hessian<stepped_objective<F>>
class newton_direction<F> {
 public:
  using scalar = typename F::scalar;

  newton_direction() = default;
  newton_direction(F const& f, plan const& p)
      : d_(p.dimension), samples_(static_cast<double>(p.samples)), lambda_(ridge_of(f)), plan_(p) {
    plan_.dimension = packed_size(d_);
  }

  /// @brief Collective, once: what a direction costs.
  template <class T>
  void prepare(F const& f, full_gradient& pass, T& team) {
    if (!exists()) return;
    pass.each_share(f, team, [&](auto const& share, index_range samples, std::span<double> sum,
                                 std::size_t) {
      double const outputs = static_cast<double>(outputs_of(share));
      for (std::size_t i = samples.first; i != samples.last; ++i) {
        auto const row = row_of(share.features(), i);
        std::size_t n = 0;
        if constexpr (sparse_row<decltype(row)>)
          n = row.indices.size();
        else
          n = row.size();
        sum[0] += outputs * static_cast<double>(n + 1);
        sum[1] += hessian_cost(share, n, d_);
      }
    });
    if (!team.leads()) return;
    double const entries = pass.totals()[0], squares = pass.totals()[1];
    double const d = static_cast<double>(d_);
    // In scattered multiply-adds. A local step and its part of the anchor's pass take about four for
    // each entry; those of a factorisation run along rows.
    epochs_ = (squares + 2 * entries + d * d * d / 6 / along_rows) / (4 * entries);
    gradients_ = 1 + squares / (2 * entries);
  }

  bool exists() const noexcept { return d_ != 0 && d_ <= 1024 && lambda_ > 0; }
  /// @brief What a direction costs, in epochs of local steps. @pre prepare()
  double epochs() const noexcept { return epochs_; }

  /// @brief The multiply-adds of ∇²f over those of ∇f.
  double gradients_per_sample() const noexcept { return gradients_; }

  /// @brief Collective: computes ∇²f(x).
  template <class T>
  void curvature_at(F const& f, std::span<scalar const> x, full_gradient& /*pass*/, T& team) {
    if (team.leads() && !hessian_) hessian_ = std::make_unique<full_gradient>(f, plan_);
    team.barrier();
    hessian_->each_share(f, team, [&](auto const& share, index_range samples, std::span<double> sum,
                                      std::size_t) { add_hessian(share, x, samples, sum); });
  }

  /// @brief Who leads: direction ← −∇²f(x)⁻¹∇f(x), from n·∇f(x).
  /// @return whether ∇²f(x) is positive definite, as far as rounding lets one see
  bool solve(std::span<double const> gradient_sum, std::span<double> direction) {
    factor_.assign(hessian_->sum().begin(), hessian_->sum().end());
    for (std::size_t j = 0; j != d_; ++j)
      factor_[packed_size(j) + j] += samples_ * lambda_;
    if (!factor_packed(factor_, d_)) return false;
    for (std::size_t j = 0; j != d_; ++j) direction[j] = -gradient_sum[j];
    solve_packed(factor_, direction);
    return true;
  }

  template <class Archive>
  void state(Archive& archive) {
    archive(epochs_, gradients_);
  }

 private:
  std::size_t d_ = 0;
  double samples_ = 0, lambda_ = 0, epochs_ = 0, gradients_ = 0;
  plan plan_;
  std::unique_ptr<full_gradient> hessian_;
  aligned_vector<double> factor_;
};

}  // namespace localsgd::detail
