// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#if defined(__linux__)
#include <sched.h>

#include <cstddef>
#endif

/// @file
/// @brief Two threads that wait for each other should not share a core.

namespace localsgd::detail {

/// @brief The core on which the calling thread runs; −1 where that is unknown.
inline int current_core() noexcept {
#if defined(__linux__)
  return ::sched_getcpu();
#else
  return -1;
#endif
}

/// @brief If the calling thread runs on `core`, moves it to another of the cores that it may use. Its
///        affinity stays as it is.
///
/// A kernel may wake a thread on the core of the one that wakes it. From then on the two take turns:
/// neither ever waits for the core, so the kernel sees no reason to move one of them, and a run with two
/// threads takes longer than with one, until something else moves them. Costs a few system calls. Does
/// nothing on systems other than Linux.
inline void leave_core([[maybe_unused]] int core) noexcept {
#if defined(__linux__)
  if (core < 0 || core != ::sched_getcpu()) return;
  cpu_set_t all;
  CPU_ZERO(&all);
  if (::sched_getaffinity(0, sizeof all, &all) != 0 || CPU_COUNT(&all) < 2) return;
  cpu_set_t others = all;
  CPU_CLR(static_cast<std::size_t>(core), &others);
  if (::sched_setaffinity(0, sizeof others, &others) == 0) ::sched_setaffinity(0, sizeof all, &all);
#endif
}

}  // namespace localsgd::detail
