// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0

// A run that is stopped, and resumed by another program with more threads, has the bits of a run that
// was never interrupted. Here a stop token stops it; Ctrl-C or SIGTERM do the same.

#include <localsgd/localsgd.hpp>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <stop_token>

namespace {

/// Requests a stop at the third evaluation.
struct impatient {
  std::stop_source* stop;
  localsgd::proceed after_evaluation(localsgd::evaluation const& e, localsgd::plan const&) {
    if (++seen == 3) stop->request_stop();
    std::cout << "  after " << e.rounds << " rounds f = " << e.objective << "\n";
    return localsgd::proceed::yes;
  }
  int seen = 0;
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
  std::stop_source stop;
  auto const first = minimize(f, s, one, impatient{&stop}, checkpoint{path, {.stop = stop.get_token()}});
  bool const stopped = first.reason == stop_reason::interrupted && std::filesystem::exists(path);

  std::cout << "the second, which makes the same call:\n";
  std::stop_source never;
  auto const resumed = minimize(f, s, two, impatient{&never}, checkpoint{path, {.stop = {}}});
  auto const at_once = minimize(f, s, one);

  bool const same = std::ranges::equal(resumed.x, at_once.x);
  std::cout << "x has " << (same ? "" : "not ") << "the bits of a run without a stop\n";
  return stopped && same && !std::filesystem::exists(path) ? EXIT_SUCCESS : EXIT_FAILURE;
}
