// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <cstdint>

/// @file
/// @brief The rounds after which the workers of an asynchronous run wait for each other.

namespace localsgd::detail {

/// @brief When the workers of an asynchronous run meet, so that a checkpoint can be written.
///
/// Threads can be many rounds apart, so they can agree on the next meeting only at a meeting: after
/// about as many rounds as are made in `interval` seconds, at most twice as many as before, and
/// never beyond the next multiple of `every`.
class meetings {
 public:
  /// The largest number of rounds between two meetings.
  static constexpr std::uint64_t longest = std::uint64_t{1} << 20U;

  /// @brief Whether all workers meet after this round. The first meeting is after the first round.
  bool after(std::uint64_t round) const noexcept { return round >= next_; }

  /// @brief The number of rounds from a meeting after this round to the next one.
  /// @param seconds  the time since the last meeting
  /// @param interval the desired number of seconds between two meetings, > 0
  /// @param every    a meeting takes place after every multiple of it; 0 = no such meetings
  int gap(std::uint64_t round, double seconds, double interval,
          std::uint64_t every) const noexcept {
    std::uint64_t const made = std::max<std::uint64_t>(round - std::min(round, last_), 1);
    std::uint64_t gap = std::min(2 * made, longest);
    double const wanted = static_cast<double>(made) * interval;
    if (wanted < static_cast<double>(gap) * seconds)
      gap = std::max<std::uint64_t>(static_cast<std::uint64_t>(wanted / seconds), 1);
    if (every != 0) gap = std::min(gap, every - round % every);
    return static_cast<int>(gap);
  }

  /// @brief All have met after this round and will meet again after `gap` more rounds.
  void met(std::uint64_t round, int gap) noexcept {
    last_ = round;
    next_ = round + static_cast<std::uint64_t>(gap);
  }

 private:
  std::uint64_t last_ = 0, next_ = 0;
};

}  // namespace localsgd::detail
