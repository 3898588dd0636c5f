// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/communicator/mpi/communicator.hpp"
#include "localsgd/core/error.hpp"
#include "localsgd/synchronizer/basic_ranks.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>

/// @file
/// @brief Options of a run on MPI ranks.

namespace localsgd {

/// @brief Options of basic_mpi.
struct mpi_options {
  /// Threads of this rank, 1 … 4096. 0 = the available cores, divided among this machine's ranks.
  std::size_t threads = 0;

  localsgd::averaging averaging = localsgd::averaging::reproducible;  ///< Equal on all ranks.

  /// How many seconds a rank waits for others without hearing from them, > 0. Must exceed the time
  /// of the longest round on the slowest rank.
  double deadline = 600;

  localsgd::on_lost_rank on_lost_rank = localsgd::on_lost_rank::abort;

  /// Whether ranks on one machine exchange short data (up to 256 KiB per rank) through shared
  /// memory. This requires the option on every rank and 0.5 MiB of shared memory for each. The
  /// result has the same bits either way.
  bool shared_memory = true;

  /// D, for asynchronous_mpi: a worker waits before it adds local steps that would put it more
  /// than D ahead of the slowest one. If all ranks have the same D, delays are at most max(D, H).
  /// Unset: no limit.
  std::optional<std::uint64_t> max_staleness = std::nullopt;

  /// @throws invalid_settings with the field, its value and the violated rule.
  void validate() const {
    detail::require(threads <= 4096, "threads", threads,
                    "from 1 to 4096, or 0 to choose automatically");
    detail::require_positive("deadline", deadline);
  }
};

}  // namespace localsgd
