// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0

// usage: killed FOLDER [alone]
// A run that keeps a checkpoint in FOLDER after every round; with `alone`, none. For
// test/mpi/killed.sh: leaves FOLDER/pid.RANK, and in FOLDER/rounds the rounds whose evaluation it
// has seen. Rank 0 says at the end how many those of the whole run are, and a checksum of its bits.

#include "localsgd/checkpoint/checkpoint.hpp"
#include "localsgd/core/checksum.hpp"
#include "localsgd/loss/squared.hpp"
#include "test/support/mpi.hpp"

#include <unistd.h>

#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <string>

namespace {

struct witness {
  std::ofstream rounds;
  localsgd::proceed after_evaluation(localsgd::evaluation const& e, localsgd::plan const&) {
    rounds << e.rounds << std::endl;  // it is with the system, whatever becomes of this process
    return localsgd::proceed::yes;
  }
};

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  support::mpi_session const session;
  std::filesystem::path const folder(argv[1]);
  bool const alone = argc == 3;
  std::string const rank = std::to_string(support::mpi_rank());
  support::problem const wide(50, 3000, 0.3);
  localsgd::linear_objective const f(wide.dense, wide.reals, localsgd::squared{},
                                     localsgd::l2{0.01});
  localsgd::settings const s{.workers = 5, .local_steps = 4, .steps = 400, .evaluations = 99};
  try {
    localsgd::mpi cluster(MPI_COMM_WORLD, {.threads = 1, .deadline = 60});
    std::ofstream(folder / ("pid." + rank)) << ::getpid() << std::endl;
    MPI_Barrier(MPI_COMM_WORLD);  // it is worth killing now
    witness seen;
    if (!alone && cluster.rank() == 0) seen.rounds.open(folder / "rounds");
    // Only rank 0 needs the folder.
    auto const path = (cluster.rank() == 0 ? folder : folder / "elsewhere") / "run.checkpoint";
    auto const r = alone ? minimize(f, s, cluster, seen)
                         : minimize(f, s, cluster, seen,
                                    localsgd::checkpoint(path, {.rounds = 1, .seconds = 0}));
    auto const bits = support::bits_without_bytes(r);
    if (cluster.rank() == 0)
      std::printf("%zu %llx\n", r.history.size(),
                  static_cast<unsigned long long>(
                      localsgd::detail::checksum(bits.data(), bits.size() * sizeof bits[0])));
    return 0;
  } catch (std::exception const& e) {
    std::fprintf(stderr, "%s\n", e.what());
    return 1;
  }
}
