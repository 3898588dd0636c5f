// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0

// How right advise() on a cluster is: over 60 cells (problem, K, network, tolerance), the simulated
// time of the advised run over that of the best of all runs tried: plain and variance-reduced steps
// with every power of two as H, and dane. Virtual times: the table is the same on every machine.
//
// usage: benchmark.solver_advice

#include "examples/support/gunzip.hpp"
#include "test/support/advice_grid.hpp"

#include <localsgd/localsgd.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <limits>
#include <string>
#include <vector>

using namespace localsgd;

namespace {

struct network {
  char const* name;
  double latency_seconds, bytes_per_second;
};
constexpr network networks[] = {
    {"rack", 1e-5, 1.25e9}, {"office", 1e-4, 1.25e8}, {"sites", 1e-2, 1.25e7}};

std::vector<double> ratios;

template <class F>
void judge(char const* problem, F const& f, double gradient_seconds) {
  for (std::size_t const k : {8U, 32U})
    for (network const& each : networks)
      for (double const share : {1e-3, 1e-6}) {
        cluster const machines{.costs = {.gradient_seconds = gradient_seconds,
                                         .latency_seconds = each.latency_seconds,
                                         .bytes_per_second = each.bytes_per_second,
                                         .network = topology::ring}};
        double const tolerance = share * minimize(f, {.epochs = 0}).objective;
        solver_advice const a =
            advise(f, {.tolerance = tolerance}, machines, {.workers = {k}, .batch_sizes = {1}});
        double best = a.seconds;
        std::string what = "the advised run";
        auto const attempt = [&](local_solver solver, std::size_t h) {
          detail::race_observer race{-std::numeric_limits<double>::infinity(), best,
                                     std::numeric_limits<double>::infinity()};
          simulated sim(machines);
          settings s{.workers = k, .local_steps = h, .tolerance = tolerance};
          if (solver == local_solver::plain) s.epochs = 100, s.evaluations = 400;
          detail::minimize_by(solver, f, s, sim, race);
          if (!race.reached || race.at.seconds >= best) return;
          best = race.at.seconds;
          what = std::string(to_string(solver)) + " H = " + std::to_string(race.local_steps);
        };
        for (std::size_t h = 1; h <= 2 * f.samples() / k; h *= 2) {
          attempt(local_solver::variance_reduced, h);
          attempt(local_solver::plain, h);
        }
        ratios.push_back(a.seconds / best);
        std::printf("%-12s %3zu  %-7s %.0e  %-17s H = %-6llu %9.3g s  %5.2f  %s\n", problem, k,
                    each.name, share, to_string(a.solver).data(),
                    static_cast<unsigned long long>(a.local_steps), a.seconds, ratios.back(),
                    what.c_str());
        std::fflush(stdout);
      }
}

std::filesystem::path folder() {
  char const* const named = std::getenv("LOCALSGD_DATA");
  return named != nullptr ? named : LOCALSGD_DEFAULT_DATA;
}

}  // namespace

int main() {
  std::printf("problem        K  network  tol.   advised                          time  ratio  best\n");
  support::synthetic const dense(5000, 30, true), numbers(2000, 100, false);
  judge("dense", linear_objective(dense.features, dense.targets, logistic{}, l2{1e-3}), 5e-8);
  judge("ill", linear_objective(dense.features, dense.targets, logistic{}, l2{1e-6}), 5e-8);
  judge("squares", linear_objective(numbers.features, numbers.targets, squared{}, l2{1e-4}), 1e-7);
  for (std::string const name : {"a9a", "w8a"}) {
    auto const path = folder() / (name + ".gz");
    if (!std::filesystem::exists(path)) {
      std::printf("%s does not exist: left out\n", path.c_str());
      continue;
    }
    auto const data = parse_libsvm(support::gunzip(path), path.string());
    double const n = static_cast<double>(data.features.rows());
    judge(name.c_str(), linear_objective(data.features, data.targets, logistic{}, l2{1 / n}), 5e-8);
  }
  std::ranges::sort(ratios);
  auto const near = std::ranges::upper_bound(ratios, 1.3) - ratios.begin();
  std::printf("%zu cells: within 1.3 times of the best in %.0f %%, median %.2f, worst %.2f\n",
              ratios.size(), 100.0 * static_cast<double>(near) / static_cast<double>(ratios.size()),
              ratios[ratios.size() / 2], ratios.back());
}
