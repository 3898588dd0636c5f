// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/certificate/fenchel_gap.hpp"
#include "localsgd/certificate/certificate.hpp"
#include "localsgd/certificate/dual_extrapolation.hpp"
#include "localsgd/certificate/extrapolated_slopes.hpp"
#include "localsgd/certificate/least_value.hpp"
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
/// @brief The tightest bound on f(x) − f* that the evaluations of a run can prove.

namespace localsgd::detail {

template <class F>
concept has_subgradient_of_penalty =
    regularizer_has_subgradient<regularizer_type<F>, typename F::scalar>;

/// @brief Objectives whose evaluations give the norm of the least subgradient of F: that of the
///        gradient if F is differentiable.
template <class F>
concept knows_least_subgradient = bool(differentiable<F> || has_subgradient_of_penalty<F>);

/// @brief Bounds f(x) − f* at evaluated points by the least of:
/// - ‖∇f(x)‖²/(2μ);
/// - f(x) − D(θ) at an extrapolated dual point, for linear models with an L2 penalty
///   (detail::dual_extrapolation); computed if its prediction justifies the pass over the slopes;
/// - F(x) − D(cθ) at the scaled slopes of the point, for linear models whose regularizer has no
///   gradient (detail::scaled_dual), and at the extrapolated slopes of recent evaluations
///   (detail::extrapolated_slopes); the same for such models in shards, and for softmax regression
///   if μ of r is not that of f (detail::recomputed_dual), computed if its prediction justifies the
///   passes over the rows;
/// - f(x) − D(θ) as a sum of Fenchel gaps, for linear models with a smooth regularizer
///   (detail::fenchel_gap), with balanced slopes if the intercept is free, where μ = 0, and otherwise
///   if the other bounds are mostly rounding; computed if its prediction justifies the passes;
/// - f(x) minus a lower bound on f*: least_value(), or from an earlier evaluation.
///
/// All bounds are rounded up to cover rounding errors (detail::row_rounding); none is negative.
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
        recent_(make_recent(f)),
        fenchel_(f),
        recomputed_(f, p),
        penalty_(certifying_convexity(f)) {
    if (scaled || (dual && mu_ > 0)) slopes_.resize(p.samples);
    if (penalty_ > 0) least_ = least_value<F>();  // otherwise f may have no minimum
  }

  /// @brief Storage in which an evaluation may leave the slopes of a linear model: length n, or
  ///        empty.
  std::span<double> slopes() noexcept { return slopes_; }

  /// @brief Leader only: the bound at a point that may have been evaluated much earlier.
  double at_known_point(full_gradient::value const& value, std::span<scalar const> x) {
    auto const off = rounding_.at(value, x, penalty_);
    return remember(value.objective, natural(value, off.gradient), off.value);
  }

  /// @brief Leader only: the gap that rounding hides at the point of the last bound: 4n ulps of f,
  ///        at most 256, plus the effect of cancellation. No smaller gap can be certified.
  double precision(double objective) const noexcept {
    double const ulps = std::min(256.0, 4 * static_cast<double>(p_->samples));
    return ulps * static_cast<double>(std::numeric_limits<scalar>::epsilon()) *
               std::abs(objective) +
           last_off_;
  }

  /// @brief Leader only, before an evaluation that may end the run: whether every dual point is tried,
  ///        whatever it promises.
  void insist(bool on) noexcept { insists_ = on; }

  /// @brief Leader only: the next bound considers θ, too. @param x −h(θ)/λ @param squares (1/n) Σ s_i θ_i²
  void consider(std::span<scalar const> x, std::span<double const> theta, double squares) {
    known_.x.clear();  // no bound has considered θ yet
    if (fenchel_.balances()) return fenchel_.consider(theta);
    gradient_.assign(x.size(), 0.0);
    if constexpr (dual) dual_.consider({x, gradient_, theta, squares});
  }

  /// @brief Collective, immediately after `pass` has evaluated f at x. The leader receives the
  ///        result.
  /// @param slopes those of the evaluation; if empty, no dual point is used
  template <class T>
  double operator()(T& team, full_gradient& pass, std::span<scalar const> x,
                    full_gradient::value const& value, std::span<double const> slopes) {
    bool const leader = team.leads();
    if constexpr (scaled || dual)
      if (team.broadcast(leader && !insists_ && is_known(x, value) ? 1 : 0) != 0) return leader ? known_.bound : 0;
    bool has_slopes = false;
    if constexpr (dual || scaled) has_slopes = !slopes.empty() && !slopes_.empty();
    if (leader && (has_slopes || fenchel_.balances() || recomputed_.exists()))
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
        linear_point const at{x, gradient_, slopes, value.squared_slopes};
        bool const worth_a_pass =
            leader && std::isfinite(bound) && promises(dual_.propose(at), bound);
        if (team.broadcast(worth_a_pass ? 1 : 0) != 0) {
          pass.keeping_sums(team, [&] {
            pass.each_part(team, [&](index_range samples, std::span<double> sum) {
              dual_.add_dual(samples, slopes, sum);
            });
            if (leader) bound = std::min(bound, dual_.bound(value.objective, pass.last(), pass.sum()));
          });
        }
        if (leader && std::isfinite(bound)) dual_.add(at);
      }
    }
    if constexpr (scaled) {
      if (has_slopes) {
        bound = std::min(
            bound, dual_.bound(team, pass, value.objective, gradient_, slopes, off.value));
        bound = recent_.improve(team, pass, dual_, {x, gradient_, slopes}, value.objective, off.value,
                                bound, [&](double predicted, double now) { return promises(predicted, now); });
      }
    }
    auto const attempt = [&](auto const& predict, auto const& prove, auto const& rounding) {
      bool const by_norm = differentiable<F> && !has_free_intercept(*f_);
      double const of_norm = predicted_fenchel_gap(value.squared_gradient_norm, penalty_, bound);
      double const predicted = !leader ? 0 : by_norm ? of_norm : predict();
      if (team.broadcast(leader && balance_promises(predicted, value.objective) ? 1 : 0) == 0) return;
      double const found = prove();
      if (!leader) return;
      bound = std::min(bound, found);
      if (predicted > 0) learn(predicted, found);
      off.value = std::max(off.value, rounding());
    };
    if (fenchel_.exists())
      attempt([&] { return fenchel_.predict(gradient_); },
              [&] { return fenchel_.bound(team, pass, x, rounding_, value.squared_slopes); },
              [&] { return 2 * fenchel_.rounding(); });
    if constexpr (recomputed)
      if (recomputed_.exists())
        attempt([&] { return recomputed_.predict(x, gradient_); },
                [&] { return recomputed_.bound(team, pass, x, value.objective, gradient_, rounding_, off); },
                [&] { return recomputed_.rounding(); });
    bool const hopeless = !(penalty_ > 0 || mu_ > 0 || scaled || recomputed_.exists());
    if (hopeless && p_->tolerance > 0)
      if (recedes_along(*f_, x, pass, team) && leader) recedes_ = true;
    if (!leader) return 0;
    bound = remember(value.objective, bound, off.value);
    if constexpr (scaled || dual)
      if (has_slopes) known_ = {value, bound, {x.begin(), x.end()}};
    return bound;
  }

  /// @brief Leader only: whether a tolerance is set, but f decreases without bound along an
  ///        evaluated point, so that it has no minimum.
  bool recedes() const noexcept { return recedes_; }

  /// @brief Collective: publishes what every thread has stored for its samples.
  template <class T>
  void share_slopes([[maybe_unused]] T& team, [[maybe_unused]] full_gradient const& pass) {
    if constexpr (dual)
      for (std::size_t k = 0; k != dual_.most; ++k) pass.share_slopes(team, dual_.slopes(k));
    if constexpr (scaled)
      for (std::size_t k = 0; k != recent_.most; ++k) pass.share_slopes(team, recent_.slopes(k));
  }

  template <class Archive>
  void state(Archive& archive) {
    archive(least_, least_off_);
    if constexpr (dual) archive(dual_);
    if constexpr (scaled) archive(recent_);
    if constexpr (scaled || dual) archive(known_.value, known_.bound, known_.x);
    if constexpr (has_fenchel_gap<F> || recomputed) archive(optimism_, last_balanced_);
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

  static auto make_recent([[maybe_unused]] F const& f) {
    if constexpr (scaled)
      return extrapolated_slopes<F>(f);
    else
      return no_dual{};
  }

  // The bound belongs to the last point: Newton steps certify and evaluate an anchor.
  bool is_known(std::span<scalar const> x, full_gradient::value const& value) const noexcept {
    return value.objective == known_.value.objective &&
           value.squared_gradient_norm == known_.value.squared_gradient_norm &&
           std::ranges::equal(x, known_.x);
  }

  // If only the tolerance matters, bounds that cannot end the run are not computed.
  bool promises(double predicted, double bound) const noexcept {
    if (insists_) return predicted < bound;
    if (p_->tolerance > 0 && p_->evaluations == 0)
      return bound > p_->tolerance && predicted <= p_->tolerance;
    return predicted < bound / 1.25;
  }

  // The same for a balanced or recomputed dual point, whose prediction is optimistic by at most the
  // factor seen last time, which decays with the time since then. A run that cannot reach its
  // tolerance, or ends earlier, also needs a bound.
  bool balance_promises(double predicted, double objective) noexcept {
    if (!std::isfinite(predicted)) return false;
    if (insists_ || !(p_->tolerance > 0 && p_->evaluations == 0)) return true;
    double const goal = std::max(p_->tolerance, precision(objective));
    if (optimism_ * predicted <= goal || predicted <= last_balanced_ / 16) return true;
    optimism_ = std::max(1.0, optimism_ / 2);
    return false;
  }

  void learn(double predicted, double found) noexcept {
    optimism_ = predicted > 0 ? std::clamp(found / predicted, 1.0, 100.0) : 1;
    last_balanced_ = predicted;
  }

  // ‖∇f(x)‖²/(2μ), where the norm has an error of at most `off`.
  double natural(full_gradient::value const& value, double off) const noexcept {
    if constexpr (!knows_least_subgradient<F>) return std::numeric_limits<double>::infinity();
    double const square = value.squared_gradient_norm;
    return certificate(off > 0 ? square + off * (2 * std::sqrt(square) + off) : square, mu_);
  }

  // f* ≥ f(x) − bound remains valid. The difference of two values of f has their rounding errors.
  double remember(double objective, double bound, double off) noexcept {
    last_off_ = std::isfinite(bound) ? off : std::max(off, least_off_);  // otherwise it comes from least_
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
  decltype(make_recent(std::declval<F const&>())) recent_;
  std::vector<double> slopes_, gradient_;
  row_rounding<F> rounding_;
  fenchel_gap<F> fenchel_;
  recomputed_dual<F> recomputed_;
  struct {
    full_gradient::value value;
    double bound = 0;
    std::vector<scalar> x;
  } known_;
  double penalty_;       // μ of f, or of r if the intercept is free
  double optimism_ = 1;  // of the predictions for balanced dual points, and the last one tried
  double last_balanced_ = std::numeric_limits<double>::infinity();
  double least_ = -std::numeric_limits<double>::infinity();  // lower bound on f*
  double least_off_ = 0;  // reduced by the cancellation error at the point of that proof
  double last_off_ = 0;
  bool recedes_ = false, insists_ = false;
};

}  // namespace localsgd::detail
