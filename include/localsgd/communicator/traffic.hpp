// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>

/// @file
/// @brief The traffic of a run.

namespace localsgd::detail {

/// @brief Counted where it is sent, separately by each process. Collective operations of
///        evaluations and checkpoints are not part of training: the caller restores the count.
struct traffic {
  std::uint64_t bytes = 0;      ///< Sent by this process; by all workers if there is one process.
  std::uint64_t exchanges = 0;  ///< Vectors of length d averaged or summed; equal on all ranks.
};

/// @brief Does work that is not part of training, without any effect on the traffic of `team`.
template <class T, class Work>
void uncounted(T& team, Work const& work) {
  traffic const sent = team.sent();
  work();
  team.sent() = sent;
}

/// @brief Counts a sum of `numbers` numbers that `team` has just computed: as the vectors of length
///        d that they fill and, if nothing was sent, as bytes.
template <class T>
void count_sum(T& team, std::size_t numbers, std::size_t dimension) {
  team.template count<double>(numbers);
  team.sent().exchanges += numbers / dimension;
}

}  // namespace localsgd::detail
