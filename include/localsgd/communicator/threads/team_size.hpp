// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>

/// @file
/// @brief The number of working threads of a team while other programs use some of the cores.

namespace localsgd::detail {

/// @brief Decides from round to round how many threads work. For use by one thread of the team.
///
/// Threads synchronise twice in every round. If a round takes microseconds and a thread that lost
/// its core gets it back only after milliseconds, a team that shares one of its cores is slower
/// than a team without the thread on that core. So if a round waited at least 1 ms and a thread was
/// preempted, the team continues with fewer threads for 20 ms. Then all threads work again. If that
/// fails within the time of the last pause, the next pause is twice as long, up to 1.28 s;
/// otherwise it is again 20 ms. Rounds of more than 1 ms are not affected: they leave the system
/// time to move threads.
class team_size {
 public:
  using duration = std::chrono::nanoseconds;

  /// @param workers     K
  /// @param now         the time since some fixed moment
  /// @param preemptions how often threads have lost their cores so far
  team_size(std::size_t threads, std::size_t workers, duration now,
            std::uint64_t preemptions) noexcept
      : all_(threads), workers_(workers), size_(threads), looked_(now), lost_cores_(preemptions) {}

  /// @brief How many threads work from the next round on. Called once in every round.
  /// @param parked      the total time in ns for which all threads have been parked so far
  /// @param now         `now()` returns the same as `now` of the constructor
  /// @param preemptions `preemptions()` returns the same as `preemptions` of the constructor
  ///
  /// Neither is called as long as no thread parks and all threads work.
  template <class Now, class Preemptions>
  std::size_t next(std::uint64_t parked, Now const& now, Preemptions const& preemptions) {
    ++rounds_;
    if (parked == parked_ && (size_ == all_ || rounds_ % 16 != 0)) return size_;
    duration const time = now();
    if (parked != parked_) {
      std::size_t const waiting = std::max<std::size_t>(size_, 2) - 1;
      duration const lost(static_cast<std::int64_t>((parked - parked_) / waiting));
      std::uint64_t const lost_cores = preemptions();
      bool const short_rounds =
          time - looked_ - lost < static_cast<std::int64_t>(rounds_) * long_round;
      if (lost >= long_wait && lost_cores != lost_cores_ && short_rounds) shrink(time);
      parked_ = parked;
      lost_cores_ = lost_cores;
      looked_ = time;
      rounds_ = 0;
    }
    if (size_ != all_ && time >= until_) {
      size_ = all_;
      grown_ = time;
    }
    return size_;
  }

 private:
  static constexpr duration long_wait = std::chrono::milliseconds(1),
                            long_round = std::chrono::milliseconds(1),
                            shortest = std::chrono::milliseconds(20),
                            longest = 64 * shortest;

  // Removes threads so that the busiest one carries at least one more worker, and none is idle.
  void shrink(duration time) noexcept {
    if (size_ == all_)
      pause_ = pause_ != duration(0) && time - grown_ < pause_ ? std::min(2 * pause_, longest)
                                                               : shortest;
    for (std::size_t load = 1, before = size_; size_ == before && before > 1; ++load)
      size_ = std::min(before, (workers_ + load - 1) / load);
    until_ = time + pause_;
  }

  std::size_t all_, workers_, size_;
  duration looked_;
  std::uint64_t lost_cores_, parked_ = 0, rounds_ = 0;
  duration pause_{0}, grown_{0}, until_{0};
};

}  // namespace localsgd::detail
