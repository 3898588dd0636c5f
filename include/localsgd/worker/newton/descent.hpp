// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/certificate/least_value.hpp"
#include "localsgd/evaluation/full_gradient.hpp"
#include "localsgd/evaluation/intercept_reach.hpp"
#include "localsgd/evaluation/line_search.hpp"
#include "localsgd/objective/linear_concept.hpp"
#include "localsgd/objective/regularized.hpp"
#include "localsgd/objective/sharded_concept.hpp"
#include "localsgd/settings.hpp"
#include "localsgd/worker/anchor_progress.hpp"
#include "localsgd/worker/damping.hpp"
#include "localsgd/worker/newton/at_once.hpp"
#include "localsgd/worker/newton/choice.hpp"
#include "localsgd/worker/newton/descending_anchor.hpp"
#include "localsgd/worker/newton/group_newton.hpp"
#include "localsgd/worker/newton/newton.hpp"
#include "localsgd/worker/newton/proximal_newton.hpp"
#include "localsgd/worker/newton/quasi_newton.hpp"

#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <vector>

/// @file
/// @brief Newton steps from an anchor.

namespace localsgd::detail {

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
/// Before the first Hessian of a linear model there are L-BFGS steps, if they pay off (quasi_newton).
/// newton_choice decides when all this begins. It ends when ρ‖∇f‖²/(2λ) (intercept_reach) or the
/// certificate proves the tolerance, f no longer decreases, or the gradients exceed the budget of the
/// run. All decisions depend only on values that are equal on all ranks.
template <Objective F>
class newton_descent {
 public:
  using scalar = typename F::scalar;

  newton_descent() = default;
  newton_descent(F const& f, plan const& p)
      : p_(&p), direction_(f, p), choice_(newton_begins_at_once(f, p)), quasi_(p) {
    line_.emplace(f, p);
    constexpr bool ridge = has_row_hessian<stepped_objective<F>> && !proximal<stepped_objective<F>>;
    ridge_ = ridge ? ridge_of(f) : certifying_convexity(f);
  }

  /// @brief Collective, once: determines the cost of a step.
  template <class T>
  void prepare(F const& f, full_gradient& pass, T& team) {
    if (p_ == nullptr) return;
    direction_.prepare(f, pass, team);
    if (team.leads() && one_step_is_exact(f)) choice_.expect_one_step();
    if constexpr (LinearObjective<stepped_objective<F>> ||
                  has_class_probabilities<stepped_objective<F>>) {
      double const reach = ridge_ > 0 ? intercept_reach(f, pass, team) : 1;
      if (team.leads()) reach_ = reach;
    }
  }

  /// @brief Leader only: records the decrease of f by local steps from one anchor to the next.
  void watch(double drop) noexcept { choice_.watch(drop); }

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
    bool first = true, widened = false;
    if (leader) certificate_ = infinity, quasi_.begin();
    for (int step = 0; step != most_steps; first = false) {
      if (!first || at_first == anchor_gradient::in_sums) {
        if (leader) keep_gradient(round.pass());
        if (!first || proximal<stepped_objective<F>>) {
          double const known = certify(round, at.point, at.value, slopes);
          if (leader) certificate_ = known;
        }
      }
      if (team.broadcast(leader && pays(at.value) ? 1 : 0) == 0) return;
      search end = search::failed;
      if constexpr (quasi_newton<F>::exists) end = quasi_newton_step(round, f, at, slopes);
      if (end == search::failed) {
        ++step;
        end = one_step(round, f, at, slopes, direction);
      }
      if constexpr (searches)
        if (end == search::failed &&
            team.broadcast(leader && flat_ && at.value.squared_slopes == 0 ? 1 : 0) != 0) {
          if (leader) std::ranges::fill(at.trial, scalar{0});  // only the penalty decreases
          end = step_along(round, f, at, slopes);
        }
      if (end == search::failed) {  // the last evaluation was not at the anchor
        evaluate(round, f, at.point, slopes);
        if (leader) {
          widened = searches && flat_ && width_.widen(at.value);
          choice_.failed(widened);
        }
      }
      if (leader) moved();
      if (end == search::failed && team.broadcast(leader && widened ? 1 : 0) == 0) return;
    }
  }

  /// @brief Whether Newton steps begin at the first anchor, at any cost.
  bool begins_at_once() const noexcept { return choice_.at_once(); }

  /// @brief Component gradients, with Hessians counted in units of them.
  std::uint64_t gradients() const noexcept { return gradients_ + quasi_.gradients(); }

  template <class Archive>
  void state(Archive& archive) {
    archive(direction_, choice_, quasi_, gradients_, damping_, reach_, width_.width);
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

  static constexpr int most_steps = 100, most_trials = 20;
  static constexpr double infinity = std::numeric_limits<double>::infinity();

  bool pays(full_gradient::value const& now) noexcept {
    if (certificate_ <= p_->tolerance) return false;
    if (reach_ * now.squared_gradient_norm <= p_->tolerance * ridge_) return false;
    return choice_.pays(*p_, gradients(), direction_.epochs(), direction_.share_of_price(),
                        proximal<stepped_objective<F>>);
  }

  // An L-BFGS step, if Newton's are no better.
  template <class Context, class Slopes>
  search quasi_newton_step(Context& round, F const& f, descending_anchor<scalar> at, Slopes slopes) {
    bool const leader = round.team().leads();
    double bound = certificate_, price = 0;
    if (leader && !choice_.one_step_suffices()) price = direction_.price_of_hessian();
    if (at.value.objective > 0) bound = std::min(bound, at.value.objective);  // most losses are ≥ 0
    if (!quasi_.try_step(round, f, at, direction_.gradient(), bound, price)) return search::failed;
    bool const found = minimise_towards_trial(round, f, at, slopes).found;
    if (leader && !found) quasi_.end();
    return round.team().broadcast(leader && found ? 1 : 0) != 0 ? search::found : search::failed;
  }

  template <class Context, class Slopes>
  search one_step(Context& round, F const& f, descending_anchor<scalar> at, Slopes slopes,
                  std::vector<double>& direction) {
    auto& team = round.team();
    bool const leader = team.leads();
    if constexpr (searches)
      if (leader) direction_.widen(width_.width);
    if constexpr (requires { direction_.keep_gap(0.0); })
      if (leader) direction_.keep_gap(std::min(certificate_, at.value.objective - least_value<F>()));
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

  struct line_step {
    bool moved = false, found = false;
    double drop = 0;
  };
  // Minimises f towards the trial. Only the leader knows whether it found a point, and f there.
  template <class Context, class Slopes>
  line_step minimise_towards_trial(Context& round, F const& f, descending_anchor<scalar> at,
                                   Slopes slopes) {
    line_step end{(*line_)(f, {at.point}, {at.trial}, round.team())};
    if (!end.moved) return end;
    auto const value = evaluate(round, f, at.trial, slopes);
    if (!round.team().leads()) return end;
    end.drop = at.value.objective - value.objective;
    end.found = falls(value, at.value);
    if (end.found) at.accept(value);
    return end;
  }

  // The same, where the model predicted a decrease.
  template <class Context, class Slopes>
  search step_along(Context& round, F const& f, descending_anchor<scalar> at, Slopes slopes,
                    double predicted = 0) {
    auto& team = round.team();
    bool const leader = team.leads();
    line_step const end = minimise_towards_trial(round, f, at, slopes);
    bool const affine = end.moved && line_->mostly_affine(f, team);
    if (leader) flat_ = !end.moved;
    if (leader && end.moved) {
      if (!end.found)
        damping_.failed();
      else if (!affine)
        damping_.fell(end.drop / predicted);
      if (affine) width_.follow(line_->change());
    }
    return team.broadcast(leader && end.found ? 1 : 0) != 0 ? search::found : search::failed;
  }

  plan const* p_ = nullptr;
  newton_direction<F> direction_;
  newton_choice choice_;
  quasi_newton<F> quasi_;
  double ridge_ = 0, reach_ = 1;
  levenberg_damping damping_;
  curvature_width width_;
  std::optional<line_search<F>> line_;
  double certificate_ = infinity;  // at the anchor, after the first step
  std::uint64_t gradients_ = 0;
  bool flat_ = false;  // the last H is 0
};

}  // namespace localsgd::detail
