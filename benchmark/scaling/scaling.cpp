// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0

// What a component gradient costs as the problem and the run grow, one quantity at a time from a
// base point: sparse logistic regression, plain local steps, the weighted average included.
//
// usage: benchmark.scaling [--quick] [--repeats N]
//   Prints CSV. All points of all sweeps are measured in turn, N times (5, with --quick 3).

#include <localsgd/localsgd.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace localsgd;

/// What is varied.
struct point {
  std::size_t n = 20000, d = 1000, nonzeros = 20;                     // of the problem
  std::size_t workers = 8, local_steps = 64, batch = 1, threads = 1;  // of the run

  bool same_problem(point const& o) const { return n == o.n && d == o.d && nonzeros == o.nonzeros; }
};

/// n rows of `nonzeros` features each, one from each of as many equal parts of the d.
dataset<csr_matrix<float>> problem(point const& p) {
  auto const shape = [](std::size_t n) { return std::array<std::size_t, 1>{n}; };
  vector<std::size_t> starts(shape(p.n + 1));
  vector<std::uint32_t> indices(shape(p.n * p.nonzeros));
  vector<float> values(shape(p.n * p.nonzeros));
  vector<double> targets(shape(p.n));
  double const scale = 1 / std::sqrt(static_cast<double>(p.nonzeros));
  starts.data()[0] = 0;
  for (std::size_t i = 0; i != p.n; ++i) {
    double score = 0;
    for (std::size_t k = 0; k != p.nonzeros; ++k) {
      std::size_t const at = i * p.nonzeros + k;
      auto const words = random_words(1, random_stream::noise, 0, std::uint64_t{at});
      std::size_t const first = k * p.d / p.nonzeros, last = (k + 1) * p.d / p.nonzeros;
      std::size_t const column = first + index_below(last - first, words[0]);
      double const value = scale * (2 * unit_interval(words[1]) - 1);
      indices.data()[at] = static_cast<std::uint32_t>(column);
      values.data()[at] = static_cast<float>(value);
      score += column % 2 == 0 ? value : -value;
    }
    starts.data()[i + 1] = (i + 1) * p.nonzeros;
    targets.data()[i] = score > 0 ? 1 : -1;
  }
  return {csr_matrix<float>(p.d, std::move(starts), std::move(indices), std::move(values)),
          std::move(targets)};
}

/// One point of one sweep, and what was measured there.
struct entry {
  std::string quantity;
  std::size_t value;
  point at;
  std::vector<double> seconds = {};  // a gradient
};

/// Seconds a component gradient: training only, with steps enough for a tenth of a second or so.
double measure(dataset<csr_matrix<float>> const& data, point const& p, bool quick) {
  linear_objective const f(data.features, data.targets, logistic{},
                           l2{1 / static_cast<double>(p.n)});
  double const per_gradient =
      static_cast<double>(p.nonzeros) + 20 +
      static_cast<double>(p.d) / static_cast<double>(p.local_steps * p.batch);
  double const gradients = (quick ? 1e7 : 5e7) / per_gradient;
  double const rounds = gradients / static_cast<double>(p.workers * p.batch * p.local_steps);
  std::uint64_t const steps =
      p.local_steps * std::max<std::uint64_t>(2, static_cast<std::uint64_t>(rounds));
  thread_pool pool(p.threads);
  auto const r = minimize(f, {.workers = p.workers, .batch_size = p.batch, .steps = steps}, pool,
                          every{p.local_steps}, constant_step(0.1), linear_sgd{});
  return r.seconds / static_cast<double>(r.gradients);
}

std::vector<entry> sweeps(bool quick) {
  std::vector<entry> all;
  point const base;
  auto const sweep = [&](std::string const& name, std::size_t point::*member,
                         std::vector<std::size_t> const& values) {
    for (std::size_t const v : values) {
      all.push_back({name, v, base});
      all.back().at.*member = v;
    }
  };
  sweep("n", &point::n,
        quick ? std::vector<std::size_t>{2000, 20000, 200000}
              : std::vector<std::size_t>{200, 2000, 20000, 200000, 2000000});
  sweep("d", &point::d,
        quick ? std::vector<std::size_t>{100, 1000, 10000, 100000}
              : std::vector<std::size_t>{100, 300, 1000, 3000, 10000, 100000, 1000000});
  sweep(
      "nonzeros a row", &point::nonzeros,
      quick ? std::vector<std::size_t>{5, 20, 100} : std::vector<std::size_t>{1, 5, 20, 100, 500});
  sweep("K", &point::workers,
        quick ? std::vector<std::size_t>{1, 8, 64}
              : std::vector<std::size_t>{1, 2, 4, 8, 16, 32, 64, 256});
  sweep("H", &point::local_steps,
        quick ? std::vector<std::size_t>{1, 16, 256}
              : std::vector<std::size_t>{1, 2, 4, 8, 16, 32, 64, 128, 256, 1024});
  sweep("b", &point::batch,
        quick ? std::vector<std::size_t>{1, 8, 64}
              : std::vector<std::size_t>{1, 2, 4, 8, 16, 32, 64});
  std::vector<std::size_t> threads;
  std::size_t const most = std::min<std::size_t>(8, thread_pool().threads());
  for (std::size_t t = 1; t < most; t *= 2) threads.push_back(t);
  threads.push_back(most);
  sweep("threads", &point::threads, threads);
  return all;
}

}  // namespace

int main(int argc, char** argv) try {
  bool quick = false;
  std::size_t repeats = 0;
  for (int i = 1; i < argc; ++i) {
    std::string_view const word = argv[i];
    if (word == "--quick")
      quick = true;
    else if (word == "--repeats" && i + 1 < argc)
      repeats = std::stoul(argv[++i]);
    else
      throw std::runtime_error("usage: benchmark.scaling [--quick] [--repeats N]");
  }
  if (repeats == 0) repeats = quick ? 3 : 5;

  auto all = sweeps(quick);
  // Most points share the base problem: each problem is kept once.
  std::vector<std::unique_ptr<dataset<csr_matrix<float>>>> data;
  std::vector<dataset<csr_matrix<float>> const*> of(all.size());
  for (std::size_t i = 0; i != all.size(); ++i) {
    for (std::size_t j = 0; j != i; ++j)
      if (all[j].at.same_problem(all[i].at)) of[i] = of[j];
    if (of[i] != nullptr) continue;
    data.push_back(std::make_unique<dataset<csr_matrix<float>>>(problem(all[i].at)));
    of[i] = data.back().get();
  }
  for (std::size_t repeat = 0; repeat != repeats; ++repeat) {
    for (std::size_t i = 0; i != all.size(); ++i)
      all[i].seconds.push_back(measure(*of[i], all[i].at, quick));
    std::fprintf(stderr, "round %zu of %zu done\n", repeat + 1, repeats);
  }

  std::printf("quantity,value,median_ns_gradient,min_ns_gradient,max_ns_gradient,runs\n");
  for (auto& e : all) {
    std::ranges::sort(e.seconds);
    std::printf("%s,%zu,%.4g,%.4g,%.4g,%zu\n", e.quantity.c_str(), e.value,
                1e9 * e.seconds[e.seconds.size() / 2], 1e9 * e.seconds.front(),
                1e9 * e.seconds.back(), e.seconds.size());
  }
} catch (std::exception const& error) {
  std::fprintf(stderr, "benchmark.scaling: %s\n", error.what());
  return 1;
}
