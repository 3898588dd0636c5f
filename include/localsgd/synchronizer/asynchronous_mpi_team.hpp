// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/kernels/combine.hpp"
#include "localsgd/communicator/mpi/window.hpp"
#include "localsgd/synchronizer/own_points.hpp"
#include "localsgd/synchronizer/concept.hpp"
#include "localsgd/synchronizer/mpi_team.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

/// @file
/// @brief Asynchronous local SGD on many processes: no rank waits for another.

namespace localsgd {

/// @brief One rank of an asynchronous team: Algorithm 2 \cite stich2019local on one-sided MPI.
///
/// The aggregate X lies in slices on the ranks, as doubles. A worker adds w_k times its own change
/// since it last read, and gets back what was there, by one MPI_Rget_accumulate to each rank. What
/// adds up is exact for each coordinate; coordinates that lie on different ranks may be read at
/// different moments. Only evaluations bring the ranks together, and mpi_options::longest_lead makes
/// those wait that are far ahead. One vector more per worker, and
/// 2 + 1/R per rank.
///
/// Where network and MPI have one-sided additions, the rank that owns a slice takes no part. Where
/// MPI makes them of messages, they wait until it calls MPI next: at the end of its local steps.
class asynchronous_mpi_team : private mpi_team {
 public:
  using mpi_team::mpi_team;

  using never_waits = void;  // between evaluations
  using one_thread_per_rank = void;

  using mpi_team::agree;
  using mpi_team::average;
  using mpi_team::leads;
  using mpi_team::member;
  using mpi_team::members;
  using mpi_team::share;
  using mpi_team::sum;
  using mpi_team::workers;

  template <class Scalar, class Averager>
  bool exchange(iterates<Scalar>& x, Averager&, std::uint64_t t) {
    static_assert(Averager::keeps_mean,
                  "asynchronous runs have no mean to transform: use an averager that keeps it");
    if (finite_) wait_for_others(t);
    for (std::size_t k = workers().first; finite_ && k != workers().last; ++k) {
      finite_ = add_and_read(x, k);
      if (finite_) count(k, t);
    }
    ++shared().link.round;
    return finite_;
  }

  template <class Scalar>
  std::span<Scalar const> point(iterates<Scalar>&, std::size_t worker) {
    return last_read_.of<Scalar>()[worker - workers().first];
  }

  template <class Scalar>
  std::span<Scalar const> settle(iterates<Scalar>& x) {
    come_together();  // everybody has added what there was to add
    auto& consensus = x.consensus[0];
    index_range const mine = slice(consensus.size(), shared().rank);
    if (shared().window == nullptr) {
      element_bytes_ = sizeof(Scalar);
      std::size_t const counters = shared().rank == 0 ? shared().workers : 0;
      shared().window = std::make_unique<detail::mpi_window>(shared().link.communicator(),
                                                             mine.size() + counters);
      write_slice<Scalar>(consensus);
    } else {
      shared().window->sync();
      for (std::size_t i = mine.first; i != mine.last; ++i) {
        auto const now = static_cast<Scalar>(shared().window->here()[i - mine.first]);
        if (std::isfinite(now)) consensus[i] = now;  // overflowed: back to the last
      }
      // Nobody goes on, to add, before it has this slice.
      gather(std::span<Scalar>(consensus),
             [&](std::size_t r) { return slice(consensus.size(), r); });
    }
    last_read_.of<Scalar>().assign(workers().size(), consensus);
    return consensus;
  }

  template <class Scalar>
  void resume(iterates<Scalar>& x, std::span<Scalar const> from) {
    come_together();
    std::ranges::copy(from, x.consensus[0].begin());
    write_slice<Scalar>(from);
    for (auto& point : last_read_.of<Scalar>()) point.assign(from.begin(), from.end());
    finite_ = true;
  }

  bool finite() const noexcept { return finite_; }

  /// @brief As of the last time that all came together.
  std::uint64_t delay() const noexcept { return delay_; }

  std::uint64_t exchange_bytes(std::size_t vector_bytes) const noexcept {
    std::size_t const bytes = vector_bytes / element_bytes_ * sizeof(double);
    std::uint64_t one_way = 0;
    detail::mpi_layout const& layout = shared().layout;
    for (std::size_t r = 0; r != layout.ranks(); ++r)
      one_way += std::uint64_t{layout.rows_of(r, shared().workers).size()} *
                 (bytes - detail::coordinates_of<std::byte>(bytes, layout.ranks(), r).size());
    return 2 * one_way;
  }

 private:
  // Of the doubles of X: the same lines whatever the Scalar.
  index_range slice(std::size_t dimension, std::size_t r) const noexcept {
    return detail::coordinates_of<double>(dimension, shared().layout.ranks(), r);
  }

  // X ← X + w_k (x_k − what k last read); what k last read ← X. False, and nothing is added, if the
  // change is not finite; false too if X is not.
  template <class Scalar>
  bool add_and_read(iterates<Scalar>& x, std::size_t k) {
    std::span<Scalar const> const local = x.local[k];
    auto& read = last_read_.of<Scalar>()[k - workers().first];
    if (!detail::all_finite(local)) return false;
    std::size_t const d = local.size();
    if (shared().workers == 1) {  // then there is nothing to average
      std::ranges::copy(local, read.begin());
      std::ranges::copy(local, shared().window->here().begin());
      return true;
    }
    auto const room = shared().as<double>(shared().link.outgoing, 2 * d);
    auto const change = room.first(d), old = room.last(d);
    for (std::size_t i = 0; i != d; ++i)
      change[i] = x.weights[k] * (static_cast<double>(local[i]) - static_cast<double>(read[i]));
    for (std::size_t r = 0; r != shared().layout.ranks(); ++r) {
      auto const [first, last] = slice(d, r);
      shared().window->add_and_get(shared().link.requests(), static_cast<int>(r), 0,
                                   change.subspan(first, last - first),
                                   old.subspan(first, last - first));
    }
    first_thread([&] { finish_messages(); });
    bool finite = true;
    for (std::size_t i = 0; finite && i != d; ++i) {
      auto const now = static_cast<Scalar>(old[i] + change[i]);
      finite = now - now == 0;
      if (finite) read[i] = now;
    }
    return finite;
  }

  // The delay of what worker k read after t steps: how many steps the worker furthest behind lacks.
  void count(std::size_t k, std::uint64_t t) {
    if (shared().workers == 1) return;
    auto& before = counted_[k - workers().first];
    auto const steps = add_steps(k, t - std::exchange(before, t));
    double oldest = static_cast<double>(t);
    for (std::size_t i = 0; i != steps.size(); ++i)
      if (i != k) oldest = std::min(oldest, steps[i]);
    delay_ = std::max(delay_, t - static_cast<std::uint64_t>(oldest));
  }

  // The steps that all workers had made, before worker k made these: behind the slice of rank 0.
  std::span<double const> add_steps(std::size_t k, std::uint64_t more) {
    std::size_t const all = shared().workers, behind = slice(dimension_, 0).size();
    auto const room = shared().as<double>(shared().link.outgoing, 2 * all);
    auto const change = room.first(all), old = room.last(all);
    std::ranges::fill(change, 0.0);
    change[k] = static_cast<double>(more);
    shared().window->add_and_get(shared().link.requests(), 0, behind, change, old);
    first_thread([&] { finish_messages(); });
    return old;
  }

  // Until t steps are no more than the longest lead, or nobody is further behind than this rank. As
  // long as somebody moves, no deadline counts.
  void wait_for_others(std::uint64_t t) {
    std::uint64_t const longest = shared().longest_lead.value_or(t);
    double const enough = static_cast<double>(std::min(t - std::min(t, longest), counted_[0]));
    if (enough == 0) return;
    using clock = std::chrono::steady_clock;
    std::span<double const> steps;
    clock::time_point looked;
    auto const look = [&] {
      steps = add_steps(workers().first, 0);
      looked = clock::now();
    };
    auto const least_of = [](std::span<double const> some) {
      return *std::ranges::min_element(some);
    };
    look();
    for (double oldest = least_of(steps); oldest < enough; oldest = least_of(steps))
      shared().link.wait_for(
          [&](int r) {
            if (clock::now() - looked > std::chrono::microseconds(20)) look();
            index_range const there =
                shared().layout.rows_of(static_cast<std::size_t>(r), steps.size());
            double const least = least_of(steps.subspan(there.first, there.size()));
            return least >= enough || least > oldest;
          },
          [] { return false; });
  }

  // Collective: a barrier, after which all ranks know the worst of all.
  void come_together() {
    struct state {
      std::uint64_t finite, delay;
    };
    std::vector<state> all(shared().layout.ranks());
    all[shared().rank] = {finite_ ? 1U : 0U, delay_};
    first_thread([&] {
      gather(std::span(all), [](std::size_t r) { return index_range{r, r + 1}; });
    });
    for (state const& each : all) {
      finite_ = finite_ && each.finite != 0;
      delay_ = std::max(delay_, each.delay);
    }
  }

  // Collective, while nobody adds: X ← from.
  template <class Scalar>
  void write_slice(std::span<Scalar const> from) {
    dimension_ = from.size();
    counted_.resize(workers().size());
    index_range const mine = slice(from.size(), shared().rank);
    for (std::size_t i = mine.first; i != mine.last; ++i)
      shared().window->here()[i - mine.first] = static_cast<double>(from[i]);
    shared().window->sync();
    come_together();  // nobody adds before it is whole
  }

  bool finite_ = true;
  std::uint64_t delay_ = 0;
  std::size_t dimension_ = 0, element_bytes_ = sizeof(double);
  std::vector<std::uint64_t> counted_;  // steps of each of my workers, as rank 0 knows them
  detail::own_points last_read_;        // the point each of them goes on from
};
static_assert(Team<asynchronous_mpi_team, double> && Team<asynchronous_mpi_team, float>);

}  // namespace localsgd
