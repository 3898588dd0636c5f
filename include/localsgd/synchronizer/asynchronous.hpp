// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/protocol/asynchronous.hpp"
#include "localsgd/synchronizer/basic_threads.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>

/// @file
/// @brief Asynchronous local SGD on threads: no worker waits for another.

namespace localsgd {

/// @brief Algorithm 2 on a pool of threads: no worker waits for another.
///
/// Each worker adds w_k times its own change to a shared aggregate at its sync times and
/// continues from what it reads there; fast threads do not wait for slow ones. Only evaluations
/// synchronise all workers. `result::delay` is the largest delay τ observed; the rate is that of
/// Algorithm 1 as long as H + τ = O(√(T/(Kb))). The result depends on timing and is not
/// reproducible, except for K = 1. Averagers that transform the mean are rejected. As thread safe
/// as thread_pool.
class asynchronous : public basic_threads<detail::asynchronous_protocol> {
 public:
  /// @param threads       1 … 4096; by default one for each available core
  /// @param max_staleness how many local steps a worker may be ahead of the slowest one when one of
  ///                      its rounds ends; unlimited by default
  /// @throws invalid_settings
  explicit asynchronous(std::size_t threads = detail::asio_pool::hardware_threads(),
                        std::optional<std::uint64_t> max_staleness = {})
      : basic_threads(threads), max_staleness_(max_staleness) {}

  template <class Program>
  void run(plan const& p, Program const& program) {
    basic_threads::run(p, program,
                       [&](detail::thread_state& state) { state.max_staleness = max_staleness_; });
  }

 private:
  std::optional<std::uint64_t> max_staleness_;
};
static_assert(Synchronizer<asynchronous>);

}  // namespace localsgd
