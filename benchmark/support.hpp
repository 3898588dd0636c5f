// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "examples/support/gunzip.hpp"

#include <localsgd/localsgd.hpp>

#include <benchmark/benchmark.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <utility>

/// @file
/// @brief What the benchmarks share. Machines are noisy: figures are ratios of two things measured
///        turn by turn in one run.

namespace bench {

using clock = std::chrono::steady_clock;

/// @brief Seconds that `work` takes.
template <class Work>
double seconds(Work&& work) {
  auto const start = clock::now();
  work();
  return std::chrono::duration<double>(clock::now() - start).count();
}

/// @brief Measures `one` and `other` turn by turn, and reports one/other and the time of each.
template <class One, class Other>
void compare(benchmark::State& state, One&& one, Other&& other) {
  double of_one = 0, of_other = 0;
  one(), other();  // warm
  for (auto _ : state) {
    of_one += seconds(one);
    of_other += seconds(other);
  }
  state.counters["ratio"] = of_one / of_other;
  state.counters["one_s"] = benchmark::Counter(of_one, benchmark::Counter::kAvgIterations);
  state.counters["other_s"] = benchmark::Counter(of_other, benchmark::Counter::kAvgIterations);
}

/// @brief Trains with one thread and with two, turn by turn, and reports the speed-up.
/// @return The seconds of each, of training only, without the evaluations: a sum over iterations.
template <class Objective, class Step>
std::pair<double, double> two_threads_over_one(benchmark::State& state, Objective const& f,
                                               localsgd::settings const& s, Step const& step) {
  localsgd::thread_pool one(1), two(2);
  double of_one = 0, of_two = 0;
  for (auto _ : state) {
    of_one += localsgd::minimize(f, s, one, step).seconds;
    of_two += localsgd::minimize(f, s, two, step).seconds;
  }
  state.counters["speedup"] = of_one / of_two;
  return {of_one, of_two};
}

/// @brief w8a or a9a from the folder LOCALSGD_DATA, ../shared/data unless set; read once.
inline localsgd::dataset<localsgd::csr_matrix<float>> read(std::string const& name) {
  char const* const folder = std::getenv("LOCALSGD_DATA");
  std::filesystem::path path = folder != nullptr ? folder : LOCALSGD_DEFAULT_DATA;
  path /= name + ".gz";
  return localsgd::parse_libsvm(support::gunzip(path), path.string());
}

/// @brief The paper's problem on w8a.
struct w8a {
  localsgd::dataset<localsgd::csr_matrix<float>> data = read("w8a");
  localsgd::linear_objective<localsgd::csr_matrix<float>, localsgd::logistic> f{
      data.features, data.targets, localsgd::logistic{},
      localsgd::l2{1 / static_cast<double>(data.features.rows())}};

  static w8a const& get() {
    static w8a const once;
    return once;
  }
};

}  // namespace bench
