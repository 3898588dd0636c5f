// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/communicator/threads/asio_pool.hpp"
#include "localsgd/communicator/threads/team.hpp"
#include "localsgd/synchronizer/concept.hpp"

#include <algorithm>

/// @file
/// @brief The workers on a pool of threads: the default.

namespace localsgd {

/// @brief Algorithm 1 on a `boost::asio::thread_pool`: the K workers are spread evenly over
///        min(threads, K) members, each started once per run.
///
/// The result has the bits of `serial` for any number of threads. Thread safe: runs from several
/// threads take turns; a run from inside one of the pool's own threads is a `std::logic_error`.
class thread_pool {
 public:
  using team = thread_team;

  /// @param threads 1 … 4096; as many as the machine has unless given. @throws invalid_settings
  explicit thread_pool(std::size_t threads = detail::asio_pool::hardware_threads())
      : pool_(threads) {}

  std::size_t threads() const noexcept { return pool_.threads(); }

  template <class Program>
  void run(std::size_t workers, Program&& program) {
    run_team(workers, std::min(threads(), workers), pool_, program);
  }

 private:
  detail::asio_pool pool_;
};
static_assert(Synchronizer<thread_pool>);

}  // namespace localsgd
