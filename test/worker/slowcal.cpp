// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE worker_slowcal
#include "localsgd/worker/slowcal.hpp"

#include "test/support/family.hpp"
#include "test/support/heterogeneous.hpp"
#include "test/support/problems.hpp"

#include <boost/test/unit_test.hpp>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

using namespace localsgd;
using support::data;
using support::heterogeneous;
using support::logistic_objective;

// On ½(x − 1)², η = 1/4: g = −1, w = 1/4, x = 2/3·1/4; g = −5/6, w = 1/4 + 2/4·5/6, x = 1/6 + 1/4.
BOOST_AUTO_TEST_CASE(two_steps_are_those_computed_by_hand) {
  heterogeneous const f{{{1}, {3}}, {{1}, {-1}}};
  constant_step const eta(0.25);
  sharded<> const sampler;
  auto const p = support::make_plan(2, 1, 2, 1);
  auto const pairs = slowcal{}.anchor(f, eta, p);
  auto sequence = slowcal{}.bind(f, sampler, eta, p, 0, pairs);
  auto const tolerance = boost::test_tools::tolerance(1e-15);
  sequence.advance(0, 1);
  BOOST_TEST(sequence.second()[0] == 0.25, tolerance);
  BOOST_TEST(sequence.local()[0] == 1.0 / 6, tolerance);
  sequence.advance(1, 2);
  BOOST_TEST(sequence.second()[0] == 2.0 / 3, tolerance);
  BOOST_TEST(sequence.local()[0] == 5.0 / 12, tolerance);
}

BOOST_AUTO_TEST_CASE(x_is_the_average_of_all_w_with_the_weights_one_two_three) {
  quadratic const f({.spectrum = {0.5, 3}, .samples = 50, .variance = 1});
  constant_step const eta(0.01);
  with_replacement const sampler;
  auto const p = support::make_plan(50, 2, 1, 1);
  auto const pairs = slowcal{}.anchor(f, eta, p);
  auto sequence = slowcal{}.bind(f, sampler, eta, p, 0, pairs);
  double sum = 0, weights = 0;
  for (std::uint64_t t = 0;; ++t) {
    sum += static_cast<double>(t + 1) * sequence.second()[1];
    weights += static_cast<double>(t + 1);
    BOOST_TEST(std::abs(sequence.local()[1] - sum / weights) <= 1e-13);
    if (t == 100) break;
    sequence.advance(t, t + 1);
  }
}

BOOST_AUTO_TEST_CASE(workers_that_agree_are_one_worker) {
  quadratic const f({.spectrum = {0.5, 3, 1, 8}, .samples = 10});
  settings one{.workers = 1, .local_steps = 5, .steps = 60}, four = one;
  four.workers = 4;
  constant_step const eta(0.01);
  BOOST_TEST((minimize(f, one, slowcal{}, eta, serial{}).last ==
              minimize(f, four, slowcal{}, eta, serial{}).last));
}

// With η = 1/(4T) the last step of w is as long as one of sgd with 1/4.
BOOST_AUTO_TEST_CASE(drift_on_shards_that_differ_does_much_less_harm_than_to_sgd) {
  heterogeneous const f = support::three_quadratics();
  double const minimum = f.value(f.minimiser());
  settings const s{.workers = 3, .local_steps = 8, .steps = 4000};
  result const r = minimize(f, s, slowcal{}, sharded{}, constant_step(0.25 / 4000), serial{});
  BOOST_TEST(r.objective - minimum <= 1e-4);
  result const q = minimize(f, s, sgd{}, sharded{}, constant_step(0.25), serial{});
  BOOST_TEST(q.objective - minimum >= 0.1);
}

BOOST_AUTO_TEST_CASE(a_round_is_two_exchanges) {
  result const r = minimize(logistic_objective(), {.workers = 4, .local_steps = 5, .steps = 50},
                            slowcal{}, sharded{}, serial{});
  BOOST_TEST(r.rounds == 10u);
  BOOST_TEST(r.exchanges == 20u);
}

BOOST_AUTO_TEST_CASE(a_warm_start_at_the_minimum_stays_there) {
  quadratic const f({.spectrum = {0.5, 3, 1, 8}, .minimiser = {1, -2, 3, -4}, .samples = 10});
  settings const s{.workers = 3, .local_steps = 5, .steps = 60};
  result const r = minimize(f, s, slowcal{}, constant_step(0.01), serial{},
                            warm_start(std::vector<double>{1, -2, 3, -4}));
  BOOST_TEST((std::vector<double>(r.last.begin(), r.last.end()) == std::vector<double>{1, -2, 3, -4}));
}

BOOST_AUTO_TEST_CASE(the_bits_are_those_of_serial) {
  settings const s{.workers = 6, .local_steps = 5, .batch_size = 2, .steps = 60};
  support::same_bits_everywhere(logistic_objective(), s, slowcal{}, sharded{}, constant_step(1e-3));
  support::same_bits_everywhere(logistic_objective(), s, slowcal{});
}

BOOST_AUTO_TEST_CASE(a_run_that_was_cut_continues_with_the_same_bits) {
  settings const s{.workers = 4, .local_steps = 5, .steps = 60, .evaluations = 11};
  support::survives_a_cut(logistic_objective(), s, slowcal{}, sharded{});
}

BOOST_AUTO_TEST_CASE(what_it_cannot_do_is_refused_by_name) {
  auto const f = logistic_objective();
  settings const s{.workers = 2, .steps = 10};
  support::refuses_other_means(f, s, slowcal{});
  linear_objective const kinks(data().sparse, data().labels, logistic{}, l1{0.01});
  BOOST_TEST(support::refused_field(kinks, s, slowcal{}, serial{}) == "regularizer");
}
