// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#include "benchmark/support.hpp"

#include <array>
#include <cstdint>
#include <span>
#include <vector>

// What few rounds cost, as errors, not as times: f(x̂) − f* with 16K growing gaps over that with a
// round after every step, for T = 10³ … 10⁶.

using namespace localsgd;

namespace {

constexpr std::size_t workers = 8;
constexpr std::uint64_t rounds = 16 * workers;

/// Logistic regression on 500 rows of 4 features, λ = 0.1.
struct small_problem {
  dense_matrix<double> features = dense_matrix<double>(std::array<std::size_t, 2>{500, 4});
  std::vector<double> labels = std::vector<double>(500);
  small_problem() {
    for (std::size_t i = 0; i != 500; ++i) {
      double sum = standard_normal(random_words(1, random_stream::noise, 1, i)) / 2;
      for (std::size_t j = 0; j != 4; ++j)
        sum += features(i, j) =
            standard_normal(random_words(1, random_stream::noise, 0, 4 * i + j));
      labels[i] = sum > 0 ? 1 : -1;
    }
  }
};

void error_of_growing_gaps_over_that_of_every_step(benchmark::State& state) {
  auto const steps = static_cast<std::uint64_t>(state.range(0));
  small_problem const data;
  linear_objective const f(data.features, data.labels, logistic{}, l2{0.1});
  double const optimum = minimize(f, {.tolerance = 1e-13}).objective, mu = f.strong_convexity();
  theory_step const eta(mu, 16 * f.smoothness() / mu);
  std::vector<std::size_t> all(f.samples());
  for (std::size_t i = 0; i != all.size(); ++i) all[i] = i;
  std::vector<double> g(f.dimension());
  auto const error = [&](auto const& schedule, std::uint64_t seed) {
    result const r =
        minimize(f, {.workers = workers, .steps = steps, .seed = seed}, schedule, eta, serial{});
    std::span<double const> const x(r.average.data(), r.average.size());
    return f.gradient(x, all, g) - optimum;
  };
  double seldom = 0, often = 0;
  std::uint64_t seed = 0;
  for (auto _ : state) {
    seldom += error(growing::in_rounds(rounds, steps), seed);
    often += error(every{1}, seed++);
  }
  state.counters["ratio"] = seldom / often;
  state.counters["error"] = often / static_cast<double>(seed);
  state.counters["rounds"] = static_cast<double>(rounds);
}
BENCHMARK(error_of_growing_gaps_over_that_of_every_step)
    ->ArgName("T")->RangeMultiplier(10)->Range(1000, 1000000)->Unit(benchmark::kMillisecond)
    ->Iterations(10);

}  // namespace
