// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/detail/asio_pool.hpp"
#include "localsgd/detail/team.hpp"
#include "localsgd/synchronizer/concept.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <type_traits>
#include <vector>

/// @file
/// @brief Asynchronous local SGD: no worker waits for another.

namespace localsgd {

namespace detail {

/// @brief What the members of an asynchronous run share besides the aggregate.
struct asynchronous_state {
  explicit asynchronous_state(std::size_t workers) : added(workers) {}

  struct alignas(64) counter {
    std::atomic<std::uint64_t> steps{0};
  };
  std::vector<counter> added;  // of each worker: the steps whose change is in the aggregate
  std::atomic<std::uint64_t> delay{0};
  std::atomic<bool> finite{true};
};

}  // namespace detail

/// @brief One thread of an asynchronous team: Algorithm 2 \cite stich2019local.
///
/// The aggregate X is a vector of atomic coordinates: a worker adds w_k times its own change since it
/// last read, coordinate by coordinate and without a lock, and reads X back. A change of exactly 0
/// is not added, so it costs what was touched. One more vector per worker than a synchronous run:
/// the point it last read.
class asynchronous_team : private thread_team {
 public:
  asynchronous_team(detail::shared_team& shared, detail::asynchronous_state& state,
                    std::size_t member)
      : thread_team(shared, member), state_(&state) {}

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
    return read<Scalar>()[worker - workers().first];
  }

  template <class Scalar>
  std::span<Scalar const> settle(iterates<Scalar>& x) {
    barrier();  // everybody has added what there was to add
    if (!finite() && member() == 0) restore(x);
    barrier();
    auto& mine = read<Scalar>();
    mine.resize(workers().size());
    for (std::vector<Scalar>& point : mine) point = x.consensus[0];
    barrier();  // nobody adds before everybody has read
    return x.consensus[0];
  }

  bool finite() const noexcept { return state_->finite.load(std::memory_order_acquire); }

  std::uint64_t delay() const noexcept { return state_->delay.load(std::memory_order_relaxed); }

 private:
  template <class Scalar>
  std::vector<std::vector<Scalar>>& read() noexcept {
    if constexpr (std::is_same_v<Scalar, float>)
      return read_float_;
    else
      return read_double_;
  }

  // X ← X + w_k (x_k − what k last read); what k last read ← X. False, and nothing is added, if the
  // change is not finite, or if X is not.
  template <class Scalar>
  bool add_and_read(iterates<Scalar>& x, std::size_t k) {
    std::vector<Scalar>& last_read = read<Scalar>()[k - workers().first];
    std::span<Scalar const> const local = x.local[k];
    std::vector<Scalar>& aggregate = x.consensus[0];
    if (!std::ranges::all_of(local, [](Scalar v) { return v - v == 0; })) return false;
    Scalar const weight = static_cast<Scalar>(x.weights[k]);
    bool const alone = shared().workers == 1;  // then there is nothing to average
    bool finite = true;
    for (std::size_t i = 0; i != local.size(); ++i) {
      std::atomic_ref<Scalar> coordinate(aggregate[i]);
      Scalar const change = local[i] - last_read[i];
      if (alone)
        coordinate.store(local[i], std::memory_order_relaxed);
      else if (change != 0)
        coordinate.fetch_add(weight * change, std::memory_order_relaxed);
      Scalar const now = coordinate.load(std::memory_order_relaxed);
      finite = finite && now - now == 0;
      if (finite) last_read[i] = now;
    }
    return finite;
  }

  // Coordinates of the aggregate that overflowed go back to what my first worker last read.
  template <class Scalar>
  void restore(iterates<Scalar>& x) noexcept {
    std::vector<Scalar> const& last_read = read<Scalar>().front();
    for (std::size_t i = 0; i != last_read.size(); ++i)
      if (!std::isfinite(x.consensus[0][i])) x.consensus[0][i] = last_read[i];
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
  std::vector<std::vector<double>> read_double_;  // what each of my workers last read
  std::vector<std::vector<float>> read_float_;
};
static_assert(Team<asynchronous_team, double> && Team<asynchronous_team, float>);

/// @brief Algorithm 2 on a pool of threads: no worker waits for another.
///
/// Each worker adds w_k times its own change to a shared aggregate when its schedule says so and goes
/// on from what it reads there; fast threads do not wait for slow ones. Only evaluations bring all
/// workers together. `result::delay` is the largest delay τ seen; the rate is that of Algorithm 1
/// while H + τ = O(√(T/(Kb))). The result depends on the timing: it is not reproducible, except for
/// K = 1. Averagers that transform the mean do not compile with it. Thread safe like thread_pool.
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
    detail::asynchronous_state state(workers);
    detail::run_team(
        shared, pool_, [&](std::size_t i) { return asynchronous_team(shared, state, i); },
        program);
  }

 private:
  detail::asio_pool pool_;
};
static_assert(Synchronizer<asynchronous>);

}  // namespace localsgd
