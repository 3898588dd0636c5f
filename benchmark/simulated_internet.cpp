// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0

// Simulates a thousand and ten thousand workers over the open internet on this machine: the best
// number of local steps between two averages, the time, and the bytes.
//
// usage: simulated_internet [trace.json]

#include <localsgd/localsgd.hpp>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <initializer_list>
#include <string>
#include <vector>

namespace {

/// n points of two overlapping classes; a third of the features matter most.
struct points {
  localsgd::dense_matrix<float> features;
  std::vector<double> labels;

  points(std::size_t n, std::size_t d) : features({n, d}), labels(n) {
    auto const normal = [&](std::uint32_t lane, std::size_t i) {
      return localsgd::standard_normal(
          localsgd::random_words(1, localsgd::random_stream::noise, lane, i));
    };
    double const scale = 1 / std::sqrt(static_cast<double>(d));
    for (std::size_t i = 0; i != n; ++i) {
      double score = normal(1, i);
      for (std::size_t j = 0; j != d; ++j) {
        double const value = normal(0, i * d + j);
        features(i, j) = static_cast<float>(value * scale);
        score += value * scale * (j % 3 == 0 ? 4 : 1);
      }
      labels[i] = score > 0 ? 1 : -1;
    }
  }
};

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

/// Stops a run when f − f* is small enough.
struct until {
  double target;
  bool reached = false;
  localsgd::proceed after_evaluation(localsgd::evaluation const& e, localsgd::plan const&) {
    reached = e.objective <= target;
    return reached ? localsgd::proceed::no : localsgd::proceed::yes;
  }
};

using objective = localsgd::linear_objective<localsgd::dense_matrix<float>, localsgd::logistic>;

/// One line of the table: K workers that average every H steps, at most 1000 times.
template <class Simulated>
double predict(char const* how, objective const& f, double target, std::size_t workers,
               std::uint64_t local_steps, localsgd::cluster const& machines,
               char const* trace = nullptr) {
  Simulated sim(machines);
  until enough{target};
  std::uint64_t const rounds = 1000;
  auto const r = localsgd::minimize(f,
                                    {.workers = workers,
                                     .local_steps = local_steps,
                                     .steps = rounds * local_steps,
                                     .evaluations = rounds - 1},
                                    sim, enough);
  auto const report = sim.report();
  double sent = 0;
  for (auto const& link : report.links) sent += static_cast<double>(link.count) * link.bytes;
  std::printf("| %ju | %s | %ju | %s%ju | %.1f | %.1f | %.0f | %.3g |\n", std::uintmax_t{workers},
              how, std::uintmax_t{local_steps}, enough.reached ? "" : "> ",
              std::uintmax_t{r.rounds}, r.seconds, sent / 1e6, 100 * report.utilisation(),
              static_cast<double>(r.gradients) / 1e6);
  std::fflush(stdout);
  if (trace != nullptr) report.write_trace(trace);
  return r.seconds;
}

}  // namespace

int main(int argc, char** argv) try {
  points const data(20000, 300);
  objective const f(data.features, data.labels, localsgd::logistic{}, localsgd::l2{1e-3});
  auto const best = localsgd::minimize(f, {.tolerance = 1e-7});
  double const target = best.objective + 1e-4;
  std::printf("f* = %.6f; f(0) - f* = %.4f\n\n", best.objective,
              best.history.front().objective - best.objective);
  std::puts("| K | how | H | rounds | seconds | MB | busy % | million gradients |");
  std::puts("|---|---|---|---|---|---|---|---|");
  auto machines = internet();
  for (std::size_t const workers : {1000u, 10000u}) {
    std::uint64_t fastest = 1;
    double least = 1e300;
    for (std::uint64_t const h : {1u, 4u, 16u, 64u, 256u}) {
      char const* const name = h == 1 ? "mini-batch SGD" : "local SGD";
      double const seconds = predict<localsgd::simulated>(name, f, target, workers, h, machines);
      if (seconds < least) {
        least = seconds;
        fastest = h;
      }
    }
    predict<localsgd::simulated_overlapped>("overlapped", f, target, workers, fastest, machines);
    predict<localsgd::simulated_asynchronous>("asynchronous", f, target, workers, fastest,
                                              machines);
  }

  std::puts("\nseconds of one average: | K | master | tree | ring | tree, 100 sites |");
  for (std::size_t const workers : {1000u, 10000u}) {
    std::printf("| %ju |", std::uintmax_t{workers});
    for (auto const network :
         {localsgd::topology::master, localsgd::topology::tree, localsgd::topology::ring}) {
      machines.costs.network = network;
      std::printf(" %.4g |", machines.round_seconds(workers, 2400));
    }
    localsgd::cluster sites = internet();  // 1 ms and 1 Gbit/s within a site
    sites.groups = {.groups = 100, .latency_seconds = 1e-3, .bytes_per_second = 125e6};
    std::printf(" %.4g |\n", sites.round_seconds(workers, 2400));
  }
  if (argc > 1) {
    machines = internet();
    machines.trace_events = 20000;
    predict<localsgd::simulated>("traced", f, target, 1000, 64, machines, argv[1]);
  }
} catch (std::exception const& error) {
  std::fprintf(stderr, "simulated_internet: %s\n", error.what());
  return 1;
}
