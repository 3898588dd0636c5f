// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/index_range.hpp"
#include "localsgd/certificate/dual_slopes.hpp"
#include "localsgd/evaluation/full_gradient.hpp"
#include "localsgd/kernels/rows.hpp"
#include "localsgd/loss/concept.hpp"
#include "localsgd/objective/linear_concept.hpp"
#include "localsgd/settings.hpp"

#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <limits>
#include <span>
#include <type_traits>
#include <vector>

/// @file
/// @brief A bound on F(x) − F* for nonsmooth regularizers, from the slopes at x.

namespace localsgd::detail {

/// @brief A linear model whose loss and regularizer have conjugates.
template <class F>
concept has_scaled_dual =
    LinearObjective<F> && proximal<F> && std::same_as<typename F::scalar, double> &&
    knows_conjugate<std::remove_cvref_t<decltype(std::declval<F const&>().loss())>> &&
    regularizer_has_conjugate<regularizer_type<F>>;

/// @brief The largest c in [0, 1] with r*(c·u) < ∞, if r provides it; otherwise 1 or, if r*(u) is
///        infinite, 0.
template <class R>
double dual_scale_of(R const& r, std::span<double const> u) {
  if constexpr (regularizer_has_dual_scale<R>)
    return r.dual_scale(u);
  else
    return std::isfinite(r.conjugate(u)) ? 1 : 0;
}

/// @brief F(x) − D(cθ) with the slopes θ_i = φ'(z_i, y_i) at x.
///
/// Every θ in the domain of φ* bounds the optimum of F(x) = (1/n) Σ s_i φ(⟨a_i, x⟩, y_i) + r(x):
/// F* ≥ D(θ) = −(1/n) Σ s_i (φ*(θ_i, y_i) − θ_i o_i) − r*(u), u = −(1/n) Σ s_i θ_i a_i, o_i the
/// offsets. If r*(u) is infinite, as outside |u_j| ≤ λ for `l1`, θ is scaled by the largest c ≤ 1
/// that makes it finite \cite ndiaye2017gap . 0 lies in the closure of the domain of φ* for every φ
/// that is bounded from below, so cθ stays inside. As x → x*, c → 1 and the bound → 0.
///
/// With a free intercept, D(θ) is finite only if Σ s_i θ_i = 0. First, the slopes of the sign with
/// the larger weighted sum are multiplied by the smaller sum over the larger one, which takes a
/// pass over the rows.
template <has_scaled_dual F>
class scaled_dual {
 public:
  scaled_dual(F const& f, plan p) : f_(&f), sums_(make_sums(p)) {}

  /// @brief Collective: computes a bound on F(x) − F*, rounded up by the error of the sums; the
  ///        leader receives it.
  /// @param pass     its sums are overwritten if the intercept is free
  /// @param gradient on the leader: (1/n) Σ s_i θ_i a_i
  /// @param slopes   θ_i: n
  /// @param off      the error of F(x) that cancellation in the products ⟨a_i, x⟩ may cause
  /// @param errors   ≥ 1: the factor by which errors of slopes and gradient exceed those of an
  ///                 evaluation
  template <class T>
  double bound(T& team, full_gradient& pass, double objective, std::span<double const> gradient,
               std::span<double const> slopes, double off, double errors = 1) {
    bool const leader = team.leads(), free = has_free_intercept(*f_);
    double const n = static_cast<double>(f_->samples());
    constexpr double u = std::numeric_limits<double>::epsilon() / 2;
    double const chain = static_cast<double>(sums_.chain() + f_->dimension() + 64);
    if (leader) u_.assign(gradient.begin(), gradient.end());
    if (free) {
      sums_.each_part(team, [&](index_range samples, std::span<double> sum) {
        for (std::size_t i = samples.first; i != samples.last; ++i)
          sum[slopes[i] > 0 ? 0 : 1] += f_->scale(i) * std::abs(slopes[i]);
      });
      if (leader) factor_ = balance::of(sums_.totals()[0], sums_.totals()[1]);
      team.barrier();  // the factors are set
      pass.each_part(team, [&](index_range samples, std::span<double> sum) {
        for (std::size_t i = samples.first; i != samples.last; ++i)
          add_scaled(f_->scale(i) * balanced(slopes[i]), row_of(f_->features(), i), sum.data());
      });
      if (leader) pass.write(n, u_);
    }
    if (leader) choose(free ? std::max(1e-12, 8 * chain * u) : 0);
    team.barrier();  // c is set
    sums_.each_part(team, [&](index_range samples, std::span<double> sum) {
      add_dual(samples, slopes, sum);
    });
    if (!leader) return infinity;
    double const conjugates = sums_.totals()[0] / n, sizes = sums_.totals()[1] / n;
    double const gap = objective + conjugates + conjugate_;
    double const margin =
        4 * chain * u * (std::abs(objective) + sizes + std::abs(conjugate_)) + off;
    double const result = std::max(gap, 0.0) + (free ? 2 : 1) * errors * margin;
    return std::isfinite(result) ? result : infinity;
  }

 private:
  static constexpr double infinity = std::numeric_limits<double>::infinity();

  double balanced(double theta) const noexcept { return theta * factor_(theta); }

  // c and r*(cu), from u_ = −u. `slack`: the amount by which c is below its largest value.
  void choose(double slack) {
    std::span<double> const u = penalized(*f_, std::span<double>(u_));
    for (double& each : u) each = -each;
    scale_ = dual_scale_of(f_->regularizer(), std::span<double const>(u)) * (1 - slack);
    for (double& each : u) each *= scale_;
    conjugate_ = f_->regularizer().conjugate(std::span<double const>(u));
  }

  static full_gradient make_sums(plan& p) {
    p.dimension = 1;
    return full_gradient(p);
  }

  void add_dual(index_range samples, std::span<double const> slopes, std::span<double> sum) const {
    for (std::size_t i = samples.first; i != samples.last; ++i)
      add_conjugate(*f_, i, scale_ * balanced(slopes[i]), sum);
  }

  F const* f_;
  full_gradient sums_;
  double scale_ = 0, conjugate_ = 0;
  balance factor_;
  std::vector<double> u_;
};

}  // namespace localsgd::detail
