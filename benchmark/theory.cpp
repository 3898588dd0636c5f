// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#include "test/support/theory.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>

// How loose the bounds of the theory are, and whether the rates are what it says. No time is
// measured: the figures are the same on every machine, up to the last digits.

namespace {

using namespace localsgd;

struct range {
  double least = 1e300, most = 0;
  void add(double value) {
    least = std::min(least, value);
    most = std::max(most, value);
  }
};

void theorem_2_2() {
  std::printf("Theorem 2.2 on quadratics: sigma^2 = 1, |x_0 - x*|^2 = 3, %zu runs per cell\n\n",
              support::runs_per_cell);
  std::printf("kappa   K   H  b    T   measured      +-     bound     start     noise     drift"
              "  bound/measured  drift: bound/measured\n");
  range all, synchronised, drift;
  support::for_each_cell([&](support::theory_problem const& problem, run_shape const& shape) {
    auto const m = support::measure(problem, shape, stich_step(problem.constants(), shape),
                                    support::runs_per_cell);
    auto const [c, s] = support::as_single_samples(problem, shape, m);
    error_bound const bound = stich_bound(c, s);
    double const loose = bound.total() / m.gap.mean();
    range of_drift;
    for (std::uint64_t t = 0; t != s.steps; ++t)
      if (m.drift[t] > 1e-20) of_drift.add(stich_drift_bound(c, s, t) / m.drift[t]);
    all.add(loose);
    if (s.local_steps == 1) synchronised.add(loose);
    std::printf("%5g %3zu %3llu %2zu %4llu  %9.2e %7.0e %9.2e %9.2e %9.2e %9.2e  %14.1f",
                c.condition_number(), shape.workers,
                static_cast<unsigned long long>(shape.local_steps), shape.batch_size,
                static_cast<unsigned long long>(shape.steps), m.gap.mean(), m.gap.standard_error(),
                bound.total(), bound.start, bound.noise, bound.drift, loose);
    if (of_drift.most > 0) {
      drift.add(of_drift.least);
      std::printf("  %.1f ... %.1f", of_drift.least, of_drift.most);
    }
    std::printf("\n");
  });
  std::printf("\nbound/measured: %.1f ... %.1f; with H = 1: %.1f ... %.1f; of the drift, at the "
              "tightest step: %.1f ... %.1f\n\n",
              all.least, all.most, synchronised.least, synchronised.most, drift.least, drift.most);
}

void asynchronous() {
  std::printf("Asynchronous, kappa = 5, T = 256, workers out of step and writes delayed\n\n"
              "  K   H tau   measured     bound  bound/measured\n");
  support::theory_problem const problem(5);
  for (std::size_t const workers : {4u, 16u})
    for (std::uint64_t const local_steps : {1u, 4u, 16u})
      for (std::uint64_t const write_delay : {0u, 8u}) {
        run_shape const s{.workers = workers,
                          .local_steps = local_steps,
                          .steps = 256,
                          .delay = write_delay + local_steps - 1};
        auto c = problem.constants();
        auto const m = support::measure_asynchronous(problem, s, stich_step(c, s),
                                                     support::runs_per_cell);
        c.second_moment = {m.second_moment(c.variance.value), origin::estimate};
        double const bound = stich_asynchronous_bound(c, s).total();
        std::printf("%3zu %3llu %3llu  %9.2e %9.2e  %14.1f\n", workers,
                    static_cast<unsigned long long>(local_steps),
                    static_cast<unsigned long long>(s.delay), m.gap.mean(), bound,
                    bound / m.gap.mean());
      }
  std::printf("\n");
}

void constant_step_sizes() {
  std::printf("Constant step size 1/(4L), E|xbar_T - x*|^2, K = 4, b = 1, T = 256\n\n"
              "kappa   H   measured     bound  bound/measured\n");
  for (double const kappa : {1.0, 5.0, 50.0}) {
    support::theory_problem const problem(kappa);
    for (std::uint64_t const local_steps : {1u, 4u, 16u}) {
      run_shape const s{.workers = 4, .local_steps = local_steps, .steps = 256};
      constant_step const gamma(0.25);
      auto const m = support::measure(problem, s, gamma, support::runs_per_cell);
      double const bound = khaled_distance_bound(problem.constants(), s, gamma).total();
      std::printf("%5g %3llu  %9.2e %9.2e  %14.1f\n", kappa,
                  static_cast<unsigned long long>(local_steps), m.distance.mean(), bound,
                  bound / m.distance.mean());
    }
  }
  std::printf("\n");
}

void rates() {
  support::smooth_problem const problem;
  std::printf("Logistic regression from its minimiser: slope of log error, %zu runs per point\n\n",
              support::runs_per_point);
  auto const print = [&](char const* what, run_shape (*shape)(std::size_t)) {
    auto const line = support::slope_of_the_error(problem, shape, support::runs_per_point);
    std::printf("against %s: %.3f +- %.3f\n", what, line.slope, line.standard_error);
  };
  print("T", support::longer);
  print("K", support::wider);
  print("b", support::fuller);

  support::bent_problem const bent;
  std::printf("\nSquared hinge from its minimiser, K = 16, b = 1, %zu runs\n\n"
              "   T    H  rounds  error over that of H = 1\n",
              support::runs_per_ratio);
  for (std::uint64_t const steps : {1024u, 4096u}) {
    run_shape s = support::many_workers(steps);
    double const reference = bent.error(s, support::runs_per_ratio).mean();
    std::uint64_t const advised = recommended_local_steps(s.steps, s.workers, s.batch_size);
    for (std::uint64_t const local_steps : {std::uint64_t{1}, advised, 4 * advised, s.steps}) {
      s.local_steps = local_steps;
      std::printf("%4llu %4llu %7llu  %.2f\n", static_cast<unsigned long long>(steps),
                  static_cast<unsigned long long>(local_steps),
                  static_cast<unsigned long long>(steps / local_steps),
                  bent.error(s, support::runs_per_ratio).mean() / reference);
    }
  }
}

}  // namespace

int main() {
  theorem_2_2();
  asynchronous();
  constant_step_sizes();
  rates();
}
