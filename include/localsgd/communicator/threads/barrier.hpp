// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/communicator/concept.hpp"
#include "localsgd/io/available_cores.hpp"

#include <atomic>
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

/// @brief How often a thread looks before it parks. Spinning pays only while every thread has a
///        core; otherwise it takes the time of the thread that it waits for.
inline int spins_for(std::size_t threads) noexcept {
  return threads <= available_cores() ? 2000 : 0;
}

/// @brief Threads wait here for each other. All their writes before are visible to all after.
///
/// No wait outlives cancel().
class barrier {
 public:
  explicit barrier(std::size_t threads)
      : threads_(static_cast<std::uint32_t>(threads)), spins_(spins_for(threads)) {}

  /// @throws cancelled if a thread cancelled the run before all had arrived. Once all have, every
  ///         one of them goes on, so what they do next does not depend on who wakes first.
  void arrive_and_wait() {
    std::uint32_t const phase = phase_.load(std::memory_order_acquire);
    if (phase & off) throw cancelled{};
    if (threads_ == 1) return;
    if (arrived_.fetch_add(1, std::memory_order_acq_rel) + 1 == threads_) {
      arrived_.store(0, std::memory_order_relaxed);
      phase_.fetch_add(step, std::memory_order_acq_rel);
      phase_.notify_all();
      return;
    }
    for (int i = 0; i != spins_ && phase_.load(std::memory_order_acquire) == phase; ++i) relax();
    while (phase_.load(std::memory_order_acquire) == phase)
      phase_.wait(phase, std::memory_order_acquire);
    if (phase_.load(std::memory_order_acquire) == (phase | off)) throw cancelled{};
  }

  /// @brief Releases every waiting thread; from here on nobody waits. Thread safe.
  void cancel() noexcept {
    phase_.fetch_or(off, std::memory_order_acq_rel);
    phase_.notify_all();
  }

  /// @brief Whether a thread cancelled the run.
  bool is_cancelled() const noexcept {
    return (phase_.load(std::memory_order_acquire) & off) != 0;
  }

 private:
  static constexpr std::uint32_t off = 1, step = 2;  // a phase is even, plus 1 when cancelled

  std::uint32_t const threads_;
  int const spins_;
  alignas(64) std::atomic<std::uint32_t> arrived_{0};
  alignas(64) std::atomic<std::uint32_t> phase_{0};
};

}  // namespace localsgd::detail
