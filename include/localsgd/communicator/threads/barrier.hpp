// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/communicator/concept.hpp"
#include "localsgd/communicator/threads/core_sharing.hpp"
#include "localsgd/io/available_cores.hpp"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>

/// @file
/// @brief A barrier that spins briefly, then parks, and that a failing thread can cancel.

namespace localsgd::detail {

inline void relax() noexcept {
#if defined(__GNUC__) && (defined(__x86_64__) || defined(__i386__))
  __builtin_ia32_pause();  // <immintrin.h> would cost each user a quarter of a second
#endif
}

/// @brief How long threads spin before they park: shared by all waiters of one barrier.
///
/// Spinning pays off only while every thread has a core; otherwise it takes time from the thread
/// being waited for. With fewer cores than threads, no thread spins. Otherwise a futile spin halves
/// the limit, so that threads soon park at once after other programs have taken a core, and a
/// successful spin restores it. Every 64th wait spins in any case, as a probe.
class spin_limit {
 public:
  explicit spin_limit(std::size_t threads) noexcept
      : most_(threads <= available_cores() ? most : 0), now_(most_) {}

  /// @brief Returns true as soon as ready() does, or false when it is time to park.
  template <class Ready>
  bool operator()(Ready const& ready) noexcept {
    int limit = now_.load(std::memory_order_relaxed);
    if (limit < least && most_ != 0 && waits_.fetch_add(1, std::memory_order_relaxed) % 64 == 63)
      limit = most_;
    for (int i = 0; i != limit; ++i) {
      if (ready()) {
        if (now_.load(std::memory_order_relaxed) != most_)
          now_.store(most_, std::memory_order_relaxed);
        return true;
      }
      relax();
    }
    if (limit != 0) now_.store(limit / 2 < least ? 0 : limit / 2, std::memory_order_relaxed);
    return ready();
  }

  /// @brief The current limit; 0 = park at once.
  int now() const noexcept { return now_.load(std::memory_order_relaxed); }

 private:
  // Waking a parked thread takes 50 to 250 µs. Shorter spins would end before that, and two
  // threads would keep parking alternately.
  static constexpr int most = 8000, least = 1000;

  int const most_;
  alignas(64) std::atomic<int> now_;
  std::atomic<unsigned> waits_{0};
};

/// @brief Threads wait here for each other. All earlier writes are then visible to all of them.
///
/// No wait outlasts cancel().
class barrier {
 public:
  explicit barrier(std::size_t threads)
      : threads_(static_cast<std::uint32_t>(threads)), spin_(threads) {}

  /// @throws cancelled if a thread cancelled the run before all had arrived. Once all have arrived,
  ///         all continue, so their next actions do not depend on which one wakes first.
  void arrive_and_wait() { arrive_and_wait(threads_); }
  /// @brief The same for some of the threads: `threads` of them, each of which knows the number.
  void arrive_and_wait(std::uint32_t threads) {
    std::uint32_t const phase = phase_.load(std::memory_order_acquire);
    if (phase & off) throw cancelled{};
    if (threads == 1) return;
    if (arrived_.fetch_add(1, std::memory_order_acq_rel) + 1 == threads) {
      arrived_.store(0, std::memory_order_relaxed);
      sharing_.arrived();
      phase_.fetch_add(step, std::memory_order_acq_rel);
      phase_.notify_all();
      return;
    }
    if (!spin_([&] { return phase_.load(std::memory_order_acquire) != phase; })) {
      park(phase);
      sharing_.woken();
    }
    if (phase_.load(std::memory_order_acquire) == (phase | off)) throw cancelled{};
  }

  /// @brief Releases every waiting thread; from now on, no thread waits. Thread safe.
  void cancel() noexcept {
    phase_.fetch_or(off, std::memory_order_acq_rel);
    phase_.notify_all();
  }

  /// @brief The total time in ns for which threads have been parked here.
  std::uint64_t parked() const noexcept { return parked_.load(std::memory_order_relaxed); }

  /// @brief Whether a thread cancelled the run.
  bool is_cancelled() const noexcept {
    return (phase_.load(std::memory_order_acquire) & off) != 0;
  }

 private:
  void park(std::uint32_t phase) noexcept {
    auto const start = std::chrono::steady_clock::now();
    while (phase_.load(std::memory_order_acquire) == phase)
      phase_.wait(phase, std::memory_order_acquire);
    std::chrono::nanoseconds const parked = std::chrono::steady_clock::now() - start;
    parked_.fetch_add(static_cast<std::uint64_t>(parked.count()), std::memory_order_relaxed);
  }

  static constexpr std::uint32_t off = 1, step = 2;  // a phase is even, plus 1 when cancelled

  std::uint32_t const threads_;
  spin_limit spin_;
  alignas(64) std::atomic<std::uint64_t> parked_{0};
  core_sharing sharing_;
  alignas(64) std::atomic<std::uint32_t> arrived_{0};
  alignas(64) std::atomic<std::uint32_t> phase_{0};
};

}  // namespace localsgd::detail
