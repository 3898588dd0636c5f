// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/communicator/simulated/clocked_team.hpp"
#include "localsgd/communicator/simulated/cluster.hpp"
#include "localsgd/communicator/simulated/event_order.hpp"
#include "localsgd/communicator/simulated/report.hpp"
#include "localsgd/communicator/simulated/virtual_cluster.hpp"
#include "localsgd/communicator/threads/asio_pool.hpp"
#include "localsgd/core/error.hpp"
#include "localsgd/protocol/asynchronous.hpp"
#include "localsgd/protocol/overlapped.hpp"
#include "localsgd/protocol/synchronous.hpp"
#include "localsgd/settings.hpp"
#include "localsgd/synchronizer/concept.hpp"

#include <algorithm>
#include <cstddef>
#include <mutex>
#include <span>
#include <utility>
#include <vector>

/// @file
/// @brief A cluster of any size on this machine: real arithmetic, virtual time.

namespace localsgd {

/// @brief Runs the K workers on threads of this machine, with a virtual clock that measures the
///        time a cluster would have taken.
///
/// `result::seconds`, the seconds of its history and report() are virtual. Evaluations take no
/// time, but anchors of variance-reduced steps do: n/K gradients per worker and one average each.
/// The same settings and cluster give the same bits and the same times on any number of threads.
///
/// | type                     | what the cluster does                                            |
/// |--------------------------|------------------------------------------------------------------|
/// | `simulated`              | Algorithm 1: all wait for the slowest machine, then for          |
/// |                          | the average. The same bits as `serial`                           |
/// | `simulated_overlapped`   | an average is sent during the next local steps and is            |
/// |                          | used a round later: see detail::overlapped_protocol              |
/// | `simulated_asynchronous` | Algorithm 2: no worker waits, and fast ones do more of the K·T   |
/// |                          | steps. Each worker has its own machine, and all                  |
/// |                          | share one server, whatever the topology; averagers must keep the |
/// |                          | mean. Runs on the calling thread                                 |
///
/// Needs the memory of all K workers on this machine. As thread safe as thread_pool.
/// @tparam Protocol a protocol on detail::clocked_team or detail::ordered_team
template <class Protocol>
class basic_simulated {
 public:
  using protocol = Protocol;

  /// @param machines the simulated cluster
  /// @param threads  1 … 4096; by default one for each available core
  /// @throws invalid_settings with the argument, its value and the violated rule
  explicit basic_simulated(cluster machines,
                           std::size_t threads = detail::asio_pool::hardware_threads())
      : machines_((machines.validate(), std::move(machines))), pool_(threads) {}

  std::size_t threads() const noexcept { return pool_.threads(); }
  cluster const& machines() const noexcept { return machines_; }

  /// @brief The report of the last run, even if it failed. Thread safe.
  simulation_report report() const {
    std::lock_guard const lock(mutex_);
    return report_;
  }

  static index_range carries(std::size_t workers) noexcept { return {0, workers}; }
  template <class T, class Make>
  static void all_gather(std::span<T>, Make const& make) {
    make();
  }

  /// @throws invalid_settings if the cluster does not match the run
  template <class Program>
  void run(plan const& p, Program const& program) {
    validate(p);
    detail::virtual_cluster clock(
        machines_, {p.workers, p.batch_size, p.steps, p.seed,
                    static_cast<double>(p.dimension * p.scalar_bytes)});
    try {
      program([&](auto const& body) { run_on(clock, body); });
    } catch (...) {
      keep(clock.finish());
      throw;
    }
  }

 private:
  void validate(plan const& p) const {
    machines_.validate(p.workers);
    if constexpr (Protocol::never_waits) {
      detail::require(
          machines_.costs.members_for(p.workers) == p.workers && !machines_.groups,
          "cluster.costs.members", machines_.costs.members,
          "0, without cluster.groups, in asynchronous runs, where each worker has its own machine");
      detail::require(machines_.burst_bytes == 0, "cluster.burst_bytes", machines_.burst_bytes,
                      "0 in asynchronous runs");
    }
  }

  template <class Body>
  void run_on(detail::virtual_cluster& clock, Body const& body) {
    std::size_t const workers = clock.shape().workers;
    if constexpr (Protocol::never_waits) {
      detail::event_order order(clock);
      detail::thread_state state(workers, 1);
      detail::run_protocols<Protocol>(state, detail::calling_thread{}, body, state, clock, order);
      double const k = static_cast<double>(workers);
      double const each =
          2 * static_cast<double>(order.visits()) * clock.shape().vector_bytes / k;
      std::vector<link_traffic> links;
      if (workers > 1) links.push_back({"between workers and server", workers, each});
      keep(clock.finish(std::move(links)));
    } else {
      detail::thread_state state(workers, std::min(threads(), workers));
      detail::run_protocols<Protocol>(state, pool_, body, state, clock);
      keep(clock.finish());
    }
  }

  void keep(simulation_report report) {
    std::lock_guard const lock(mutex_);
    report_ = std::move(report);
  }

  cluster machines_;
  detail::asio_pool pool_;
  mutable std::mutex mutex_;
  simulation_report report_;
};

/// @brief Algorithm 1 in virtual time: see basic_simulated.
using simulated = basic_simulated<detail::synchronous_protocol<detail::clocked_team>>;
/// @brief Overlapped averages in virtual time: see basic_simulated.
using simulated_overlapped =
    basic_simulated<detail::overlapped_protocol<detail::clocked_team>>;
/// @brief Algorithm 2 in virtual time: see basic_simulated.
using simulated_asynchronous =
    basic_simulated<detail::asynchronous_protocol<detail::ordered_team>>;
static_assert(Synchronizer<simulated> && Synchronizer<simulated_overlapped> &&
              Synchronizer<simulated_asynchronous>);

}  // namespace localsgd
