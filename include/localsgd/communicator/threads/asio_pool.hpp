// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/communicator/threads/nested_gangs.hpp"
#include "localsgd/core/cache_aligned.hpp"
#include "localsgd/core/error.hpp"
#include "localsgd/io/available_cores.hpp"

#include <version>
// Asio in Boost before 1.79 relies on std::result_of, which libc++ does not have in C++20.
#if defined(_LIBCPP_VERSION) && !defined(BOOST_ASIO_HAS_STD_INVOKE_RESULT)
#define BOOST_ASIO_HAS_STD_INVOKE_RESULT 1
#endif

// The only header that includes Asio. It does not include <boost/asio.hpp>, because that of Boost
// 1.74 does not compile as C++20 with g++ 12.
#include <boost/asio/thread_pool.hpp>

#include <cerrno>
#include <cfenv>
#include <cstddef>
#include <latch>
#include <mutex>
#include <stdexcept>
#include <utility>

/// @file
/// @brief A fixed pool of threads that runs one gang of tasks at a time.

namespace localsgd::detail {

/// @brief Calls f(i) for any type of f. f must outlive the call.
class indexed_task {
 public:
  template <class F>
  indexed_task(F const& f) noexcept
      : f_(&f), call_([](void const* g, std::size_t i) { (*static_cast<F const*>(g))(i); }) {}
  void operator()(std::size_t i) const { call_(f_, i); }

 private:
  void const* f_;
  void (*call_)(void const*, std::size_t);
};

/// @brief Runs f(0) … f(n−1) at the same time, each on a separate thread; f(0) on the calling
///        thread, so a pool of n threads starts n − 1.
///
/// The tasks of a gang wait for each other, so they need all their threads at once: a gang takes
/// the whole pool, and a second gang waits. All tasks run in the caller's floating-point
/// environment; otherwise rounding and subnormal numbers would depend on the thread.
class asio_pool {
 public:
  /// @param threads 1 … 4096. Always explicit: Asio's default is twice the hardware threads.
  explicit asio_pool(std::size_t threads)
      : threads_(checked(threads)), others_(made(threads - 1)) {}
  asio_pool(asio_pool const&) = delete;
  asio_pool& operator=(asio_pool const&) = delete;
  ~asio_pool() {
    // In a child after fork() there are no threads to join.
    if (process_.is_here()) delete others_;
  }

  /// @brief The number of cores that this process may use.
  static std::size_t hardware_threads() noexcept { return available_cores(); }

  std::size_t threads() const noexcept { return threads_; }

  /// @pre n ≤ threads(); f does not throw (in an Asio thread, that would end the process).
  /// @throws std::logic_error if called from a thread that the pool's gang waits for, directly or
  ///         through other pools (detail::nested_gangs), or in a child process after fork().
  ///
  /// Not a template, so that Asio's code for a task is compiled once, not for every run.
  void operator()(std::size_t n, indexed_task f) {
    if (!process_.is_here())
      throw std::logic_error(
          "localsgd: a thread pool was used in a child process after fork(), where its threads do "
          "not exist; create the pool in the child process, or use serial{}");
    auto const turn = nested_gangs::lock(busy_, this);
    if (n == 0) return;
    nested_gangs::gang const gang(this);
    std::fenv_t environment{};  // on Windows, threads start with a different one than main()
    std::fegetenv(&environment);
    std::latch pending(static_cast<std::ptrdiff_t>(n));
    // post() may run out of memory half-way, when the queued tasks already wait for the others.
    // Each task therefore waits for a start signal, which says whether all were queued.
    std::latch go(1);
    bool complete = false;
    auto const task = [&](std::size_t i) {
      go.wait();
      if (complete) {
        nested_gangs::task const inside(gang);
        f(i);
      }
      pending.count_down();
    };
    std::size_t posted = 1;
    try {
      for (; posted < n; ++posted)
        start(posted, [&task, &environment, i = posted] {
          std::fesetenv(&environment);
          task(i);
        });
      complete = true;
    } catch (...) {
      pending.count_down(static_cast<std::ptrdiff_t>(n - posted + 1));
      go.count_down();
      pending.wait();
      throw;
    }
    go.count_down();
    // The caller runs the first task: if it is running when it wakes the others, they get separate
    // cores. If it slept instead, two of them would share one for the first hundredths of a second.
    task(0);
    pending.wait();
  }

 private:
  static std::size_t checked(std::size_t threads) {
    require(threads >= 1 && threads <= 4096, "threads", threads, "from 1 to 4096");
    return threads;
  }
  // Each thread has a separate pool: the constructor of a pool of several never returns if the
  // system refuses one of the later threads, because it waits for the earlier ones.
  using single_threads = fixed_array<boost::asio::thread_pool>;
  static single_threads* made(std::size_t threads) {
    return new single_threads(threads, [](std::size_t) {
      errno = 0;  // Boost 1.87 mistakes an earlier ERANGE for its own
      return boost::asio::thread_pool(1);
    });
  }

  // Like boost::asio::post, with less to compile: the caller is never a thread of the pool.
  template <class Task>
  void start(std::size_t i, Task const& task) {
    (*others_)[i - 1].get_executor().execute(task);
  }

  std::size_t threads_;
  std::mutex busy_;
  process_mark process_;
  single_threads* others_;  // never joined between runs: join() is final
};

}  // namespace localsgd::detail
