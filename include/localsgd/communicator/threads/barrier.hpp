// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <thread>

/// @file
/// @brief A barrier that spins briefly, then parks, and that a failing member can call off.

namespace localsgd::detail {

/// @brief What arrive_and_wait throws once the run is called off. Never seen by users.
struct called_off {};

inline void relax() noexcept {
#if defined(__GNUC__) && (defined(__x86_64__) || defined(__i386__))
  __builtin_ia32_pause();  // <immintrin.h> would cost each user a quarter of a second
#endif
}

/// @brief Members wait here for each other. All their writes before are visible to all after.
///
/// Spinning pays only while every member has a core; otherwise it steals the time of the member
/// that is waited for. No wait outlives call_off().
class barrier {
 public:
  explicit barrier(std::size_t members)
      : members_(static_cast<std::uint32_t>(members)),
        spins_(members <= std::thread::hardware_concurrency() ? 2000 : 0) {}

  /// @throws called_off if a member called the run off before all had arrived. Once all have, every
  ///         one of them goes on, so what they do next does not depend on who wakes first.
  void arrive_and_wait() {
    std::uint32_t const phase = phase_.load(std::memory_order_acquire);
    if (phase & off) throw called_off{};
    if (members_ == 1) return;
    if (arrived_.fetch_add(1, std::memory_order_acq_rel) + 1 == members_) {
      arrived_.store(0, std::memory_order_relaxed);
      phase_.fetch_add(step, std::memory_order_acq_rel);
      phase_.notify_all();
      return;
    }
    for (int i = 0; i != spins_ && phase_.load(std::memory_order_acquire) == phase; ++i) relax();
    while (phase_.load(std::memory_order_acquire) == phase)
      phase_.wait(phase, std::memory_order_acquire);
    if (phase_.load(std::memory_order_acquire) == (phase | off)) throw called_off{};
  }

  /// @brief Releases every waiting member; from here on nobody waits. Thread safe.
  void call_off() noexcept {
    phase_.fetch_or(off, std::memory_order_acq_rel);
    phase_.notify_all();
  }

  /// @brief Whether a member called the run off.
  bool is_called_off() const noexcept {
    return (phase_.load(std::memory_order_acquire) & off) != 0;
  }

 private:
  static constexpr std::uint32_t off = 1, step = 2;  // a phase is an even number, plus 1 when off

  std::uint32_t const members_;
  int const spins_;
  alignas(64) std::atomic<std::uint32_t> arrived_{0};
  alignas(64) std::atomic<std::uint32_t> phase_{0};
};

}  // namespace localsgd::detail
