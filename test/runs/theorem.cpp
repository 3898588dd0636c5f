// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE runs_theorem
#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "test/support/theory.hpp"

// The bounds hold in the mean over many runs, on quadratics of which everything is known. Seeds are
// fixed: the figures are the same in every run.

namespace {

using localsgd::run_shape;
using support::measured_runs;
using support::point;
using support::theory_problem;

/// E f(x̂_T) − f* when κ = 1, where ∇f(x) = x − x*: with e_t = x̄_t − x*,
/// e_{t+1} = (1 − η_t) e_t − η_t n_t and E‖n_t‖² = σ²/(Kb), so
/// x̂_T − x* = p_0 e_0 − Σ_s η_s p_{s+1} n_s where p_t = w_t/S_T + (1 − η_t) p_{t+1}.
double exact_gap(theory_problem const& problem, run_shape const& s,
                 localsgd::theory_step const& eta) {
  double weights = 0, sum_of_squares = 0, p = 0;
  auto const weight = [&](std::uint64_t t) {
    double const root = eta.shift() + static_cast<double>(t);
    return root * root;
  };
  for (std::uint64_t t = 0; t != s.steps; ++t) weights += weight(t);
  for (std::uint64_t t = s.steps; t-- != 0;) {
    sum_of_squares += std::pow(eta(t) * p, 2);
    p = weight(t) / weights + (1 - eta(t)) * p;
  }
  double const variance =
      problem.f.variance() / static_cast<double>(s.workers) / static_cast<double>(s.batch_size);
  return (p * p * problem.squared_distance(problem.start) + variance * sum_of_squares) / 2;
}

/// E (1/K) Σ_k ‖x_t^k − x̄_t‖² when κ = 1: what K independent sums of noise since the last average
/// differ by.
double exact_drift(theory_problem const& problem, run_shape const& s,
                   localsgd::theory_step const& eta, std::uint64_t t) {
  double sum = 0;
  for (std::uint64_t step = t - t % s.local_steps; step != t; ++step)
    sum = std::pow(1 - eta(step), 2) * sum + std::pow(eta(step), 2);
  return (1 - 1 / static_cast<double>(s.workers)) * problem.f.variance() /
         static_cast<double>(s.batch_size) * sum;
}

}  // namespace

BOOST_AUTO_TEST_CASE(theorem_2_2_and_lemma_3_3_hold_in_the_mean) {
  std::size_t cells = 0;
  support::for_each_cell([&](theory_problem const& problem, run_shape const& shape) {
    BOOST_TEST_CONTEXT("kappa " << 1 / problem.f.strong_convexity() << " K " << shape.workers
                                << " H " << shape.local_steps << " b " << shape.batch_size) {
      ++cells;
      auto const eta = localsgd::stich_step(problem.constants(), shape);
      auto const m = support::measure(problem, shape, eta, support::runs_per_cell);
      double const surely = m.gap.mean() + 4 * m.gap.standard_error();

      auto const [c, s] = support::as_single_samples(problem, shape, m);
      double const bound = localsgd::stich_bound(c, s).total();
      BOOST_TEST(surely <= bound);
      // The bound in terms of b and the G² of single samples is the weaker one.
      auto of_samples = problem.constants();
      of_samples.second_moment = m.second_moment(problem.f.variance());
      BOOST_TEST(bound <= localsgd::stich_bound(of_samples, shape).total() * (1 + 1e-14));

      std::size_t above = 0;
      for (std::uint64_t t = 0; t != s.steps; ++t)
        above += m.drift[t] > localsgd::stich_drift_bound(c, s, t);
      BOOST_TEST(above == 0);

      if (problem.f.strong_convexity() == 1) {  // what is measured is what there is
        BOOST_TEST(std::abs(m.gap.mean() - exact_gap(problem, shape, eta)) <=
                   4 * m.gap.standard_error());
        for (std::uint64_t t = 0; t != s.steps; ++t) {
          double const exact = exact_drift(problem, shape, eta, t);
          if (std::abs(m.drift[t] - exact) > 0.25 * exact + 1e-25) ++above;
        }
        BOOST_TEST(above == 0);
      }
    }
  });
  BOOST_TEST(cells == 54);
}

BOOST_AUTO_TEST_CASE(the_asynchronous_bounds_hold_in_the_mean_with_delays) {
  for (double const kappa : {1.0, 5.0, 50.0}) {
    theory_problem const problem(kappa);
    for (std::size_t const workers : {4u, 16u})
      for (std::uint64_t const local_steps : {1u, 4u, 16u})
        for (std::uint64_t const write_delay : {0u, 1u, 8u}) {
          // Every write is seen `write_delay` steps later and holds all but the H − 1 steps since.
          run_shape const s{.workers = workers,
                            .local_steps = local_steps,
                            .steps = 256,
                            .delay = write_delay + local_steps - 1};
          BOOST_TEST_CONTEXT("kappa " << kappa << " K " << workers << " H " << local_steps
                                      << " tau " << s.delay) {
            auto c = problem.constants();
            auto const eta = localsgd::stich_step(c, s);
            auto const m = support::measure_asynchronous(problem, s, eta, support::runs_per_cell);
            c.second_moment = m.second_moment(c.variance.value);
            BOOST_TEST(m.delay <= s.delay);
            BOOST_TEST(m.delay >= write_delay);
            double const surely = m.gap.mean() + 4 * m.gap.standard_error();
            BOOST_TEST(surely <= localsgd::stich_asynchronous_bound(c, s).total());
            std::size_t above = 0;
            for (std::uint64_t t = 0; t != s.steps; ++t)
              above += m.drift[t] > localsgd::stich_asynchronous_drift_bound(c, s, t);
            BOOST_TEST(above == 0);
          }
        }
  }
}

// With H = 1 and no delay everybody sees everything at once: Algorithm 2 is Algorithm 1.
BOOST_AUTO_TEST_CASE(without_delays_the_asynchronous_run_is_the_synchronous_one) {
  theory_problem const problem(5);
  run_shape const s{.workers = 4, .local_steps = 1, .steps = 64};
  auto const eta = localsgd::stich_step(problem.constants(), s);
  auto const p = support::plan_of(s, problem.f.samples(), problem.f.dimension(), 7);
  auto const nothing = [](auto&&...) {};
  auto const one = support::synchronous_run(problem.f, eta, localsgd::every{1}, p, problem.start,
                                            nothing);
  auto const [other, delay] =
      support::asynchronous_run(problem.f, eta, 1, 0, p, problem.start, nothing);
  BOOST_TEST(delay == 0);
  BOOST_TEST(support::relative_distance(one.average, other.average) <= 1e-14);
  BOOST_TEST(support::relative_distance(one.last, other.last) <= 1e-14);
}

BOOST_AUTO_TEST_CASE(the_bounds_for_a_constant_step_hold_in_the_mean) {
  for (double const kappa : {1.0, 5.0, 50.0}) {
    theory_problem const problem(kappa);
    auto const c = problem.constants();
    for (double const gamma : {0.25, 0.05})
      for (std::size_t const workers : {1u, 4u})
        for (std::uint64_t const local_steps : {1u, 16u})
          for (std::size_t const batch_size : {1u, 4u}) {
            run_shape const s{.workers = workers,
                              .local_steps = local_steps,
                              .batch_size = batch_size,
                              .steps = 256};
            BOOST_TEST_CONTEXT("kappa " << kappa << " gamma " << gamma << " K " << workers << " H "
                                        << local_steps << " b " << batch_size) {
              localsgd::constant_step const step(gamma);
              auto const m = support::measure(problem, s, step, support::runs_per_cell);
              double const bound = localsgd::khaled_distance_bound(c, s, step).total();
              BOOST_TEST(m.distance.mean() + 4 * m.distance.standard_error() <= bound);
              BOOST_TEST(m.last_gap.mean() + 4 * m.last_gap.standard_error() <=
                         localsgd::khaled_bound(c, s, step).total());
              // E‖x̄_T − x*‖² → γσ²/((2 − γ)Kb) at κ = 1: the bound is twice what happens.
              if (kappa == 1 && local_steps == 1) BOOST_TEST(bound <= 2.5 * m.distance.mean());
            }
          }
  }
}

BOOST_AUTO_TEST_CASE(the_bound_for_convex_functions_holds_in_the_mean_without_strong_convexity) {
  theory_problem const problem(support::infinity);
  auto const c = problem.constants();
  BOOST_TEST(c.strong_convexity.value == 0);
  localsgd::constant_step const step(0.25);
  for (std::size_t const workers : {1u, 4u})
    for (std::uint64_t const local_steps : {1u, 16u}) {
      run_shape const s{.workers = workers, .local_steps = local_steps, .steps = 256};
      support::mean_over_runs gap;
      for (std::size_t seed = 1; seed <= support::runs_per_cell; ++seed) {
        auto const p = support::plan_of(s, problem.f.samples(), problem.f.dimension(), seed);
        point plain_mean(problem.f.dimension());
        support::synchronous_run(problem.f, step, localsgd::every{local_steps}, p, problem.start,
                                 [&](std::uint64_t, auto& x) {
                                   point const now = x.mean();
                                   for (std::size_t j = 0; j != now.size(); ++j)
                                     plain_mean[j] += now[j] / static_cast<double>(s.steps);
                                 });
        gap.add(problem.gap_and_slope(plain_mean).first);
      }
      BOOST_TEST(gap.mean() + 4 * gap.standard_error() <=
                 localsgd::khaled_convex_bound(c, s, step).total());
    }
}
