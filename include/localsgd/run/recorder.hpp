// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/compiler.hpp"
#include "localsgd/core/index_range.hpp"
#include "localsgd/evaluation/full_gradient.hpp"
#include "localsgd/kernels/simd.hpp"
#include "localsgd/objective/concept.hpp"
#include "localsgd/observer/concept.hpp"
#include "localsgd/result.hpp"
#include "localsgd/run/record.hpp"
#include "localsgd/schedule/concept.hpp"
#include "localsgd/settings.hpp"
#include "localsgd/worker/round_hook.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <concepts>
#include <limits>
#include <span>
#include <type_traits>

/// @file
/// @brief Evaluates a run at intervals, stores its history, and decides when it ends.

namespace localsgd::detail {

/// @brief One thread's part of the record: the times of evaluations, and their collective calls.
template <class Record, class Round>
class recorder {
 public:
  using scalar = typename Record::scalar;

  recorder(Record& record, Round& round)
      : r_(record), round_(round), team_(round.team()), hook_(round.hook()) {}

  /// @brief Whether there will be an evaluation after t steps. At an anchor f is known in any case.
  bool due(std::uint64_t t) const noexcept {
    return t >= next_due_ || t == r_.p->steps || r_.checkpoints.interrupted ||
           (r_.p->tolerance > 0 && hook_.evaluates_at(t));
  }

  /// @brief Whether there may be an evaluation: f can become known at an anchor that does not exist
  ///        yet.
  bool measures_drift(std::uint64_t t) const noexcept {
    return due(t) || (r_.p->tolerance > 0 && hook_.looks_at(t));
  }

  /// @brief schedule.next(t), or next(t, progress) if the schedule uses it. Called once a round.
  ///
  /// Reading the history here is not a data race: the leader appends to it only inside `ends`,
  /// after an `agree` that all members have reached and before the one at its end, unless the run
  /// is over.
  template <Schedule S>
  std::uint64_t next(S const& schedule, std::uint64_t t) {
    if constexpr (looks_at_progress<S>) {
      evaluation const &first = r_.outcome.history.front(), &last = r_.outcome.history.back();
      progress const seen{last.steps, t - before_, last.objective, first.objective, last.drift};
      before_ = t;
      return schedule.next(t, seen);
    } else {
      return schedule.next(t);
    }
  }

  /// @brief Leader only: the state of every recorder for a checkpoint, after gather_sent(). Every
  ///        thread: restores it.
  void cut(std::uint64_t exchanges) {
    r_.next_due = next_due_;
    r_.before = before_;
    sent_before_ = {r_.bytes_before, r_.exchanges_before};
    r_.bytes_before = r_.all_bytes();
    r_.exchanges_before += exchanges;
  }
  /// @brief Leader only, after cut(): the run continues with its own counts.
  void go_on() {
    r_.bytes_before = sent_before_.bytes;
    r_.exchanges_before = sent_before_.exchanges;
  }
  void resume() {
    next_due_ = r_.next_due;
    before_ = r_.before;
  }
  /// @brief The state that a thread needs after it has been idle.
  std::array<std::uint64_t, 2> place() const noexcept { return {next_due_, before_}; }
  void go_to(std::array<std::uint64_t, 2> const& place) noexcept {
    next_due_ = place[0];
    before_ = place[1];
  }

  /// @brief Records the distance of worker k from the point where it continues.
  void drift(std::size_t k, std::span<scalar const> from, std::span<scalar const> to) {
    r_.drift[k] = squared_distance<scalar>(from, to);
  }

  /// @brief Collective: publishes what every thread has recorded.
  void share_drift() {
    team_.all_gather(std::span(r_.drift), [&](std::size_t thread) {
      return even_split(r_.drift.size(), team_.threads(), thread);
    });
  }

  /// @brief Collective: stores the bytes sent by all processes in the record.
  void gather_sent(std::uint64_t mine) {
    team_.barrier();
    if (leads()) r_.sent.assign(team_.threads(), 0), r_.sent[team_.thread()] = mine;
    team_.barrier();  // it has its size
    team_.all_gather(std::span(r_.sent), [](std::size_t i) { return index_range{i, i + 1}; });
  }

  /// @brief Collective if an evaluation is due: makes it, and returns whether the run ends.
  bool ends() { return (due(round_.steps()) || !team_.finite()) && evaluates_and_ends(); }

  /// @brief Collective: evaluates where the workers are, and returns whether the run ends.
  bool evaluates_and_ends() {
    std::uint64_t const t = round_.steps();
    if (leads()) r_.watch.stop(), r_.bound.insist(t == r_.p->steps || hook_.stalled());
    std::span<scalar const> consensus = round_.consensus();
    if (Record::has_domain && !hook_.evaluated_at(t)) {  // r is finite at anchors
      if (leads()) r_.landed.assign(consensus.begin(), consensus.end());
      r_.land(team_, r_.landed);
      consensus = r_.landed;
    }
    auto const sent = team_.sent();  // messages of evaluations are not part of training
    // At an anchor the average is evaluated only if the run ends: this costs a pass.
    bool const averages = team_.finite() && t > 0 && !hook_.evaluated_at(t);
    known const at_last = evaluate_last(consensus, t), at_average =
        averages ? evaluate_average() : known{};
    int answer = 0;
    if (leads()) {
      take(consensus, at_last);
      take_found();
      if (averages) compare(at_average);
      answer = is_over(t) ? 1 : 0;
    }
    bool over = team_.broadcast(answer) != 0;
    if (over && hook_.evaluated_at(t) && t > 0) {
      known const average = evaluate_average();
      if (leads()) compare(average), is_over(t);
    }
    share_drift();
    gather_sent(sent.bytes);
    if (leads()) note(t, sent.exchanges);
    if (team_.thread() == 0) answer = look() == proceed::yes ? 0 : 1;
    if (!over) over = team_.broadcast(answer) != 0;
    team_.sent() = sent;
    if (leads() && over) keep_last();
    if (leads()) r_.watch.start();
    while (next_due_ <= t) next_due_ = due_after(next_due_);
    return over;
  }

 private:
  bool leads() const noexcept { return team_.leads(); }

  // With a tolerance and evaluations = 0: at every anchor; without anchors every epoch at first,
  // then whenever t has grown by a fifth, which bounds the cost of evaluations as a share of the
  // run.
  std::uint64_t due_after(std::uint64_t t) const noexcept {
    plan const& p = *r_.p;
    double const steps = static_cast<double>(p.steps), now = static_cast<double>(t);
    double next = steps;
    if (p.evaluations > 0) {
      double const gap = steps / (static_cast<double>(p.evaluations) + 1);
      next = (std::floor(now / gap + 1e-9) + 1) * gap;
    } else if (p.tolerance > 0 && !hook_.evaluates()) {
      double const epoch = static_cast<double>(p.samples) /
                           static_cast<double>(p.workers * p.batch_size);
      next = std::max(now + epoch, now * 1.2);
    }
    return std::max(t + 1, static_cast<std::uint64_t>(std::ceil(std::min(next, steps))));
  }

  // Leader only: the evaluation of f at a point.
  struct known {
    double objective = 0, certificate = 0;
  };

  known evaluate_last(std::span<scalar const> consensus, std::uint64_t t) {
    if (!hook_.evaluated_at(t)) return evaluate(consensus);
    auto const value = hook_.value();
    return {value.objective, r_.bound(team_, r_.gradient, consensus, value, hook_.slopes())};
  }
  known evaluate_average() {
    round_.average(std::span<scalar>(r_.average));
    r_.land(team_, r_.average);
    return evaluate(r_.average);
  }
  LOCALSGD_ONE_COPY known evaluate(std::span<scalar const> x) {
    auto const value = r_.gradient(*r_.f, x, team_, r_.bound.slopes());
    return {value.objective, r_.bound(team_, r_.gradient, x, value, r_.bound.slopes())};
  }

  // Leader only: the answer is the last consensus; the average is not available yet.
  void take(std::span<scalar const> consensus, known const& last) {
    auto& out = r_.outcome;
    r_.weighted = r_.last = r_.best = consensus;
    out.objective =
        std::isnan(last.objective) ? std::numeric_limits<double>::infinity() : last.objective;
    out.certificate = last.certificate;
  }
  // Leader only: variance-reduced steps that diverge will be undone at the next anchor.
  void take_found() {
    auto& out = r_.outcome;
    auto const value = hook_.value();
    if (!hook_.holds_answer() || !(value.objective < out.objective)) return;
    r_.weighted = r_.last = r_.best = hook_.point();
    out.objective = value.objective;
    out.certificate = r_.bound.at_known_point(value, hook_.point());
  }
  // Leader only: the answer is the better point. Equal values can differ by their rounding errors.
  void compare(known const& average) {
    auto& out = r_.outcome;
    if (!all_finite(std::span<scalar>(r_.average))) return;
    r_.weighted = r_.average;
    if (!(average.objective <= out.objective)) return;
    if (average.objective == out.objective && average.certificate > out.certificate) return;
    r_.best = r_.average;
    out.objective = average.objective;
    // A bound at a lower double point combines both proofs, with the rounding errors of both
    // values.
    out.certificate = std::same_as<scalar, double>
                          ? average.certificate : std::min(out.certificate, average.certificate);
  }

  // Leader only: whether the run ends here and why, if the observer does not request the end.
  bool is_over(std::uint64_t t) {
    plan const& p = *r_.p;
    auto& out = r_.outcome;
    if (!team_.finite())
      out.reason = stop_reason::diverged;
    else if (r_.checkpoints.interrupted)  // the resumed run reaches the same end
      out.reason = stop_reason::interrupted;
    else if (!std::isfinite(out.objective))
      out.reason = stop_reason::diverged;
    else if (p.tolerance > 0 && out.certificate <= p.tolerance)
      out.reason = stop_reason::tolerance_reached;
    else if (r_.bound.recedes())
      out.reason = stop_reason::no_minimum;
    else if (p.tolerance > 0 && hook_.stalled())
      out.reason = out.certificate <= r_.bound.precision(out.objective)
                       ? stop_reason::precision_reached
                       : stop_reason::stalled;
    else if (t == p.steps)
      out.reason = stop_reason::steps_done;
    else {
      out.reason = stop_reason::observer_request;  // unless the run continues
      return false;
    }
    return true;
  }

  // Leader only, at the end: the storage of the last point may not outlive the team.
  void keep_last() {
    r_.gradient.release();
    r_.outcome.last = to_vector<scalar>(r_.last);
    std::span<scalar const> const kept(r_.outcome.last.data(), r_.outcome.last.size()),
        was = r_.last;
    for (auto* const each : {&r_.weighted, &r_.best, &r_.last})
      if (each->data() == was.data()) *each = kept;
  }

  // Leader only: completes the outcome, as if the run ended here.
  void note(std::uint64_t t, std::uint64_t exchanges) {
    plan const& p = *r_.p;
    auto& out = r_.outcome;
    out.steps = t;
    out.rounds = round_.rounds();
    out.gradients = p.workers * p.batch_size * t + hook_.extra_gradients(t);
    out.exchanges = r_.exchanges_before + exchanges;
    out.bytes = r_.all_bytes();
    out.seconds = seconds();
    out.delay = team_.delay();
    double drift = 0;  // of all workers
    for (std::size_t k = 0; k != r_.drift.size(); ++k) drift += r_.drift[k];
    out.history.push_back({t, out.rounds, out.gradients, out.exchanges, out.bytes, out.seconds,
                           out.objective, out.certificate, drift / static_cast<double>(p.workers)});
  }
  double seconds() const {
    if constexpr (Round::protocol::keeps_time)
      return team_.seconds();
    else
      return r_.watch.seconds();
  }
  // Thread 0: calls the observer.
  proceed look() { return r_.observer->after_evaluation(r_.outcome.history.back(), *r_.p); }

  Record& r_;
  Round& round_;
  typename Round::protocol& team_;
  typename Round::hook_type const& hook_;
  std::uint64_t next_due_ = 0, before_ = 0;  // the sync time before this one
  traffic sent_before_;
};

}  // namespace localsgd::detail
