// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>

/// @file
/// @brief The traffic of a run.

namespace localsgd::detail {

/// @brief Counted where it is sent, by each process for itself. Collective operations of an
///        evaluation or a checkpoint are not part of training: the caller restores the count.
struct traffic {
  std::uint64_t bytes = 0;      ///< Sent by this process; in one process: by all workers.
  std::uint64_t exchanges = 0;  ///< Vectors of length d averaged or summed; equal on all ranks.
};

/// @brief Does what is not part of the training: it leaves no trace in what `team` has counted.
template <class T, class Work>
void uncounted(T& team, Work const& work) {
  traffic const sent = team.sent();
  work();
  team.sent() = sent;
}

/// @brief Counts a sum of so many numbers that `team` has just made: as that many bytes, and as the
///        vectors of length d that it fills.
template <class T>
void count_sum(T& team, std::size_t numbers, std::size_t dimension) {
  team.template count<double>(numbers);
  team.sent().exchanges += numbers / dimension;
}

}  // namespace localsgd::detail
