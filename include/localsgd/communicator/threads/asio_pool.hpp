// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/error.hpp"
#include "localsgd/io/available_cores.hpp"

// The only header that includes Asio. Narrow includes: <boost/asio.hpp> of Boost 1.74 does not compile as C++20
// with g++ 12.
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>

#include <cstddef>
#include <functional>
#include <latch>
#include <mutex>
#include <stdexcept>
#include <utility>

/// @file
/// @brief A fixed pool of threads that runs one gang of tasks at a time.

namespace localsgd::detail {

/// @brief Runs f(0) … f(n−1) at the same time, each on a thread of its own; f(0) on the caller's.
///
/// The tasks of a gang wait for each other, so they need their threads all at once: a gang takes
/// the pool whole, and a second one waits for its turn.
class asio_pool {
 public:
  /// @param threads 1 … 4096. Always explicit: Asio's default is twice the hardware threads.
  explicit asio_pool(std::size_t threads) : threads_(checked(threads)), pool_(threads) {}

  /// @brief As many threads as this process may use cores.
  static std::size_t hardware_threads() noexcept { return available_cores(); }

  std::size_t threads() const noexcept { return threads_; }

  /// @pre n ≤ threads(); f does not throw (in an Asio thread that would end the process).
  /// @throws std::logic_error when called from one of the gang's own threads, which would wait for
  ///         itself.
  ///
  /// No template: what Asio makes of a task is compiled once, not for every run.
  void operator()(std::size_t n, std::function<void(std::size_t)> const& f) {
    if (inside() == this)
      throw std::logic_error(
          "localsgd: minimize was called from a thread of the pool it is to run on; "
          "give the inner call a pool of its own, or serial{}");
    if (n == 0) return;
    std::lock_guard const turn(busy_);
    std::latch pending(static_cast<std::ptrdiff_t>(n));
    // post() may run out of memory half-way, when the queued tasks already wait for the others.
    // So each waits for the go, which says whether there are others.
    std::latch go(1);
    bool complete = false;
    auto const task = [&](std::size_t i) {
      go.wait();
      if (complete) {
        asio_pool const* const before = std::exchange(inside(), this);
        f(i);
        inside() = before;
      }
      pending.count_down();
    };
    std::size_t posted = 1;
    try {
      for (; posted < n; ++posted) boost::asio::post(pool_, [&task, i = posted] { task(i); });
      complete = true;
    } catch (...) {
      pending.count_down(static_cast<std::ptrdiff_t>(n - posted + 1));
      go.count_down();
      pending.wait();
      throw;
    }
    go.count_down();
    // The caller is the first of the gang: woken while it runs, the others get cores of their own.
    // Where it slept instead, two of them would share one for the first hundredths of a second.
    task(0);
    pending.wait();
  }

 private:
  static std::size_t checked(std::size_t threads) {
    require(threads >= 1 && threads <= 4096, "threads", threads, "1 to 4096");
    return threads;
  }
  static asio_pool const*& inside() noexcept {
    thread_local asio_pool const* pool = nullptr;
    return pool;
  }

  std::size_t threads_;
  std::mutex busy_;
  boost::asio::thread_pool pool_;  // never joined between runs: join() is final
};

}  // namespace localsgd::detail
