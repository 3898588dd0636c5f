// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/compiler.hpp"
#include "localsgd/core/index_range.hpp"
#include "localsgd/certificate/dual_slopes.hpp"
#include "localsgd/certificate/fenchel_sum.hpp"
#include "localsgd/evaluation/full_gradient.hpp"
#include "localsgd/evaluation/row_rounding.hpp"
#include "localsgd/kernels/enclosed_zero.hpp"
#include "localsgd/kernels/simd.hpp"
#include "localsgd/loss/concept.hpp"
#include "localsgd/objective/linear_concept.hpp"
#include "localsgd/objective/regularized.hpp"
#include "localsgd/objective/sharded_concept.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

/// @file
/// @brief A bound on f(x) − f* for linear models that is as precise as numbers allow.

namespace localsgd::detail {

/// @brief A linear model, possibly in shards, with a smooth regularizer and a loss with a
///        conjugate.
template <class F>
concept has_fenchel_gap =
    LinearObjective<stepped_objective<F>> && differentiable<stepped_objective<F>> &&
    knows_conjugate<
        std::remove_cvref_t<decltype(std::declval<stepped_objective<F> const&>().loss())>>;

/// @brief The μ of the certificate: the strong convexity of f, or that of r if only the intercept
///        is free and detail::fenchel_gap bounds f(x) − f*. If it is 0, f has no certificate.
template <Objective F>
double certifying_convexity(F const& f) {
  if constexpr (has_fenchel_gap<F>)
    if (has_free_intercept(f)) return penalty_convexity_of(f);
  return strong_convexity_of(f);
}

/// @brief A duality gap of f(x) = (1/n) Σ s_i φ(z_i, y_i) + r(w), z_i = ⟨a_i, w⟩ + o_i + c·b, as a
///        sum of terms none of which is negative. r is μ-strongly convex and smooth, and x = (w,
///        b).
///
/// With h(θ) = (1/n) Σ s_i θ_i a_i, every θ in the domain of φ* bounds the optimum: f* ≥ D(θ) =
/// −(1/n) Σ s_i (φ*(θ_i, y_i) − θ_i o_i) − r*(−h(θ)), and
///
///     f(x) − D(θ) ≤ (1/n) Σ s_i (φ(z_i) + φ*(θ_i) − θ_i z_i) + ‖∇r(w) + h(θ)‖²/(2μ),
///
/// with equality for an L2 penalty. At the slopes θ̃_i = φ'(z_i, y_i) the first sum is 0 and the
/// bound ‖∇f(x)‖²/(2μ), but ∇f(x) is known only up to its rounding error, most of which is due to
/// cancellation in the z_i if features are large, whereas any numbers θ_i are a dual point: only
/// the sum h(θ) is rounded.
///
/// **A free intercept**, on which r does not act: f is not strongly convex in b, so ‖∇f(x)‖ alone
/// gives no bound, and D(θ) is finite only if **Σ s_i θ_i = 0**. The slopes satisfy Σ s_i θ̃_i =
/// (n/c) ∂f/∂b, which is 0 only at the minimum. Therefore the intercept is moved first, until θ_i =
/// φ'(z_i + v, y_i) sum to 0: this is the best intercept for w. The remainder of the sum is then
/// removed: the slopes of the sign with the larger weighted sum are multiplied by the smaller sum
/// over the larger one. φ is bounded from below, so 0 lies in the closure of the domain of φ*, and
/// so do the products. (The factors alone are not sufficient: a slope at the end of the domain,
/// which the Huber loss has, causes a first-order change.) Both terms are of second order in ∇f(x):
/// the first is a sum of Bregman distances of θ_i from θ̃_i.
///
/// The cost is one pass over the rows, and with a free intercept another one, and a few over the
/// products z_i.
///
/// The bound is rounded up as in detail::fenchel_sum, the terms by 8 u (|φ| + |φ*| + |θ_i z_i|). Σ
/// s_i θ_i, which should be 0, is at most ε Σ s_i |θ_i| with ε = (2m + 8)u, where m is the chain of
/// additions of one of its two sums, neither of which cancels. Multiplying the slopes of one sign
/// by 1 − ε' with ε' ≤ ε makes it 0. As φ* is convex, this adds at most ε' (|φ*(θ_i)| + |θ_i z_i| +
/// max(0, φ*(0))) to a term.
///
/// @see detail::dual_extrapolation for the use of earlier evaluations
template <Objective F>
class fenchel_gap {
 public:
  explicit fenchel_gap(F const& f) : f_(&f) {
    if constexpr (has_fenchel_gap<F>) mu_ = penalty_convexity_of(f);
    free_ = has_free_intercept(f);
  }

  /// @brief Whether f supports this certificate.
  bool exists() const noexcept { return mu_ > 0 && std::isfinite(mu_); }
  /// @brief Whether dual points are balanced, as f has a free intercept.
  bool balances() const noexcept { return free_ && exists(); }

  /// @brief Leader only: the next bound() is that of θ, balanced by factors, in place of the
  ///        slopes.
  /// @param theta n numbers in the domain of φ*
  void consider(std::span<double const> theta) { given_.assign(theta.begin(), theta.end()); }

  /// @brief With a free intercept, an estimate of bound(), or a lower value, from ∇f(x): d numbers.
  ///        0 if a dual point is to be considered. Otherwise see predicted_fenchel_gap().
  double predict(std::span<double const> gradient) const {
    if (!given_.empty()) return 0;
    double const across = squared_norm(penalized(*f_, gradient)) / (2 * mu_);
    double bend = 0;
    if constexpr (has_fenchel_gap<F> && LinearObjective<F>) {
      double const along = gradient.back() / f_->intercept();
      bend = along * along / (2 * f_->loss().curvature());
    }
    return across + bend;
  }

  /// @brief Collective: computes the bound on f(x) − f*; the leader receives it. The sums of `pass`
  ///        are preserved.
  /// @param rounding after it has measured the rows
  /// @param squared_slopes (1/n) Σ s_i φ'(z_i)²
  /// @return ≥ 0; infinity if a number is not finite
  template <class T>
  double bound(T& team, full_gradient& pass, std::span<typename F::scalar const> x,
               row_rounding<F> const& rounding, double squared_slopes) {
    double proved = infinity;
    pass.keeping_sums(team, [&] { proved = prove(team, pass, x, rounding, squared_slopes); });
    return proved;
  }

  /// @brief Leader only: the part of the rounding allowance in the last bound() that also applies
  ///        to the objective.
  double rounding() const noexcept { return rounding_; }

 private:
  static constexpr double infinity = std::numeric_limits<double>::infinity();
  static constexpr int most_shifts = 20;

  template <class T>
  double prove(T& team, full_gradient& pass, std::span<typename F::scalar const> x,
               row_rounding<F> const& rounding, double squared_slopes) {
    if constexpr (has_fenchel_gap<F>) {
      bool const leader = team.leads();
      if (leader) products_.resize(pass.parts());
      team.barrier();  // every part has its vector
      auto const multiply = [&](auto const& share, index_range samples, std::size_t part) {
        products_[part].resize(samples.size());
        write_predictions(share, x, samples, products_[part].data());
      };
      if (free_) balance_out(team, pass, multiply);
      pass.each_share(*f_, team, [&](auto const& share, index_range samples, std::span<double> sum,
                                     std::size_t part) {
        if (!free_) multiply(share, samples, part);
        add_fenchel_gap(share, products_[part], samples,
                        [&](index_range some, std::span<double const> z, double* theta) {
                          if (given_.empty())
                            return write_balanced_slopes(share, z, shift_, factor_, some, theta);
                          for (std::size_t i = some.first; i != some.last; ++i)
                            theta[i - some.first] = factor_(given_[i]) * given_[i];
                        },
                        sum);
      });
      if (leader) given_.clear();
      if (!leader) return infinity;
      constexpr double u = std::numeric_limits<double>::epsilon() / 2;
      fenchel_sum const sums{
          .nh = penalized(*f_, pass.sum()),
          .terms = pass.last(),
          .rounding = (16 + 2 * chain_by_sign(pass)) * u * pass.totals().back(),
          .squared_slopes =
              free_ ? pass.sum().back() / static_cast<double>(f_->samples()) : squared_slopes,
          .chain = pass.chain()};
      return sums.bound(*f_, x, rounding, rounding_);
    }
    return infinity;
  }

  // Collective: finds the shift and the factors for which Σ s_i θ_i = 0. @param multiply computes
  // the z_i
  template <class T, class Multiply>
  void balance_out(T& team, full_gradient& pass, Multiply const& multiply) {
    bool const leader = team.leads();
    pass.each_share(*f_, team, [&](auto const& share, index_range samples, std::span<double> sum,
                                   std::size_t part) {
      multiply(share, samples, part);
      if (given_.empty())
        add_slopes_by_sign(share, products_[part], 0, samples, sum);
      else
        add_by_sign(share, given_, samples, sum);
    });
    if (leader) begin(pass);
    for (int tried = 0; tried != most_shifts; ++tried) {
      if (team.broadcast(leader && !balanced_ ? 1 : 0) == 0) break;
      pass.each_share(*f_, team, [&](auto const& share, index_range samples, std::span<double> sum,
                                     std::size_t part) {
        add_slopes_by_sign(share, products_[part], trial_, samples, sum);
      });
      if (leader) look(pass);
    }
    team.barrier();  // the shift and the factors are set
  }

  // The chain of additions in one of the two sums, in blocks of 64.
  static double chain_by_sign(full_gradient const& pass) noexcept {
    return static_cast<double>(pass.chain()) / 64 + 64 + static_cast<double>(pass.parts());
  }

  void begin(full_gradient const& pass) noexcept {
    double const above = pass.totals()[0], below = pass.totals()[1];
    zero_.begin(above - below, pass.totals()[2]);
    imbalance_ = infinity;
    trial_ = 0;
    take(pass);
    balanced_ = balanced_ || !given_.empty();  // by factors alone
  }
  void look(full_gradient const& pass) noexcept {
    zero_.add(trial_, pass.totals()[0] - pass.totals()[1]);
    take(pass);
  }
  // shift_ ← the trial, if it is better than all previous ones; trial_ ← the next one.
  void take(full_gradient const& pass) noexcept {
    double const above = pass.totals()[0], below = pass.totals()[1], off = std::abs(above - below);
    if (off < imbalance_ || imbalance_ == infinity) {
      imbalance_ = off;
      shift_ = trial_;
      factor_ = balance::of(above, below);
    }
    constexpr double u = std::numeric_limits<double>::epsilon() / 2;
    trial_ = zero_.next();
    balanced_ = !(off > chain_by_sign(pass) * u * (above + below)) || !std::isfinite(trial_);
  }

  F const* f_;
  double mu_ = 0, rounding_ = 0;
  bool free_ = false;
  std::vector<double> given_;                  // n numbers, or none
  std::vector<std::vector<double>> products_;  // z_i of each part, in the process that sums it
  enclosed_zero zero_;
  double trial_ = 0, shift_ = 0, imbalance_ = 0;
  bool balanced_ = false;
  balance factor_;
};

}  // namespace localsgd::detail
