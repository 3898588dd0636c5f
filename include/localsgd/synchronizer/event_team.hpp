// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/communicator/simulated/event_order.hpp"
#include "localsgd/synchronizer/own_points.hpp"
#include "localsgd/communicator/threads/team.hpp"
#include "localsgd/communicator/simulated/virtual_cluster.hpp"
#include "localsgd/synchronizer/concept.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

/// @file
/// @brief Algorithm 2 on a simulated cluster: reproducible.

namespace localsgd {

/// @brief The one member of a simulated asynchronous team: Algorithm 2 \cite stich2019local, worker
///        by worker in the order in which they come to the aggregate.
///
/// The K·T local steps of a run are taken by whoever is free: fast workers make more of them. The
/// run ends when the last one has come; what is under way then is lost. Two vectors more than a
/// synchronous run, and one per worker: the point it last read. An evaluation looks at the
/// aggregate and changes nothing.
class event_team : private thread_team {
 public:
  event_team(detail::shared_team& shared, std::size_t member, detail::virtual_cluster& clock,
             detail::event_order& order)
      : thread_team(shared, member), clock_(&clock), order_(&order) {}

  using never_waits = void;  // between evaluations

  using thread_team::agree;
  using thread_team::average;
  using thread_team::exchange_bytes;
  using thread_team::member;
  using thread_team::members;
  using thread_team::sum;
  using thread_team::workers;

  double seconds() const noexcept { return clock_->seconds(); }
  std::uint64_t delay() const noexcept { return order_->delay(); }
  bool finite() const noexcept { return finite_; }

  /// @brief Until the workers have made K·sync steps in all: local steps, w_k times the change of
  ///        x_k to the aggregate, and on from what is there. `drifted(k)` is called in between.
  template <class Workers, class Scalar, class Drifted>
  void advance(Workers& all, iterates<Scalar>& x, std::uint64_t t, std::uint64_t sync,
               Drifted const& drifted) {
    auto const& shape = clock_->shape();
    std::uint64_t const wanted = shape.workers * sync, most = shape.workers * shape.steps;
    while (finite_ && steps_ < wanted) {
      auto const [k, from, to] = order_->next(sync - t, most - steps_);
      all[k].advance(from, to);
      x.local[k] = all[k].local();
      steps_ += to - from;
      finite_ = add<Scalar>(x, k);
      if (!finite_) return;
      auto& read = last_read_.of<Scalar>()[k];
      for (std::size_t i = 0; i != read.size(); ++i) read[i] = static_cast<Scalar>(aggregate_[i]);
      drifted(k);
      all[k].assign(std::span<Scalar const>(read));
    }
  }

  /// @brief What advance() has found: there all workers have come already.
  template <class Scalar, class Averager>
  bool exchange(iterates<Scalar>&, Averager&, std::uint64_t /*t*/) {
    static_assert(Averager::keeps_mean,
                  "asynchronous runs have no mean to transform: use an averager that keeps it");
    return finite_;
  }

  template <class Scalar>
  std::span<Scalar const> point(iterates<Scalar>&, std::size_t worker) {
    return last_read_.of<Scalar>()[worker];
  }

  template <class Scalar>
  std::span<Scalar const> settle(iterates<Scalar>& x) {
    auto& consensus = x.consensus[0];
    if (last_read_.of<Scalar>().empty()) {
      aggregate_.assign(consensus.begin(), consensus.end());
      last_read_.of<Scalar>().assign(workers().size(), consensus);
    }
    for (std::size_t i = 0; i != consensus.size(); ++i)
      consensus[i] = static_cast<Scalar>(aggregate_[i]);
    return consensus;
  }

  template <class Scalar>
  void resume(iterates<Scalar>& x, std::span<Scalar const> from) {
    aggregate_.assign(from.begin(), from.end());
    std::ranges::copy(from, x.consensus[0].begin());
    last_read_.of<Scalar>().assign(workers().size(), x.consensus[0]);
    finite_ = true;
  }

 private:
  // X ← X + w_k (x_k − what k last read). False, and X stays, if that is not finite as a Scalar.
  template <class Scalar>
  bool add(iterates<Scalar>& x, std::size_t k) {
    auto const& read = last_read_.of<Scalar>()[k];
    std::span<Scalar const> const local = x.local[k];
    bool const alone = workers().size() == 1;  // then there is nothing to average
    bool finite = true;
    next_.resize(aggregate_.size());
    for (std::size_t i = 0; i != next_.size(); ++i) {
      double const change = static_cast<double>(local[i]) - static_cast<double>(read[i]);
      next_[i] = alone ? static_cast<double>(local[i]) : aggregate_[i] + x.weights[k] * change;
      auto const seen = static_cast<Scalar>(next_[i]);
      finite = finite && seen - seen == 0;
    }
    if (finite) std::swap(aggregate_, next_);
    return finite;
  }

  detail::virtual_cluster* clock_;
  detail::event_order* order_;
  std::uint64_t steps_ = 0;  // of all workers
  bool finite_ = true;
  std::vector<double> aggregate_, next_;
  detail::own_points last_read_;  // by each of the workers
};
static_assert(Team<event_team, double> && Team<event_team, float>);

}  // namespace localsgd
