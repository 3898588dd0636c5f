// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/protocol/overlapped.hpp"
#include "localsgd/synchronizer/basic_threads.hpp"

#include <cstddef>

/// @file
/// @brief Threads that compute averages during the next local steps.

namespace localsgd {

/// @brief Algorithm 1 with a delay of one round, on a pool of threads: at the end of a round,
///        workers wait only for the average of the previous round. See detail::overlapped_protocol.
///
/// A late thread delays the others only if it is more than a round behind. The result has
/// the same bits on any number of threads, and the same as overlapped_mpi and simulated_overlapped.
/// As thread safe as thread_pool.
class overlapped : public basic_threads<detail::overlapped_protocol> {
 public:
  /// @param threads 1 … 4096; by default one for each available core. @throws invalid_settings
  explicit overlapped(std::size_t threads = detail::asio_pool::hardware_threads())
      : basic_threads(threads) {}
};
static_assert(Synchronizer<overlapped>);

}  // namespace localsgd
