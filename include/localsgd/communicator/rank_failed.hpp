// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

/// @file
/// @brief The exception thrown by a process when another process of the same run failed.

namespace localsgd {

/// @brief Another rank of the run threw an exception, or did not answer before the deadline.
///
/// The rank that threw rethrows its own exception; all others throw this one.
class rank_failed : public std::runtime_error {
 public:
  /// @param failed_rank the rank that failed, from 0
  /// @param in_round    the number of averages computed before
  /// @param why         the message of its exception, or that it did not answer
  rank_failed(int failed_rank, std::uint64_t in_round, std::string_view why)
      : std::runtime_error("localsgd: rank " + std::to_string(failed_rank) + " failed in round " +
                           std::to_string(in_round) + ": " + std::string(why)),
        rank(failed_rank),
        round(in_round),
        reason(why) {}

  int rank;             ///< The rank that failed.
  std::uint64_t round;  ///< How many averages that rank, or the waiting rank, had computed.
  std::string reason;   ///< Why it failed, in words.
};

}  // namespace localsgd
