// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#include "benchmark/exchanges/baselines.hpp"
#include "benchmark/order_of_samples.hpp"
#include "examples/support/gunzip.hpp"

#include <localsgd/localsgd.hpp>

#include <array>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

// usage: benchmark.exchanges [data set [K …]]
//
// Exchanges of vectors of length d until f(x) − f* ≤ 1e-4, 1e-6 and 1e-8, of logistic regression with
// λ = 1/n: random shards, and shards of one label each where they can be. For all methods the
// count includes the gradient at the point itself, and numbers, such as values of f, are not counted.

using namespace localsgd;

namespace {

constexpr std::array<double, 3> accuracies{1e-4, 1e-6, 1e-8};
constexpr std::size_t most_exchanges = 300;

/// The counts at which the accuracies were reached.
struct counts {
  double best;
  std::array<std::size_t, 3> at{};
  bool operator()(std::size_t exchanges, double f) {  // whether to go on
    for (std::size_t i = 0; i != accuracies.size(); ++i)
      if (at[i] == 0 && f - best <= accuracies[i]) at[i] = exchanges;
    return at.back() == 0 && exchanges < most_exchanges;
  }
};

void print(char const* name, counts const& c) {
  std::printf("  %-28s", name);
  for (std::size_t const each : c.at)
    each == 0 ? std::printf("%8s", "-") : std::printf("%8zu", each);
  std::printf("\n");
  std::fflush(stdout);
}

void compare(dataset<csr_matrix<float>> const& data, double best, std::size_t workers, bool sorted,
             char const* name) {
  std::size_t const n = data.targets.size();
  std::span<double const> const labels(data.targets.data(), n);
  std::vector<std::size_t> const order = bench::order_of_samples(labels, sorted);
  std::vector<csr_matrix<float>> rows;
  std::vector<std::vector<double>> targets(workers);
  for (std::size_t k = 0; k != workers; ++k) {
    std::vector<std::size_t> const own(order.begin() + static_cast<std::ptrdiff_t>(n * k / workers),
                                       order.begin() + static_cast<std::ptrdiff_t>(n * (k + 1) / workers));
    rows.push_back(select_rows(data.features, own));
    for (std::size_t const i : own) targets[k].push_back(labels[i]);
  }
  auto const shard = [&](std::size_t k) {
    return linear_objective(rows[k], targets[k], logistic{}, l2{1 / static_cast<double>(n)});
  };
  std::printf("%s, K = %zu, %s shards%19s%8s%8s\n", name, workers, sorted ? "sorted" : "random", "1e-4",
              "1e-6", "1e-8");

  thread_pool pool;
  sharded_objective const f(pool, workers, shard);
  result const r = minimize(f, {.workers = workers, .tolerance = 1e-9}, dane{}, pool);
  counts ours{best};
  for (evaluation const& e : r.history) ours(e.exchanges, e.objective);
  print("dane{}", ours);

  auto const measure = [&](char const* method, auto const& run) {
    counts c{best};
    std::vector<decltype(shard(0))> shards;
    for (std::size_t k = 0; k != workers; ++k) shards.push_back(shard(k));
    exchanges::cluster all(std::move(shards), std::ref(c));
    run(all);
    print(method, c);
  };
  measure("L-BFGS, 10 pairs", [](auto& c) { exchanges::lbfgs(c, 10); });
  measure("L-BFGS, 30 pairs", [](auto& c) { exchanges::lbfgs(c, 30); });
  measure("GIANT", [](auto& c) { exchanges::giant(c); });
  measure("DANE, exact, mu = 1e-4", [](auto& c) { exchanges::exact_dane(c, 1e-4); });
}

int run(int argc, char** argv) {
  char const* const named = std::getenv("LOCALSGD_DATA");
  std::filesystem::path const folder = named != nullptr ? named : LOCALSGD_DEFAULT_DATA;
  std::vector<std::string> names{"a9a", "w8a"};
  std::vector<std::size_t> workers{8, 64};
  if (argc > 1) names = {argv[1]};
  if (argc > 2) workers.clear();
  for (int i = 2; i < argc; ++i) workers.push_back(static_cast<std::size_t>(std::atoi(argv[i])));
  for (std::string const& name : names) {
    auto const file = folder / (name + ".gz");
    if (!std::filesystem::exists(file)) {
      std::printf("skipped: there is no %s; LOCALSGD_DATA names another folder\n", file.c_str());
      continue;
    }
    auto const data = parse_libsvm<float>(support::gunzip(file), file.string());
    linear_objective const whole(data.features, data.targets, logistic{},
                                 l2{1 / static_cast<double>(data.targets.size())});
    double const best = minimize(whole, {.tolerance = 1e-12}).objective;
    for (bool const sorted : {false, true})
      for (std::size_t const k : workers) compare(data, best, k, sorted, name.c_str());
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (std::exception const& e) {
    std::fprintf(stderr, "%s\n", e.what());
    return 1;
  }
}
