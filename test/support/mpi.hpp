// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/mpi.hpp"
#include "test/support/runs.hpp"

#include <boost/test/framework.hpp>
#include <boost/test/tree/test_unit.hpp>

#include <cstddef>
#include <span>
#include <stdexcept>
#include <string_view>

/// @file
/// @brief What programs that run on several ranks have in common.

namespace support {

/// @brief MPI, from its start to its end: a global fixture.
struct mpi_session {
  mpi_session() {
    int provided = 0;
    MPI_Init_thread(nullptr, nullptr, MPI_THREAD_FUNNELED, &provided);
  }
  ~mpi_session() { MPI_Finalize(); }
};

inline int mpi_rank() {
  int rank = 0;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  return rank;
}
inline int mpi_ranks() {
  int ranks = 0;
  MPI_Comm_size(MPI_COMM_WORLD, &ranks);
  return ranks;
}

/// @brief Options with what the program was told: after `-- messages` ranks share no memory.
inline localsgd::mpi_options transported(localsgd::mpi_options o) {
  auto const& program = boost::unit_test::framework::master_test_suite();
  o.shared_memory = program.argc < 2 || std::string_view(program.argv[1]) != "messages";
  return o;
}

/// @brief This rank alone. Its runs have the bits of `serial`, as test/mpi/backends.cpp shows, and the types
///        of those on all ranks, so that no more is compiled.
inline localsgd::mpi alone() {
  return localsgd::mpi(MPI_COMM_SELF, {.threads = 1, .deadline = 60});
}

/// @brief If it is bad, throws in a local step that is not the first.
struct fails_late : custom {
  bool bad;
  double gradient(std::span<double const> x, std::span<std::size_t const> batch,
                  std::span<double> g) const {
    if (bad && batch.size() == 1 && x[0] != 0) throw std::domain_error("late");
    return custom::gradient(x, batch, g);
  }
};

}  // namespace support
