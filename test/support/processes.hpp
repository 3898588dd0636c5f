// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstddef>
#include <cstdio>
#include <exception>
#include <vector>

/// @file
/// @brief Tests whose ranks are processes, without a launcher.

namespace support {

/// @brief Calls `body(rank)` in n processes, of which the caller is rank 0.
/// @return for each rank whether its body returned true; killed ones did not
template <class Body>
std::vector<bool> on_processes(std::size_t n, Body const& body) {
  auto const run = [&](std::size_t rank) {
    try {
      return static_cast<bool>(body(rank));
    } catch (std::exception const& e) {
      std::fprintf(stderr, "rank %zu: %s\n", rank, e.what());
      return false;
    }
  };
  std::fflush(nullptr);
  std::vector<pid_t> children(n);
  for (std::size_t r = 1; r < n; ++r)
    if ((children[r] = fork()) == 0) {
      alarm(60);  // no rank outlives a test
      bool const good = run(r);
      std::fflush(nullptr);
      _exit(good ? 0 : 1);
    }
  std::vector<bool> good(n);
  good[0] = run(0);
  for (std::size_t r = 1; r < n; ++r) {
    int status = 1;
    kill(children[r], SIGCONT);
    waitpid(children[r], &status, 0);
    good[r] = status == 0;
  }
  return good;
}

}  // namespace support
