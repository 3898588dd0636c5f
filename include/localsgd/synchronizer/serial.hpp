// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/communicator/threads/team.hpp"
#include "localsgd/synchronizer/concept.hpp"

/// @file
/// @brief All workers on the calling thread: the reference.

namespace localsgd {

/// @brief Algorithm 1 with one member, the caller's thread, which carries all K workers.
///
/// Starts no thread and locks nothing. Every synchronous backend gives its bits.
class serial {
 public:
  using team = thread_team;

  template <class Program>
  void run(std::size_t workers, Program&& program) {
    run_team(workers, 1, [](std::size_t, auto const& f) { f(0); }, program);
  }
};
static_assert(Synchronizer<serial>);

}  // namespace localsgd
