// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/communicator/mpi/communicator.hpp"
#include "localsgd/synchronizer/basic_ranks.hpp"
#include "localsgd/synchronizer/mpi_options.hpp"

#include <cstdint>

/// @file
/// @brief Workers on the ranks of an MPI job.

namespace localsgd {

/// @brief A protocol on the ranks of an MPI job: see basic_ranks and mpi_communicator.
template <template <class> class Protocol>
class basic_mpi : public basic_ranks<Protocol, mpi_communicator> {
  using base = basic_ranks<Protocol, mpi_communicator>;

 public:
  /// @brief Collective: duplicates the communicator.
  /// @throws std::runtime_error if MPI is not initialised, or without thread support
  ///         (MPI_THREAD_FUNNELED)
  /// @throws invalid_settings   if an option is out of range
  explicit basic_mpi(MPI_Comm ranks = MPI_COMM_WORLD, mpi_options options = {})
      : base((options.validate(),
              rank_options{options.threads, options.averaging, options.max_staleness}),
             ranks, options.deadline, options.on_lost_rank, options.shared_memory) {}

  /// @brief See mpi_communicator::bytes_sent().
  std::uint64_t bytes_sent() const noexcept { return this->communicator().bytes_sent(); }
};

/// @brief Algorithm 1: all workers wait for the average.
using mpi = basic_mpi<detail::synchronous_protocol>;

/// @brief The average of a round is sent during the next local steps.
///
/// With `averaging::fast`, the entire average is sent in the background. With `reproducible`, only
/// the points are (K·D·(R−1)/R bytes); at the end of the next round, the ranks wait for the mean
/// ((R−1)·D bytes). How much is sent while the program does not call MPI depends on the
/// implementation and the network.
using overlapped_mpi = basic_mpi<detail::overlapped_protocol>;

/// @brief Algorithm 2: no rank waits for another. Uses one MPI_Rget_accumulate to each rank, and
///        one thread per rank.
///
/// The sum is exact for each coordinate; coordinates on different ranks may be read at different
/// times. If the network and MPI support one-sided additions, the rank that owns a slice does not
/// participate. If MPI implements them with messages, they wait until that rank next calls MPI, at
/// the end of its local steps.
using asynchronous_mpi = basic_mpi<detail::asynchronous_protocol>;

static_assert(Synchronizer<mpi> && Synchronizer<overlapped_mpi> && Synchronizer<asynchronous_mpi>);

}  // namespace localsgd
