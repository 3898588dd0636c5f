// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/cache_aligned.hpp"
#include "localsgd/core/index_range.hpp"
#include "localsgd/certificate/dual_passes.hpp"
#include "localsgd/evaluation/full_gradient.hpp"
#include "localsgd/evaluation/line_search.hpp"
#include "localsgd/kernels/rows.hpp"
#include "localsgd/objective/linear_concept.hpp"
#include "localsgd/objective/regularized.hpp"
#include "localsgd/objective/sharded_concept.hpp"
#include "localsgd/settings.hpp"
#include "localsgd/worker/anchor_progress.hpp"
#include "localsgd/worker/damping.hpp"
#include "localsgd/worker/decay_rate.hpp"
#include "localsgd/worker/newton/at_once.hpp"
#include "localsgd/worker/newton/descending_anchor.hpp"
#include "localsgd/worker/newton/group_newton.hpp"
#include "localsgd/worker/newton/newton.hpp"
#include "localsgd/worker/newton/proximal_newton.hpp"

#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <utility>
#include <vector>

/// @file
/// @brief Newton steps from an anchor, and the decision when to use them.

namespace localsgd::detail {

/// @brief Where the gradient at an anchor is: in the sums of the last evaluation or, if something has
///        been summed since then, where keep_gradient() stored it.
enum class anchor_gradient { in_sums, kept };

/// @brief Newton's method from an anchor, damped: x ← x + p, p = −(H + νD)⁻¹∇f(x), H = ∇²f(x), D
///        its diagonal.
///
/// ν is 0 while f decreases as its second-order model predicts, and shrinks again when the model is
/// accurate (Levenberg-Marquardt \cite more1978levenberg). Where the model predicts too much, f of a
/// linear model is minimised along p (detail::line_search). ν grows if that yields less than a quarter of
/// the prediction: when samples enter or leave the active part of a squared hinge, Newton's direction can
/// be useless at any length. If φ is affine at most samples instead, as a smoothed quantile outside a
/// narrow band, the next H is that of a smoother loss: the mean of φ'' over an interval as wide as the
/// predictions moved, which shrinks while the model is accurate. Without a line search ν grows until f
/// decreases.
///
/// The convergence rate of local steps depends on the condition number; four Newton steps usually
/// suffice for any, and one for least squares. Their cost, in epochs of local steps, depends on sizes
/// only (work_of_sample). They begin at once (newton_begins_at_once), or when local steps have cost an
/// eighth of it, half a Newton step, or the rate r of the last anchors, low at first, predicts that
/// they will: f − f* takes log(left/ε)/log(1/r) more epochs. If less than one seems left, local steps
/// continue until they have cost the full amount. Newton steps end when ‖∇f‖²/(2λ) or the certificate
/// proves the tolerance, f no longer decreases, or their gradients exceed the budget of the run. With a free
/// intercept ρ‖∇f‖²/(2λ) replaces the former, ρ = 1 + (1/n) Σ s_i‖a_i‖²/c²: an estimate of what
/// detail::fenchel_gap proves. All decisions depend only on values that are equal on all ranks.
template <Objective F>
class newton_descent {
 public:
  using scalar = typename F::scalar;

  newton_descent() = default;
  newton_descent(F const& f, plan const& p)
      : p_(&p), direction_(f, p), at_once_(newton_begins_at_once(f, p)) {
    line_.emplace(f, p);
    constexpr bool ridge = has_row_hessian<stepped_objective<F>> && !proximal<stepped_objective<F>>;
    ridge_ = ridge ? ridge_of(f) : certifying_convexity(f);
  }

  /// @brief Collective, once: determines the cost of a step.
  template <class T>
  void prepare(F const& f, full_gradient& pass, T& team) {
    if (p_ == nullptr) return;
    direction_.prepare(f, pass, team);
    if (team.leads() && one_step_is_exact(f)) steps_expected_ = 1;
    if constexpr (LinearObjective<stepped_objective<F>> ||
                  has_class_probabilities<stepped_objective<F>>) {
      if (!has_free_intercept(f) || !(ridge_ > 0)) return;
      pass.each_share(f, team, [](auto const& share, index_range samples, std::span<double> sum,
                                  std::size_t) {
        for (std::size_t i = samples.first; i != samples.last; ++i)
          sum[0] += share.scale(i) * squared_norm_of(row_of(share.features(), i));
      });
      double const n = static_cast<double>(f.samples()), c = f.intercept();
      if (team.leads()) reach_ = 1 + pass.totals()[0] / n / (c * c);
    }
  }

  /// @brief Leader only: records the decrease of f by local steps from one anchor to the next.
  void watch(double drop) noexcept { drops_.add(drop); }

  /// @brief Leader only: stores the gradient of the last evaluation, that of the anchor.
  void keep_gradient(full_gradient const& pass) {
    if constexpr (requires { direction_.keep_gradient(pass); }) direction_.keep_gradient(pass);
  }

  /// @brief Collective: makes Newton steps from the anchor if they pay off. The last evaluation of
  ///        the round's `pass` is that of the anchor, before and after.
  /// @param slopes  storage that evaluations fill
  /// @param at_first kept: the anchor's certificate is known and does not prove the tolerance
  /// @param moved   called by the leader when the anchor has moved, or was evaluated again
  template <class Context, class Slopes, class Moved>
  void operator()(Context& round, F const& f, descending_anchor<scalar> at, Slopes slopes,
                  anchor_gradient at_first, Moved const& moved) {
    auto& team = round.team();
    team.barrier();  // the anchor is set
    if (p_ == nullptr || !direction_.exists()) return;
    bool const leader = team.leads();
    std::vector<double> direction(leader ? at.point.size() : 0);
    bool widened = false;
    if (leader) certificate_ = infinity;
    for (int step = 0; step != most_steps; ++step) {
      if (step != 0 || at_first == anchor_gradient::in_sums) {
        if (leader) keep_gradient(round.pass());
        if (step != 0 || proximal<stepped_objective<F>>) {
          double const bound = certify(round, at.point, at.value, slopes);
          if (leader) certificate_ = bound;
        }
      }
      if (team.broadcast(leader && pays(at.value) ? 1 : 0) == 0) return;
      search end = one_step(round, f, at, slopes, direction);
      if constexpr (searches)
        if (end == search::failed &&
            team.broadcast(leader && flat_ && at.value.squared_slopes == 0 ? 1 : 0) != 0) {
          if (leader) std::ranges::fill(at.trial, scalar{0});  // only the penalty decreases
          end = step_along(round, f, at, slopes);
        }
      if (end == search::failed) {  // the last evaluation was not at the anchor
        evaluate(round, f, at.point, slopes);
        if (leader) {
          pays_ = widened = searches && flat_ && width_.widen(at.value);
          if (!widened) ++failures_;
        }
      }
      if (leader) moved();
      if (end == search::failed && team.broadcast(leader && widened ? 1 : 0) == 0) return;
    }
  }

  /// @brief Whether Newton steps begin at the first anchor, at any cost.
  bool begins_at_once() const noexcept { return at_once_; }

  /// @brief Component gradients, with Hessians counted in units of them.
  std::uint64_t gradients() const noexcept { return gradients_; }

  template <class Archive>
  void state(Archive& archive) {
    archive(direction_, drops_, gradients_, pays_, failures_, damping_, reach_, steps_expected_, width_.width);
  }

 private:
  enum class search { goes_on, found, failed };
  static constexpr bool searches = linear_with_sparse_steps<stepped_objective<F>>;

  template <class Context, class Slopes>
  full_gradient::value evaluate(Context& round, F const& f, std::span<scalar const> x, Slopes slopes) {
    auto const value = round.pass()(f, x, round.team(), slopes);
    round.spend(samples_per_worker(*p_));
    if (round.team().leads()) gradients_ += p_->samples;
    return value;
  }

  // ‖∇f‖²/(2μ) is infinite if μ = 0, and loose for a regularizer with kinks.
  template <class Context, class Slopes>
  static double certify(Context& round, std::span<scalar const> x, full_gradient::value const& value,
                        Slopes slopes) {
    std::span<double const> known;
    if constexpr (std::same_as<Slopes, std::span<double>>) known = slopes;
    return round.certificate(x, value, known);
  }

  static constexpr int most_steps = 100, most_failures = 3, most_trials = 20;
  static constexpr double infinity = std::numeric_limits<double>::infinity();

  // K·b·T, as the settings say, but at least 1,000 epochs or, if they are fewer, 2²⁶ operations.
  double budget() const noexcept {
    double const n = static_cast<double>(p_->samples);
    return std::max(epochs_of(*p_) * n, std::min(1000 * n, 0x1p26 / std::max(1.0, p_->flops_per_sample)));
  }

  bool pays(full_gradient::value const& now) noexcept {
    if (!(p_->tolerance > 0) || failures_ > most_failures) return false;
    if (certificate_ <= p_->tolerance || static_cast<double>(gradients_) > budget()) return false;
    if (reach_ * now.squared_gradient_norm <= p_->tolerance * ridge_) return false;
    if (pays_) return true;
    double const price = steps_expected_ * direction_.epochs() * std::exp2(2 * failures_);
    double const soon = direction_.share_of_price() * price, anchors = static_cast<double>(drops_.count());
    double const epochs = drops_.steps(drops_.rest(), p_->tolerance);
    bool const known = anchors >= 2;
    pays_ = proximal<stepped_objective<F>> || (at_once_ && failures_ == 0) || anchors >= price ||
            (anchors >= soon && !(known && epochs < 1)) || (known && epochs > soon);
    return pays_;
  }

  template <class Context, class Slopes>
  search one_step(Context& round, F const& f, descending_anchor<scalar> at, Slopes slopes,
                  std::vector<double>& direction) {
    auto& team = round.team();
    bool const leader = team.leads();
    if constexpr (searches)
      if (leader) direction_.widen(width_.width);
    if constexpr (requires { direction_.keep_gap(0.0); })
      if (leader) direction_.keep_gap(certificate_);
    direction_.curvature_at(f, std::span<scalar const>(at.point), round.pass(), team);
    if constexpr (requires { direction_.dual_point(); })
      if (team.broadcast(leader && !direction_.dual_point().empty() ? 1 : 0) != 0) {
        if (leader) at.try_step(direction_.dual_point());
        team.barrier();  // the trial is set
        certify(round, at.trial, evaluate(round, f, at.trial, slopes), slopes);  // known from now on
      }
    auto const hessian = static_cast<std::uint64_t>(direction_.gradients_per_sample() *
                                                    static_cast<double>(p_->samples));
    if (leader) gradients_ += hessian;
    for (std::size_t i = 0, sums = direction_.sums(); i != sums; ++i)
      round.spend(hessian / (p_->workers * sums));
    search next = search::goes_on;
    for (int tried = 0; next == search::goes_on; ++tried) {
      double predicted = 0, ratio = 0;
      bool poor = false;
      if (leader) {
        predicted = direction_.solve(f, damping_.value(), direction);
        if (!(predicted > 0) || tried == most_trials) next = search::failed;
        flat_ = tried == 0 && predicted == 0;
        if constexpr (requires { direction_.end(); })  // point + direction would round
          std::ranges::copy(direction_.end(), at.trial.begin());
        else
          at.try_step(direction);
      }
      next = static_cast<search>(team.broadcast(static_cast<int>(next)));  // the trial is set, too
      if (next == search::failed) break;
      auto const value = evaluate(round, f, at.trial, slopes);
      if (leader) {
        ratio = (at.value.objective - value.objective) / predicted;
        if (falls(value, at.value)) next = search::found;
        poor = tried == 0 && predicted > rounding_of(at.value.objective) && !(ratio >= 0.25);
      }
      if constexpr (searches)
        if (team.broadcast(leader && poor ? 1 : 0) != 0) {
          next = step_along(round, f, at, slopes, predicted);
          continue;
        }
      if (leader && next == search::found) {
        width_.shrink(ratio);
        damping_.fell(ratio);
        at.accept(value);
      } else if (leader) {
        damping_.failed();
      }
      next = static_cast<search>(team.broadcast(static_cast<int>(next)));
    }
    return next;
  }

  // Minimises f towards the trial, for which the model predicted a decrease.
  template <class Context, class Slopes>
  search step_along(Context& round, F const& f, descending_anchor<scalar> at, Slopes slopes,
                    double predicted = 0) {
    auto& team = round.team();
    bool const leader = team.leads();
    bool const moves = (*line_)(f, {at.point}, {at.trial}, team);
    bool found = false;
    if (leader) flat_ = !moves;
    if (moves) {
      bool const affine = line_->mostly_affine(f, team);
      auto const value = evaluate(round, f, at.trial, slopes);
      if (leader) {
        found = falls(value, at.value);
        if (!found)
          damping_.failed();
        else if (!affine)
          damping_.fell((at.value.objective - value.objective) / predicted);
        if (affine) width_.follow(line_->change());
        if (found) at.accept(value);
      }
    }
    return team.broadcast(leader && found ? 1 : 0) != 0 ? search::found : search::failed;
  }

  plan const* p_ = nullptr;
  newton_direction<F> direction_;
  double ridge_ = 0, reach_ = 1, steps_expected_ = 4;
  decay_rate drops_{0.01};  // of f from anchor to anchor
  levenberg_damping damping_;
  curvature_width width_;
  std::optional<line_search<F>> line_;
  double certificate_ = infinity;  // at the anchor, after the first step
  std::uint64_t gradients_ = 0;
  bool at_once_ = false, pays_ = false, flat_ = false;  // flat: the last H is 0
  int failures_ = 0;
};

}  // namespace localsgd::detail
