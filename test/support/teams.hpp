// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/communicator/threads/thread_team.hpp"

#include <cstddef>
#include <thread>
#include <vector>

/// @file
/// @brief The threads of a run without a run.

namespace support {

/// @brief Calls f(0) … f(n−1), each on a thread of its own; returns when all have returned. Counts
///        as the host of a thread team.
struct own_threads {
  template <class F>
  void operator()(std::size_t n, F const& f) const {
    std::vector<std::thread> threads;
    for (std::size_t i = 1; i < n; ++i) threads.emplace_back([&f, i] { f(i); });
    f(0);
    for (auto& t : threads) t.join();
  }
};

/// @brief Calls body(team) on each thread of a team that carries K workers in one process.
/// @tparam T what each thread is: made of the shared state and its number
template <class T = localsgd::detail::thread_team, class Body>
void with_team(std::size_t workers, std::size_t threads, Body const& body) {
  localsgd::detail::thread_state state(workers, threads);
  localsgd::detail::run_threads(state, own_threads{}, [&](std::size_t i) {
    T team(state, i);
    body(team);
  });
}

}  // namespace support
