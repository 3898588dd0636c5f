// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0

// A run that a signal ends, and that another program with more threads resumes, has the bits of a run
// that was never interrupted. Here the program sends itself the SIGTERM of a batch system.

#include <localsgd/localsgd.hpp>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <iostream>

namespace {

/// Shows each evaluation, and sends the signal after the third.
struct time_limit {
  bool ends;
  int seen = 0;

  localsgd::proceed after_evaluation(localsgd::evaluation const& e, localsgd::plan const&) {
    std::cout << "  after " << e.rounds << " rounds f = " << e.objective << "\n";
    if (++seen == 3 && ends) std::raise(SIGTERM);
    return localsgd::proceed::yes;
  }
};

}  // namespace

int main() {
  using namespace localsgd;
  quadratic const f({.spectrum = {1, 2, 5, 10}, .samples = 1000, .variance = 1});
  settings const s{.workers = 8, .local_steps = 10, .epochs = 20, .evaluations = 9};
  auto const path = std::filesystem::temp_directory_path() / "stop_and_resume.checkpoint";
  std::filesystem::remove(path);

  thread_pool one(1), two(2);
  std::cout << "the first program:\n";
  auto const first = minimize(f, s, one, time_limit{true}, checkpoint{path});
  bool const stopped = first.reason == stop_reason::interrupted && std::filesystem::exists(path);

  std::cout << "the second, which makes the same call:\n";
  auto const resumed = minimize(f, s, two, time_limit{false}, checkpoint{path});
  auto const at_once = minimize(f, s, one);

  bool const same = std::ranges::equal(resumed.x, at_once.x);
  std::cout << "x has " << (same ? "" : "not ") << "the bits of a run without a stop\n";
  return stopped && same && !std::filesystem::exists(path) ? EXIT_SUCCESS : EXIT_FAILURE;
}
