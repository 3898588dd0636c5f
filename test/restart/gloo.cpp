// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0

// The job of job.hpp on Gloo, as `localsgd-restart gloo` starts it.

#include "localsgd/gloo.hpp"
#include "test/restart/job.hpp"

int main(int argc, char** argv) {
  return support::main_of_job(argc, argv, [](support::killed_job& job) {
    auto where = localsgd::gloo_options_from_environment();
    where.deadline = 60;
    localsgd::gloo_ranks ranks(where, {.threads = 1});
    job.run(where.rank, where.size, ranks);
  });
}
