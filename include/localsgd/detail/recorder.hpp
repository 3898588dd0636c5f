// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/detail/assemble_average.hpp"
#include "localsgd/detail/certifier.hpp"
#include "localsgd/detail/evaluate.hpp"
#include "localsgd/detail/exchange.hpp"
#include "localsgd/detail/svrg_anchor.hpp"
#include "localsgd/objective/concept.hpp"
#include "localsgd/observer.hpp"
#include "localsgd/result.hpp"
#include "localsgd/settings.hpp"
#include "localsgd/synchronizer/concept.hpp"
#include "localsgd/worker/concept.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <concepts>
#include <limits>
#include <numeric>
#include <span>
#include <type_traits>
#include <vector>

/// @file
/// @brief Evaluates a run now and then, keeps its history, and decides when it ends.

namespace localsgd::detail {

/// @brief ‖x − y‖² in double.
template <class Scalar>
LOCALSGD_ONE_COPY double squared_distance(std::span<Scalar const> x,
                                          std::span<Scalar const> y) noexcept {
  double sum = 0;
  for (std::size_t i = 0; i != x.size(); ++i) {
    double const difference = static_cast<double>(x[i]) - static_cast<double>(y[i]);
    sum += difference * difference;
  }
  return sum;
}

/// @brief A clock that can be stopped. Seconds.
class stopwatch {
 public:
  void stop() { seconds_ += running(); }
  void start() { since_ = clock::now(); }
  double seconds() const noexcept { return seconds_; }

 private:
  using clock = std::chrono::steady_clock;
  double running() const { return std::chrono::duration<double>(clock::now() - since_).count(); }
  clock::time_point since_ = clock::now();
  double seconds_ = 0;
};

/// @brief The record of one run, shared by all members; member 0 writes it.
template <Objective F, Observer O>
struct run_record {
  using scalar = typename F::scalar;

  run_record(F const& objective, plan const& the_plan, O& the_observer)
      : f(&objective),
        p(&the_plan),
        observer(&the_observer),
        gradient(the_plan),
        bound(objective, the_plan, gradient),
        average(the_plan.dimension),
        drift(the_plan.workers) {}

  F const* f;
  plan const* p;
  O* observer;
  stopwatch watch;
  full_gradient gradient;
  certifier<F> bound;
  own_vector<scalar> average;  // x̂, assembled at evaluations
  touched_average touched;
  std::vector<double> drift;  // ‖x_k − x̄‖² of every worker at the last average before one
  result<scalar> outcome;
  std::span<scalar const> last, weighted, best;  // its points, until the run is over
};

/// @brief One member's side of the record: when to evaluate, and the collective calls it takes.
template <class Record, class T, class Sequence, class Anchor>
class recorder {
 public:
  using scalar = typename Record::scalar;

  recorder(Record& record, T& team, std::vector<Sequence>& workers, Anchor const& anchor,
           iterates<scalar>& x)
      : r_(record), team_(team), workers_(workers), anchor_(anchor), x_(x) {}

  /// @brief Whether there will be an evaluation after t steps. At an anchor f is known anyway.
  bool due(std::uint64_t t) const noexcept {
    return t >= next_due_ || t == r_.p->steps || (r_.p->tolerance > 0 && anchor_.meets(t));
  }

  /// @brief Whether there may be one: f can become known at an anchor that is not there yet.
  bool measures_drift(std::uint64_t t) const noexcept {
    return due(t) || (r_.p->tolerance > 0 && anchor_.due(t));
  }

  /// @brief Notes how far worker k is from where it goes on. Before `assign`.
  void drift(std::size_t k) {
    r_.drift[k] = squared_distance<scalar>(x_.local[k], team_.point(x_, k));
  }

  /// @brief Collective where an evaluation is due: makes it, and returns whether the run ends.
  bool ends(std::uint64_t t, std::uint64_t rounds) {
    if (!due(t) && team_.finite()) return false;
    if (leads()) r_.watch.stop();
    std::span<scalar const> const consensus = team_.settle(x_);
    // At an anchor the average is looked at only if the run ends: it would cost a pass.
    bool const averages = team_.finite() && t > 0 && !anchor_.is_at(t);
    known const at_last = evaluate_last(consensus, t), at_average =
        averages ? evaluate_average() : known{};
    int answer = 0;
    if (leads()) {
      take(consensus, at_last);
      if constexpr (!std::same_as<Anchor, no_anchor>) take_anchor();
      if (averages) compare(at_average);
      answer = is_over(t) ? 1 : 0;
    }
    bool over = team_.agree(answer) != 0;
    if (over && anchor_.is_at(t) && t > 0) {
      known const average = evaluate_average();
      if (leads()) {
        compare(average);
        is_over(t);
      }
    }
    if (leads()) answer = note(t, rounds) == proceed::yes ? 0 : 1;
    if (!over) over = team_.agree(answer) != 0;
    if (leads() && over) keep_points();
    if (leads()) r_.watch.start();
    while (next_due_ <= t) next_due_ = due_after(next_due_);
    return over;
  }

 private:
  bool leads() const noexcept { return team_.member() == 0; }

  // With a tolerance and no wish: at every anchor; or else from epoch to epoch at first, then at every
  // fifth of the way, so that the cost of looking stays a bounded share of the cost of the run.
  std::uint64_t due_after(std::uint64_t t) const noexcept {
    plan const& p = *r_.p;
    double const steps = static_cast<double>(p.steps), now = static_cast<double>(t);
    double next = steps;
    if (p.evaluations > 0) {
      double const gap = steps / static_cast<double>(p.evaluations + 1);
      next = (std::floor(now / gap + 1e-9) + 1) * gap;
    } else if (p.tolerance > 0 && !anchor_.renews()) {
      double const epoch = static_cast<double>(p.samples) /
                           static_cast<double>(p.workers * p.batch_size);
      next = std::max(now + epoch, now * 1.2);
    }
    return std::max(t + 1, static_cast<std::uint64_t>(std::ceil(std::min(next, steps))));
  }

  // What is known of f at a point. Member 0 only.
  struct known {
    double objective = 0, certificate = 0;
  };

  known evaluate_last(std::span<scalar const> consensus, std::uint64_t t) {
    if (!anchor_.is_at(t)) return evaluate(consensus);
    auto const value = anchor_.value();
    return {value.objective, r_.bound(team_, r_.gradient, consensus, value, anchor_.slopes())};
  }
  known evaluate_average() {
    assemble_average(team_, workers_, x_, std::span<scalar>(r_.average));
    return evaluate(r_.average);
  }
  known evaluate(std::span<scalar const> x) {
    auto const value = r_.gradient(*r_.f, x, team_, r_.bound.slopes());
    return {value.objective, r_.bound(team_, r_.gradient, x, value, r_.bound.slopes())};
  }

  // Member 0: the answer is the last consensus, and there is no average yet.
  void take(std::span<scalar const> consensus, known const& last) {
    auto& out = r_.outcome;
    r_.weighted = r_.last = r_.best = consensus;
    out.objective = std::isnan(last.objective) ? infinity : last.objective;
    out.certificate = last.certificate;
  }
  // Member 0: variance-reduced steps that went astray will be taken back, at the next anchor.
  void take_anchor() {
    auto& out = r_.outcome;
    auto const value = anchor_.value();
    if (!anchor_.active() || !(value.objective < out.objective)) return;
    r_.weighted = r_.last = r_.best = anchor_.point();
    out.objective = value.objective;
    out.certificate = r_.bound.at_known_point(value);
  }
  // Member 0: here is the average; the answer is the better one. What bounds the worse one bounds it.
  void compare(known const& average) {
    auto& out = r_.outcome;
    if (!all_finite(std::span<scalar>(r_.average))) return;
    r_.weighted = r_.average;
    if (!(average.objective <= out.objective)) return;
    r_.best = r_.average;
    out.objective = average.objective;
    out.certificate = std::min(out.certificate, average.certificate);
  }

  // Member 0: whether the run ends here, and why, if the observer has no wish.
  bool is_over(std::uint64_t t) {
    plan const& p = *r_.p;
    auto& out = r_.outcome;
    if (!team_.finite() || !std::isfinite(out.objective))
      out.reason = stop_reason::diverged;
    else if (p.tolerance > 0 && out.certificate <= p.tolerance)
      out.reason = stop_reason::tolerance_reached;
    else if (p.tolerance > 0 && anchor_.at_floor())
      out.reason = stop_reason::precision_reached;
    else if (t == p.steps)
      out.reason = stop_reason::steps_done;
    else {
      out.reason = stop_reason::observer_request;  // unless it goes on
      return false;
    }
    return true;
  }

  // Member 0: what the points of the outcome are views of will not outlive the team.
  void keep_points() {
    auto& out = r_.outcome;
    out.last = to_vector<scalar>(r_.last);
    out.average = to_vector<scalar>(r_.weighted);
    out.x = to_vector<scalar>(r_.best);
  }

  // Member 0: completes the outcome, as if the run ended here, and shows it to the observer.
  proceed note(std::uint64_t t, std::uint64_t rounds) {
    plan const& p = *r_.p;
    auto& out = r_.outcome;
    out.steps = t;
    out.rounds = rounds;
    out.gradients = p.workers * p.batch_size * t + anchor_.extra_gradients(t);
    out.bytes = (rounds + anchor_.passes()) * team_.exchange_bytes(p.dimension * sizeof(scalar));
    out.seconds = r_.watch.seconds();
    out.delay = team_.delay();
    double const drift = std::accumulate(r_.drift.begin(), r_.drift.end(), 0.0);
    out.history.push_back({t, rounds, out.gradients, out.bytes, out.seconds, out.objective,
                           out.certificate, drift / static_cast<double>(p.workers)});
    return r_.observer->after_evaluation(out.history.back(), p);
  }

  static constexpr double infinity = std::numeric_limits<double>::infinity();

  Record& r_;
  T& team_;
  std::vector<Sequence>& workers_;
  Anchor const& anchor_;
  iterates<scalar>& x_;
  std::uint64_t next_due_ = 0;
};

}  // namespace localsgd::detail
