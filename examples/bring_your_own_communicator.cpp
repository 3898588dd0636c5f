// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0

// Four processes train one model through a custom communicator, examples/forked_communicator.hpp:
// synchronously with the bits of one process, overlapped, and asynchronously.

#include "forked_communicator.hpp"

#include "localsgd/localsgd.hpp"
#include "localsgd/synchronizer/basic_ranks.hpp"

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <exception>

namespace {

constexpr std::size_t processes = 4;

template <class Synchronizer>
double objective(forked_memory& memory, std::size_t rank) {
  localsgd::quadratic const f({.spectrum = {1, 2, 4, 8, 16}, .samples = 100, .variance = 1});
  Synchronizer ranks({.threads = 1}, memory, rank, processes);
  return localsgd::minimize(f, {.workers = 8, .local_steps = 5, .epochs = 50}, ranks).objective;
}

bool is_as_expected(forked_memory& memory, std::size_t rank) {
  localsgd::quadratic const f({.spectrum = {1, 2, 4, 8, 16}, .samples = 100, .variance = 1});
  double const alone =
      localsgd::minimize(f, {.workers = 8, .local_steps = 5, .epochs = 50}, localsgd::serial{})
          .objective;
  using communicator = forked_communicator;
  double const together = objective<localsgd::on_ranks<communicator>>(memory, rank);
  double const overlapped = objective<localsgd::overlapped_on_ranks<communicator>>(memory, rank);
  double const apart = objective<localsgd::asynchronous_on_ranks<communicator>>(memory, rank);
  if (rank == 0)
    std::printf("f = %.17g in one process\nf = %.17g in %zu, synchronous\nf = %.6f overlapped\n"
                "f = %.6f asynchronous\n",
                alone, together, processes, overlapped, apart);
  return together == alone && overlapped < 2 * alone && apart < 2 * alone;
}

}  // namespace

int main() {
  void* const memory = mmap(nullptr, sizeof(forked_memory), PROT_READ | PROT_WRITE,
                            MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return 2;
  auto& shared = *static_cast<forked_memory*>(memory);
  std::size_t rank = 0;
  for (std::size_t r = 1; r != processes && rank == 0; ++r)
    if (fork() == 0) rank = r;

  bool good = false;
  try {
    good = is_as_expected(shared, rank);
  } catch (std::exception const& e) {
    std::fprintf(stderr, "rank %zu: %s\n", rank, e.what());
  }
  if (rank != 0) _exit(good ? 0 : 1);
  for (int status = 0; wait(&status) > 0;) good = good && status == 0;
  return good ? 0 : 1;
}
