// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE mpi_faults
#include "test/support/any_communicator.hpp"
#include "test/support/mpi.hpp"
#include "test/support/rank_faults.hpp"

#include <unistd.h>

#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <filesystem>
#include <string>

// Every component fails for every worker in every round, on the ranks of an MPI job.

using namespace localsgd;
namespace faults = support::faults;
using support::mpi_session;

BOOST_TEST_GLOBAL_FIXTURE(mpi_session);

namespace {

/// The segments of shared memory that this process has named.
std::size_t named_memory() {
  std::size_t n = 0;
  std::string const mine = "localsgd-" + std::to_string(getpid()) + "-";
  std::error_code ignored;
  for (auto const& each : std::filesystem::directory_iterator("/dev/shm", ignored))
    n += each.path().filename().string().starts_with(mine) ? 1 : 0;
  return n;
}

/// localsgd::mpi, which may be late.
using communicator = support::late<mpi_communicator>;
using ranks = on_ranks<communicator>;
using overlapped_ranks = overlapped_on_ranks<communicator>;

template <class S>
void survives(std::size_t threads, support::problem const& data, std::size_t one_of = 1,
              bool* late = nullptr) {
  std::ptrdiff_t const before = support::threads();
  {
    // Never reached: the longest wait is of a millisecond.
    S synchronizer({.threads = threads}, MPI_COMM_WORLD, 60.0, on_lost_rank::raise,
                   support::transported({}).shared_memory);
    faults::subject on = faults::subject_on(synchronizer);
    on.late = late;
    on.travels = S::protocol::averages_travel;
    auto const make = [&](faults::script& s) {
      return faults::run(synchronizer, data, s, faults::evaluations_of(on));
    };
    auto const trials = faults::trials_of(on, one_of);
    faults::script none(faults::workers, faults::local_steps);
    make(none);
    std::ptrdiff_t const files = support::entries("/proc/self/fd");
    faults::check(on, trials, faults::outcomes(on, trials, make));
    BOOST_TEST(support::entries("/proc/self/fd") == files);
  }
  BOOST_TEST(support::threads_are(before));
  BOOST_TEST(named_memory() == 0U);
}

}  // namespace

BOOST_AUTO_TEST_CASE(ranks_survive_all_faults) {
  survives<ranks>(1, faults::short_points());
  survives<ranks>(2, faults::short_points(), 3);
  survives<ranks>(1, faults::long_points(), 3);
}

BOOST_AUTO_TEST_CASE(ranks_that_are_late_survive) {
  survives<ranks>(1, faults::short_points(), 1, &communicator::wanted);
  survives<ranks>(1, faults::long_points(), 1, &communicator::wanted);
}

BOOST_AUTO_TEST_CASE(overlapped_ranks_survive_all_faults) {
  survives<overlapped_ranks>(1, faults::short_points(), 3);
}
