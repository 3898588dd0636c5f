// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0

// The job of job.hpp on MPI, as `localsgd-restart mpi` starts it.

#include "localsgd/mpi.hpp"
#include "test/restart/job.hpp"

int main(int argc, char** argv) {
  return support::main_of_job(argc, argv, [](support::killed_job& job) {
    int provided = 0;
    MPI_Init_thread(nullptr, nullptr, MPI_THREAD_FUNNELED, &provided);
    {
      localsgd::mpi ranks(MPI_COMM_WORLD, {.threads = 1, .deadline = 60});
      int size = 0;
      MPI_Comm_size(MPI_COMM_WORLD, &size);
      job.run(static_cast<std::size_t>(ranks.rank()), static_cast<std::size_t>(size), ranks);
    }
    MPI_Finalize();
  });
}
