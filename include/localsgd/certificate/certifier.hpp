// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/certificate/balanced_dual.hpp"
#include "localsgd/certificate/certificate.hpp"
#include "localsgd/certificate/dual_extrapolation.hpp"
#include "localsgd/evaluation/full_gradient.hpp"
#include "localsgd/certificate/recomputed_dual.hpp"
#include "localsgd/certificate/recession.hpp"
#include "localsgd/evaluation/row_rounding.hpp"
#include "localsgd/certificate/scaled_dual.hpp"
#include "localsgd/objective/concept.hpp"
#include "localsgd/settings.hpp"

#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <limits>
#include <span>
#include <vector>

/// @file
/// @brief The tightest proven bound on f(x) − f* that the evaluations of a run allow.

namespace localsgd::detail {

/// @brief An evaluation knows the norm of the least subgradient of F: that of the gradient, if there is one.
template <class F>
concept knows_least_subgradient =
    differentiable<F> || regularizer_has_subgradient<regularizer_type<F>, typename F::scalar>;

/// @brief Bounds f(x) − f* at evaluated points, by the least of
/// - ‖∇f(x)‖²/(2μ);
/// - f(x) − D(θ) at an extrapolated dual point, for linear models with an L2 penalty
///   (detail::dual_extrapolation): computed where its prediction is worth the pass over the slopes;
/// - F(x) − D(cθ) at the scaled slopes of the point, for linear models whose regularizer has no gradient
///   (detail::scaled_dual); and for such models in shards, and softmax regression where μ of r is not
///   that of f (detail::recomputed_dual), computed where its prediction is worth the passes over the rows;
/// - f(x) − D(θ) at the balanced dual point, for linear models with a free intercept, where μ = 0
///   (detail::balanced_dual): computed where its prediction is worth two passes over the rows;
/// - f(x) less what an earlier evaluation proved f* to be at least.
///
/// All are rounded up by what rounding can take away: see detail::row_rounding. Never negative.
template <Objective F>
class certifier {
 public:
  using scalar = typename F::scalar;
  static constexpr bool dual = has_dual<F> && std::same_as<scalar, double>;
  static constexpr bool scaled = has_scaled_dual<F>;
  static constexpr bool recomputed = recomputed_dual<F>::known;

  certifier(F const& f, plan const& p, full_gradient const& pass)
      : f_(&f),
        p_(&p),
        mu_(strong_convexity_of(f)),
        dual_(make_dual(f, p, pass)),
        balanced_(f),
        recomputed_(f, p),
        penalty_(certifying_convexity(f)) {
    if (scaled || (dual && mu_ > 0)) slopes_.resize(p.samples);
  }

  /// @brief Where an evaluation may leave the slopes of a linear model; of length n or none.
  std::span<double> slopes() noexcept { return slopes_; }

  /// @brief Who leads: the bound at a point whose evaluation may be long past.
  double at_known_point(full_gradient::value const& value, std::span<scalar const> x) {
    auto const off = rounding_.at(value, x, penalty_);
    return remember(value.objective, natural(value, off.gradient), off.value);
  }

  /// @brief Who leads: the gap that rounding hides at the point of the last bound, 4n ulps of f or 256
  ///        at most, and what cancellation adds. A smaller one is as good as numbers can certify.
  double precision(double objective) const noexcept {
    double const ulps = std::min(256.0, 4 * static_cast<double>(p_->samples));
    return ulps * static_cast<double>(std::numeric_limits<scalar>::epsilon()) *
               std::abs(objective) +
           last_off_;
  }

  /// @brief Collective, right after `pass` has evaluated f at x. Who leads gets the answer.
  /// @param slopes those of the evaluation, or none: then there is no dual point
  template <class T>
  double operator()(T& team, full_gradient& pass, std::span<scalar const> x,
                    full_gradient::value const& value, std::span<double const> slopes) {
    bool const leader = team.leads();
    if constexpr (scaled)
      if (team.broadcast(leader && is_known(x, value) ? 1 : 0) != 0) return leader ? known_.bound : 0;
    bool has_slopes = false;
    if constexpr (dual || scaled) has_slopes = !slopes.empty() && !slopes_.empty();
    if (leader && (has_slopes || balanced_.exists() || recomputed_.exists()))
      pass.write(static_cast<double>(p_->samples), gradient_);
    if (penalty_ > 0 || scaled || recomputed_.exists()) rounding_.measure(*f_, pass, team);
    typename row_rounding<F>::errors off;
    double bound = 0;
    if (leader) {
      off = rounding_.at(value, x, penalty_);
      bound = natural(value, off.gradient);
    }
    if constexpr (dual) {
      if (has_slopes) {
        int worth_a_pass = 0;
        linear_point at{};
        if (leader) {
          at = {x, gradient_, slopes, value.squared_slopes};
          worth_a_pass = std::isfinite(bound) && promises(dual_.propose(at), bound) ? 1 : 0;
        }
        if (team.broadcast(worth_a_pass) != 0) {
          pass.each_part(team, [&](index_range samples, std::span<double> sum) {
            dual_.add_dual(samples, slopes, sum);
          });
          if (leader) bound = std::min(bound, dual_.bound(value.objective, pass.last(), pass.sum()));
        }
        if (leader && std::isfinite(bound)) dual_.add(at);
      }
    }
    if constexpr (scaled) {
      if (has_slopes) {
        bound = std::min(
            bound, dual_.bound(team, pass, value.objective, gradient_, slopes, off.value));
      }
    }
    if (balanced_.exists()) {
      double const predicted = leader ? balanced_.predict(gradient_) : 0;
      if (team.broadcast(leader && balance_promises(predicted, value.objective) ? 1 : 0) != 0) {
        double const found = balanced_.bound(team, pass, x, gradient_, rounding_, off);
        if (leader) {
          bound = std::min(bound, found);
          learn(predicted, found);
          off.value = std::max(off.value, 2 * balanced_.rounding());
        }
      }
    }
    if constexpr (recomputed) {
      if (recomputed_.exists()) {
        double const predicted = leader ? recomputed_.predict(x, gradient_) : 0;
        if (team.broadcast(leader && balance_promises(predicted, value.objective) ? 1 : 0) != 0) {
          double const found = recomputed_.bound(team, pass, x, value.objective, gradient_, off.value,
                                                 off.gradient);
          if (leader) {
            bound = std::min(bound, found);
            learn(predicted, found);
            off.value = std::max(off.value, recomputed_.rounding());
          }
        }
      }
    }
    bool const hopeless = !(penalty_ > 0 || mu_ > 0 || scaled || recomputed_.exists());
    if (hopeless && p_->tolerance > 0) {
      bool const found = recedes_along(*f_, x, pass, team);
      if (leader && found) recedes_ = true;
    }
    if (!leader) return 0;
    bound = remember(value.objective, bound, off.value);
    if constexpr (scaled)
      if (has_slopes) known_ = {value, bound, {x.begin(), x.end()}};
    return bound;
  }

  /// @brief Who leads: whether there is a tolerance to reach, but f falls for ever along an evaluated point,
  ///        so that it has no minimum.
  bool recedes() const noexcept { return recedes_; }

  /// @brief Collective: what every thread remembers for its samples becomes known to all.
  template <class T>
  void share_slopes([[maybe_unused]] T& team, [[maybe_unused]] full_gradient const& pass) {
    if constexpr (dual)
      for (std::size_t k = 0; k != dual_.most; ++k) pass.share_slopes(team, dual_.slopes(k));
  }

  template <class Archive>
  void state(Archive& archive) {
    archive(least_, least_off_);
    if constexpr (dual) archive(dual_);
    if constexpr (has_balanced_dual<F> || recomputed) archive(optimism_, last_balanced_);
  }

 private:
  struct no_dual {};
  static auto make_dual(F const& f, [[maybe_unused]] plan const& p, full_gradient const& pass) {
    if constexpr (dual)
      return dual_extrapolation<F>(f, pass.chain());
    else if constexpr (scaled)
      return scaled_dual<F>(f, p);
    else
      return no_dual{};
  }

  // The bound is that of the last point: an anchor is certified by Newton steps, and evaluated.
  bool is_known(std::span<scalar const> x, full_gradient::value const& value) const noexcept {
    return value.objective == known_.value.objective &&
           value.squared_gradient_norm == known_.value.squared_gradient_norm &&
           std::ranges::equal(x, known_.x);
  }

  // A run that only wants its tolerance pays for no bound that does not end it.
  bool promises(double predicted, double bound) const noexcept {
    if (p_->tolerance > 0 && p_->evaluations == 0)
      return bound > p_->tolerance && predicted <= p_->tolerance;
    return predicted < bound / 1.25;
  }

  // The same of a balanced or recomputed dual point, whose prediction is optimistic: by as much as it was the last
  // time, at most, and by less the longer that is ago. A run that cannot reach its tolerance, or ends
  // before, shall have a bound, too.
  bool balance_promises(double predicted, double objective) noexcept {
    if (!std::isfinite(predicted)) return false;
    if (!(p_->tolerance > 0 && p_->evaluations == 0)) return true;
    double const goal = std::max(p_->tolerance, precision(objective));
    if (optimism_ * predicted <= goal || predicted <= last_balanced_ / 16) return true;
    optimism_ = std::max(1.0, optimism_ / 2);
    return false;
  }

  void learn(double predicted, double found) noexcept {
    optimism_ = predicted > 0 ? std::clamp(found / predicted, 1.0, 100.0) : 1;
    last_balanced_ = predicted;
  }

  // ‖∇f(x)‖²/(2μ), where the norm is off by at most `off`.
  double natural(full_gradient::value const& value, double off) const noexcept {
    if constexpr (!knows_least_subgradient<F>) return std::numeric_limits<double>::infinity();
    double const square = value.squared_gradient_norm;
    return certificate(off > 0 ? square + off * (2 * std::sqrt(square) + off) : square, mu_);
  }

  // f* ≥ f(x) − bound for good. The difference of two values of f is off by their rounding.
  double remember(double objective, double bound, double off) noexcept {
    last_off_ = std::isfinite(bound) ? off : std::max(off, least_off_);  // else it comes from least_
    double const rounding = 4 * static_cast<double>(p_->samples) *
                                std::numeric_limits<double>::epsilon() *
                                (std::abs(objective) + std::abs(least_)) +
                            off + least_off_;
    if constexpr (std::same_as<scalar, double>)
      bound = std::min(bound, std::max(0.0, objective - least_) + rounding);
    if (objective - bound > least_) {
      least_ = objective - bound;
      least_off_ = off;
    }
    return bound;
  }

  F const* f_;
  plan const* p_;
  double mu_;
  decltype(make_dual(std::declval<F const&>(), std::declval<plan const&>(),
                     std::declval<full_gradient const&>())) dual_;
  std::vector<double> slopes_, gradient_;
  row_rounding<F> rounding_;
  balanced_dual<F> balanced_;
  recomputed_dual<F> recomputed_;
  struct {
    full_gradient::value value;
    double bound = 0;
    std::vector<scalar> x;
  } known_;
  double penalty_;       // μ of f, or of r where the intercept is free
  double optimism_ = 1;  // of the predictions for balanced dual points, and the last one tried
  double last_balanced_ = std::numeric_limits<double>::infinity();
  double least_ = -std::numeric_limits<double>::infinity();  // f* is at least this
  double least_off_ = 0;  // less what cancellation hid where that was proved
  double last_off_ = 0;
  bool recedes_ = false;
};

}  // namespace localsgd::detail
