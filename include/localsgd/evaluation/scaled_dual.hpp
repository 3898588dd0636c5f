// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/index_range.hpp"
#include "localsgd/evaluation/full_gradient.hpp"
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
/// @brief A bound on F(x) − F* for regularizers without a gradient, from the slopes at x.

namespace localsgd::detail {

/// @brief A linear model whose loss and regularizer know their conjugates.
template <class F>
concept has_scaled_dual =
    LinearObjective<F> && proximal<F> && std::same_as<typename F::scalar, double> &&
    knows_conjugate<std::remove_cvref_t<decltype(std::declval<F const&>().loss())>> &&
    requires(F const& f, std::span<double const> u) {
      { f.regularizer().conjugate(u) } -> std::same_as<double>;
    };

/// @brief The largest c in [0, 1] with r*(c·u) < ∞, where r tells it; else 1 or, if r*(u) is infinite, 0.
template <class R>
double dual_scale_of(R const& r, std::span<double const> u) {
  if constexpr (requires { { r.dual_scale(u) } -> std::same_as<double>; })
    return r.dual_scale(u);
  else
    return std::isfinite(r.conjugate(u)) ? 1 : 0;
}

/// @brief F(x) − D(cθ) with the slopes θ_i = φ'(z_i, y_i) at x.
///
/// Every θ in the domain of φ* bounds the optimum of F(x) = (1/n) Σ s_i φ(⟨a_i, x⟩, y_i) + r(x):
/// F* ≥ D(θ) = −(1/n) Σ s_i φ*(θ_i, y_i) − r*(u), u = −(1/n) Σ s_i θ_i a_i. Where r*(u) is infinite,
/// as outside |u_j| ≤ λ for `l1`, θ is scaled by the largest c ≤ 1 that makes it finite
/// \cite ndiaye2017gap . 0 lies in the domain of φ*, or on its edge, for every φ that is bounded from
/// below, so cθ stays inside. As x → x*, c → 1 and the bound → 0.
template <has_scaled_dual F>
class scaled_dual {
 public:
  scaled_dual(F const& f, plan p) : f_(&f), sums_(make_sums(p)) {}

  /// @brief Who leads: chooses c. @param gradient (1/n) Σ s_i θ_i a_i
  void choose(std::span<double const> gradient) {
    u_.assign(gradient.begin(), gradient.end());
    for (double& each : u_) each = -each;
    scale_ = dual_scale_of(f_->regularizer(), u_);
    for (double& each : u_) each *= scale_;
    conjugate_ = f_->regularizer().conjugate(u_);
  }

  /// @brief Collective, after choose(): the bound, rounded up by what the sums may be off. Who leads gets
  ///        the answer.
  /// @param slopes θ_i: n
  /// @param off    how much cancellation in the products ⟨a_i, x⟩ may hide of F(x)
  template <class T>
  double bound(T& team, double objective, std::span<double const> slopes, double off) {
    sums_.each_part(team, [&](index_range samples, std::span<double> sum) {
      add_dual(samples, slopes, sum);
    });
    if (!team.leads()) return infinity;
    double const n = static_cast<double>(f_->samples());
    double const conjugates = sums_.totals()[0] / n, sizes = sums_.totals()[1] / n;
    double const gap = objective + conjugates + conjugate_;
    constexpr double u = std::numeric_limits<double>::epsilon() / 2;
    double const chain = static_cast<double>(sums_.chain() + u_.size() + 64);
    double const margin =
        4 * chain * u * (std::abs(objective) + sizes + std::abs(conjugate_)) + off;
    double const result = std::max(gap, 0.0) + margin;
    return std::isfinite(result) ? result : infinity;
  }

 private:
  static constexpr double infinity = std::numeric_limits<double>::infinity();

  static full_gradient make_sums(plan& p) {
    p.dimension = 1;
    return full_gradient(p);
  }

  // Adds Σ s_i φ*(cθ_i, y_i) over some samples, and Σ s_i |φ*(cθ_i, y_i)|.
  void add_dual(index_range samples, std::span<double const> slopes, std::span<double> sum) const {
    auto const& loss = f_->loss();
    for (std::size_t i = samples.first; i != samples.last; ++i) {
      double const y = f_->target(i);
      double const theta = loss.project_to_dual_domain(scale_ * slopes[i], y);
      double const value = f_->scale(i) * loss.conjugate(theta, y);
      sum[0] += value;
      sum[1] += std::abs(value);
    }
  }

  F const* f_;
  full_gradient sums_;
  double scale_ = 0, conjugate_ = 0;
  std::vector<double> u_;
};

}  // namespace localsgd::detail
