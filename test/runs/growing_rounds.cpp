// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE runs_growing_rounds
#include "localsgd/loss/logistic.hpp"
#include "localsgd/loss/squared.hpp"
#include "localsgd/schedule/growing.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <span>
#include <utility>
#include <vector>

#include "test/support/problems.hpp"
#include "test/support/runs.hpp"

// With η_t ∝ 1/t and gaps that grow linearly, a number of rounds that is a multiple of K is as good
// as a round after every step, whatever T is. Errors are means over seeds, at the weighted average.

using namespace localsgd;

namespace {

constexpr std::uint64_t rounds_for_each_worker = 16;

/// f_i(x) = c(x) x²/2 + ξ_i x with c = 4 for x > 0 and 1 below: the gradient has a kink at x* = 0,
/// so that a worker that is alone for long is drawn to one side, and averaging cannot undo it.
struct kinked {
  using scalar = double;
  std::vector<double> noise;
  kinked() : noise(1000) {
    support::numbers random(3);
    for (std::size_t i = 0; i != noise.size(); i += 2) {
      noise[i] = random.between(-2, 2);
      noise[i + 1] = -noise[i];
    }
  }
  std::size_t dimension() const { return 1; }
  std::size_t samples() const { return noise.size(); }
  double strong_convexity() const { return 1; }
  double smoothness() const { return 4; }
  double gradient(std::span<double const> x, std::span<std::size_t const> batch,
                  std::span<double> g) const {
    double const c = x[0] > 0 ? 4 : 1;
    double xi = 0;
    for (std::size_t const i : batch) xi += noise[i] / static_cast<double>(batch.size());
    g[0] = c * x[0] + xi;
    return c * x[0] * x[0] / 2 + xi * x[0];
  }
};

/// The mean of f(x̂) − f* over the seeds.
double error(auto const& f, double optimum, settings s, auto const& schedule, std::uint64_t seeds,
             std::uint64_t rounds) {
  double const mu = f.strong_convexity();
  theory_step const eta(mu, 16 * f.smoothness() / mu);
  auto const all = support::all_samples(f.samples());
  std::vector<double> g(f.dimension());
  double sum = 0;
  for (s.seed = 0; s.seed != seeds; ++s.seed) {
    result const r = minimize(f, s, schedule, eta, serial{});
    BOOST_REQUIRE(r.rounds == rounds);
    std::span<double const> const x(r.average.data(), r.average.size());
    sum += f.gradient(x, all, g) - optimum;
  }
  return sum / static_cast<double>(seeds);
}

/// The errors with so many growing rounds and with a single one, as shares of that with T rounds.
struct price {
  double of_growing, of_one;
};
price price_of(char const* name, auto const& f, double optimum, std::size_t workers,
               std::uint64_t steps, std::uint64_t seeds) {
  settings const s{.workers = workers, .steps = steps};
  std::uint64_t const rounds = rounds_for_each_worker * workers;
  double const often = error(f, optimum, s, every{1}, seeds, steps);
  double const growing_gaps =
      error(f, optimum, s, growing::in_rounds(rounds, steps), seeds, rounds);
  double const once = error(f, optimum, s, one_shot{}, seeds, 1);
  std::printf("%-9s K = %2zu  T = %6ju  %3ju rounds: %.3f  1 round: %.3f  of the error %.1e\n",
              name, workers, std::uintmax_t{steps}, std::uintmax_t{rounds}, growing_gaps / often,
              once / often, often);
  return {growing_gaps / often, once / often};
}

}  // namespace

BOOST_AUTO_TEST_CASE(on_quadratics_of_one_curvature_rounds_do_not_matter_at_all) {
  // Every step is linear, and so is the average: x̄_t is the same whenever averages are made.
  quadratic const f({.spectrum = {1, 3, 10}, .samples = 500, .variance = 4});
  for (std::uint64_t const steps : {1000U, 10000U, 100000U}) {
    price const p = price_of("quadratic", f, f.minimum(), 8, steps, 1);
    BOOST_TEST(p.of_growing == 1.0, boost::test_tools::tolerance(1e-6));
    BOOST_TEST(p.of_one == 1.0, boost::test_tools::tolerance(1e-6));
  }
}

BOOST_AUTO_TEST_CASE(rounds_need_not_grow_with_the_steps_on_least_squares) {
  support::problem const data(500, 4);
  linear_objective const f(data.dense, data.reals, squared{}, l2{0.1});
  double const optimum = minimize(f, {.tolerance = 1e-13}).objective;
  BOOST_TEST(price_of("squared", f, optimum, 8, 1000, 50).of_growing < 1.5);
  BOOST_TEST(price_of("squared", f, optimum, 8, 10000, 10).of_growing < 1.5);
  BOOST_TEST(price_of("squared", f, optimum, 8, 100000, 2).of_growing < 1.5);
}

BOOST_AUTO_TEST_CASE(rounds_need_not_grow_with_the_steps_on_logistic_regression) {
  support::problem const data(500, 4);
  linear_objective const f(data.dense, data.labels, logistic{}, l2{0.1});
  double const optimum = minimize(f, {.tolerance = 1e-13}).objective;
  BOOST_TEST(price_of("logistic", f, optimum, 8, 1000, 50).of_growing < 1.5);
  BOOST_TEST(price_of("logistic", f, optimum, 8, 10000, 10).of_growing < 1.5);
  BOOST_TEST(price_of("logistic", f, optimum, 8, 100000, 2).of_growing < 1.5);
}

BOOST_AUTO_TEST_CASE(rounds_need_not_grow_with_the_steps_where_one_round_is_not_enough) {
  kinked const f;
  for (auto const& [steps, seeds] : {std::pair{1000U, 200U}, {10000U, 60U}, {100000U, 8U}}) {
    price const p = price_of("kinked", f, 0, 8, steps, seeds);
    BOOST_TEST(p.of_growing < 1.5);
    BOOST_TEST(p.of_one > 3);
  }
}

BOOST_AUTO_TEST_CASE(a_multiple_of_the_workers_is_enough_for_any_number_of_them) {
  kinked const f;
  double lonely = 0;
  for (std::size_t const workers : {2U, 8U, 32U}) {
    price const p = price_of("kinked", f, 0, workers, 10000, 60);
    BOOST_TEST(p.of_growing < 1.5);
    BOOST_TEST(p.of_one > lonely);  // what a single round loses grows with K
    lonely = p.of_one;
  }
}
