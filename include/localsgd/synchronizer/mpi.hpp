// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/communicator/mpi/agreement.hpp"
#include "localsgd/communicator/mpi/host.hpp"
#include "localsgd/core/error.hpp"
#include "localsgd/objective/concept.hpp"
#include "localsgd/settings.hpp"
#include "localsgd/synchronizer/asynchronous_mpi_team.hpp"
#include "localsgd/synchronizer/concept.hpp"
#include "localsgd/communicator/mpi/options.hpp"
#include "localsgd/synchronizer/mpi_team.hpp"
#include "localsgd/synchronizer/overlapped_mpi_team.hpp"

#include <cstddef>

/// @file
/// @brief The workers on the ranks of an MPI job.

namespace localsgd {

/// @brief Local SGD on the ranks of an MPI job: K workers, spread evenly over all threads of all
///        ranks, each of which is started once per run.
///
/// Every rank calls minimize with the same objective and settings, and gets the same result; the
/// observer of rank 0 alone is called. With `averaging::reproducible` the result has the same bits
/// on any number of ranks and threads: those of `serial` for `mpi`.
///
/// An exception on one rank ends the run on all: that rank rethrows it, the others throw
/// rank_failed, and all can make another run. A rank that does not answer before the deadline is
/// lost, and its job with it: localsgd::on_lost_rank. Runs are made one at a time, and by the
/// thread that may speak MPI; the other threads of a rank never do.
template <class TeamType>
class basic_mpi : private detail::mpi_host {
 public:
  using team = TeamType;

  /// @brief Collective: duplicates the communicator.
  /// @throws std::runtime_error if MPI is not initialised, or not for threads (MPI_THREAD_FUNNELED)
  /// @throws invalid_settings   if an option is out of range
  explicit basic_mpi(MPI_Comm ranks = MPI_COMM_WORLD, mpi_options options = {})
      : mpi_host(ranks, checked(options)) {}

  using mpi_host::rank;
  using mpi_host::ranks;
  using mpi_host::threads;
  using mpi_host::bytes_sent;
  using mpi_host::carries;
  using mpi_host::rank_of;
  using mpi_host::share;

  /// @brief Collective: compares what the ranks are about to run.
  /// @throws invalid_settings on all ranks, if one of them has other data or settings than rank 0,
  ///         or if there are fewer workers than ranks
  template <Objective F>
  void begin(F const& f, plan const& p) {
    compare([&] { return detail::mpi_agreement::of(f, p, averaging_number()); }, p.workers);
  }

  /// @brief Collective: what follows a run, or a begin() that no run followed.
  using mpi_host::leave;

  template <class Program>
  void run(std::size_t workers, Program&& program) {
    run_ranks<team>(workers, program);
  }

 private:
  static mpi_options checked(mpi_options options) {
    if constexpr (requires { typename team::one_thread_per_rank; }) {
      detail::require(options.threads <= 1, "threads", options.threads,
                      "1: ranks that never wait have one thread each, so start one for each core");
      options.threads = 1;
    } else {
      detail::require(!options.longest_lead, "longest_lead", options.longest_lead.value_or(0),
                      "left out: only asynchronous_mpi has ranks that are ahead of others");
    }
    return options;
  }
};

/// @brief Algorithm 1: everybody waits for the average.
using mpi = basic_mpi<mpi_team>;

/// @brief The average of a round travels while the next local steps are made: overlapped_mpi_team.
using overlapped_mpi = basic_mpi<overlapped_mpi_team>;

/// @brief Algorithm 2: no rank waits for another: asynchronous_mpi_team. One thread per rank.
using asynchronous_mpi = basic_mpi<asynchronous_mpi_team>;

static_assert(Synchronizer<mpi> && Synchronizer<overlapped_mpi> && Synchronizer<asynchronous_mpi>);

}  // namespace localsgd
