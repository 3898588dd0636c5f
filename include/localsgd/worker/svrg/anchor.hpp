// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/communicator/traffic.hpp"
#include "localsgd/core/index_range.hpp"
#include "localsgd/evaluation/full_gradient.hpp"
#include "localsgd/kernels/extrapolation.hpp"
#include "localsgd/objective/regularized.hpp"
#include "localsgd/objective/sharded_concept.hpp"
#include "localsgd/settings.hpp"
#include "localsgd/step_size/automatic_step.hpp"
#include "localsgd/step_size/concept.hpp"
#include "localsgd/worker/anchor_progress.hpp"
#include "localsgd/worker/dual/ascent.hpp"
#include "localsgd/worker/newton/descent.hpp"
#include "localsgd/worker/round_hook.hpp"
#include "localsgd/worker/svrg/renewal.hpp"
#include "localsgd/worker/svrg/start.hpp"
#include "localsgd/worker/svrg/steps.hpp"

#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <limits>
#include <span>

/// @file
/// @brief The anchor of variance-reduced steps, and when it moves.

namespace localsgd::detail {
/// @brief x̃ with f(x̃) and ∇f(x̃), for all workers. It moves only at sync times: a RoundHook.
///
/// After m = ⌈n/(Kb)⌉ local steps, or as anchor_renewal says, and at the end, the consensus T(x̃) is the
/// candidate for the next anchor. With a nonsmooth regularizer, T ends with a proximal step
/// along the gradient at x̃, so that anchors have the zeros of proximal points and are feasible.
/// - Anderson acceleration of the map T (detail::extrapolation) proposes a better point;
/// - f must not rise. If the proposal raises f, the consensus is used; if the consensus raises f or is
///   not finite, the old anchor is used with half the step size. So f falls for any first step size.
template <Objective F, StepSize E>
class svrg_anchor {
 public:
  using scalar = typename F::scalar;
  using table = svrg_steps<F>;

  /// @param step_size η_t where a new anchor is taken after t steps; automatic: see detail::svrg_steps
  svrg_anchor(F const& f, E const& step_size, plan const& p, svrg_start start)
      : svrg_anchor(f, step_size, p, start, anchor_renewal(p, start)) {}
  svrg_anchor(F const& f, E const& step_size, plan const& p, svrg_start start,
              anchor_renewal const& renewal)
      : f_(&f),
        step_size_(&step_size),
        p_(&p),
        renewal_(renewal),
        active_(first_look(start, 1) == 0),
        rescues_(start == svrg_start::never ? most_rescues : 0),
        point_(start == svrg_start::never ? 0 : p.dimension),
        trial_(point_.size()),
        steps_(start == svrg_start::never
                   ? svrg_steps<F>()
                   : svrg_steps<F>(f, p, step_size(0), automatic, renewal.stretch())),
        descent_(start != svrg_start::never && automatic && p.tolerance > 0
                     ? newton_descent<F>(f, p)
                     : newton_descent<F>()),
        ascent_(start == svrg_start::after_ascent ? dual_ascent<F>(f, p) : dual_ascent<F>()) {}

  /// @brief Whether variance-reduced steps have begun; if so, assign() starts from the anchor.
  bool active() const noexcept { return active_; }
  std::span<scalar const> point() const noexcept { return point_; }
  svrg_steps<F> const& steps() const noexcept { return steps_; }
  svrg_steps<F>& steps() noexcept { return steps_; }

  // The interface of a round hook: see localsgd::RoundHook.
  bool evaluates() const noexcept { return !point_.empty(); }
  bool looks_at(std::uint64_t t) const noexcept {
    return renewal_.due(t) || (t == p_->steps && active_ && t != renewed_at_);
  }
  bool evaluates_at(std::uint64_t t) const noexcept {
    return t == renewed_at_ || (active_ && looks_at(t));
  }
  bool evaluated_at(std::uint64_t t) const noexcept { return t == renewed_at_; }
  full_gradient::value value() const noexcept { return value_; }
  std::span<double const> slopes() const noexcept { return steps_.slopes().all(); }
  bool holds_answer() const noexcept { return active_; }
  std::uint64_t gradients_per_sample() const noexcept { return remembers || !active_ ? 1 : 2; }
  std::uint64_t extra_gradients(std::uint64_t t) const noexcept {
    std::uint64_t const again =
        remembers || !active_ ? 0 : p_->workers * p_->batch_size * (t - active_since_);
    return p_->samples * passes_ + ascent_.gradients() + descent_.gradients() + again;
  }
  bool stalled() const noexcept { return progress_.idle >= patience; }

  /// @brief change ← the change of a worker by its common steps. @return Whether it is known
  bool expects(std::uint64_t local_steps, std::span<scalar> change) const {
    if (proximal<F> || !active_) return false;
    steps_.expect(static_cast<double>(local_steps), change);
    return true;
  }

  /// @brief Collective, when it is due: the anchor moves, and all workers with it.
  template <class Context>
  void before_round(Context& round) {
    bool const lost = !round.finite() && rescues_ != most_rescues;
    if (looks_at(round.steps()) || lost || !steps_.slopes().known()) renew(round, lost);
  }

  /// @brief Collective, if the run continues: a stage of dual ascent or Newton steps from the start;
  ///        after them, measures the data for local steps. @return Whether a stage or step was made
  template <class Context>
  bool before_steps(Context& round) {
    if (round.steps() == 0 && ascends(round)) return true;
    if (waits_for_evaluation(round.steps())) {
      descend(round, anchor_gradient::kept, false);
      return true;
    }
    if (!steps_.postponed()) return false;
    uncounted(round.team(), [&] { steps_.catch_up(*f_, round.pass(), round.team(), *p_); });
    round.team().barrier();  // the table is complete
    round.move_to(point(), false);
    return false;
  }

  template <class Archive>
  void state(Archive& archive) {
    archive(renewal_, active_, renewed_at_, passes_, active_since_, rescues_, progress_.idle, point_,
            history_, steps_, value_, progress_.reference, factor_, descent_, ascent_);
  }

 private:
  enum class move { forward, leap, plain, back, done, done_back };
  static constexpr int most_rescues = 2100, patience = 8;  // 2^-2100·η is 0 for every η
  static constexpr bool remembers = linear_with_sparse_steps<stepped_objective<F>>;  // slopes there
  static constexpr bool automatic = std::same_as<E, automatic_step::chosen>;

  template <class Context>
  void renew(Context& round, bool lost) {
    auto& team = round.team();
    std::uint64_t const t = round.steps();
    bool const leader = team.leads();
    if (!steps_.slopes().known()) {
      uncounted(team, [&] {  // after a checkpoint: already counted
        round.pass()(*f_, point(), team, steps_.slopes().to_fill());
      });
      if (leader) steps_.slopes().now_known();
      team.barrier();
    }
    if (!looks_at(t) && !lost) return;
    std::span<scalar const> const consensus = round.consensus();
    move next = lost ? move::back : move::forward;
    if (!active_) {
      if (!lost && !noise_prevails(round, consensus)) return;
      prepare(round);
    } else if (passes_ == 0) {
      if (leader) set_trial(consensus);
      prepare(round);
    } else if (leader && !lost) {
      std::span<scalar> const trial = trial_;
      bool const estimated = history_(point(), end_of_map(consensus), steps_.relative(), trial,
                                      renewal_.mean_over(t - renewed_at_));
      if constexpr (proximal<F>)
        if (estimated) steps_.make_proximal_step(*f_, trial);
      next = estimated ? move::leap : move::forward;
    }
    if (leader && passes_ == 0) move_into_domain(*f_, std::span<scalar>(trial_));
    while (next != move::done && next != move::done_back) {
      if (leader && next == move::back) step_back();
      if (leader && next == move::plain) set_trial(end_of_map(consensus));
      team.barrier();  // the trial is set
      auto const value = round.pass()(*f_, std::span<scalar const>(trial_), team, steps_.slopes().to_fill());
      if (leader) next = judge(value, next);
      round.spend(samples_per_worker(*p_));
      next = static_cast<move>(team.broadcast(static_cast<int>(next)));
    }
    if (leader) accept(round.pass(), t);
    team.barrier();  // the anchor is set
    if (!waits_for_evaluation(t))
      return descend(round, anchor_gradient::in_sums, next == move::done_back);
    if (leader) descent_.keep_gradient(round.pass());  // a certificate needs the sums
    continue_from_anchor(round, false, true);
  }

  // Newton steps and dual ascent from the start wait until it is recorded.
  bool waits_for_evaluation(std::uint64_t t) const noexcept {
    return t == 0 && active_ &&
           (ascent_.goes_on() || (!descended_ && descent_.begins_at_once()));
  }

  // Collective: a stage of dual coordinate ascent, if there is another one.
  template <class Context>
  bool ascends(Context& round) {
    if (!ascent_.goes_on() ||
        !ascent_.advance(round, *f_, {point_, trial_, value_}, steps_.slopes().to_fill(),
                         [&] { take_steps(round.pass()); }))
      return false;
    continue_from_anchor(round, false, true);
    return true;
  }

  // Collective: Newton steps, if they pay off.
  template <class Context>
  void descend(Context& round, anchor_gradient gradient, bool restart) {
    descent_(round, *f_, {point_, trial_, value_}, steps_.slopes().to_fill(), gradient, [&] {
      history_.clear();
      take_steps(round.pass());
    });
    if (round.team().leads()) descended_ = true;
    continue_from_anchor(round, restart);  // without a restart the average does not change
  }
  template <class Context>  // `waits`: workers follow later, if the run goes on
  void continue_from_anchor(Context& round, bool restart, bool waits = false) {
    round.pass().share_slopes(round.team(), steps_.slopes().to_fill());
    round.team().barrier();  // slopes and anchor are set
    waits ? round.place_at(point()) : round.move_to(point(), restart);
  }

  // Collective, once in a run: measures the data for the steps.
  template <class Context>
  void prepare(Context& round) {
    uncounted(round.team(), [&] {
      if (!waits_for_evaluation(round.steps()))
        steps_.prepare(*f_, round.pass(), round.team(), *p_);
      else if (round.team().leads())
        steps_.postpone();  // what is made from the start often ends the run
      descent_.prepare(*f_, round.pass(), round.team());
    });
  }

  // Collective: the first anchor is the average if f is lower there, or the consensus after an epoch.
  template <class Context>
  bool noise_prevails(Context& round, std::span<scalar const> consensus) {
    bool const average = average_seems_lower(round, *f_, std::span<scalar>(trial_), consensus);
    int const answer = average || round.steps() >= renewal_.period() ? 1 : 0;
    if (round.team().leads() && !average) set_trial(consensus);
    if (round.team().leads() && answer == 0) renewal_.look_again_after(round.steps());
    return round.team().broadcast(answer) != 0;
  }

  // Leader only, from here on. T(x̃): the consensus or, if r has no gradient, a noise-free step from
  // it, which sets zeros, of which a mean has fewer, and enforces the constraints of r.
  std::span<scalar const> end_of_map(std::span<scalar const> consensus) {
    if constexpr (!proximal<F>) return consensus;
    stepped_.assign(consensus.begin(), consensus.end());
    if constexpr (proximal<F>) steps_.make_proximal_step(*f_, std::span<scalar>(stepped_));
    return stepped_;
  }
  void set_trial(std::span<scalar const> to) noexcept {
    std::copy_n(to.data(), to.size(), trial_.data());
  }
  void step_back() {
    set_trial(point_);
    history_.clear();
    if (active_) factor_ /= 2;
  }

  move judge(full_gradient::value const& value, move made) {
    ++passes_;
    if (made == move::back) ++rescues_;
    bool const first = std::isnan(value_.objective);
    if (made == move::back || first || !rises(value, value_) || rescues_ == most_rescues) {
      if (made != move::back && !first) descent_.watch(value_.objective - value.objective);
      progress_.note(value, first || made == move::back);
      value_ = value;
      return made == move::back ? move::done_back : move::done;
    }
    if (made == move::leap) history_.clear();
    return made == move::leap ? move::plain : move::back;
  }

  void accept(full_gradient const& pass, std::uint64_t t) {
    point_.swap(trial_);
    if (passes_ == 1) active_since_ = t, steps_.choose(pass.sum(), static_cast<double>(p_->samples));
    scale_ = automatic ? factor_ : factor_ * (*step_size_)(t) / (*step_size_)(0);
    take_steps(pass);
    active_ = true, renewed_at_ = t, renewal_.renewed(t);
  }

  void take_steps(full_gradient const& pass) {
    steps_.take(pass.sum(), static_cast<double>(p_->samples), scale_);
  }

  F const* f_;
  E const* step_size_;
  plan const* p_;
  anchor_renewal renewal_;
  bool active_, descended_ = false;
  std::uint64_t renewed_at_ = std::numeric_limits<std::uint64_t>::max();
  std::uint64_t passes_ = 0, active_since_ = 0;
  int rescues_;
  aligned_vector<scalar> point_, trial_, stepped_;
  extrapolation history_;
  svrg_steps<F> steps_;
  full_gradient::value value_{std::numeric_limits<double>::quiet_NaN(), 0};
  anchor_progress progress_;
  double factor_ = 1, scale_ = 1;
  newton_descent<F> descent_;
  dual_ascent<F> ascent_;
};

}  // namespace localsgd::detail
