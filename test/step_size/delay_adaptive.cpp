// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE step_size_delay_adaptive
#include "localsgd/step_size/delay_adaptive.hpp"

#include "localsgd/localsgd.hpp"
#include "localsgd/synchronizer/basic_ranks.hpp"
#include "test/support/family.hpp"
#include "test/support/heterogeneous.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <vector>

using namespace localsgd;
using support::heterogeneous;
using support::logistic_objective;

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
auto const to_rounding = boost::test_tools::tolerance(1e-13);

/// The step size of `rule` for one sample of the curvature 4, in a run with H = 5.
template <class Rule>
auto chosen(Rule const& rule) {
  heterogeneous const f{{{4}}, {{1}}};
  plan p = support::make_plan(1, 1, 1, 1);
  p.local_steps = 5;
  return rule.choose(f, p);
}

/// η = 1/4, and min{1/4, 1/(5τ)} at a delay, which it writes down.
struct recording {
  std::vector<double>* delays;
  double operator()(std::uint64_t) const { return 0.25; }
  double at_delay(std::uint64_t, double delay) const {
    delays->push_back(delay);
    return delay > 0 ? std::min(0.25, 0.2 / delay) : 0.25;
  }
};

/// f(x) = ½(x − 1)², seen by two workers.
heterogeneous const two_of_a_kind{{{1}, {1}}, {{1}, {1}}};

/// Worker 1 needs 2.6 s for a step, worker 0 one.
cluster one_is_slow() {
  return {.costs = {.gradient_seconds = 1, .latency_seconds = 1e-6, .bytes_per_second = 1e12},
          .factors = {1, 2.6}};
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_step_size_is_that_of_the_delay) {
  auto const s = chosen(delay_adaptive(constant_step(0.5), 2, 4));  // c/L = 1/2
  std::vector<double> const delays{0, 0.5, 1, 2, 3, 8, 1e300}, expected{0.5, 0.5,     0.5, 0.25,
                                                                       0.5 / 3, 0.0625, 0.5e-300};
  for (std::size_t i = 0; i != delays.size(); ++i)
    BOOST_TEST(s.at_delay(7, delays[i]) == expected[i], to_rounding);
  BOOST_TEST(s(7) == 0.5);
}

BOOST_AUTO_TEST_CASE(without_a_delay_it_is_exactly_the_base) {
  inverse_time_step const base(0.3, 0.1);
  auto const s = chosen(delay_adaptive(base, 1e-9));
  for (std::uint64_t t = 0; t != 100; ++t) {
    BOOST_TEST(s(t) == base(t));
    BOOST_TEST(s.at_delay(t, 0) == base(t));
    BOOST_TEST(s.at_delay(t, 1) < base(t));
  }
  BOOST_TEST(s.shift() == base.shift());
}

BOOST_AUTO_TEST_CASE(a_rule_chooses_the_base) {
  auto const base = chosen(automatic_step{});
  auto const s = chosen(delay_adaptive(automatic_step{}));
  for (std::uint64_t t = 0; t < 1000; t += 37) BOOST_TEST(s(t) == base(t));
}

BOOST_AUTO_TEST_CASE(the_factor_is_h_unless_it_is_given) {
  auto const s = chosen(delay_adaptive(constant_step(1e9), 0, 2));
  BOOST_TEST(s.at_delay(0, 10) == 5.0 / (2 * 10), to_rounding);
  auto const given = chosen(delay_adaptive(constant_step(1e9), 3, 2));
  BOOST_TEST(given.at_delay(0, 10) == 3.0 / (2 * 10), to_rounding);
}

namespace {
struct gradients_only : heterogeneous {
  double stable_step(std::size_t) const = delete;
};
}  // namespace

BOOST_AUTO_TEST_CASE(the_smoothness_is_that_of_the_objective) {
  auto const limit = [](auto const& f) {  // c/L
    plan const p = support::make_plan(f.samples(), f.dimension(), 2, 1);
    return delay_adaptive(constant_step(1e9), 1).choose(f, p).at_delay(0, 1);
  };
  BOOST_TEST(limit(quadratic({.spectrum = {1, 2, 8}, .samples = 10})) == 1.0 / 8, to_rounding);
  BOOST_TEST(limit(heterogeneous{{{4}, {2}}, {{1}, {1}}}) == 1.0 / 4, to_rounding);  // stable_step
  BOOST_TEST(limit(gradients_only{{{{4}, {2}}, {{1}, {1}}}}) == 1.0 / 3,  // estimated: (4 + 2)/2
             boost::test_tools::tolerance(1e-3));
  // The rows 1 and 3 of a least-squares problem: (1 + 9)/2.
  dense_matrix<double> const a{{1}, {3}};
  std::vector<double> const y{1, 1};
  BOOST_TEST(limit(linear_objective(a, y, squared{}, l2{0})) == 1.0 / 5,
             boost::test_tools::tolerance(1e-2));
  BOOST_TEST(limit(heterogeneous{{{0}}, {{1}}}) > 0);
}

// In virtual time worker 0 arrives at 1, 2, …, and worker 1 at 2.6, 5.2, 7.8. A delay is the number
// of arrivals of the other one since the last, over K = 2. X is computed along, in the same order.
BOOST_AUTO_TEST_CASE(contributions_of_a_slow_worker_have_the_steps_of_their_delay) {
  std::vector<double> delays;
  simulated_asynchronous sim(one_is_slow());
  settings const s{.workers = 2, .local_steps = 1, .steps = 5, .evaluations = 0};
  result const r = minimize(two_of_a_kind, s, sgd{}, recording{&delays}, sim);
  std::vector<std::size_t> const arrives{0, 0, 1, 0, 0, 0, 1, 0, 0, 1};
  std::vector<double> const expected{0, 0, 1, 0.5, 0, 0, 1.5, 0.5, 0, 1};
  BOOST_TEST(delays == expected, boost::test_tools::per_element());
  double x = 0, read[2] = {0, 0};
  for (std::size_t i = 0; i != arrives.size(); ++i) {
    double& mine = read[arrives[i]];
    double const eta = expected[i] > 0 ? std::min(0.25, 0.2 / expected[i]) : 0.25;
    x += eta * (1 - mine) / 2;
    mine = x;
  }
  BOOST_TEST(r.last[0] == x, to_rounding);
}

// Every round K workers add H steps each. From the second round on, a worker lacks those of the
// others.
BOOST_AUTO_TEST_CASE(on_one_thread_the_delay_is_that_of_workers_that_are_equally_fast) {
  std::vector<double> expected{0, 4.0 / 3, 8.0 / 3};
  while (expected.size() != 15) expected.push_back(8.0 / 3);
  heterogeneous const f{{{1}, {1}, {1}}, {{1}, {1}, {1}}};
  settings const s{.workers = 3, .local_steps = 4, .steps = 20, .evaluations = 0};
  std::vector<double> delays;
  minimize(f, s, sgd{}, recording{&delays}, asynchronous(1));
  BOOST_TEST(delays == expected, boost::test_tools::per_element());
  delays.clear();
  support::on_mailboxes(1, [&](support::post_office& office, std::size_t r) {
    asynchronous_on_ranks<support::one_sided_mailbox> rank({.threads = 1}, office, r);
    minimize(f, s, sgd{}, recording{&delays}, rank);
  });
  BOOST_TEST(delays == expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(runs_without_delays_have_the_bits_of_the_base) {
  auto const f = logistic_objective();
  settings const s{.workers = 3, .local_steps = 4, .steps = 80};
  auto const base = support::bits(minimize(f, s, linear_sgd{}, constant_step(0.5), serial{}));
  delay_adaptive const adaptive(constant_step(0.5), 1e-6);  // would stop any late contribution
  BOOST_TEST(support::bits(minimize(f, s, linear_sgd{}, adaptive, serial{})) == base);
  settings const alone{.workers = 1, .local_steps = 4, .steps = 80};
  BOOST_TEST(support::bits(minimize(f, alone, linear_sgd{}, adaptive, asynchronous(1))) ==
             support::bits(minimize(f, alone, linear_sgd{}, constant_step(0.5), asynchronous(1))));
}

BOOST_AUTO_TEST_CASE(a_limit_above_all_steps_changes_no_bit_of_an_asynchronous_run) {
  auto const f = logistic_objective();
  settings const s{.workers = 2, .local_steps = 4, .steps = 80};
  simulated_asynchronous sim(one_is_slow());
  auto const base = support::bits(minimize(f, s, linear_sgd{}, constant_step(0.5), sim));
  BOOST_TEST(support::bits(minimize(f, s, linear_sgd{}, delay_adaptive(constant_step(0.5), 1e9),
                                    sim)) == base);
  BOOST_TEST(support::bits(minimize(f, s, linear_sgd{}, delay_adaptive(constant_step(0.5), 0.1),
                                    sim)) != base);
}

BOOST_AUTO_TEST_CASE(what_it_cannot_do_is_refused_by_name) {
  for (double const bad : {-1.0, infinity, support::not_a_number}) {
    BOOST_TEST(support::error_of<invalid_settings>([&] {
                 delay_adaptive(constant_step(1), bad);
               }).field == "delay_adaptive.factor");
    BOOST_TEST(support::error_of<invalid_settings>([&] {
                 delay_adaptive(constant_step(1), 1, bad);
               }).field == "delay_adaptive.smoothness");
  }
  BOOST_TEST(delay_adaptive(constant_step(1), 0.5, 2).identity() ==
             "delay_adaptive{factor = 0.5, smoothness = 2}");
  auto const f = logistic_objective();
  settings const s{.workers = 2, .steps = 10};
  delay_adaptive const adaptive(constant_step(0.5));
  BOOST_TEST(support::refused_field(f, s, linear_sgd{}, adaptive, overlapped(1)) == "synchronizer");
  BOOST_TEST(support::refused_field(f, s, svrg{}, adaptive, serial{}) == "step_size");
}
