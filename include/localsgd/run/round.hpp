// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/averager/concept.hpp"
#include "localsgd/core/compiler.hpp"
#include "localsgd/core/index_range.hpp"
#include "localsgd/evaluation/assemble_average.hpp"
#include "localsgd/evaluation/full_gradient.hpp"
#include "localsgd/kernels/combine.hpp"
#include "localsgd/run/touched_exchange.hpp"
#include "localsgd/worker/concept.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

/// @file
/// @brief One round on one thread: local steps and synchronisation.

namespace localsgd::detail {

/// @brief One thread's view of a run: the parts of a round, and the context of round hooks.
template <class Protocol, class Workers, class Hook, class A, class Encoders, class Record>
class round_of {
 public:
  using scalar = typename Record::scalar;
  using sequence = typename Workers::value_type;
  using protocol = Protocol;
  using hook_type = Hook;
  static constexpr bool compresses = Encoders::compress;
  // Other protocols keep state of each worker in its thread.
  static constexpr bool regroups = Protocol::one_process && !Protocol::keeps_time &&
                                   !Protocol::averages_travel && !Protocol::never_waits;

  round_of(Protocol& team, Workers& workers, Hook& hook, A& averager, Encoders& encoders,
           typename Protocol::template points<typename Record::scalar>& x,
           touched_exchange<Workers>& touched, Record& record)
      : team_(team), workers_(workers), hook_(hook), averager_(averager), encoders_(encoders),
        x_(x), touched_(touched), record_(record) {}

  Protocol& team() noexcept { return team_; }
  Workers& workers() noexcept { return workers_; }
  Hook& hook() noexcept { return hook_; }
  A& averager() noexcept { return averager_; }
  Encoders& encoders() noexcept { return encoders_; }
  full_gradient& pass() noexcept { return record_.gradient; }
  std::uint64_t steps() const noexcept { return steps_; }
  std::uint64_t rounds() const noexcept { return rounds_; }
  bool finite() const noexcept { return team_.finite(); }

  /// @brief Collective: the consensus, equal on all ranks.
  std::span<scalar const> consensus() { return team_.settle(x_); }
  /// @brief Collective: x̂ of all workers.
  LOCALSGD_ONE_COPY void average(std::span<scalar> out) {
    assemble_average(team_, workers_, record_.averages, std::span<double const>(x_.weights), out);
  }
  /// @brief Collective: a bound on f(x) − f*; the leader receives it. Requires that the last
  ///        evaluation of pass() was that of f and its gradient at x.
  double certificate(std::span<scalar const> x, full_gradient::value const& value,
                     std::span<double const> slopes) {
    return record_.bound(team_, record_.gradient, x, value, slopes);
  }
  /// @brief Leader only: the bound at the last evaluation.
  double certified() const noexcept { return record_.outcome.certificate; }
  /// @brief Leader only: the next bound considers a dual point θ. @param x −h(θ)/λ
  void consider_dual(std::span<double const> x, std::span<double const> theta, double squares) {
    record_.bound.consider(x, theta, squares);
  }
  /// @brief Collective: the consensus is the point. The workers are elsewhere until move_to().
  void place_at(std::span<scalar const> to) {
    team_.move_to(x_, to);
    if (team_.leads()) averager_.reset(to);
  }
  /// @brief Collective: all workers continue from the point; with `restart`, as if all iterates had
  ///        been the point.
  void move_to(std::span<scalar const> to, bool restart) {
    place_at(to);
    index_range const mine = team_.workers();
    encoders_.reset(mine);
    for (std::size_t k = mine.first; k != mine.last; ++k) {
      if constexpr (requires { workers_[k].restart(to, steps_); })
        if (restart) workers_[k].restart(to, steps_);
      workers_[k].assign(to);
    }
  }
  void spend([[maybe_unused]] std::uint64_t gradients) {
    if constexpr (Protocol::keeps_time)
      if (team_.thread() == 0) team_.spend(gradients);
  }
  /// @brief Collective, for a checkpoint: nothing is in transit. Returns whether all was finite.
  bool come_to_rest() { return team_.come_to_rest(x_); }
  /// @brief Passes worker k, on the thread that carries it, to an archive.
  template <class Archive>
  void worker_state(Archive& archive, std::size_t k) {
    archive(workers_[k]);
    if constexpr (compresses) encoders_.archive_state(archive, k);
    team_.template worker_state<scalar>(archive, k);
  }
  /// @brief Passes what the protocol shares in this process, on the leader.
  template <class Archive>
  void shared_state(Archive& archive) {
    team_.template shared_state<scalar>(x_, archive);
  }
  /// @brief Collective: sets the state that a checkpoint has restored, except that of the workers.
  void resume(std::uint64_t t, std::uint64_t rounds, std::span<scalar const> consensus) {
    steps_ = t;
    rounds_ = rounds;
    team_.resume(x_, consensus, t);
  }

  /// @brief Collective, before a round: threads that are delayed by other programs may become idle
  ///        for some time. @return false on a thread that was idle when the run ended
  template <class Recorder>
  bool regroup(Recorder& recorder) {
    if constexpr (regroups)
      return team_.regroup(
          [&](std::span<std::uint64_t> place) {
            auto const [now, finite] = team_.place();
            auto const [due, before] = recorder.place();
            place[0] = steps_, place[1] = rounds_;
            place[2] = now, place[3] = finite;
            place[4] = due, place[5] = before;
          },
          [&](std::span<std::uint64_t const> place) {
            steps_ = place[0];
            rounds_ = place[1];
            team_.go_to({place[2], place[3]});
            recorder.go_to({place[4], place[5]});
          });
    else
      return true;
  }
  /// @brief After the last round.
  void end_rounds() noexcept {
    if constexpr (regroups) team_.end_rounds();
  }

  /// @brief Collective: local steps t, …, sync − 1 of the workers of this thread, then their
  ///        exchange: x̄ ← Σ w_k x_k or the result of the averager, or X ← X + w_k Δx_k; and x_k ←
  ///        x̄, or X.
  template <class Recorder, class E>
  void advance(Recorder& recorder, std::uint64_t sync, [[maybe_unused]] E const& step_size) {
    if constexpr (Protocol::orders_workers) {
      bool const drifts = recorder.measures_drift(sync);
      team_.advance(workers_, x_, steps_, sync, step_size, [&](std::size_t k) {
        if (drifts) recorder.drift(k, x_.local[k], team_.point(x_, k));
      });
    } else {
      index_range const mine = team_.workers();
      std::uint64_t const from = std::max(steps_, made_);
      for (std::size_t k = mine.first; k != mine.last; ++k) workers_[k].advance(from, sync);
    }
  }

  /// @brief Collective: local steps up to t, within a round, then the averages of groups of
  ///        workers.
  void average_in_groups(std::uint64_t t, std::size_t groups) {
    index_range const mine = team_.workers();
    std::uint64_t const from = std::max(steps_, made_);
    for (std::size_t k = mine.first; k != mine.last; ++k) {
      workers_[k].advance(from, t);
      x_.local[k] = workers_[k].local();
    }
    made_ = t;
    if constexpr (Protocol::keeps_time) team_.arrive_in_groups(t, work(), groups);
    record_.groups(team_, groups, workers_.carried(), std::span<std::span<scalar> const>(x_.local),
                   std::span<double const>(x_.weights), x_.consensus[0].size(),
                   [&](std::size_t k, std::span<scalar const> mean) { workers_[k].assign(mean); });
  }

  template <class Recorder, class E>
  void exchange(Recorder& recorder, std::uint64_t sync, E const& step_size) {
    round_info const info{rounds_, sync, sync - steps_, step_size(steps_)};
    steps_ = sync;
    ++rounds_;
    if constexpr (Protocol::keeps_time && !Protocol::orders_workers)
      team_.arrive(sync, work());
    // Averages of groups leave coordinates different that no worker has touched since.
    bool const grouped = made_ > sync - info.local_steps;
    if (grouped || !exchange_touched(recorder, info)) exchange_points(recorder, info, step_size);
    if constexpr (Protocol::keeps_time && !Protocol::orders_workers)
      team_.depart(Protocol::averages_travel);
  }

 private:
  // The component gradients of worker k in its last local steps.
  auto work() const {
    return [&hook = hook_]([[maybe_unused]] std::size_t k, [[maybe_unused]] double samples) {
      if constexpr (requires { hook.work_of(k); })
        return hook.work_of(k);
      else
        return samples * static_cast<double>(hook.gradients_per_sample());
    };
  }

  template <class Recorder, class E>
  void exchange_points(Recorder& recorder, round_info const& info,
                       [[maybe_unused]] E const& step_size) {
    if constexpr (Protocol::orders_workers) {
      team_.exchange(x_, averager_, info);  // they have already arrived
      return;
    }
    index_range const mine = team_.workers();
    for (std::size_t k = mine.first; k != mine.last; ++k) x_.local[k] = workers_[k].local();
    if constexpr (Encoders::compress && !Protocol::never_waits)  // else rejected at run time
      encoders_.exchange(team_, x_, averager_, info, [&](std::span<scalar> change) {
        if constexpr (requires { hook_.expects(info.local_steps, change); })
          return hook_.expects(info.local_steps, change);
        else
          return false;
      });
    else if constexpr (Protocol::never_waits)
      team_.exchange(x_, averager_, info, step_size);
    else
      team_.exchange(x_, averager_, info);
    bool const drifts = recorder.measures_drift(info.steps);
    for (std::size_t k = mine.first; team_.finite() && k != mine.last; ++k) {
      auto const point = team_.point(x_, k);
      if (drifts) recorder.drift(k, x_.local[k], point);
      workers_[k].assign(point);
    }
  }

  // Returns whether it was done: if few coordinates were touched only they are exchanged. The
  // consensus vector is then computed only when it is read.
  template <class Recorder>
  bool exchange_touched([[maybe_unused]] Recorder& recorder,
                        [[maybe_unused]] round_info const& info) {
    if constexpr (TouchingSequence<sequence> && A::keeps_mean && !combines_rows<A, scalar> &&
                  !Encoders::compress && !Protocol::averages_travel && !Protocol::never_waits) {
      index_range const mine = team_.workers();
      if (!workers_[mine.first].touches_few()) return false;
      bool const drifts = recorder.measures_drift(info.steps);
      bool const looked_at = drifts || hook_.looks_at(info.steps);
      for (std::size_t k = mine.first; looked_at && k != mine.last; ++k)
        x_.local[k] = workers_[k].local();
      if (team_.leads()) averager_.begin_round(info);
      bool const finite = touched_(team_, workers_, x_.weights, info.round);
      team_.note_round(averager_, finite);
      if (!finite || !looked_at) return true;
      // Untouched coordinates may still overflow when the scale is applied.
      bool const whole = team_.make_consensus(x_, [&](std::size_t first, std::span<scalar> out) {
        workers_[mine.first].write(first, out);
        return all_finite(std::span<scalar const>(out));
      });
      for (std::size_t k = mine.first; whole && drifts && k != mine.last; ++k)
        recorder.drift(k, x_.local[k], team_.point(x_, k));
      return true;
    } else {
      return false;
    }
  }

  Protocol& team_;
  Workers& workers_;
  Hook& hook_;
  A& averager_;
  Encoders& encoders_;
  typename Protocol::template points<scalar>& x_;
  touched_exchange<Workers>& touched_;
  Record& record_;
  std::uint64_t steps_ = 0, rounds_ = 0;
  std::uint64_t made_ = 0;  // local steps, at the last averages of groups
};

}  // namespace localsgd::detail
