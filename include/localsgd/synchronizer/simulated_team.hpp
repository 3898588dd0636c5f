// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/synchronizer/overlap.hpp"
#include "localsgd/communicator/threads/team.hpp"
#include "localsgd/communicator/simulated/virtual_cluster.hpp"
#include "localsgd/synchronizer/concept.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

/// @file
/// @brief Teams of threads that do what a cluster would, and keep its time.

namespace localsgd {

namespace detail {

/// @brief A thread_team with a virtual clock.
class clocked_team : protected thread_team {
 public:
  using thread_team::agree;
  using thread_team::average;
  using thread_team::exchange_bytes;
  using thread_team::finite;
  using thread_team::member;
  using thread_team::members;
  using thread_team::sum;
  using thread_team::workers;

  double seconds() const noexcept { return clock_->seconds(); }
  void spend(std::uint64_t gradients, std::size_t /*bytes*/) {
    clock_->rendezvous(static_cast<double>(gradients));
  }

 protected:
  clocked_team(shared_team& shared, std::size_t member, virtual_cluster& clock)
      : thread_team(shared, member), clock_(&clock) {}

  // Collective: all workers have made their steps up to t.
  void come(std::uint64_t t, std::uint64_t gradients_per_sample, bool overlaps) {
    auto const steps = std::exchange(steps_, t);
    double const each = static_cast<double>((t - steps) * gradients_per_sample *
                                            clock_->shape().batch_size);
    for (std::size_t k = workers().first; k != workers().last; ++k)
      clock_->computed(k, clock_->draw(k, each), t - steps);
    barrier();
    if (member() == 0) clock_->average(overlaps);
  }

 private:
  virtual_cluster* clock_;
  std::uint64_t steps_ = 0;
};

}  // namespace detail

/// @brief One thread of a simulated synchronous team: the arithmetic of thread_team.
class simulated_team : public detail::clocked_team {
 public:
  simulated_team(detail::shared_team& shared, std::size_t member, detail::virtual_cluster& clock)
      : clocked_team(shared, member, clock) {}

  using thread_team::delay;
  using thread_team::exchange;
  using thread_team::point;
  using thread_team::resume;
  using thread_team::settle;
  using thread_team::split;

  void arrive(std::uint64_t t, std::uint64_t gradients_per_sample) {
    come(t, gradients_per_sample, false);
  }
};
static_assert(Team<simulated_team, double> && Team<simulated_team, float>);

/// @brief One thread of a simulated team whose averages travel while the next local steps are made.
///
/// After round r worker k goes on from x̄_{r−1} + Δ_k, Δ_k its own change in round r. The mean of
/// these points, x̄_r = x̄_{r−1} + Σ w_k Δ_k, gets to it one round later. One more vector per
/// worker: the point it last went on from. An evaluation looks at the last mean and changes nothing.
class overlapped_team : public detail::clocked_team {
 public:
  overlapped_team(detail::shared_team& shared, std::size_t member, detail::virtual_cluster& clock)
      : clocked_team(shared, member, clock) {}

  void arrive(std::uint64_t t, std::uint64_t gradients_per_sample) {
    overlap_.end_round(t);
    come(t, gradients_per_sample, true);
  }

  template <class Scalar, class Averager>
  bool exchange(iterates<Scalar>& x, Averager& averager, std::uint64_t t) {
    return overlap_.move_on(x, workers(), thread_team::settle(x), Averager::keeps_mean && alone(),
                            [&] { return thread_team::exchange(x, averager, t); });
  }

  template <class Scalar>
  std::span<Scalar const> point(iterates<Scalar>& x, std::size_t worker) {
    return overlap_.point(worker - workers().first, thread_team::settle(x));
  }
  template <class Scalar>
  std::span<Scalar const> settle(iterates<Scalar>& x) const noexcept {
    return thread_team::settle(x);
  }
  template <class Scalar>
  void resume(iterates<Scalar>& x, std::span<Scalar const> from) {
    thread_team::resume(x, from);
    overlap_.resume(from);
  }

  std::uint64_t delay() const noexcept { return overlap_.delay(alone()); }

 private:
  bool alone() const noexcept { return shared().workers == 1; }  // nothing to average

  detail::overlap overlap_;
};
static_assert(Team<overlapped_team, double> && Team<overlapped_team, float>);

}  // namespace localsgd
