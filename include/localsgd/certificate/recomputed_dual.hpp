// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/compiler.hpp"
#include "localsgd/core/index_range.hpp"
#include "localsgd/certificate/dual_passes.hpp"
#include "localsgd/certificate/fenchel_sum.hpp"
#include "localsgd/evaluation/full_gradient.hpp"
#include "localsgd/evaluation/row_rounding.hpp"
#include "localsgd/certificate/scaled_dual.hpp"
#include "localsgd/objective/regularized.hpp"
#include "localsgd/objective/sharded_concept.hpp"
#include "localsgd/settings.hpp"

#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <limits>
#include <span>
#include <vector>

/// @file
/// @brief A bound on F(x) − F* from recomputed slopes, for softmax regression and for data in
///        shards.

namespace localsgd::detail {

/// @brief Softmax regression, or a linear model whose slopes are not stored in one place, with a
///        regularizer that has a conjugate.
template <class F>
concept has_recomputed_dual =
    !has_scaled_dual<F> && has_regularizer<stepped_objective<F>> &&
    regularizer_has_conjugate<regularizer_type<stepped_objective<F>>> &&
    bool(has_class_probabilities<stepped_objective<F>> ||
         (linear_with_conjugate<stepped_objective<F>> && proximal<stepped_objective<F>>));

/// @brief F(x) − D(cθ) as in detail::scaled_dual, with the slopes θ_i = ∂φ_i/∂z at x recomputed in
///        each pass: for objectives whose slopes are not stored by an evaluation, or not in one
///        place.
///
/// F* ≥ D(θ) = −(1/n) Σ s_i φ_i*(θ_i) − r*(u), u = −(1/n) Σ s_i θ_i a_iᵀ, for every θ in the domain
/// of the φ_i*. For softmax regression θ_i is in it if θ_i + e_y is in the simplex; φ_i*(θ_i) is
/// the negative entropy. c ≤ 1 is the largest value for which r*(cu) is finite. With free
/// intercepts D(θ) is finite only if Σ s_i θ_i = 0, which detail::dual_passes enforces.
///
/// One pass over the rows; two if f is differentiable, three with a free intercept. To first order
/// in 1 − c the bound is r(x) − ⟨cu, x⟩ + r*(cu), which depends on ∇φ(x) only: predict() returns
/// it.
///
/// The bound is rounded up, with E a bound on the error of u: that of ∇f(x), or that of a sum if u
/// is computed from the same θ_i as the φ_i*. c and r* are evaluated at the worst u + e, for three
/// e that enclose all e with ‖e‖ ≤ E (r separable or a sum of norms). The sums are rounded up by
/// their chains of additions. The rounding error of Σ s_i θ_i is a fraction ε of the slopes: its
/// removal would increase Φ* by at most 2ε(1 + |φ_i*|). For a differentiable f the gap is computed
/// as in detail::fenchel_sum, too, and the smaller one is used: the other one is finite if
/// probabilities underflow.
template <Objective F>
class recomputed_dual {
 public:
  static constexpr bool known = false;
  recomputed_dual(F const&, plan const&) noexcept {}
  static constexpr bool exists() noexcept { return false; }
};

template <Objective F>
  requires has_recomputed_dual<F>
class recomputed_dual<F> {
 public:
  using scalar = typename F::scalar;
  static constexpr bool known = true;

  recomputed_dual(F const& f, plan p) : f_(&f), passes_(outputs_of(f)), sums_(make_sums(f, p)) {
    exists_ = proximal<F> || penalty_convexity_of(f) > 0;
  }

  /// @brief Whether this bound is available.
  bool exists() const noexcept { return exists_; }

  /// @brief An estimate of bound(), or a lower value; if f is differentiable without a free
  ///        intercept, predicted_fenchel_gap() is simpler.
  /// @param gradient as computed by an evaluation
  double predict(std::span<scalar const> x, std::span<double const> gradient) {
    set_u(x, gradient);
    auto const [c, conjugate] = scaled(0);
    auto const w = penalized(*f_, x);
    double product = 0;
    for (std::size_t j = 0; j != w.size(); ++j) product += u_[j] * static_cast<double>(w[j]);
    double const gap = f_->regularizer().value(w) - c * product + conjugate;
    return std::isnan(gap) ? infinity : std::max(gap, 0.0);
  }

  /// @brief Collective: computes the bound on F(x) − F*; the leader receives it. @pre the last
  ///        evaluation of `pass` was that of F at x; its sums are preserved
  /// @param gradient on the leader, as computed by the evaluation
  /// @param rows     after it has measured the rows; `off` is its result at x
  /// @return ≥ 0; infinity if a number is not finite
  template <class T>
  double bound(T& team, full_gradient& pass, std::span<scalar const> x, double objective,
               std::span<double const> gradient, [[maybe_unused]] row_rounding<F> const& rows,
               typename row_rounding<F>::errors const& off) {
    bool const leader = team.leads(), free = has_free_intercept(*f_);
    double const n = static_cast<double>(f_->samples());
    if (leader) passes_.reset();
    if (free) {
      team.barrier();  // factors are not set
      sums_.each_share(*f_, team,
                       [&](auto const& share, index_range samples, std::span<double> sum,
                           std::size_t) { passes_.add_imbalance(share, x, samples, sum); });
      if (leader) passes_.balance_out(sums_.totals());
    }
    bool const recomputed = free || !proximal<F>;
    if (recomputed) {
      team.barrier();  // the factors are set
      pass.keeping_sums(team, [&] {
        pass.each_share(*f_, team,
                        [&](auto const& share, index_range samples, std::span<double> sum,
                            std::size_t) { passes_.add_gradient(share, x, samples, sum); });
        if (!leader) return;
        auto const nh = penalized(*f_, pass.sum());
        nh_.assign(nh.begin(), nh.end());
        u_.resize(nh.size());
        for (std::size_t j = 0; j != u_.size(); ++j) u_[j] = -nh[j] / n;
      });
    } else if (leader) {
      set_u(x, gradient);
    }
    if (leader) {
      auto const [c, conjugate] = scaled(recomputed ? off.sum : off.gradient);
      scale_ = c;
      conjugate_ = conjugate;
    }
    team.barrier();  // c is set
    sums_.each_share(*f_, team, [&](auto const& share, index_range samples, std::span<double> sum,
                                    std::size_t) {
      passes_.add_conjugates(share, x, scale_, samples, sum);
      if constexpr (!proximal<F>) passes_.add_fenchel_gaps(share, x, samples, sum.subspan(2));
    });
    if (!leader) return infinity;
    double const conjugates = sums_.totals()[0] / n, sizes = sums_.totals()[1] / n;
    constexpr double u = std::numeric_limits<double>::epsilon() / 2;
    double const chain = static_cast<double>(sums_.chain() + f_->dimension() + 64);
    double const gap = objective + conjugates + conjugate_;
    rounding_ = (free ? 8 : 4) * chain * u * (std::abs(objective) + sizes + std::abs(conjugate_)) +
                off.value;
    double result = std::max(gap, 0.0) + rounding_;
    if constexpr (!proximal<F>) {
      fenchel_sum const fenchel{.nh = nh_,
                                .terms = sums_.totals()[2],
                                .rounding = 8 * chain * u * sums_.totals()[3],
                                .squared_slopes = stepped_objective<F>::largest_squared_slopes,
                                .chain = sums_.chain()};
      double rounding = 0;
      double const bound = fenchel.bound(*f_, x, rows, rounding);
      if (bound < result) {
        result = bound;
        rounding_ = rounding;
      }
    }
    return std::isfinite(result) ? result : infinity;
  }

  /// @brief Leader only: the allowance for rounding in the last bound().
  double rounding() const noexcept { return rounding_; }

 private:
  static constexpr double infinity = std::numeric_limits<double>::infinity();
  using passes = dual_passes<stepped_objective<F>>;
  struct scaled_conjugate {
    double scale, conjugate;
  };

  static std::size_t outputs_of(F const& f) noexcept {
    if constexpr (requires { f.classes(); })
      return f.classes();
    else
      return 1;
  }
  static full_gradient make_sums(F const& f, plan& p) {
    p.dimension = passes::sums(outputs_of(f));
    return full_gradient(f, p);
  }

  // u_ ← −∇φ(x), for the coordinates on which r acts.
  void set_u(std::span<scalar const> x, std::span<double const> gradient) {
    auto const g = penalized(*f_, gradient);
    u_.assign(g.begin(), g.end());
    if constexpr (!proximal<F>) {
      auto const w = penalized(*f_, x);
      std::vector<scalar> of_penalty(w.size());
      f_->regularizer().gradient(w, std::span<scalar>(of_penalty));
      for (std::size_t j = 0; j != u_.size(); ++j) u_[j] -= static_cast<double>(of_penalty[j]);
    }
    for (double& each : u_) each = -each;
  }

  // c, and the largest r*(c(u + e)).
  LOCALSGD_ONE_COPY scaled_conjugate scaled(double error) const {
    auto const& r = f_->regularizer();
    constexpr int most = 3;
    double c = 1;
    std::vector<double> v[most];
    int const count = error > 0 ? most : 1;
    for (int k = 0; k != count; ++k) {
      v[k] = u_;
      for (double& each : v[k])
        each += count == 1 ? 0 : k == 0 ? std::copysign(error, each) : k == 1 ? error : -error;
      c = std::min(c, dual_scale_of(r, std::span<double const>(v[k])));
    }
    double most_conjugate = -infinity, least_conjugate = infinity;
    for (int k = 0; k != count; ++k) {
      for (double& each : v[k]) each *= c;
      double const conjugate = r.conjugate(std::span<double const>(v[k]));
      if (std::isnan(conjugate)) return {c, infinity};
      most_conjugate = std::max(most_conjugate, conjugate);
      least_conjugate = std::min(least_conjugate, conjugate);
    }
    return {c, most_conjugate + (count > 1 ? most_conjugate - least_conjugate : 0)};
  }

  F const* f_;
  passes passes_;
  full_gradient sums_;
  bool exists_ = false;
  double scale_ = 0, conjugate_ = 0, rounding_ = 0;
  std::vector<double> u_, nh_;  // nh_: Σ s_i θ_i a_i
};

}  // namespace localsgd::detail
