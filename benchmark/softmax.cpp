// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#include "benchmark/support.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

// The gradient of softmax regression on Fashion-MNIST's shape, beside the least it must read and
// beside a loop written by hand.

using namespace localsgd;

namespace {

constexpr std::size_t samples = 60000, pixels = 784, classes = 10;

struct problem {
  dense_matrix<float> features{std::array<std::size_t, 2>{samples, pixels}};
  std::vector<std::uint8_t> labels = std::vector<std::uint8_t>(samples);
  softmax_objective<dense_matrix<float>, std::uint8_t> f;
  std::vector<std::size_t> order = std::vector<std::size_t>(samples);  // that of the batches
  std::vector<double> x = std::vector<double>(classes * pixels);
  std::vector<double> g = x;

  problem() : f((fill(), features), labels, classes, l2{1e-4}) {
    plan p;
    p.samples = samples;
    p.workers = 1;
    p.batch_size = samples;
    shuffled{}.draw(p, 0, 0, order);
    for (std::size_t j = 0; j != x.size(); ++j) x[j] = 1e-2 * unit(j);
  }

  /// A hand-written loop: class by class, as fast as the compiler makes it.
  double by_hand(std::span<std::size_t const> batch) {
    double const share = 1 / static_cast<double>(batch.size());
    double loss = 0, squares = 0;
    for (std::size_t j = 0; j != x.size(); ++j) {
      g[j] = 1e-4 * x[j];
      squares += x[j] * x[j];
    }
    for (std::size_t const i : batch) {
      float const* const row = features.data() + i * pixels;
      double z[classes], sum = 0;
      for (std::size_t c = 0; c != classes; ++c) {
        z[c] = 0;
        for (std::size_t j = 0; j != pixels; ++j) z[c] += double{row[j]} * x[c * pixels + j];
      }
      double const top = *std::max_element(z, z + classes), of_label = z[labels[i]] - top;
      for (double& e : z) sum += e = std::exp(e - top);
      loss += share * (std::log(sum) - of_label);
      for (std::size_t c = 0; c != classes; ++c) {
        double const slope = share * (z[c] / sum - (c == labels[i] ? 1 : 0));
        for (std::size_t j = 0; j != pixels; ++j) g[c * pixels + j] += slope * double{row[j]};
      }
    }
    return loss + 0.5e-4 * squares;
  }

  /// Reads the rows and does next to nothing with them: the speed of memory.
  double sum_of_rows(std::span<std::size_t const> batch) const {
    detail::lanes even(0.0), odd(0.0);
    constexpr std::size_t w = detail::lanes::size;
    static_assert(pixels % (2 * w) == 0);
    for (std::size_t const i : batch) {
      float const* const row = features.data() + i * pixels;
      for (std::size_t j = 0; j != pixels; j += 2 * w) {
        even += detail::load(row + j);
        odd += detail::load(row + j + w);
      }
    }
    return detail::sum_of(even + odd);
  }

  static problem& get() {
    static problem once;
    return once;
  }

 private:
  static double unit(std::size_t j) {
    return 2 * unit_interval(random_words(1, random_stream::noise, 0, j)[0]) - 1;
  }
  void fill() {
    for (std::size_t j = 0; j != features.size(); ++j)
      features.data()[j] = static_cast<float>(unit(j));
    for (std::size_t i = 0; i != samples; ++i)
      labels[i] = static_cast<std::uint8_t>(i * 7 % classes);
  }
};

// Batches of b in random order, the full gradient in the order of the rows. Nanoseconds a sample of
// the gradient and of reading its rows; multiply-adds a second count twice.
void gradient_over_reading_its_rows(benchmark::State& state) {
  problem& p = problem::get();
  auto const b = static_cast<std::size_t>(state.range(0));
  std::vector<std::size_t> order = p.order;
  if (b == samples) std::ranges::sort(order);
  double of_gradient = 0, of_reading = 0, by_hand = 0, count = 0;
  std::size_t at = 0;
  for (auto _ : state) {
    std::size_t const few = std::max<std::size_t>(1, 6000 / b);
    auto const all_of = [&](auto const& work) {  // each on rows that none has read just before
      return bench::seconds([&] {
        for (std::size_t k = 0; k != few; ++k, at += b) {
          if (at + b > samples) at = 0;
          benchmark::DoNotOptimize(work(std::span<std::size_t const>(order).subspan(at, b)));
        }
      });
    };
    of_gradient += all_of([&](auto batch) { return p.f.gradient(p.x, batch, p.g); });
    of_reading += all_of([&](auto batch) { return p.sum_of_rows(batch); });
    by_hand += all_of([&](auto batch) { return p.by_hand(batch); });
    count += static_cast<double>(few * b);
  }
  state.counters["ratio"] = of_gradient / of_reading;
  state.counters["speedup_over_hand"] = by_hand / of_gradient;
  state.counters["ns_gradient"] = 1e9 * of_gradient / count;
  state.counters["ns_reading"] = 1e9 * of_reading / count;
  state.counters["Gflops"] = 4e-9 * classes * pixels * count / of_gradient;
}
BENCHMARK(gradient_over_reading_its_rows)
    ->ArgName("b")->Arg(1)->Arg(16)->Arg(64)->Arg(samples)->Unit(benchmark::kMillisecond)->UseRealTime()->MinTime(1);

// A local step with batches of one, the weighted average included, over the same loop by hand.
void local_step_over_a_loop_by_hand(benchmark::State& state) {
  problem& p = problem::get();
  constexpr std::uint64_t steps = 3000;
  plan plan_of_one;
  plan_of_one.samples = samples;
  plan_of_one.workers = plan_of_one.batch_size = 1;
  std::vector<double> const start = p.x;
  std::vector<double> sum(p.x.size());
  double by_library = 0, by_hand = 0;
  for (auto _ : state) {
    by_library += minimize(p.f, {.workers = 1, .local_steps = 1000, .steps = steps}, serial{},
                           constant_step(1e-3))
                      .seconds;
    by_hand += bench::seconds([&] {
      std::size_t i = 0;
      std::ranges::fill(p.x, 0.0);
      std::ranges::fill(sum, 0.0);
      for (std::uint64_t t = 0; t != steps; ++t) {
        double const w = iterate_weight(1, t);
        for (std::size_t j = 0; j != sum.size(); ++j) sum[j] += w * p.x[j];
        with_replacement{}.draw(plan_of_one, 0, t, std::span(&i, 1));
        p.by_hand(std::span(&i, 1));
        for (std::size_t j = 0; j != sum.size(); ++j) p.x[j] -= 1e-3 * p.g[j];
      }
      benchmark::DoNotOptimize(sum.data());
    });
  }
  p.x = start;
  state.counters["ratio"] = by_library / by_hand;
  double const all = static_cast<double>(steps) * static_cast<double>(state.iterations());
  state.counters["ns_step"] = 1e9 * by_library / all;
  state.counters["ns_by_hand"] = 1e9 * by_hand / all;
}
BENCHMARK(local_step_over_a_loop_by_hand)->Unit(benchmark::kMillisecond)->UseRealTime()->MinTime(1);

}  // namespace
