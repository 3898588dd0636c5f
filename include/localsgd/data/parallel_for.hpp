// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <atomic>
#include <cstddef>
#include <exception>
#include <limits>
#include <mutex>
#include <thread>
#include <vector>

/// @file
/// @brief Independent tasks on a few threads.

namespace localsgd::detail {

/// @brief Calls f(0) … f(n−1), each once, on up to `threads` threads including the calling thread.
///
/// Idle threads take tasks in ascending order. If the system provides fewer threads, or none, the
/// remaining ones do all the work.
///
/// @param f May be called by several threads concurrently.
/// @throws any exception of f: if there are several, the one with the lowest number, like a loop.
///         Tasks with higher numbers may or may not have run.
template <class F>
void parallel_for(std::size_t n, std::size_t threads, F const& f) {
  std::atomic<std::size_t> next{0};
  std::mutex failing;
  std::size_t failed = std::numeric_limits<std::size_t>::max();
  std::exception_ptr error;
  auto const work = [&]() noexcept {
    for (std::size_t i = next++; i < n; i = next++) {
      try {
        f(i);
      } catch (...) {
        std::lock_guard const lock(failing);
        if (i < failed) {
          failed = i;
          error = std::current_exception();
        }
        next = n;  // all tasks below i have been taken, and will finish
      }
    }
  };

  std::vector<std::thread> others;
  if (threads > 1 && n > 1) {
    others.reserve(threads - 1);
    try {
      while (others.size() + 1 < threads && others.size() + 1 < n) others.emplace_back(work);
    } catch (...) {  // the system provides no further threads
    }
  }
  work();
  for (auto& other : others) other.join();
  if (error) std::rethrow_exception(error);
}

}  // namespace localsgd::detail
