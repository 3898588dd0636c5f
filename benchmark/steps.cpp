// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#include "benchmark/support.hpp"

#include <vector>

// A local step beside the same loop written by hand.

using namespace localsgd;

namespace {

/// Logistic regression on dense rows, as a user would write it.
struct custom {
  using scalar = double;
  std::size_t n, d;
  std::vector<double> a, y;

  custom(std::size_t samples, std::size_t features)
      : n(samples), d(features), a(samples * features), y(samples) {
    for (std::size_t i = 0; i != a.size(); ++i)
      a[i] = 2 * unit_interval(random_words(1, random_stream::noise, 0, i)[0]) - 1;
    for (std::size_t i = 0; i != n; ++i) y[i] = a[i * d] > 0 ? 1 : -1;
  }
  std::size_t dimension() const { return d; }
  std::size_t samples() const { return n; }
  double gradient(std::span<double const> x, std::span<std::size_t const> batch,
                  std::span<double> g) const {
    double loss = 0;
    for (double& e : g) e = 0;
    for (std::size_t const i : batch) {
      double const* const row = a.data() + i * d;
      double z = 0;
      for (std::size_t j = 0; j != d; ++j) z += row[j] * x[j];
      double const c = logistic::derivative(z, y[i]) / static_cast<double>(batch.size());
      loss += logistic::value(z, y[i]) / static_cast<double>(batch.size());
      for (std::size_t j = 0; j != d; ++j) g[j] += c * row[j];
    }
    return loss;
  }
};

// The library over a hand-written loop that does the same: it draws the same samples, makes the same
// steps, and keeps the same weighted average.
void custom_objective_over_a_loop_by_hand(benchmark::State& state) {
  auto const d = static_cast<std::size_t>(state.range(0));
  custom const f(10000, d);
  constexpr std::uint64_t steps = 200000;
  constant_step const step(0.1);
  plan p;
  p.samples = f.n;
  p.workers = p.batch_size = 1;
  std::vector<double> x(d), g(d), sum(d);
  double by_hand = 0, by_library = 0;
  for (auto _ : state) {
    by_hand += bench::seconds([&] {
      double weights = 0;
      std::ranges::fill(x, 0.0);
      std::ranges::fill(sum, 0.0);
      std::size_t i = 0;
      for (std::uint64_t t = 0; t != steps; ++t) {
        double const w = (1 + static_cast<double>(t)) * (1 + static_cast<double>(t));
        weights += w;
        for (std::size_t j = 0; j != d; ++j) sum[j] += w * x[j];
        with_replacement{}.draw(p, 0, t, std::span(&i, 1));
        f.gradient(x, std::span(&i, 1), g);
        for (std::size_t j = 0; j != d; ++j) x[j] -= 0.1 * g[j];
      }
      for (std::size_t j = 0; j != d; ++j) sum[j] /= weights;
      benchmark::DoNotOptimize(sum.data());
    });
    by_library +=
        minimize(f, {.workers = 1, .local_steps = 1000, .steps = steps}, serial{}, step).seconds;
  }
  state.counters["ratio"] = by_library / by_hand;
  state.counters["ns_step"] = 1e9 * by_library / static_cast<double>(steps * state.iterations());
}
BENCHMARK(custom_objective_over_a_loop_by_hand)
    ->ArgName("d")->Arg(54)->Arg(300)->Arg(784)->Unit(benchmark::kMillisecond)->UseRealTime()->MinTime(1);

// Sparse steps, weighted average included: nanoseconds a nonzero, over those of a pass that computes
// the full gradient over the same rows.
void sparse_step_over_a_full_pass(benchmark::State& state) {
  auto const& f = bench::w8a::get().f;
  std::size_t const n = f.samples();
  std::vector<std::size_t> all(n);
  for (std::size_t i = 0; i != n; ++i) all[i] = i;
  std::vector<double> x(f.dimension(), 1e-3), g(f.dimension());
  double of_steps = 0, of_pass = 0;
  for (auto _ : state) {
    of_steps += minimize(f, {.workers = 1, .local_steps = 1000, .epochs = 1}, serial{},
                         constant_step(0.3))
                    .seconds;
    of_pass += bench::seconds([&] { benchmark::DoNotOptimize(f.gradient(x, all, g)); });
  }
  double const nonzeros =
      static_cast<double>(bench::w8a::get().data.features.nonzeros() * state.iterations());
  state.counters["ratio"] = of_steps / of_pass;
  state.counters["ns_nonzero_step"] = 1e9 * of_steps / nonzeros;
  state.counters["ns_nonzero_pass"] = 1e9 * of_pass / nonzeros;
}
BENCHMARK(sparse_step_over_a_full_pass)->Unit(benchmark::kMillisecond)->UseRealTime()->MinTime(1);

// Sparse variance-reduced steps with l1 over those with l2: what proximal steps cost that are due when a
// coordinate is read. The same epochs, anchors included.
void l1_step_over_an_l2_step(benchmark::State& state) {
  auto const& data = bench::w8a::get().data;
  linear_objective const smooth(data.features, data.targets, logistic{}, l2{1e-4});
  linear_objective const sparse(data.features, data.targets, logistic{}, l1{1e-4});
  settings const s{.workers = 1, .epochs = 10};
  serial one;
  bench::compare(state, [&] { (void)minimize(sparse, s, one, svrg{}); },
                 [&] { (void)minimize(smooth, s, one, svrg{}); });
}
BENCHMARK(l1_step_over_an_l2_step)->Unit(benchmark::kMillisecond)->UseRealTime()->MinTime(1);

}  // namespace
