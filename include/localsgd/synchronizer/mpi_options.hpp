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
/// @brief What can be chosen of a run on many ranks.

namespace localsgd {

/// @brief Options of basic_mpi.
struct mpi_options {
  /// On this rank: 1 … 4096. 0 = the available cores, divided among the ranks of this machine.
  std::size_t threads = 0;

  localsgd::averaging averaging = localsgd::averaging::reproducible;  ///< The same on all ranks.

  /// Seconds for which a rank waits for others without hearing from them, > 0. Longer than the
  /// longest round may take on the slowest rank.
  double deadline = 600;

  localsgd::on_lost_rank on_lost_rank = localsgd::on_lost_rank::abort;

  /// Whether ranks that are all on one machine pass what is short (up to 256 KiB of each) through
  /// memory that they share: where every rank wants that, and the system has 0.5 MiB for each. The
  /// result is the same, to the bit.
  bool shared_memory = true;

  /// D, asynchronous_mpi alone: no worker of this rank adds local steps that put it more than D ahead
  /// of the one furthest behind, unless it is that one; it waits. With the same D on all ranks
  /// delays are at most max(D, H). None: no limit.
  std::optional<std::uint64_t> max_staleness = std::nullopt;

  /// @throws invalid_settings naming the field, its value and the rule it broke.
  void validate() const {
    detail::require(threads <= 4096, "threads", threads, "1 to 4096, or 0");
    detail::require_positive("deadline", deadline);
  }
};

}  // namespace localsgd
