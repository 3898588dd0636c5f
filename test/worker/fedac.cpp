// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE worker_fedac
#include "localsgd/worker/fedac.hpp"

#include "test/support/family.hpp"
#include "test/support/heterogeneous.hpp"
#include "test/support/problems.hpp"

#include <boost/test/unit_test.hpp>

#include <cmath>
#include <cstddef>
#include <vector>

using namespace localsgd;
using support::data;
using support::heterogeneous;
using support::logistic_objective;

// μ = 2, η = 1/8, H = 1: γ = √(1/16) = 1/4, α = 2, β = 3. On f_0 = ½(x − 1)²:
// y = 0, g = −1, x = 1/8, w = 1/4; y = 1/6, g = −5/6, x = 13/48, w = 1/8 + 1/12 + 5/24 = 5/12.
BOOST_AUTO_TEST_CASE(two_steps_are_those_computed_by_hand) {
  heterogeneous const f{{{1}, {3}}, {{1}, {-1}}};
  constant_step const eta(0.125);
  sharded<> const sampler;
  auto const p = support::make_plan(2, 1, 2, 1);
  auto const pairs = fedac{}.anchor(f, eta, p);
  auto sequence = fedac{}.bind(f, sampler, eta, p, 0, pairs);
  auto const tolerance = boost::test_tools::tolerance(1e-15);
  sequence.advance(0, 1);
  BOOST_TEST(sequence.local()[0] == 0.125, tolerance);
  BOOST_TEST(sequence.second()[0] == 0.25, tolerance);
  sequence.advance(1, 2);
  BOOST_TEST(sequence.local()[0] == 13.0 / 48, tolerance);
  BOOST_TEST(sequence.second()[0] == 5.0 / 12, tolerance);
}

// √(η/(μH)) = √(1/8 / (2·16)) = 1/16 is below η: γ = η.
BOOST_AUTO_TEST_CASE(gamma_is_at_least_the_step_size) {
  heterogeneous const f{{{1}, {3}}, {{1}, {-1}}};
  auto p = support::make_plan(2, 1, 2, 1);
  p.local_steps = 16;
  auto const c = fedac{}.anchor(f, constant_step(0.125), p).at(0.125);
  BOOST_TEST(c.gamma == 0.125);
  BOOST_TEST(c.inverse_alpha == 0.25);
  BOOST_TEST(c.inverse_beta() == 0.2);  // β = α + 1 = 5
}

BOOST_AUTO_TEST_CASE(without_noise_every_step_falls_by_the_rate_of_the_theorem) {
  heterogeneous const f = support::three_quadratics();
  double const eta = 0.25, mu = f.strong_convexity();
  settings const s{.workers = 3, .local_steps = 1, .steps = 40, .evaluations = 39};
  result const r = minimize(f, s, fedac{}, sharded{}, constant_step(eta), serial{});
  auto const best = f.minimiser();
  double const minimum = f.value(best);
  double const start =
      r.history[0].objective - minimum + mu / 2 * std::pow(support::norm(best), 2);
  for (auto const& e : r.history)
    BOOST_TEST(e.objective - minimum <=
               start * std::pow(1 - std::sqrt(eta * mu), static_cast<double>(e.steps)) + 1e-13);
  BOOST_TEST(r.history.size() == 41u);
}

// f = ½(x − 1)² + (y − 1)²/2000, η = 1/L. sgd: y_600 = 1 − (1 − 1/1000)^600 = 0.45; fedac:
// (y − 1)²/2000 ≤ (1 − √(1/1000))^600 < 5e-9.
BOOST_AUTO_TEST_CASE(it_is_an_accelerated_method) {
  heterogeneous const f{{{1, 0.001}}, {{1, 1}}};
  settings const s{.workers = 1, .local_steps = 1, .steps = 600};
  result const r = minimize(f, s, fedac{}, constant_step(1), serial{});
  BOOST_TEST(std::abs(r.last[1] - 1) <= 4e-3);
  result const q = minimize(f, s, sgd{}, constant_step(1), serial{});
  BOOST_TEST(std::abs(q.last[1] - 1) >= 0.5);
}

BOOST_AUTO_TEST_CASE(workers_that_agree_are_one_worker) {
  quadratic const f({.spectrum = {0.5, 3, 1, 8}, .samples = 10});
  settings one{.workers = 1, .local_steps = 5, .steps = 60}, four = one;
  four.workers = 4;
  constant_step const eta(0.1);
  BOOST_TEST((minimize(f, one, fedac{}, eta, serial{}).last ==
              minimize(f, four, fedac{}, eta, serial{}).last));
}

BOOST_AUTO_TEST_CASE(a_round_is_two_exchanges) {
  result const r = minimize(logistic_objective(), {.workers = 4, .local_steps = 5, .steps = 50},
                            fedac{}, serial{});
  BOOST_TEST(r.rounds == 10u);
  BOOST_TEST(r.exchanges == 20u);
}

BOOST_AUTO_TEST_CASE(a_warm_start_at_the_minimum_stays_there) {
  quadratic const f({.spectrum = {0.5, 3, 1, 8}, .minimiser = {1, -2, 3, -4}, .samples = 10});
  settings const s{.workers = 3, .local_steps = 5, .steps = 60};
  result const r = minimize(f, s, fedac{}, constant_step(0.1), serial{},
                            warm_start(std::vector<double>{1, -2, 3, -4}));
  BOOST_TEST((std::vector<double>(r.last.begin(), r.last.end()) == std::vector<double>{1, -2, 3, -4}));
}

BOOST_AUTO_TEST_CASE(the_bits_are_those_of_serial) {
  settings const s{.workers = 6, .local_steps = 5, .batch_size = 2, .steps = 60};
  support::same_bits_everywhere(logistic_objective(), s, fedac{}, sharded{});
  support::same_bits_everywhere(logistic_objective(), s, fedac{});
}

BOOST_AUTO_TEST_CASE(a_run_that_was_cut_continues_with_the_same_bits) {
  settings const s{.workers = 4, .local_steps = 5, .steps = 60, .evaluations = 11};
  support::survives_a_cut(logistic_objective(), s, fedac{});
}

BOOST_AUTO_TEST_CASE(what_it_cannot_do_is_refused_by_name) {
  auto const f = logistic_objective();
  settings const s{.workers = 2, .steps = 10};
  support::refuses_other_means(f, s, fedac{});
  linear_objective const kinks(data().sparse, data().labels, logistic{}, elastic_net{0.01, 0.01});
  BOOST_TEST(support::refused_field(kinks, s, fedac{}, serial{}) == "regularizer");
  linear_objective const flat(data().sparse, data().labels, logistic{}, no_penalty{});
  BOOST_TEST(support::refused_field(flat, s, fedac{}, serial{}) == "objective.strong_convexity()");
  linear_objective const unpenalized(data().sparse, data().labels, logistic{}, l2{0.01}, {.intercept = 1});
  BOOST_TEST(support::refused_field(unpenalized, s, fedac{}, serial{}) == "objective.strong_convexity()");
}
