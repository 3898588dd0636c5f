// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/detail/own_points.hpp"
#include "localsgd/detail/team.hpp"
#include "localsgd/detail/virtual_cluster.hpp"
#include "localsgd/synchronizer/concept.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

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
    longest_ = std::max(longest_, t - std::exchange(before_, t));
    come(t, gradients_per_sample, true);
  }

  template <class Scalar, class Averager>
  bool exchange(iterates<Scalar>& x, Averager& averager, std::uint64_t t) {
    index_range const mine = workers();
    std::span<Scalar const> const mean = thread_team::settle(x);
    auto& from = points_.of<Scalar>();
    if (from.empty())
      from.assign(mine.size(), detail::own_vector<Scalar>(mean.begin(), mean.end()));
    bool const keeps = Averager::keeps_mean && alone();  // nothing to average, nothing to wait for
    std::vector<std::span<Scalar>> local;
    for (std::size_t k = mine.first; k != mine.last; ++k) {
      auto& point = from[k - mine.first];
      std::span<Scalar> const now = x.local[k];
      for (std::size_t i = 0; i != point.size(); ++i)
        point[i] = keeps ? now[i] : mean[i] + (now[i] - point[i]);
      local.push_back(now);
      x.local[k] = point;
    }
    bool const finite = thread_team::exchange(x, averager, t);
    for (std::size_t k = mine.first; k != mine.last; ++k) x.local[k] = local[k - mine.first];
    return finite;
  }

  template <class Scalar>
  std::span<Scalar const> point(iterates<Scalar>& x, std::size_t worker) {
    auto const& from = points_.of<Scalar>();
    if (from.empty()) return thread_team::settle(x);
    return from[worker - workers().first];
  }
  template <class Scalar>
  std::span<Scalar const> settle(iterates<Scalar>& x) const noexcept {
    return thread_team::settle(x);
  }
  template <class Scalar>
  void resume(iterates<Scalar>& x, std::span<Scalar const> from) {
    thread_team::resume(x, from);
    for (auto& point : points_.of<Scalar>()) point.assign(from.begin(), from.end());
  }

  std::uint64_t delay() const noexcept { return alone() ? 0 : longest_; }

 private:
  bool alone() const noexcept { return shared().workers == 1; }

  detail::own_points points_;  // where each of my workers went on from
  std::uint64_t before_ = 0, longest_ = 0;
};
static_assert(Team<overlapped_team, double> && Team<overlapped_team, float>);

}  // namespace localsgd
