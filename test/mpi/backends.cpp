// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE mpi_backends
#include "test/support/mpi.hpp"
#include "test/synchronizer/backends.hpp"

#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <memory>
#include <tuple>

// Every synchronizer of an MPI job.

using support::mpi_session;
BOOST_TEST_GLOBAL_FIXTURE(mpi_session);

namespace {

template <class S>
struct on_mpi {
  static constexpr bool processes = true;
  static std::unique_ptr<S> make(std::size_t threads) {
    return std::make_unique<S>(MPI_COMM_WORLD,
                               support::transported({.threads = threads, .deadline = 60}));
  }
};
using all = std::tuple<on_mpi<localsgd::mpi>, on_mpi<localsgd::overlapped_mpi>,
                       on_mpi<localsgd::asynchronous_mpi>>;

}  // namespace

LOCALSGD_BACKEND_CASES(all)
