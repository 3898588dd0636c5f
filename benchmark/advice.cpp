// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0

// How right advise() is: over a grid of problems, K, accuracies and costs, the time to the accuracy
// with the advised H over that with the best H in powers of two. Times are the cost model's, of
// counted steps and rounds: the table is the same on every machine.
// Then how right the default H is: measured times to an accuracy on two threads, turn by turn.
//
// usage: benchmark.advice [--default-only | --grid-only]

#include "examples/support/fashion_mnist.hpp"
#include "examples/support/gunzip.hpp"
#include "test/support/advice_grid.hpp"

#include <localsgd/localsgd.hpp>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

using namespace localsgd;

namespace {

std::filesystem::path folder() {
  char const* const named = std::getenv("LOCALSGD_DATA");
  return named != nullptr ? named : LOCALSGD_DEFAULT_DATA;
}

void print(std::vector<support::judged> const& all) {
  for (auto const& j : all)
    std::printf("%-14s %3zu  %8.2e  %-10s %8.1f  %7llu %7llu  %9.0f %9.0f  %5.2f\n",
                j.problem.c_str(), j.workers, j.accuracy, j.costs.c_str(), j.round_in_steps,
                static_cast<unsigned long long>(j.advised),
                static_cast<unsigned long long>(j.best), j.predicted_steps, j.steps, j.ratio);
  std::fflush(stdout);
}

void grid() {
  std::printf("problem          K  accuracy  costs             r  advised    best  predicted"
              "     steps  ratio\n");
  std::vector<support::judged> all;
  auto const take = [&](std::string const& name, auto const& f, std::vector<double> const& shares,
                        std::size_t seeds, double epochs) {
    auto const some = support::judge(name, f, {2, 8, 32}, shares, seeds, epochs);
    print(some);
    all.insert(all.end(), some.begin(), some.end());
  };
  std::vector<double> const easy{0.03, 0.01}, hard{0.03, 0.003};
  for (double const kappa : {10.0, 200.0})
    take("quadratic " + std::to_string(static_cast<int>(kappa)), support::noisy_quadratic(kappa),
         hard, 5, 2000);
  support::synthetic const numbers(5000, 30, false), classes(5000, 30, true);
  take("squares 1e-3", linear_objective(numbers.features, numbers.targets, squared{}, l2{1e-3}),
       hard, 5, 400);
  for (double const lambda : {1e-2, 1e-3, 2e-4})
    take("dense " + std::to_string(lambda).substr(0, 6),
         linear_objective(classes.features, classes.targets, logistic{}, l2{lambda}), hard, 5, 400);
  support::synthetic const small(270, 13, true);
  for (double const lambda : {1e-2, 1 / 270.0})
    take("small " + std::to_string(lambda).substr(0, 6),
         linear_objective(small.features, small.targets, logistic{}, l2{lambda}), hard, 5, 4000);
  for (std::string const name : {"w8a", "a9a"}) {
    auto const path = folder() / (name + ".gz");
    if (!std::filesystem::exists(path)) {
      std::printf("there is no %s\n", path.c_str());
      continue;
    }
    auto const data = parse_libsvm(support::gunzip(path), path.string());
    double const n = static_cast<double>(data.features.rows());
    take(name + " 1e-2", linear_objective(data.features, data.targets, logistic{}, l2{1e-2}), hard,
         2, 40);
    take(name + " 1e-3", linear_objective(data.features, data.targets, logistic{}, l2{1e-3}), easy,
         2, 40);
    take(name + " 1/n", linear_objective(data.features, data.targets, logistic{}, l2{1 / n}), easy,
         2, 12);
  }
  double worst = 0;
  for (auto const& j : all) worst = std::max(worst, j.ratio);
  std::printf("%zu cases, %.1f %% within 1.3 of the best, %.1f %% within 2, the worst %.2f\n",
              all.size(), 100 * support::share_within(all, 1.3),
              100 * support::share_within(all, 2), worst);
}

// Time to a fixed accuracy with the default H and with powers of two.
template <class F>
void judge_default(char const* name, F const& f, double target) {
  thread_pool pool(2);
  std::vector<std::uint64_t> gaps{detail::make_plan(f, settings{}, false).local_steps};
  for (std::uint64_t h = 8; h <= 512; h *= 2) gaps.push_back(h);
  std::vector<std::uint64_t> steps;
  for (std::uint64_t const h : gaps) {
    auto const r =
        minimize(f, {.local_steps = h, .evaluations = 160}, detail::plain_worker<F>(), pool);
    std::uint64_t found = 0;
    for (auto const& e : r.history)
      if (found == 0 && e.objective <= target) found = e.steps;
    steps.push_back(found);
  }
  std::vector<std::vector<double>> seconds(gaps.size());
  for (int turn = 0; turn != 25; ++turn)
    for (std::size_t i = 0; i != gaps.size(); ++i)
      if (steps[i] != 0)
        seconds[i].push_back(
            minimize(f, {.local_steps = gaps[i], .steps = steps[i]}, pool).seconds);
  // The least of the turns: on a busy machine most of them are of somebody else's making.
  auto const least = [&](std::size_t i) {
    return seconds[i].empty() ? 1e99 : std::ranges::min(seconds[i]);
  };
  double best = 1e99;
  std::uint64_t best_gap = 0;
  for (std::size_t i = 0; i != gaps.size(); ++i) {
    if (least(i) < best) best_gap = gaps[i];
    best = std::min(best, least(i));
  }
  std::printf("%-8s f <= %.4f  default H = %llu: %.2f ms, best H = %llu: %.2f ms, ratio %.2f\n",
              name, target, static_cast<unsigned long long>(gaps[0]), 1e3 * least(0),
              static_cast<unsigned long long>(best_gap), 1e3 * best, least(0) / best);
  for (std::size_t i = 1; i != gaps.size(); ++i)
    if (steps[i] != 0)
      std::printf("   H = %4llu  T = %6llu  %5.2f\n", static_cast<unsigned long long>(gaps[i]),
                  static_cast<unsigned long long>(steps[i]), least(i) / best);
  std::fflush(stdout);
}

void defaults() {
  for (auto const& [name, optimum] :
       {std::pair("w8a", 0.12618068651051342), std::pair("a9a", 0.32337958246484744)}) {
    auto const path = folder() / (std::string(name) + ".gz");
    if (!std::filesystem::exists(path)) continue;
    auto const data = parse_libsvm(support::gunzip(path), path.string());
    linear_objective const f(data.features, data.targets, logistic{},
                             l2{1 / static_cast<double>(data.features.rows())});
    judge_default(name, f, optimum + 5e-3);
  }
  std::filesystem::path const pictures = "/usr/share/datasets/fashion-mnist";
  if (!std::filesystem::exists(pictures)) return;
  auto const data = support::read_fashion_mnist(pictures.string());
  softmax_objective const f(data.pictures, data.labels, 10, l2{1e-4});
  double const reached = minimize(f, {.epochs = 2}).objective;
  judge_default("fashion", f, reached);
}

}  // namespace

int main(int count, char** arguments) {
  std::string_view const what = count > 1 ? arguments[1] : "";
  if (what != "--default-only") grid();
  if (what != "--grid-only") defaults();
}
