// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#include "benchmark/support.hpp"

#include <atomic>
#include <cstdint>
#include <span>
#include <thread>
#include <vector>

// What threads bring, and what a round costs.

using namespace localsgd;

namespace {

// Gradients per second: one thread's time over two threads' is the speed-up.
void two_threads_over_one(benchmark::State& state) {
  auto const& f = bench::w8a::get().f;
  settings const s{.workers = 2,
                   .local_steps = static_cast<std::size_t>(state.range(0)),
                   .epochs = 20};
  auto const [of_one, of_two] = bench::two_threads_over_one(state, f, s, constant_step(0.3));
  double const gradients = 20.0 * static_cast<double>(f.samples() * state.iterations());
  state.counters["ns_gradient_1"] = 1e9 * of_one / gradients;
  state.counters["ns_gradient_2"] = 1e9 * of_two / gradients;
}
BENCHMARK(two_threads_over_one)
    ->ArgName("H")->Arg(1)->Arg(16)->Arg(64)->Arg(256)
    ->Unit(benchmark::kMillisecond)->UseRealTime()->MinTime(1);

/// An objective that costs nothing: its rounds cost what rounds cost.
struct nothing {
  using scalar = double;
  static std::size_t dimension() { return 300; }
  static std::size_t samples() { return 1; }
  static double smoothness() { return 1; }
  static double gradient(std::span<double const>, std::span<std::size_t const>,
                         std::span<double> g) {
    g[0] = 0;
    return 0;
  }
};

/// Two threads that meet by spinning, and no more: the least that a round needs.
class bare_barrier {
 public:
  void meet() {
    unsigned const phase = phase_.load(std::memory_order_acquire);
    if (arrived_.fetch_add(1, std::memory_order_acq_rel) == 1) {
      arrived_.store(0, std::memory_order_relaxed);
      phase_.store(phase + 1, std::memory_order_release);
    } else {
      while (phase_.load(std::memory_order_acquire) == phase) {
      }
    }
  }

 private:
  alignas(64) std::atomic<unsigned> arrived_{0};
  alignas(64) std::atomic<unsigned> phase_{0};
};

// Two workers, H = 1, by hand: the same step, the same sums.
double rounds_by_hand(std::uint64_t rounds) {
  constexpr std::size_t d = 300, half = 152;  // a whole number of cache lines
  struct alignas(128) worker {
    alignas(64) double x[d] = {}, g[d] = {}, sum[d] = {};
  };
  std::vector<worker> workers(2);
  alignas(64) static double mean[d];
  bare_barrier barrier;
  auto const run = [&](std::size_t k) {
    worker& own = workers[k];
    std::size_t const first = k == 0 ? 0 : half, last = k == 0 ? half : d;
    for (std::uint64_t t = 0; t != rounds; ++t) {
      double const weight = static_cast<double>((1 + t) * (1 + t));
      for (std::size_t i = 0; i != d; ++i) own.sum[i] += weight * own.x[i];
      for (std::size_t i = 0; i != d; ++i) own.x[i] -= 0.1 * own.g[i];
      barrier.meet();
      for (std::size_t i = first; i != last; ++i)
        mean[i] = workers[0].x[i] + 0.5 * (workers[1].x[i] - workers[0].x[i]);
      barrier.meet();
      for (std::size_t i = 0; i != d; ++i) own.x[i] = mean[i];
    }
  };
  return bench::seconds([&] {
    std::thread other([&] { run(1); });
    run(0);
    other.join();
  });
}

// A round of nothing over a bare barrier with the same sums: two members, H = 1.
void empty_round_over_a_bare_barrier(benchmark::State& state) {
  constexpr std::uint64_t rounds = 20000;
  thread_pool pool(2);
  constant_step const step(0.1);
  double of_rounds = 0, by_hand = 0;
  for (auto _ : state) {
    of_rounds += minimize(nothing{}, {.workers = 2, .local_steps = 1, .steps = rounds}, pool, step)
                     .seconds;
    by_hand += rounds_by_hand(rounds);
  }
  double const all = static_cast<double>(rounds * state.iterations());
  state.counters["ratio"] = of_rounds / by_hand;
  state.counters["us_round"] = 1e6 * of_rounds / all;
  state.counters["us_by_hand"] = 1e6 * by_hand / all;
}
BENCHMARK(empty_round_over_a_bare_barrier)->Unit(benchmark::kMillisecond)->UseRealTime()->MinTime(1);

// More members than cores: what a round costs then.
void empty_round(benchmark::State& state) {
  auto const members = static_cast<std::size_t>(state.range(0));
  constexpr std::uint64_t rounds = 20000;
  thread_pool pool(members);
  constant_step const step(0.1);
  double of_rounds = 0;
  for (auto _ : state)
    of_rounds +=
        minimize(nothing{}, {.workers = members, .local_steps = 1, .steps = rounds}, pool, step)
            .seconds;
  state.counters["us_round"] = 1e6 * of_rounds / static_cast<double>(rounds * state.iterations());
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
