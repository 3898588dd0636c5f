// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/io/available_cores.hpp"

#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdio>

#if defined(__linux__)
#include <sched.h>
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

/// @brief Whether the machine runs at most as many threads as it has cores: if two of them share a
///        core, another core is free. Reads /proc/loadavg; false where there is none.
inline bool a_core_may_be_free() noexcept {
  std::FILE* const file = std::fopen("/proc/loadavg", "r");
  if (file == nullptr) return false;
  std::size_t running = 0;
  bool const known = std::fscanf(file, "%*s %*s %*s %zu/", &running) == 1;
  std::fclose(file);
  return known && running <= hardware_cores();
}

/// @brief If the calling thread runs on `core`, moves it to another of the cores that it may use.
///        Its affinity stays as it is.
///
/// A kernel may wake a thread on the core of the one that wakes it. From then on the two take
/// turns: neither ever waits for the core, so the kernel sees no reason to move one of them, and a
/// run with two threads takes longer than with one, until something else moves them. Costs a few
/// system calls. Does nothing on systems other than Linux.
inline void leave_core([[maybe_unused]] int core) noexcept {
#if defined(__linux__)
  if (core < 0 || core != current_core()) return;
  cpu_set_t all;
  CPU_ZERO(&all);
  if (::sched_getaffinity(0, sizeof all, &all) != 0 || CPU_COUNT(&all) < 2) return;
  cpu_set_t others = all;
  CPU_CLR(static_cast<std::size_t>(core), &others);
  if (::sched_setaffinity(0, sizeof others, &others) == 0) ::sched_setaffinity(0, sizeof all, &all);
#endif
}

/// @brief Lets threads that wait for each other leave a core that they share, if another seems to
///        be free: a thread that moves to the core of another program waits there for milliseconds.
///        Looks at the 1st, 2nd, 4th, 8th, … time that a thread wakes on the core of the one it
///        waited for.
class core_sharing {
 public:
  /// @brief The thread that is waited for calls it when it arrives.
  void arrived() noexcept { core_.store(current_core(), std::memory_order_relaxed); }
  /// @brief A thread that has been woken by it calls it.
  void woken() noexcept {
    int const core = core_.load(std::memory_order_relaxed);
    if (core < 0 || core != current_core()) return;
    bool const looks = std::has_single_bit(times_.fetch_add(1, std::memory_order_relaxed) + 1);
    if (looks && a_core_may_be_free()) leave_core(core);
  }

 private:
  std::atomic<int> core_{-1};
  std::atomic<unsigned> times_{0};
};

}  // namespace localsgd::detail
