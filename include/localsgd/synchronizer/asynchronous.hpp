// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/communicator/threads/asio_pool.hpp"
#include "localsgd/synchronizer/own_points.hpp"
#include "localsgd/communicator/threads/team.hpp"
#include "localsgd/synchronizer/concept.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <vector>

/// @file
/// @brief Asynchronous local SGD: no worker waits for another.

namespace localsgd {

namespace detail {

/// @brief What the members of an asynchronous run share.
///
/// The aggregate is X = Σ_m share_m: every member adds to its own share, so that each number has
/// one writer, and an addition needs no lock and no compare-and-swap.
struct asynchronous_state {
  asynchronous_state(std::size_t workers, std::size_t members) : share(members), added(workers) {}

  struct alignas(64) counter {
    std::atomic<std::uint64_t> steps{0};
  };
  struct alignas(64) vector_of_one_writer {
    own_vector<double> value;
  };
  std::vector<vector_of_one_writer> share;
  std::vector<counter> added;  // of each worker: the steps whose change is in the aggregate
  std::atomic<std::uint64_t> delay{0};
  std::atomic<bool> finite{true};
};

}  // namespace detail

/// @brief One thread of an asynchronous team: Algorithm 2 \cite stich2019local.
///
/// A worker adds w_k times its own change since it last read to its member's share of the
/// aggregate, coordinate by coordinate, and reads the sum of all shares: atomic numbers, no lock,
/// and nobody waits. One more vector per worker than a synchronous run (the point it last read),
/// and one per member.
class asynchronous_team : private thread_team {
 public:
  asynchronous_team(detail::shared_team& shared, detail::asynchronous_state& state,
                    std::size_t member)
      : thread_team(shared, member), state_(&state) {}

  using never_waits = void;  // between evaluations

  using thread_team::agree;
  using thread_team::average;
  using thread_team::exchange_bytes;
  using thread_team::member;
  using thread_team::members;
  using thread_team::sum;
  using thread_team::workers;

  template <class Scalar, class Averager>
  bool exchange(iterates<Scalar>& x, Averager&, std::uint64_t t) {
    static_assert(Averager::keeps_mean,
                  "asynchronous runs have no mean to transform: use an averager that keeps it");
    if (shared().meeting.is_called_off()) throw detail::called_off{};
    for (std::size_t k = workers().first; k != workers().last; ++k) {
      if (!finite()) return false;
      if (!add_and_read(x, k)) {
        state_->finite.store(false, std::memory_order_release);
        return false;
      }
      count(k, t);
    }
    return true;
  }

  template <class Scalar>
  std::span<Scalar const> point(iterates<Scalar>&, std::size_t worker) {
    return last_read_.of<Scalar>()[worker - workers().first];
  }

  template <class Scalar>
  std::span<Scalar const> settle(iterates<Scalar>& x) {
    barrier();  // everybody has added what there was to add
    auto& consensus = x.consensus[0];
    auto& mine = last_read_.of<Scalar>();
    bool const starts = mine.empty();
    if (starts) {
      // The start is in the first share; the others begin at 0.
      auto& share = state_->share[member()].value;
      share.assign(consensus.size(), 0.0);
      if (member() == 0) std::ranges::copy(consensus, share.begin());
      mine.resize(workers().size());
    } else if (member() == 0) {
      for (std::size_t i = 0; i != consensus.size(); ++i) {
        Scalar const now = aggregate<Scalar>(i);
        consensus[i] = std::isfinite(now) ? now : mine.front()[i];  // overflowed: back to the last
      }
    }
    barrier();  // nobody adds before everybody has read
    for (auto& point : mine) point = consensus;
    return consensus;
  }

  template <class Scalar>
  void resume(iterates<Scalar>& x, std::span<Scalar const> from) {
    barrier();  // nobody reads the old one any more
    auto& share = state_->share[member()].value;
    share.assign(from.size(), 0.0);
    if (member() == 0) {
      std::ranges::copy(from, share.begin());
      std::ranges::copy(from, x.consensus[0].begin());
      state_->finite.store(true, std::memory_order_release);
    }
    for (auto& point : last_read_.of<Scalar>()) point.assign(from.begin(), from.end());
    barrier();  // nobody adds before the shares are whole
  }

  bool finite() const noexcept { return state_->finite.load(std::memory_order_acquire); }

  std::uint64_t delay() const noexcept { return state_->delay.load(std::memory_order_relaxed); }

 private:
  // X_i: the sum of the shares, in the order of the members.
  template <class Scalar>
  Scalar aggregate(std::size_t i) const noexcept {
    double sum = 0;
    for (auto& share : state_->share)
      sum += std::atomic_ref(share.value[i]).load(std::memory_order_relaxed);
    return static_cast<Scalar>(sum);
  }

  // X ← X + w_k (x_k − what k last read); what k last read ← X. False, and nothing is added, if the
  // change is not finite; false too if X is not.
  template <class Scalar>
  bool add_and_read(iterates<Scalar>& x, std::size_t k) {
    auto& read = last_read_.of<Scalar>()[k - workers().first];
    std::span<Scalar const> const local = x.local[k];
    auto& share = state_->share[member()].value;
    if (!detail::all_finite(local)) return false;
    double const weight = x.weights[k];
    bool const alone = shared().workers == 1;  // then there is nothing to average
    for (std::size_t i = 0; i != local.size(); ++i) {
      double const own = share[i];  // nobody else writes it
      double const change = static_cast<double>(local[i]) - static_cast<double>(read[i]);
      std::atomic_ref(share[i]).store(
          alone ? static_cast<double>(local[i]) : own + weight * change,
          std::memory_order_relaxed);
    }
    bool finite = true;
    for (std::size_t i = 0; finite && i != local.size(); ++i) {
      Scalar const now = aggregate<Scalar>(i);
      finite = now - now == 0;
      if (finite) read[i] = now;
    }
    return finite;
  }

  // The delay of what worker k read after t steps: how many steps the worker furthest behind lacks.
  void count(std::size_t k, std::uint64_t t) noexcept {
    state_->added[k].steps.store(t, std::memory_order_release);
    std::uint64_t oldest = t;
    for (auto const& other : state_->added)
      oldest = std::min(oldest, other.steps.load(std::memory_order_acquire));
    std::uint64_t seen = state_->delay.load(std::memory_order_relaxed);
    while (seen < t - oldest && !state_->delay.compare_exchange_weak(seen, t - oldest)) {
    }
  }

  detail::asynchronous_state* state_;
  detail::own_points last_read_;  // the point that each of my workers goes on from
};
static_assert(Team<asynchronous_team, double> && Team<asynchronous_team, float>);

/// @brief Algorithm 2 on a pool of threads: no worker waits for another.
///
/// Each worker adds w_k times its own change to a shared aggregate when its schedule says so and
/// goes on from what it reads there; fast threads do not wait for slow ones. Only evaluations bring
/// all workers together. `result::delay` is the largest delay τ seen; the rate is that of Algorithm
/// 1 while H + τ = O(√(T/(Kb))). The result depends on the timing: it is not reproducible, except
/// for K = 1. Averagers that transform the mean do not compile. Thread safe like thread_pool.
class asynchronous {
 public:
  using team = asynchronous_team;

  /// @param threads 1 … 4096; as many as the machine has unless given. @throws invalid_settings
  explicit asynchronous(std::size_t threads = detail::asio_pool::hardware_threads())
      : pool_(threads) {}

  std::size_t threads() const noexcept { return pool_.threads(); }

  template <class Program>
  void run(std::size_t workers, Program&& program) {
    detail::shared_team shared(workers, std::min(threads(), workers));
    detail::asynchronous_state state(workers, shared.members);
    detail::run_members(
        shared, pool_, [&](std::size_t i) { return asynchronous_team(shared, state, i); },
        program);
  }

 private:
  detail::asio_pool pool_;
};
static_assert(Synchronizer<asynchronous>);

}  // namespace localsgd
