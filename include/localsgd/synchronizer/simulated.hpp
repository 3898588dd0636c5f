// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/communicator/threads/asio_pool.hpp"
#include "localsgd/communicator/simulated/event_order.hpp"
#include "localsgd/synchronizer/event_team.hpp"
#include "localsgd/synchronizer/simulated_team.hpp"
#include "localsgd/communicator/simulated/virtual_cluster.hpp"
#include "localsgd/objective/concept.hpp"
#include "localsgd/settings.hpp"
#include "localsgd/communicator/simulated/cluster.hpp"
#include "localsgd/synchronizer/concept.hpp"
#include "localsgd/communicator/simulated/report.hpp"

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <map>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

/// @file
/// @brief A cluster of any size on this machine: real arithmetic, virtual time.

namespace localsgd {

/// @brief Runs the K workers on threads of this machine, while a clock tells what a cluster would
///        have needed.
///
/// `result::seconds`, those of its history and report() are virtual; evaluations take none. Anchors
/// of variance-reduced steps do: n/K gradients of each worker and one average for each. The same
/// settings and cluster give the same bits and the same times on any number of threads.
///
/// | type                     | what the cluster does                                            |
/// |--------------------------|------------------------------------------------------------------|
/// | `simulated`              | Algorithm 1: everybody waits for the slowest machine, then for   |
/// |                          | the average. The bits of `serial`                                |
/// | `simulated_overlapped`   | an average travels while the next local steps are made, and      |
/// |                          | counts from the round after: see overlapped_team                 |
/// | `simulated_asynchronous` | Algorithm 2: nobody waits, fast workers make more of the K·T     |
/// |                          | steps: see event_team. Each worker has its own machine, and all  |
/// |                          | share one server, whatever the topology; averagers keep the      |
/// |                          | mean. Runs on the calling thread                                 |
///
/// Memory is that of the K workers on this machine. Thread safe like thread_pool.
/// @tparam TeamType simulated_team, overlapped_team or event_team
template <class TeamType>
class basic_simulated {
 public:
  using team = TeamType;

  /// @param machines what is simulated
  /// @param threads  1 … 4096; as many as the machine has unless given
  /// @throws invalid_settings naming the argument, its value and the rule it broke
  explicit basic_simulated(cluster machines,
                           std::size_t threads = detail::asio_pool::hardware_threads())
      : machines_((machines.validate(), std::move(machines))), pool_(threads) {}

  std::size_t threads() const noexcept { return pool_.threads(); }
  cluster const& machines() const noexcept { return machines_; }

  /// @brief The last run that ended, however it did. Thread safe.
  simulation_report report() const {
    std::lock_guard const lock(mutex_);
    return report_;
  }

  /// @brief Whether the cluster fits the run that the calling thread is about to make.
  /// @throws invalid_settings
  template <Objective F>
  void begin(F const&, plan const& p) {
    machines_.validate(p.workers);
    if (has_events) {
      detail::require(machines_.costs.members_for(p.workers) == p.workers && !machines_.groups,
                      "cluster.costs.members", machines_.costs.members,
                      "0, and no groups, for asynchronous runs: each worker has its machine");
      detail::require(machines_.burst_bytes == 0, "cluster.burst_bytes", machines_.burst_bytes,
                      "0 for asynchronous runs");
    }
    detail::simulated_plan const shape{
        p.workers, p.batch_size, p.steps, p.seed,
        static_cast<double>(p.dimension * sizeof(typename F::scalar))};
    std::lock_guard const lock(mutex_);
    begun_[std::this_thread::get_id()] = shape;
  }

  /// @throws std::logic_error without begin(), which minimize calls
  template <class Program>
  void run(std::size_t workers, Program&& program) {
    detail::virtual_cluster clock(machines_, take_shape(workers));
    try {
      run_on(clock, workers, program);
    } catch (...) {
      keep(clock.finish());
      throw;
    }
  }

 private:
  static constexpr bool has_events = std::same_as<TeamType, event_team>;

  template <class Program>
  void run_on(detail::virtual_cluster& clock, std::size_t workers, Program& program) {
    if constexpr (has_events) {
      detail::event_order order(clock);
      detail::shared_team shared(workers, 1);
      detail::run_members(
          shared, [](std::size_t, auto const& f) { f(0); },
          [&](std::size_t i) { return event_team(shared, i, clock, order); }, program);
      double const k = static_cast<double>(workers);
      double const each =
          2 * static_cast<double>(order.visits()) * clock.shape().vector_bytes / k;
      std::vector<link_traffic> links;
      if (workers > 1) links.push_back({"between workers and server", workers, each});
      keep(clock.finish(std::move(links)));
    } else {
      detail::shared_team shared(workers, std::min(threads(), workers));
      detail::run_members(
          shared, pool_, [&](std::size_t i) { return TeamType(shared, i, clock); }, program);
      keep(clock.finish());
    }
  }

  detail::simulated_plan take_shape(std::size_t workers) {
    std::lock_guard const lock(mutex_);
    auto const mine = begun_.extract(std::this_thread::get_id());
    if (mine.empty() || mine.mapped().workers != workers)
      throw std::logic_error("localsgd: a simulated run needs begin(f, plan) before run(K, …)");
    return mine.mapped();
  }
  void keep(simulation_report report) {
    std::lock_guard const lock(mutex_);
    report_ = std::move(report);
  }

  cluster machines_;
  detail::asio_pool pool_;
  mutable std::mutex mutex_;
  std::map<std::thread::id, detail::simulated_plan> begun_;
  simulation_report report_;
};

/// @brief Algorithm 1 in virtual time: see basic_simulated.
using simulated = basic_simulated<simulated_team>;
/// @brief Averages that travel while local steps are made: see basic_simulated.
using simulated_overlapped = basic_simulated<overlapped_team>;
/// @brief Algorithm 2 in virtual time: see basic_simulated.
using simulated_asynchronous = basic_simulated<event_team>;
static_assert(Synchronizer<simulated> && Synchronizer<simulated_overlapped> &&
              Synchronizer<simulated_asynchronous>);

}  // namespace localsgd
