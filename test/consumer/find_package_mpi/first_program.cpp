// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#include <localsgd/mpi.hpp>

#include <cstdio>

int main(int argc, char** argv) {
  int provided = 0;
  MPI_Init_thread(&argc, &argv, MPI_THREAD_FUNNELED, &provided);
  bool good = false;
  {
    localsgd::mpi cluster;
    localsgd::quadratic const f({.spectrum = {1, 3, 9}, .minimum = 2});
    auto const r = localsgd::minimize(f, {.workers = 4, .epochs = 1000}, cluster);
    good = r.objective - f.minimum() < 1e-6;
    std::printf("f(x) = %g on %d ranks\n", r.objective, cluster.ranks());
  }
  MPI_Finalize();
  return good ? 0 : 1;
}
