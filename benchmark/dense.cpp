// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#include "benchmark/support.hpp"

#include <cstddef>
#include <numeric>
#include <thread>
#include <vector>

// Local steps on dense rows of float beside the read bandwidth of the machine: rows drawn at random
// from a matrix that no cache holds.

using namespace localsgd;

namespace {

struct pictures {
  static constexpr std::size_t rows = 60000, columns = 784;
  dense_matrix<float> features{std::array<std::size_t, 2>{rows, columns}};
  vector<double> targets{std::array<std::size_t, 1>{rows}};
  linear_objective<dense_matrix<float>, logistic> f;

  pictures() : f((fill(), features), targets, logistic{}, l2{1e-5}) {}
  static pictures const& get() {
    static pictures const once;
    return once;
  }

 private:
  void fill() {
    for (std::size_t i = 0; i != features.size(); ++i)
      features.data()[i] =
          static_cast<float>(unit_interval(random_words(1, random_stream::noise, 0, i)[0]) - 0.5);
    for (std::size_t i = 0; i != rows; ++i)
      targets.data()[i] = features.data()[i * columns] > 0 ? 1 : -1;
  }
};

// Reads every byte once, with as many threads: seconds.
double read_all(std::size_t threads) {
  auto const& data = pictures::get().features;
  std::vector<double> sums(threads);
  auto const part = [&](std::size_t thread) {
    std::size_t const n = data.size() / threads;
    float const* const p = data.data() + thread * n;
    float sum[64] = {};
    for (std::size_t i = 0; i + 64 <= n; i += 64)
      for (std::size_t j = 0; j != 64; ++j) sum[j] += p[i + j];
    sums[thread] = static_cast<double>(std::accumulate(sum, sum + 64, 0.0F));
  };
  double const taken = bench::seconds([&] {
    std::vector<std::thread> others;
    for (std::size_t i = 1; i != threads; ++i) others.emplace_back(part, i);
    part(0);
    for (auto& other : others) other.join();
  });
  benchmark::DoNotOptimize(sums.data());
  return taken;
}

// One epoch of steps, weighted average included, over one pass that only reads: the share of the
// bandwidth that training uses.
void steps_of_the_read_bandwidth(benchmark::State& state) {
  auto const threads = static_cast<std::size_t>(state.range(0));
  auto const& f = pictures::get().f;
  thread_pool pool(threads);
  constant_step const step(0.01);
  settings const s{.workers = 2, .local_steps = 64, .epochs = 1};
  double of_steps = 0, of_reading = 0;
  read_all(threads);
  for (auto _ : state) {
    of_reading += read_all(threads);
    of_steps += minimize(f, s, pool, step).seconds;
  }
  double const bytes =
      static_cast<double>(4 * pictures::rows * pictures::columns * state.iterations());
  state.counters["ratio"] = of_reading / of_steps;
  state.counters["GB_per_s_reading"] = bytes / of_reading / 1e9;
  state.counters["ns_step"] =
      1e9 * of_steps / static_cast<double>(pictures::rows * state.iterations());
}
BENCHMARK(steps_of_the_read_bandwidth)
    ->ArgName("threads")->Arg(1)->Arg(2)->Unit(benchmark::kMillisecond)->UseRealTime()->MinTime(1);

void two_threads_over_one_on_dense_rows(benchmark::State& state) {
  settings const s{.workers = 2, .local_steps = 64, .epochs = 1};
  bench::two_threads_over_one(state, pictures::get().f, s, constant_step(0.01));
}
BENCHMARK(two_threads_over_one_on_dense_rows)->Unit(benchmark::kMillisecond)->UseRealTime()->MinTime(1);

}  // namespace
