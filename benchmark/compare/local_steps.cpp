// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0

// What a local step and a round cost: logistic regression on dense rows, d = 300, two workers on
// two threads. Beside torch_local_steps.py, which does the same with PyTorch.
//
// usage: benchmark.compare.local_steps BATCH_SIZE
//   Prints JSON: microseconds a local step, milliseconds a round.

#include "benchmark/compare/problem.hpp"

#include <exception>

int main(int argc, char** argv) try {
  using namespace localsgd;
  if (argc != 2) throw std::runtime_error("usage: benchmark.compare.local_steps BATCH_SIZE");
  std::size_t const batch_size = std::stoul(argv[1]);
  constexpr std::size_t n = 10000, d = 300;
  dense_matrix<float> features(std::array<std::size_t, 2>{n, d});
  vector<double> targets(std::array<std::size_t, 1>{n});
  for (std::size_t i = 0; i != n * d; ++i)
    features.data()[i] = static_cast<float>(
        2 * unit_interval(random_words(1, random_stream::noise, 0, std::uint64_t{i})[0]) - 1);
  for (std::size_t i = 0; i != n; ++i) targets.data()[i] = features(i, 0) > 0 ? 1 : -1;
  linear_objective const f(features, targets, logistic{}, l2{0});

  // The same steps with an average at the very end only, and after each of them.
  std::uint64_t const steps = 400000 / (batch_size + 3);
  thread_pool two(2);
  auto const time = [&](std::uint64_t gap) {
    return minimize(f, {.workers = 2, .batch_size = batch_size, .steps = steps}, every{gap},
                    constant_step(0.1), linear_sgd{}, two)
        .seconds;
  };
  time(1);  // warm
  double const apart = time(steps), together = time(1);
  double const count = static_cast<double>(steps);
  std::printf("{\"us_step\":%s,\"ms_round\":%s}\n", compare::json(1e6 * apart / count).c_str(),
              compare::json(1e3 * (together - apart) / count).c_str());
} catch (std::exception const& error) {
  std::fprintf(stderr, "benchmark.compare.local_steps: %s\n", error.what());
  return 1;
}
