// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0

// usage: lost kill|stop|exit|absent|throw CALL memory|messages
// A run of which the last rank meets its end at a call of the gradient. For test/mpi/lost.sh.

#include "test/support/mpi.hpp"

#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>

namespace {

struct ending : support::custom {
  std::string how;
  int when;
  std::atomic<int>* calls;

  double gradient(std::span<double const> x, std::span<std::size_t const> batch,
                  std::span<double> g) const {
    if (calls->fetch_add(1) == when && support::mpi_rank() == support::mpi_ranks() - 1) end();
    return custom::gradient(x, batch, g);
  }
  void end() const {
    if (how == "kill") std::raise(SIGKILL);
    if (how == "stop") std::raise(SIGSTOP);
    if (how == "exit") std::_Exit(0);
    if (how == "throw") throw std::domain_error("the end");
  }
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  support::mpi_session const session;
  if (std::string(argv[1]) == "absent" && support::mpi_rank() == support::mpi_ranks() - 1)
    for (;;) std::raise(SIGSTOP);
  try {
    bool const memory = std::string(argv[3]) == "memory";
    localsgd::mpi cluster(MPI_COMM_WORLD,
                          {.threads = 2, .deadline = 2, .shared_memory = memory});
    support::problem const data(64, 5000);
    std::atomic<int> calls{0};
    ending const f{{&data.dense, &data.reals}, argv[1], std::atoi(argv[2]), &calls};
    minimize(f, {.workers = 8, .local_steps = 2, .steps = 100}, cluster,
             localsgd::constant_step{0.001});
    return 0;  // the last rank ended too late for this run
  } catch (std::exception const& e) {
    std::fprintf(stderr, "%s\n", e.what());
    return 1;
  }
}
