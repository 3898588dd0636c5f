// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/communicator/threads/asio_pool.hpp"
#include "localsgd/communicator/threads/thread_team.hpp"
#include "localsgd/synchronizer/concept.hpp"

#include <algorithm>
#include <cstddef>
#include <span>
#include <utility>

/// @file
/// @brief Any protocol on threads of one process.

namespace localsgd {

/// @brief Runs K workers, spread evenly over min(threads, K) threads; each thread is
///        started once per run.
///
/// @tparam Protocol detail::synchronous_protocol, detail::overlapped_protocol or
///                  detail::asynchronous_protocol
/// @tparam Host     `host(n, f)` calls f(0) … f(n−1), each on a separate thread and all at the
///                  same time, and returns when all have returned; f never throws.
///                  `host.threads()` is the largest n it supports
template <template <class> class Protocol, class Host = detail::asio_pool>
class basic_threads {
 public:
  using protocol = Protocol<detail::thread_team>;

  template <class... Arguments>
  explicit basic_threads(Arguments&&... arguments) : host_(std::forward<Arguments>(arguments)...) {}

  std::size_t threads() const noexcept { return host_.threads(); }
  static index_range carries(std::size_t workers) noexcept { return {0, workers}; }
  template <class T, class Make>
  static void all_gather(std::span<T>, Make const& make) {
    make();
  }

  template <class Program>
  void run(plan const& p, Program const& program) {
    run(p, program, [](detail::thread_state&) {});
  }

 protected:
  // `set(state)` completes the shared state.
  template <class Program, class Set>
  void run(plan const& p, Program const& program, Set const& set) {
    program([&](auto const& body) {
      detail::thread_state state(p.workers, std::min(threads(), p.workers));
      set(state);
      detail::run_protocols<protocol>(state, host_, body, state);
    });
  }

 private:
  Host host_;
};

}  // namespace localsgd
