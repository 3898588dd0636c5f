// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE worker_scaffnew
#include "localsgd/worker/scaffnew.hpp"

#include "test/support/family.hpp"
#include "test/support/heterogeneous.hpp"
#include "test/support/problems.hpp"

#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <string>
#include <vector>

using namespace localsgd;
using support::data;
using support::heterogeneous;
using support::logistic_objective;

// f_0 = ½(x − 1)², f_1 = 3/2 (x + 1)², η = 1/4, H = 2. All numbers are exact.
BOOST_AUTO_TEST_CASE(two_rounds_are_those_computed_by_hand) {
  heterogeneous const f{{{1}, {3}}, {{1}, {-1}}};
  constant_step const eta(0.25);
  sharded<> const sampler;
  auto const p = support::make_plan(2, 1, 2, 1);
  quadratic_weights const weights{1};
  auto first = scaffnew{}.bind(f, sampler, eta, weights, p, 0);
  auto second = scaffnew{}.bind(f, sampler, eta, weights, p, 1);
  first.advance(0, 2);
  second.advance(0, 2);
  BOOST_TEST(first.local()[0] == 7.0 / 16);     // 0, 1/4, 1/4 + 3/16
  BOOST_TEST(second.local()[0] == -15.0 / 16);  // 0, −3/4, −3/4 − 3/16
  std::vector<double> const mean{-0.25};
  first.assign(mean);
  second.assign(mean);
  BOOST_TEST(first.correction()[0] == -11.0 / 8);  // (−1/4 − 7/16)/(2·1/4)
  BOOST_TEST(second.correction()[0] == 11.0 / 8);
  first.advance(2, 3);
  BOOST_TEST(first.local()[0] == -9.0 / 32);  // −1/4 − (−5/4 + 11/8)/4
}

BOOST_AUTO_TEST_CASE(a_probability_replaces_one_over_the_steps_of_the_round) {
  heterogeneous const f{{{1}, {3}}, {{1}, {-1}}};
  constant_step const eta(0.25);
  sharded<> const sampler;
  auto const p = support::make_plan(2, 1, 2, 1);
  auto sequence = scaffnew{.probability = 0.25}.bind(f, sampler, eta, quadratic_weights{1}, p, 0);
  sequence.advance(0, 2);
  sequence.assign(std::vector<double>{-0.25});
  BOOST_TEST(sequence.correction()[0] == -11.0 / 16);  // (p/η)(x̄ − x) = −1/4 − 7/16
}

BOOST_AUTO_TEST_CASE(an_assignment_without_steps_changes_no_correction) {
  heterogeneous const f{{{1}, {3}}, {{1}, {-1}}};
  constant_step const eta(0.25);
  sharded<> const sampler;
  auto const p = support::make_plan(2, 1, 2, 1);
  auto sequence = scaffnew{}.bind(f, sampler, eta, quadratic_weights{1}, p, 0);
  sequence.assign(std::vector<double>{5});
  BOOST_TEST(sequence.correction()[0] == 0);
  BOOST_TEST(sequence.local()[0] == 5);
}

BOOST_AUTO_TEST_CASE(one_worker_equals_sgd_exactly) {
  auto const f = logistic_objective();
  settings const s{.workers = 1, .local_steps = 7, .steps = 500};
  BOOST_TEST((support::bits(minimize(f, s, scaffnew{}, serial{})) ==
              support::bits(minimize(f, s, sgd{}, serial{}))));
}

// x̄ ← x̄ − η Σ w_k (g_k − h_k) = x̄ − η Σ w_k g_k
BOOST_AUTO_TEST_CASE(a_round_after_every_step_equals_mini_batch_sgd) {
  auto const f = logistic_objective();
  settings const s{.workers = 5, .local_steps = 1, .steps = 400};
  result const r = minimize(f, s, scaffnew{}, sharded{}, serial{});
  result const q = minimize(f, s, sgd{}, sharded{}, serial{});
  BOOST_TEST(support::distance(r.last, q.last) <= 1e-12);  // 400 steps of rounding
  BOOST_TEST(support::distance(r.average, q.average) <= 1e-12);
}

// ημ = 1/8 and 1/H² = 1/16: (15/16)^800 is below 1e-22.
BOOST_AUTO_TEST_CASE(full_gradients_converge_to_the_minimum_and_those_of_sgd_do_not) {
  heterogeneous const f = support::three_quadratics();
  settings const s{.workers = 3, .local_steps = 4, .steps = 800};
  result const r = minimize(f, s, scaffnew{}, sharded{}, constant_step(0.25), serial{});
  BOOST_TEST(support::euclidean_distance(r.last, f.minimiser()) <= 1e-12);
  result const q = minimize(f, s, sgd{}, sharded{}, constant_step(0.25), serial{});
  BOOST_TEST(support::euclidean_distance(q.last, f.minimiser()) > 0.1);
}

BOOST_AUTO_TEST_CASE(random_sync_times_converge_to_the_minimum) {
  heterogeneous const f = support::three_quadratics();
  settings const s{.workers = 3, .steps = 1600};
  result const r = minimize(f, s, scaffnew{.probability = 0.25}, at_random{4}, sharded{},
                            constant_step(0.25), serial{});
  BOOST_TEST(support::euclidean_distance(r.last, f.minimiser()) <= 1e-10);
  BOOST_TEST(r.rounds > 300u);  // 400 on average, with a standard deviation of 17
  BOOST_TEST(r.rounds < 500u);
}

// Worker 1 sees the second function three times: it counts three times in f and in the mean.
BOOST_AUTO_TEST_CASE(uneven_shards_have_the_minimum_of_all_samples) {
  std::vector<heterogeneous> const shards{{{{1, 4}}, {{1, -2}}},
                                          {{{2, 1}, {2, 1}, {2, 1}}, {{-3, 1}, {-3, 1}, {-3, 1}}}};
  heterogeneous const whole{{{1, 4}, {2, 1}, {2, 1}, {2, 1}}, {{1, -2}, {-3, 1}, {-3, 1}, {-3, 1}}};
  serial one;
  sharded_objective const f(one, 2, [&](std::size_t k) { return shards[k]; });
  settings const s{.workers = 2, .local_steps = 4, .steps = 800};
  result const r = minimize(f, s, scaffnew{}, constant_step(0.25), one);
  BOOST_TEST(support::euclidean_distance(r.last, whole.minimiser()) <= 1e-12);
}

BOOST_AUTO_TEST_CASE(an_average_is_one_exchange) {
  result const r = minimize(logistic_objective(), {.workers = 4, .local_steps = 5, .steps = 50},
                            scaffnew{}, sharded{}, serial{});
  BOOST_TEST(r.rounds == 10u);
  BOOST_TEST(r.exchanges == 10u);
}

BOOST_AUTO_TEST_CASE(the_bits_are_those_of_serial) {
  settings const s{.workers = 6, .local_steps = 5, .batch_size = 2, .steps = 60};
  support::same_bits_everywhere(logistic_objective(), s, scaffnew{}, sharded{});
  support::same_bits_everywhere(logistic_objective(), s, scaffnew{});
}

BOOST_AUTO_TEST_CASE(a_run_that_was_cut_continues_with_the_same_bits) {
  settings const s{.workers = 4, .local_steps = 5, .steps = 60, .evaluations = 11};
  support::survives_a_cut(logistic_objective(), s, scaffnew{}, sharded{});
}

BOOST_AUTO_TEST_CASE(float_iterates_follow_the_double_ones) {
  softmax_objective const f(data().dense_float, data().classes, 3, l2{0.01});
  softmax_objective const g(data().dense_float, data().classes, 3, l2{0.01}, {}, iterate_type<float>{});
  settings const s{.workers = 4, .local_steps = 5, .steps = 200};
  result const r = minimize(f, s, scaffnew{}, sharded{}, constant_step(0.1), serial{});
  result const q = minimize(g, s, scaffnew{}, sharded{}, constant_step(0.1), serial{});
  BOOST_TEST(support::distance(q.last, r.last) <= 1e-3);  // h amplifies roundings by 1/η
}

BOOST_AUTO_TEST_CASE(what_it_cannot_do_is_refused_by_name) {
  auto const f = logistic_objective();
  settings const s{.workers = 2, .steps = 10};
  support::refuses_other_means(f, s, scaffnew{});
  linear_objective const kinks(data().sparse, data().labels, logistic{}, l1{0.01});
  BOOST_TEST(support::refused_field(kinks, s, scaffnew{}, serial{}) == "regularizer");
  for (double const p : {-0.1, 1.1, support::not_a_number})
    BOOST_TEST(support::refused_field(f, s, scaffnew{.probability = p}, serial{}) ==
               "scaffnew.probability");
}
