// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#include "benchmark/support.hpp"

// What threads bring, and what a round costs.

using namespace localsgd;

namespace {

// Gradients per second: one thread's time over two threads' is the speed-up.
void two_threads_over_one(benchmark::State& state) {
  auto const& f = bench::w8a::get().f;
  settings const s{.workers = 2,
                   .local_steps = static_cast<std::size_t>(state.range(0)),
                   .epochs = 20};
  constant_step const step(0.3);
  thread_pool one(1), two(2);
  double of_one = 0, of_two = 0;
  for (auto _ : state) {
    of_one += minimize(f, s, one, step).seconds;  // training only, without the evaluations
    of_two += minimize(f, s, two, step).seconds;
  }
  double const gradients = 20.0 * static_cast<double>(f.samples() * state.iterations());
  state.counters["speedup"] = of_one / of_two;
  state.counters["ns_gradient_1"] = 1e9 * of_one / gradients;
  state.counters["ns_gradient_2"] = 1e9 * of_two / gradients;
}
BENCHMARK(two_threads_over_one)
    ->ArgName("H")->Arg(1)->Arg(16)->Arg(64)->Arg(256)
    ->Unit(benchmark::kMillisecond)->UseRealTime()->MinTime(1);

// A round in which next to nothing is computed, beside a bare spinning barrier that meets as often.
void empty_round(benchmark::State& state) {
  auto const members = static_cast<std::size_t>(state.range(0));
  constexpr std::uint64_t rounds = 20000;
  quadratic const f({.spectrum = std::vector<double>(300, 1.0), .samples = 1});
  settings const s{.workers = members, .local_steps = 1, .steps = rounds};
  thread_pool pool(members);
  constant_step const step(0.1);
  double of_rounds = 0, alone = 0;
  for (auto _ : state) {
    of_rounds += minimize(f, s, pool, step).seconds;
    alone += minimize(f, {.workers = 1, .local_steps = rounds, .steps = rounds}, serial{}, step)
                 .seconds;
  }
  double const all = static_cast<double>(rounds * state.iterations());
  state.counters["us_round"] = 1e6 * of_rounds / all;
  state.counters["us_step_alone"] = 1e6 * alone / all;
}
BENCHMARK(empty_round)->ArgName("members")->Arg(1)->Arg(2)->Arg(8)->Unit(benchmark::kMillisecond)->UseRealTime();

// Asynchronous against synchronous at equal gradients.
void asynchronous_over_synchronous(benchmark::State& state) {
  auto const& f = bench::w8a::get().f;
  settings const s{.workers = 2, .local_steps = 16, .epochs = 20};
  constant_step const step(0.3);
  thread_pool together(2);
  asynchronous apart(2);
  double of_together = 0, of_apart = 0;
  for (auto _ : state) {
    of_together += minimize(f, s, together, step).seconds;
    of_apart += minimize(f, s, apart, step).seconds;
  }
  state.counters["ratio"] = of_apart / of_together;
}
BENCHMARK(asynchronous_over_synchronous)->Unit(benchmark::kMillisecond)->UseRealTime()->MinTime(1);

}  // namespace
