// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/communicator/concept.hpp"
#include "localsgd/communicator/team.hpp"
#include "localsgd/core/cache_aligned.hpp"
#include "localsgd/core/index_range.hpp"
#include "localsgd/protocol/iterates.hpp"
#include "localsgd/protocol/relaxed_atomic.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <thread>
#include <utility>
#include <vector>

/// @file
/// @brief The aggregate X of an asynchronous run, which all threads add to and read without
///        waiting for each other.

namespace localsgd::detail {

/// @brief The shared state of the threads of a process in an asynchronous run. In one process the
///        aggregate is X = Σ_i share_i: every thread adds to its own share, so each number has one
///        writer, and an addition needs no lock and no compare-and-swap.
struct shared_aggregate {
  struct alignas(64) counter {
    std::atomic<std::uint64_t> steps{0};
  };
  struct alignas(64) vector_of_one_writer {
    aligned_vector<double> value;
  };
  std::vector<vector_of_one_writer> share;  // by thread
  std::vector<counter> added;  // for each worker, the steps whose change is in the aggregate
  std::atomic<bool> finite{true};

  struct told {
    std::uint64_t finite = 1, delay = 0;
  };
  std::vector<told> states;  // of all threads, at a synchronisation

  // On ranks: the length of X, and the steps of each worker as it, and as all, count them.
  std::size_t dimension = 0;
  std::vector<double> counted, steps;

  std::vector<double> stored;  // X, in a checkpoint
};

/// @brief The points of an asynchronous run.
template <class Scalar>
struct aggregated_iterates : iterates<Scalar> {
  using iterates<Scalar>::iterates;

  shared_aggregate aggregate;
};

/// @brief One thread's access to the aggregate, in shared memory or on the ranks of a one-sided
///        communicator.
///
/// | expression                 | meaning                                                         |
/// |----------------------------|-----------------------------------------------------------------|
/// | `a.count_from(t)`          | collective, before expose(): all workers have made t steps      |
/// | `a.expose(x)`              | collective, while no thread adds: X ← x, equal for all          |
/// | `a.add_and_read<Scalar>(c, now)` | X ← X + c, now ← X; a single thread leaves X unchanged    |
/// |                            | unless the sum is finite as Scalar                              |
/// | `a.read(x)`                | collective, while no thread adds: x ← X where X is finite       |
/// | `a.count(k, t)`            | worker k has added its steps up to t; returns the delay of what |
/// |                            | it read                                                         |
/// | `a.added_by_others(k)`     | the total number of steps that workers other than k have added  |
/// | `a.wait_for_others(t, k)`  | waits until step t is not too far ahead: see max_staleness      |
template <Team T>
class aggregate_access {
 public:
  aggregate_access(T& team, shared_aggregate& shared) : team_(team), x_(shared) {}

  void count_from(std::uint64_t t) {
    prepare();
    if (team_.leads())
      for (auto& each : x_.added) each.steps.store(t, std::memory_order_release);
  }

  template <class Scalar>
  void expose(std::span<Scalar const> from) {
    prepare();
    auto& mine = x_.share[team_.thread()].value;
    mine.assign(from.size(), 0.0);  // the first share holds the start; the others begin at 0
    if (team_.thread() == 0) std::copy(from.begin(), from.end(), mine.begin());
    if (team_.leads()) x_.finite.store(true, std::memory_order_release);
    team_.barrier();  // no thread adds before the shares are complete
  }

  template <class Scalar>
  void add_and_read(std::span<double const> change, std::span<double> now) {
    auto& mine = x_.share[team_.thread()].value;
    if (team_.threads() == 1) {
      bool finite = true;
      for (std::size_t i = 0; i != now.size(); ++i) {
        now[i] = mine[i] + change[i];
        auto const seen = static_cast<Scalar>(now[i]);
        finite = finite && seen - seen == 0;
      }
      if (finite) std::copy(now.begin(), now.end(), mine.begin());
      return;
    }
    for (std::size_t i = 0; i != change.size(); ++i)  // no other thread writes my share
      relaxed_store(mine[i], mine[i] + change[i]);
    for (std::size_t i = 0; i != now.size(); ++i) now[i] = sum(i);
  }

  template <class Scalar>
  void read(std::span<Scalar> x) {
    if (team_.leads())
      for (std::size_t i = 0; i != x.size(); ++i) {
        auto const now = static_cast<Scalar>(sum(i));
        if (std::isfinite(now)) x[i] = now;
      }
    team_.barrier();
  }

  std::uint64_t count(std::size_t k, std::uint64_t t) noexcept {
    x_.added[k].steps.store(t, std::memory_order_release);
    return t - std::min(t, oldest());
  }

  std::uint64_t added_by_others(std::size_t k) const noexcept {
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i != x_.added.size(); ++i)
      if (i != k) sum += x_.added[i].steps.load(std::memory_order_acquire);
    return sum;
  }

  void wait_for_others(std::uint64_t t, std::size_t k) {
    auto const longest = team_.max_staleness();
    if (!longest || t <= *longest) return;
    // The slowest worker does not wait.
    std::uint64_t const mine = x_.added[k].steps.load(std::memory_order_acquire);
    for (std::uint64_t const enough = std::min(t - *longest, mine); oldest() < enough;) {
      if (team_.cancelled()) throw localsgd::cancelled{};
      if (!x_.finite.load(std::memory_order_acquire)) return;
      std::this_thread::yield();
    }
  }

 private:
  void prepare() {
    team_.barrier();  // no thread still reads the old value
    if (team_.leads() && x_.share.empty()) {
      x_.share.resize(team_.threads());
      x_.added = std::vector<shared_aggregate::counter>(team_.total_workers());
    }
    team_.barrier();
  }
  double sum(std::size_t i) const noexcept {  // in the order of the threads
    double all = 0;
    for (auto& share : x_.share)
      all += relaxed_load(share.value[i]);
    return all;
  }
  std::uint64_t oldest() const noexcept {
    std::uint64_t least = x_.added.front().steps.load(std::memory_order_acquire);
    for (auto const& each : x_.added)
      least = std::min(least, each.steps.load(std::memory_order_acquire));
    return least;
  }

  T& team_;
  shared_aggregate& x_;
};

/// @brief On ranks, the exposed numbers are the d coordinates of X and the step counts of the K
///        workers. One thread per rank.
template <Team T>
  requires(!T::one_process)
class aggregate_access<T> {
 public:
  aggregate_access(T& team, shared_aggregate& shared) : team_(team), x_(shared) {}

  void count_from(std::uint64_t t) {
    x_.counted.assign(team_.total_workers(), static_cast<double>(t));
  }

  template <class Scalar>
  void expose(std::span<Scalar const> from) {
    std::vector<double> all(from.begin(), from.end());
    dimension() = from.size();
    x_.counted.resize(team_.total_workers());
    all.insert(all.end(), x_.counted.begin(), x_.counted.end());
    team_.state().ranks.expose(std::span<double const>(all));
    x_.finite.store(true, std::memory_order_release);
  }

  template <class Scalar>
  void add_and_read(std::span<double const> change, std::span<double> now) {
    add(0, change, now);
    index_range const here =
        coordinates_of<double>(dimension() + x_.counted.size(), ranks(), team_.state().rank);
    std::size_t const kept = std::min(here.last, now.size()) - std::min(here.first, now.size());
    team_.sent().bytes += 2 * (now.size() - kept) * sizeof(double);
  }

  template <class Scalar>
  void read(std::span<Scalar> x) {
    std::vector<double> const nothing(x.size());
    std::vector<double> now(x.size());
    add(0, nothing, now);
    for (std::size_t i = 0; i != x.size(); ++i) {
      auto const value = static_cast<Scalar>(now[i]);
      if (std::isfinite(value)) x[i] = value;
    }
    team_.broadcast(0);  // no rank adds before all ranks have read
  }

  std::uint64_t count(std::size_t k, std::uint64_t t) {
    if (team_.total_workers() == 1) return 0;
    double& before = x_.counted[k];
    auto const steps = add_steps(k, static_cast<double>(t) - std::exchange(before, t));
    double oldest = static_cast<double>(t);
    for (std::size_t i = 0; i != steps.size(); ++i)
      if (i != k) oldest = std::min(oldest, steps[i]);
    return t - static_cast<std::uint64_t>(oldest);
  }

  std::uint64_t added_by_others(std::size_t k) {
    if (team_.total_workers() == 1) return 0;
    auto const steps = add_steps(k, 0);
    double sum = 0;
    for (std::size_t i = 0; i != steps.size(); ++i)
      if (i != k) sum += steps[i];
    return static_cast<std::uint64_t>(sum);
  }

  // The deadline restarts whenever a worker makes progress.
  void wait_for_others(std::uint64_t t, std::size_t k) {
    auto const longest = team_.max_staleness();
    if (!longest || t <= *longest || team_.total_workers() == 1) return;
    double const enough = std::min(static_cast<double>(t - *longest), x_.counted[k]);
    if (enough == 0) return;
    team_.state().ranks.wait_until([&]() -> one_sided_progress {
      std::span<double const> const steps = add_steps(k, 0);
      auto const last = std::min_element(steps.begin(), steps.end());
      auto const worker = static_cast<std::size_t>(last - steps.begin());
      std::size_t r = 0;
      while (worker >= team_.state().layout.rows_of(r, steps.size()).last) ++r;
      return {*last >= enough, r, *last};
    });
  }

 private:
  std::size_t ranks() const noexcept { return team_.state().layout.ranks(); }
  std::size_t& dimension() noexcept { return x_.dimension; }

  void add(std::size_t first, std::span<double const> change, std::span<double> now) {
    team_.state().ranks.add_and_read(first, change, now);
  }
  std::span<double const> add_steps(std::size_t k, double more) {
    std::vector<double> change(x_.counted.size());
    change[k] = more;
    x_.steps.resize(change.size());
    add(dimension(), change, x_.steps);
    return x_.steps;
  }

  T& team_;
  shared_aggregate& x_;
};

}  // namespace localsgd::detail
