// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
//
// usage: mpirun -np 4 shards_on_a_cluster file columns [workers] [lambda]
//
// Trains logistic regression on a file in LIBSVM format that no rank reads completely: each reads the
// shards of its workers. The answer depends on the number of workers, not on the number of ranks.

#include <localsgd/mpi.hpp>

#include <cstddef>
#include <cstdio>
#include <exception>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

void train(std::string const& file, std::size_t columns, std::size_t workers, double lambda) {
  using namespace localsgd;
  mpi ranks;
  std::vector<dataset<csr_matrix<float>>> data(workers);  // filled where their workers are

  sharded_objective const f(ranks, workers, [&](std::size_t k) {
    data[k] = read_libsvm(file, {.columns = columns, .shard = k, .shards = workers});
    return linear_objective(data[k].features, data[k].targets, logistic{}, l2{lambda});
  });
  auto const r = minimize(f, {.workers = workers, .tolerance = 1e-6}, ranks);

  std::size_t here = 0;
  for (auto const& shard : data) here += shard.targets.size();
  std::printf("rank %d of %d: %zu of %zu samples\n", ranks.rank(), ranks.ranks(), here, f.samples());
  if (ranks.rank() == 0)
    std::printf("f = %.6f, at most %.1e above the least; %llu rounds, %.2f s\n", r.objective,
                r.certificate, static_cast<unsigned long long>(r.rounds), r.seconds);
}

}  // namespace

int main(int argc, char** argv) {
  int provided = 0;
  MPI_Init_thread(&argc, &argv, MPI_THREAD_FUNNELED, &provided);
  int failed = 0;
  try {
    if (argc < 3)
      throw std::runtime_error("usage: shards_on_a_cluster file columns [workers] [lambda]");
    train(argv[1], std::stoul(argv[2]), argc > 3 ? std::stoul(argv[3]) : 8,
          argc > 4 ? std::stod(argv[4]) : 1e-4);
  } catch (std::exception const& e) {
    std::fprintf(stderr, "%s\n", e.what());
    failed = 1;
  }
  MPI_Finalize();
  return failed;
}
