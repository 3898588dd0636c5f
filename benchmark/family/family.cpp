// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#include "benchmark/order_of_samples.hpp"
#include "examples/support/gunzip.hpp"
#include "test/support/heterogeneous.hpp"

#include <localsgd/localsgd.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

// usage: benchmark.family [quadratic | data set …]
//
// Exchanges of vectors of length d, and epochs (component gradients over n), until f(x) − f* ≤ 1e-3 and
// 1e-6 with 8 workers that see one shard each: sgd, scaffnew, fedac and slowcal, each with the best
// step size, H and b of a grid, for each column separately, and svrg, loopless_svrg and dane as they
// are. –: not within 20 epochs, or 100 with b = 1024; on quadratics 100 and 500, or 20000 without noise.
// Logistic regression with λ = 1/n on random shards and on shards of one label each, and quadratics of
// known κ. The asynchronous runs are those of a simulated cluster with one worker that is ten times
// slower than the others.

using namespace localsgd;

namespace {

constexpr std::size_t workers = 8;
constexpr std::array<double, 2> accuracies{1e-3, 1e-6};

/// The least exchanges and epochs for each accuracy; 0: not reached.
struct costs {
  std::array<double, 2> exchanges{}, epochs{};

  void take(std::vector<evaluation> const& history, double best, double samples) {
    for (std::size_t i = 0; i != accuracies.size(); ++i)
      for (evaluation const& e : history) {
        if (!(e.objective - best <= accuracies[i])) continue;
        note(exchanges[i], static_cast<double>(e.exchanges));
        note(epochs[i], static_cast<double>(e.gradients) / samples);
        break;
      }
  }

 private:
  static void note(double& least, double found) {
    if (least == 0 || found < least) least = std::max(found, 1e-9);
  }
};

/// Stops where the last accuracy is reached, or where nothing can be gained any more.
struct good_enough {
  double best, start = 0;
  proceed after_evaluation(evaluation const& e, plan const&) {
    if (start == 0) start = e.objective;
    bool const over = e.objective - best <= accuracies.back() || e.objective > 10 * start;
    return over ? proceed::no : proceed::yes;
  }
};

void print(char const* name, costs const& c) {
  std::printf("  %-30s", name);
  auto const number = [](double x) {
    x == 0 ? std::printf("%9s", "-") : std::printf(x < 10 ? "%9.1f" : "%9.0f", x);
  };
  for (double const x : c.exchanges) number(x);
  for (double const x : c.epochs) number(x);
  std::printf("\n");
  std::fflush(stdout);
}

/// One of the workers needs ten times as long for its steps as the others.
cluster one_slow_worker() {
  cluster machines{
      .costs = {.gradient_seconds = 1e-6, .latency_seconds = 1e-6, .bytes_per_second = 1e9}};
  machines.factors.assign(workers, 1);
  machines.factors.back() = 10;
  return machines;
}

/// The best of a grid of step sizes, H and b.
template <class F>
class grid {
 public:
  grid(F const& f, double best, double epochs, std::size_t evaluations)
      : f_(f), best_(best), epochs_(epochs), evaluations_(evaluations) {}

  /// @param step_sizes `step_sizes(η, T)`: from a stable η of a batch and the steps of the run
  template <class Worker, class Steps, class Schedule>
  void measure(char const* name, Worker const& worker, std::vector<std::size_t> const& gaps,
               Schedule const& schedule, Steps const& step_sizes) {
    costs c;
    for (std::size_t const b : {1U, 64U, 1024U})
      for (std::size_t const h : gaps) {
        double const epochs = b == 1024 ? 5 * epochs_ : epochs_;
        double const steps = epochs * static_cast<double>(f_.samples()) /
                             static_cast<double>(workers * b);
        if (b > f_.samples() / workers || steps < 10 * static_cast<double>(h)) continue;
        settings const s{.workers = workers, .local_steps = h, .batch_size = b, .epochs = epochs,
                         .evaluations = evaluations_};
        for (double const eta : step_sizes(f_.stable_step(b), steps))
          run(c, s, worker(h), constant_step(eta), schedule(h));
        run(c, s, worker(h), automatic_step{}, schedule(h));
      }
    print(name, c);
  }

  /// The same for sgd where no worker waits for the slow one, in virtual time.
  /// @param step_size `step_size(η)`
  template <class StepSize>
  void measure_asynchronous(char const* name, StepSize const& step_size) {
    costs c;
    for (std::size_t const b : {1U, 64U})
      for (std::size_t const h : {8U, 128U}) {
        double const steps =
            epochs_ * static_cast<double>(f_.samples()) / static_cast<double>(workers * b);
        if (b > f_.samples() / workers || steps < 10 * static_cast<double>(h)) continue;
        settings const s{.workers = workers, .local_steps = h, .batch_size = b, .epochs = epochs_,
                         .evaluations = evaluations_};
        for (double const factor : {1, 4, 16}) {
          simulated_asynchronous machines(one_slow_worker(), 1);
          good_enough observer{best_};
          result const r = minimize(f_, s, sgd{}, step_size(factor * f_.stable_step(b)),
                                    sharded{shuffled{}}, machines, observer);
          c.take(r.history, best_, static_cast<double>(f_.samples()));
        }
      }
    print(name, c);
  }

 private:
  template <class Worker, class Eta, class Schedule>
  void run(costs& c, settings const& s, Worker const& worker, Eta const& eta, Schedule const& times) {
    good_enough observer{best_};
    result const r = minimize(f_, s, worker, eta, times, sharded{shuffled{}}, serial{}, observer);
    c.take(r.history, best_, static_cast<double>(f_.samples()));
  }

  F const& f_;
  double best_, epochs_;
  std::size_t evaluations_;
};

template <class F>
void compare(F const& f, double best, double epochs, std::size_t evaluations,
             std::string const& title) {
  std::printf("%-40s%10s%18s\n  %-30s%9s%9s%9s%9s\n", title.c_str(), "exchanges", "epochs", "", "1e-3", "1e-6",
              "1e-3", "1e-6");
  grid all(f, best, epochs, evaluations);
  std::vector<std::size_t> const one{1}, few{8, 128};
  auto const regular = [](std::size_t h) { return every(h); };
  auto const constant = [](double eta, double) {
    return std::vector<double>{eta, 4 * eta, 16 * eta};
  };
  // Of order 1/(LT): its steps grow like t.
  auto const falling = [](double eta, double steps) {
    return std::vector<double>{4 * eta / steps, 16 * eta / steps, 64 * eta / steps};
  };
  all.measure("sgd, H = 1 (mini-batch)", [](std::size_t) { return sgd{}; }, one, regular, constant);
  all.measure("fedac, H = 1 (accelerated)", [](std::size_t) { return fedac{}; }, one, regular, constant);
  all.measure("sgd", [](std::size_t) { return sgd{}; }, few, regular, constant);
  all.measure("sgd, 2 groups every H/8", [](std::size_t) { return sgd{}; }, few,
              [](std::size_t h) { return hierarchical(h / 8, h, 2); }, constant);
  all.measure("scaffnew", [](std::size_t) { return scaffnew{}; }, few, regular, constant);
  all.measure("scaffnew, random sync times",
              [](std::size_t h) { return scaffnew{.probability = 1 / static_cast<double>(h)}; }, few,
              [](std::size_t h) { return at_random(static_cast<double>(h)); }, constant);
  all.measure("fedac", [](std::size_t) { return fedac{}; }, few, regular, constant);
  all.measure("slowcal", [](std::size_t) { return slowcal{}; }, few, regular, falling);

  all.measure_asynchronous("sgd, asynchronous", [](double eta) { return constant_step(eta); });
  all.measure_asynchronous("the same, delay_adaptive",
                           [](double eta) { return delay_adaptive(constant_step(eta)); });

  auto const ours = [&](char const* name, auto const& worker) {
    costs c;
    good_enough observer{best};
    settings const s{.workers = workers, .epochs = 300, .tolerance = 1e-9};
    result const r = minimize(f, s, worker, sharded{}, serial{}, observer);
    c.take(r.history, best, static_cast<double>(f.samples()));
    print(name, c);
  };
  ours("svrg", svrg{});
  ours("loopless_svrg", loopless_svrg{});
  ours("dane", dane{});
}

void compare_data(std::string const& name, dataset<csr_matrix<float>> const& data) {
  std::size_t const n = data.targets.size();
  for (bool const sorted : {false, true}) {
    auto const order = bench::order_of_samples({data.targets.data(), n}, sorted);
    auto const rows = select_rows(data.features, order);
    std::vector<double> labels;
    for (std::size_t const i : order) labels.push_back(data.targets[i]);
    linear_objective const f(rows, labels, logistic{}, l2{1 / static_cast<double>(n)});
    double const best = minimize(f, {.tolerance = 1e-12}).objective;
    compare(f, best, 20, 40, name + (sorted ? ", sorted shards" : ", random shards"));
  }
}

/// One sample each, so that gradients have no noise: curvatures from 1/κ to 1 that differ by factors
/// from 1/2 to 3/2 between the workers, and different minima.
support::heterogeneous shards_that_differ(double kappa) {
  std::size_t const d = 20;
  support::heterogeneous f;
  for (std::size_t k = 0; k != workers; ++k) {
    std::vector<double> curvature(d), centre(d);
    for (std::size_t j = 0; j != d; ++j) {
      auto const words = random_words(2, random_stream::noise, static_cast<std::uint32_t>(k), j);
      curvature[j] = std::pow(kappa, -static_cast<double>(j) / static_cast<double>(d - 1)) *
                     (0.5 + unit_interval(words[0]));
      centre[j] = 1 + standard_normal(random_words(3, random_stream::noise, static_cast<std::uint32_t>(k), j));
    }
    f.curvature.push_back(curvature);
    f.centre.push_back(centre);
  }
  return f;
}

void compare_quadratics() {
  for (double const kappa : {1e2, 1e4}) {
    std::string const name = "quadratic, kappa = " + std::to_string(static_cast<int>(kappa));
    auto const differ = shards_that_differ(kappa);
    compare(differ, differ.value(differ.minimiser()), 20000, 500, name + ", no noise");
    std::vector<double> spectrum(20);
    for (std::size_t j = 0; j != spectrum.size(); ++j)
      spectrum[j] = std::pow(kappa, -static_cast<double>(j) / 19);
    quadratic const f({.spectrum = spectrum, .samples = 8192, .variance = 1});
    compare(f, f.minimum(), 100, 50, name + ", variance 1");
  }
}

int run(int argc, char** argv) {
  char const* const named = std::getenv("LOCALSGD_DATA");
  std::filesystem::path const folder = named != nullptr ? named : LOCALSGD_DEFAULT_DATA;
  std::vector<std::string> names{"quadratic", "a9a", "w8a"};
  if (argc > 1) names.assign(argv + 1, argv + argc);
  for (std::string const& name : names) {
    if (name == "quadratic") {
      compare_quadratics();
      continue;
    }
    auto const file = folder / (name + ".gz");
    if (!std::filesystem::exists(file)) {
      std::printf("skipped: there is no %s; LOCALSGD_DATA names another folder\n", file.c_str());
      continue;
    }
    compare_data(name, parse_libsvm<float>(support::gunzip(file), file.string()));
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
