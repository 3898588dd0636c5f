// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/averager/concept.hpp"
#include "localsgd/communicator/team.hpp"
#include "localsgd/kernels/combine.hpp"
#include "localsgd/protocol/aggregate.hpp"
#include "localsgd/protocol/iterates.hpp"
#include "localsgd/protocol/worker_points.hpp"
#include "localsgd/step_size/concept.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

/// @file
/// @brief Algorithm 2: no worker waits.

namespace localsgd::detail {

/// @brief A placeholder for a step size that does not depend on delays.
struct any_step_size {};

/// @brief One thread of an asynchronous run: Algorithm 2 \cite stich2019local, on any Team with
///        an aggregate.
///
/// A worker adds w_k times its own change since it last read to the aggregate, and continues from
/// what it reads there. Only evaluations synchronise all workers; with a largest staleness,
/// workers that are too far ahead wait. Memory: that of a synchronous run, plus one vector per
/// worker, the point it last read, and the aggregate.
///
/// A step size that adapts to delays also scales the change of a worker, by s.at_delay(t, τ)/s(t),
/// where t is the first step of its round. τ is the number of steps that the others have added
/// since the worker last did, divided by K: what it read lacks these. A step that was added before
/// the read but counted after it is one of them.
///
/// On a team that orders its workers in virtual time (`T::orders_workers`), they access the
/// aggregate in that order, and whichever worker is free makes the next of the K·T local steps.
template <Team T>
class asynchronous_protocol : public T {
 public:
  using T::T;
  template <class Scalar>
  using points = aggregated_iterates<Scalar>;

  static constexpr bool never_waits = true;
  static constexpr bool averages_travel = false;
  static constexpr bool orders_workers = requires { typename T::virtual_order; };

  /// @brief Called before the first round if the step size adapts to delays.
  void measure_delays() { seen_.assign(this->workers().size(), 0); }

  template <class Scalar, class A, class E = any_step_size>
  bool exchange(aggregated_iterates<Scalar>& x, A&, round_info const& info,
                [[maybe_unused]] E const& step_size = {}) {
    if (this->cancelled()) throw localsgd::cancelled{};
    ++this->sent().exchanges;
    if constexpr (T::one_process)
      this->template count<Scalar>(x.consensus[0].size());
    else
      ++this->state().round;
    if constexpr (!orders_workers) {
      auto aggregate = aggregate_of(x);
      if (still_finite(x)) aggregate.wait_for_others(info.steps, this->workers().first);
      for (std::size_t k = this->workers().first; k != this->workers().last; ++k) {
        if (!still_finite(x)) break;
        double factor = 1;
        if constexpr (adapts_to_delays<E>)
          factor = factor_of(step_size, k, info.steps - info.local_steps,
                             aggregate.added_by_others(k));
        if (add_and_read(x, k, factor))
          delay_ = std::max(delay_, aggregate.count(k, info.steps));
        else
          fail(x);
      }
    }
    return still_finite(x);
  }

  /// @brief Replaces local steps t, …, sync − 1 and their exchange: makes the steps of all workers
  ///        until they total K·sync. `drifted(k)` is called before worker k continues.
  template <class Workers, class Scalar, class E, class Drifted>
    requires orders_workers
  void advance(Workers& all, aggregated_iterates<Scalar>& x, std::uint64_t t, std::uint64_t sync,
               [[maybe_unused]] E const& step_size, Drifted const& drifted) {
    std::uint64_t const k_workers = this->total_workers();
    std::uint64_t const wanted = k_workers * sync, most = k_workers * this->last_step();
    while (finite_ && steps_ < wanted) {
      auto const [k, from, to] = this->order().next(sync - t, most - steps_);
      all[k].advance(from, to);
      x.local[k] = all[k].local();
      double factor = 1;
      if constexpr (adapts_to_delays<E>) factor = factor_of(step_size, k, from, steps_ - from);
      steps_ += to - from;
      finite_ = add_and_read(x, k, factor);
      if (!finite_) return;
      drifted(k);
      all[k].assign(point(x, k));
    }
  }

  template <class Scalar>
  std::span<Scalar const> point(aggregated_iterates<Scalar>&, std::size_t worker) {
    return last_read_.of<Scalar>()[worker - this->workers().first];
  }

  template <class Scalar>
  std::span<Scalar const> settle(aggregated_iterates<Scalar>& x) {
    auto& consensus = x.consensus[0];
    auto& mine = last_read_.of<Scalar>();
    auto aggregate = aggregate_of(x);
    traffic const sent = this->sent();  // this synchronisation is not part of training
    if (mine.empty()) {
      mine.assign(this->workers().size(), consensus);
      aggregate.expose(std::span<Scalar const>(consensus));
    } else {
      come_together(x);  // all threads have added their changes
      if (this->total_workers() == 1)
        consensus = mine.front();
      else
        aggregate.read(std::span<Scalar>(consensus));
    }
    this->sent() = sent;
    return consensus;  // workers continue from what they have read
  }

  template <class Scalar>
  void move_to(aggregated_iterates<Scalar>& x, std::span<Scalar const> from) {
    come_together(x);
    if (this->leads()) std::copy(from.begin(), from.end(), x.consensus[0].begin());
    auto& mine = last_read_.of<Scalar>();
    mine.resize(this->workers().size());
    for (auto& point : mine) point.assign(from.begin(), from.end());
    finite_ = true;
    aggregate_of(x).expose(from);
  }

  /// @brief Collective, for a checkpoint, after settle(): stores the aggregate.
  /// @return finite()
  template <class Scalar>
  bool come_to_rest(aggregated_iterates<Scalar>& x) {
    std::span<double> to;
    if (this->leads()) {
      x.aggregate.stored.assign(x.consensus[0].begin(), x.consensus[0].end());
      to = x.aggregate.stored;
    }
    traffic const sent = this->sent();
    aggregate_of(x).read(to);
    this->sent() = sent;
    return finite_;
  }
  /// @brief See synchronous_protocol.
  template <class Scalar, class Archive>
  void worker_state(Archive& archive, std::size_t worker) {
    archive(delay_, last_read_.of<Scalar>()[worker - this->workers().first]);
    if (!seen_.empty()) archive(seen_[worker - this->workers().first]);
  }
  template <class Scalar, class Archive>
  void shared_state(aggregated_iterates<Scalar>& x, Archive& archive) {
    archive(x.aggregate.stored);
    if constexpr (orders_workers) archive(steps_);
    if constexpr (T::keeps_time) this->clock_state(archive);
  }
  template <class Scalar>
  void resume(aggregated_iterates<Scalar>& x, std::span<Scalar const> consensus, std::uint64_t t) {
    move_to(x, consensus);
    auto aggregate = aggregate_of(x);
    aggregate.count_from(t);
    aggregate.expose(std::span<double const>(x.aggregate.stored));
    if constexpr (T::keeps_time) this->resume_clock(t);
  }

  /// @brief Refers to this process; after settle(), equal for all.
  bool finite() const noexcept { return finite_; }

  /// @brief The largest delay as of the last synchronisation.
  std::uint64_t delay() const noexcept {
    if constexpr (orders_workers)
      return this->order().delay();
    else
      return delay_;
  }

 private:
  template <class Scalar>
  auto aggregate_of(aggregated_iterates<Scalar>& x) {
    return aggregate_access<T>(*this, x.aggregate);
  }

  // A failure of one thread ends the run in its process at the next exchange.
  template <class Scalar>
  bool still_finite(aggregated_iterates<Scalar>& x) noexcept {
    if constexpr (!orders_workers)
      finite_ = finite_ && x.aggregate.finite.load(std::memory_order_acquire);
    return finite_;
  }
  template <class Scalar>
  void fail(aggregated_iterates<Scalar>& x) noexcept {
    x.aggregate.finite.store(false, std::memory_order_release);
    finite_ = false;
  }

  // The factor of worker k's change since step t; `others` is the total that the others have added.
  template <class E>
  double factor_of(E const& step_size, std::size_t k, std::uint64_t t, std::uint64_t others) {
    std::uint64_t const before = std::exchange(seen_[k - this->workers().first], others);
    double const delay =
        static_cast<double>(others - before) / static_cast<double>(this->total_workers());
    double const eta = step_size(t);
    return eta > 0 ? step_size.at_delay(t, delay) / eta : 1;
  }

  // X ← X + factor·w_k (x_k − what k last read); what k last read ← X. Returns false and adds
  // nothing if the change is not finite; also false if X is not. A single worker averages nothing.
  template <class Scalar>
  bool add_and_read(aggregated_iterates<Scalar>& x, std::size_t k, double factor) {
    auto& read = last_read_.of<Scalar>()[k - this->workers().first];
    std::span<Scalar const> const local = x.local[k];
    if (!all_finite(local)) return false;
    if (this->total_workers() == 1) {
      std::copy(local.begin(), local.end(), read.begin());
      return true;
    }
    change_.resize(local.size());
    now_.resize(local.size());
    double const weight = factor * x.weights[k];
    for (std::size_t i = 0; i != change_.size(); ++i)
      change_[i] = weight * (static_cast<double>(local[i]) - static_cast<double>(read[i]));
    aggregate_of(x).template add_and_read<Scalar>(change_, now_);
    bool finite = true;
    for (std::size_t i = 0; finite && i != read.size(); ++i) {
      auto const now = static_cast<Scalar>(now_[i]);
      finite = now - now == 0;
      if (finite) read[i] = now;
    }
    return finite;
  }

  // Collective: all threads learn whether all are finite, and the largest delay.
  template <class Scalar>
  void come_together(aggregated_iterates<Scalar>& x) {
    auto& states = x.aggregate.states;
    this->barrier();
    if (this->leads()) states.resize(this->threads());
    this->barrier();
    states[this->thread()] = {still_finite(x) ? 1U : 0U, delay_};
    this->barrier();
    this->all_gather(std::span(states), [](std::size_t i) { return index_range{i, i + 1}; });
    for (auto const& each : states) {
      finite_ = finite_ && each.finite != 0;
      delay_ = std::max(delay_, each.delay);
    }
  }

  worker_points last_read_;  // the point from which each of my workers continues
  std::vector<double> change_, now_;
  std::vector<std::uint64_t> seen_;  // if delays count: the steps of others at the last visit
  std::uint64_t steps_ = 0;  // of all workers, in virtual order
  std::uint64_t delay_ = 0;
  bool finite_ = true;
};

}  // namespace localsgd::detail
