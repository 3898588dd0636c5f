// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/communicator/threads/barrier.hpp"
#include "localsgd/communicator/threads/core_sharing.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>

/// @file
/// @brief A reduction in shared memory that blocks only when its result is needed.

namespace localsgd::detail {

/// @brief Threads publish their operands, do other work, and return for the result.
///
/// The first thread that returns starts with the slices; each is reduced once, by the thread that
/// takes it. A late thread therefore delays others only until it has published its operands. Each
/// thread has at most one open reduction at a time. No wait outlasts cancel(). After cancel(),
/// waits for what is already available succeed: how far a thread gets does not depend on when
/// another fails.
class open_reduction {
 public:
  explicit open_reduction(std::size_t threads)
      : threads_(static_cast<std::uint64_t>(threads)), spin_(threads) {}

  /// @brief Publishes my part of the next reduction.
  void publish() noexcept {
    sharing_.arrived();
    published_.fetch_add(1, std::memory_order_acq_rel);
    published_.notify_all();
  }

  /// @brief Waits until all have published their parts of reduction `number`, counted from 0, and
  ///        takes slices, calling `work(i)` for i < threads, until none is left and all are done.
  /// @param work returns whether all numbers of the slice are finite
  /// @return whether the numbers of all slices are finite
  /// @throws cancelled
  template <class Work>
  bool finish(std::uint64_t number, Work const& work) {
    wait_until(published_, (number + 1) * threads_);
    side& mine = sides_[number % 2];
    std::uint64_t const end = (number / 2 + 1) * threads_;
    for (;;) {
      std::uint64_t i = mine.taken.load(std::memory_order_relaxed);
      while (i < end && !mine.taken.compare_exchange_weak(i, i + 1)) {
      }
      if (i >= end) break;
      if (!work(static_cast<std::size_t>(i + threads_ - end)))
        mine.infinite.store(number + 1, std::memory_order_release);
      mine.done.fetch_add(1, std::memory_order_acq_rel);
      mine.done.notify_all();
    }
    wait_until(mine.done, end);
    return mine.infinite.load(std::memory_order_acquire) != number + 1;
  }

  void cancel() noexcept {
    auto const release = [](std::atomic<std::uint64_t>& count) noexcept {
      count.fetch_or(off, std::memory_order_acq_rel);
      count.notify_all();
    };
    release(published_);
    for (side& each : sides_) release(each.done);
  }

 private:
  static constexpr std::uint64_t off = std::uint64_t{1} << 63;
  // There are two sides, because a thread may return for a reduction while others finish the next.
  struct alignas(128) side {
    std::atomic<std::uint64_t> taken{0}, done{0}, infinite{0};
  };

  void wait_until(std::atomic<std::uint64_t>& count, std::uint64_t wanted) {
    std::uint64_t seen = 0;
    spin_([&] { return (seen = count.load(std::memory_order_acquire)) >= wanted; });
    while (seen < wanted) {
      count.wait(seen, std::memory_order_acquire);
      seen = count.load(std::memory_order_acquire);
      sharing_.woken();
    }
    if ((seen & ~off) < wanted) throw cancelled{};
  }

  std::uint64_t const threads_;
  spin_limit spin_;
  core_sharing sharing_;
  alignas(128) std::atomic<std::uint64_t> published_{0};
  side sides_[2];
};

}  // namespace localsgd::detail
