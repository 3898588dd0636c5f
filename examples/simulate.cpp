// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0

// Simulates a thousand workers over the open internet, and compares two numbers of local steps.
//
// usage: simulate [trace.json]

#include <localsgd/localsgd.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <random>
#include <vector>

//! [cluster]
/// Machines at home: 1 ms for a gradient, one in ten five times slower, all with random times; a
/// line of 100 Mbit/s, and a latency of 50 ms.
localsgd::cluster internet() {
  return {.costs = {.gradient_seconds = 1e-3,
                    .latency_seconds = 0.05,
                    .bytes_per_second = 100e6 / 8,
                    .network = localsgd::topology::tree},
          .noise = localsgd::time_noise::log_normal,
          .spread = 0.5,
          .slow_share = 0.1,
          .slow_factor = 5};
}
//! [cluster]

/// Stops a run when f is small enough.
struct until {
  double target;
  bool reached = false;
  localsgd::proceed after_evaluation(localsgd::evaluation const& e, localsgd::plan const&) {
    reached = e.objective <= target;
    return reached ? localsgd::proceed::no : localsgd::proceed::yes;
  }
};

int main(int argc, char** argv) try {
  std::size_t const n = 5000, d = 100;
  std::mt19937 random(1);
  std::normal_distribution<float> normal;
  localsgd::dense_matrix<float> features({n, d});
  std::vector<double> labels(n);
  for (std::size_t i = 0; i != n; ++i) {
    double score = normal(random);
    for (std::size_t j = 0; j != d; ++j) score += (features(i, j) = normal(random) / 10) * 2;
    labels[i] = score > 0 ? 1 : -1;
  }
  localsgd::linear_objective const f(features, labels, localsgd::logistic{}, localsgd::l2{1e-3});
  double const target = localsgd::minimize(f, {.tolerance = 1e-7}).objective + 1e-3;

  double seconds[2]{};
  for (std::uint64_t const h : {1u, 64u}) {
    //! [predict]
    localsgd::cluster machines = internet();
    machines.trace_events = 20000;
    localsgd::simulated sim(machines);
    until enough{target};
    std::uint64_t const rounds = 1000;
    auto const r = localsgd::minimize(
        f, {.workers = 1000, .local_steps = h, .steps = rounds * h, .evaluations = rounds - 1}, sim,
        enough);
    auto const report = sim.report();
    std::printf("H = %2ju: %3ju rounds, %5.1f s, workers compute %.0f %% of the time\n",
                std::uintmax_t{h}, std::uintmax_t{r.rounds}, r.seconds, 100 * report.utilisation());
    //! [predict]
    if (!enough.reached) return 1;
    seconds[h != 1] = r.seconds;
    if (argc > 1) report.write_trace(argv[1]);  // for Perfetto or chrome://tracing
  }
  return seconds[1] < seconds[0] / 3 ? 0 : 1;
} catch (std::exception const& error) {
  std::fprintf(stderr, "simulate: %s\n", error.what());
  return 1;
}
