// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "benchmark/paper/asynchronous.hpp"
#include "benchmark/paper/gaps.hpp"
#include "benchmark/paper/synchronous.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

/// @file
/// @brief The engine against the library, and against the algorithms written out line by line.

namespace paper {

/// @brief The consensus and the averages of one step size.
using judged = std::array<std::vector<double>, candidates>;

/// @brief Algorithms 1 and 2, dense, with one step size. @param delay τ, or −1 for Algorithm 1
inline judged written_out(samples const& data, setting const& s, long delay, step_rule const& rule,
                          std::uint64_t steps) {
  auto const f = objective_of(data);
  std::size_t const d = data.features.columns(), K = s.workers;
  double const share = 1 / static_cast<double>(K);
  localsgd::plan plan;
  plan.samples = data.features.rows();
  plan.batch_size = s.batch;
  plan.seed = s.seed;
  using point = std::vector<double>;
  std::vector<point> x(K, point(d)), read(K, point(d));
  std::vector<judged> open(K);  // what a worker has not handed in yet
  std::vector<std::array<double, candidates>> open_weights(K);
  judged sums;
  for (auto& sum : sums) sum.assign(d, 0.0);
  for (auto& of_worker : open) of_worker = sums;
  std::array<double, candidates> weights{};
  std::vector<std::pair<std::uint64_t, point>> late;
  point X(d), g(d);
  std::vector<std::size_t> batch(s.batch);
  for (std::uint64_t t = 0; t != steps; ++t) {
    double const w = static_cast<double>(t) + 1;
    std::array<double, candidates> const weight{0, 1, w, w * w};
    std::vector<std::size_t> here;
    for (std::size_t k = 0; k != K; ++k) {
      for (std::size_t m = 1; m != candidates; ++m) {
        open_weights[k][m] += weight[m];
        for (std::size_t i = 0; i != d; ++i) open[k][m][i] += weight[m] * x[k][i];
      }
      localsgd::with_replacement{}.draw(plan, k, t, batch);
      f.gradient(x[k], batch, g);
      for (std::size_t i = 0; i != d; ++i) x[k][i] -= rule(t, plan.samples) * g[i];
      std::uint64_t const phase = delay < 0 ? 0 : k * s.local_steps / K;
      if ((t + 1 + phase) % s.local_steps == 0) here.push_back(k);
    }
    for (std::size_t const k : here) {
      point change(d);
      for (std::size_t i = 0; i != d; ++i) change[i] = share * (x[k][i] - read[k][i]);
      late.emplace_back(t + 1 + static_cast<std::uint64_t>(std::max(delay, 0L)), change);
      for (std::size_t m = 1; m != candidates; ++m) {
        for (std::size_t i = 0; i != d; ++i) sums[m][i] += std::exchange(open[k][m][i], 0);
        weights[m] += std::exchange(open_weights[k][m], 0);
      }
    }
    for (auto& [due, change] : late)
      if (due == t + 1)
        for (std::size_t i = 0; i != d; ++i) X[i] += change[i];
    for (std::size_t const k : here) x[k] = read[k] = X;
  }
  sums[0] = X;
  for (std::size_t m = 1; m != candidates; ++m)
    for (double& v : sums[m]) v /= weights[m];
  return sums;
}

/// @brief What the engine has in one lane.
template <class Run>
judged lane_of(Run const& run, std::size_t lane) {
  constexpr std::size_t w = lanes::size;
  std::vector<pack<Run::width>> point(run.dimension());
  judged out;
  for (std::size_t c = 0; c != candidates; ++c) {
    if (c == 0)
      std::copy_n(run.last(), point.size(), point.begin());
    else
      run.average(c - 1, std::span(point));
    for (auto const& x : point) {
      std::array<double, w> parts{};
      x[lane / w].store_unaligned(parts.data());
      out[c].push_back(parts[lane % w]);
    }
  }
  return out;
}

/// @brief The largest difference of two points, over the largest number in them.
inline double difference(std::span<double const> a, std::span<double const> b) {
  if (a.size() != b.size()) return std::numeric_limits<double>::infinity();
  double most = 0, size = 0;
  for (std::size_t i = 0; i != a.size(); ++i) {
    most = std::max(most, std::abs(a[i] - b[i]));
    size = std::max(size, std::abs(a[i]));
  }
  return size > 0 && std::isfinite(most) ? most / size : std::numeric_limits<double>::infinity();
}

/// @brief Prints the largest difference of each comparison.
/// @throws std::runtime_error if one is above 1e-10
inline void check() {
  auto const data = generated(400, 40, 6);
  auto const f = objective_of(data);
  std::size_t const n = data.features.rows();
  double worst = 0;
  auto const expect = [&](std::string const& what, double difference) {
    std::printf("%-44s %.1e\n", what.c_str(), difference);
    worst = std::max(worst, difference);
  };
  std::vector<step_rule> rules;
  for (auto const s : shapes)
    for (int i = 0; i != half; ++i) rules.push_back({s, i - 9});

  for (auto const& s : {setting{1, 1, 3, 1}, setting{1, 8, 4, 2}, setting{5, 1, 2, 3},
                        setting{4, 2, 1, 4}, setting{3, 16, 4, 5}}) {
    std::string const cell = "K " + std::to_string(s.workers) + ", H " +
                             std::to_string(s.local_steps) + ", b " + std::to_string(s.batch);
    std::uint64_t const steps = 160;
    synchronous_run<packs> run(data, s, rules);
    run.advance(48);
    auto const copy = run;
    run.advance(96);
    run = copy;  // back, and on again
    run.advance(steps);
    double of_library = 0, of_text = 0;
    for (std::size_t lane = 0; lane < rules.size(); lane += 3) {
      auto const ours = lane_of(run, lane);
      auto const text = written_out(data, s, -1, rules[lane], steps);
      for (std::size_t c = 0; c != candidates; ++c)
        of_text = std::max(of_text, difference(text[c], ours[c]));
      localsgd::settings const settings{.workers = s.workers,
                                        .local_steps = s.local_steps,
                                        .batch_size = s.batch,
                                        .steps = steps,
                                        .seed = s.seed};
      auto const compare = [&](auto const& step) {
        auto const r =
            localsgd::minimize(f, settings, step, localsgd::linear_sgd{}, localsgd::serial{});
        of_library = std::max(of_library, difference({r.last.data(), r.last.size()}, ours[0]));
        // The library averages with w_t = (a + t)².
        if (step.shift() == 1)
          of_library =
              std::max(of_library, difference({r.average.data(), r.average.size()}, ours[3]));
      };
      if (rules[lane].kind == shape::constant)
        compare(localsgd::constant_step(rules[lane].cap()));
      else
        compare(localsgd::capped_inverse_step(32, rules[lane].factor(), n));
    }
    expect(cell + ": the library", of_library);
    expect(cell + ": written out", of_text);

    value_of const value(data);
    auto const gaps = gaps_of(run, value, 0);
    double of_f = 0;
    std::vector<std::size_t> all(n);
    for (std::size_t i = 0; i != n; ++i) all[i] = i;
    std::vector<double> g(data.features.columns());
    for (std::size_t lane = 0; lane != rules.size(); ++lane) {
      auto const ours = lane_of(run, lane);
      for (std::size_t c = 0; c != candidates; ++c)
        of_f = std::max(of_f, std::abs(f.gradient(ours[c], all, g) - gaps[c][lane]));
    }
    expect(cell + ": f", of_f);
  }
  for (auto const& s : {setting{4, 1, 2, 6}, setting{3, 8, 1, 7}, setting{8, 4, 2, 8}}) {
    for (long const delay : {0L, 5L, 16L}) {
      asynchronous_run<packs> run(data, s, static_cast<std::uint64_t>(delay), rules);
      run.advance(40);
      auto const copy = run;
      run.advance(64);
      run = copy;
      run.advance(96);
      double of_text = 0;
      for (std::size_t lane = 0; lane < rules.size(); lane += 3) {
        auto const ours = lane_of(run, lane);
        auto const text = written_out(data, s, delay, rules[lane], 96);
        for (std::size_t c = 0; c != candidates; ++c)
          of_text = std::max(of_text, difference(text[c], ours[c]));
      }
      expect("K " + std::to_string(s.workers) + ", H " + std::to_string(s.local_steps) + ", tau " +
                 std::to_string(delay) + ": written out",
             of_text);
    }
  }
  if (!(worst <= 1e-10)) throw std::runtime_error("the engine computes different numbers");
}

}  // namespace paper
