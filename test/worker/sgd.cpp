// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE worker_sgd
#include "localsgd/worker/sgd.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstddef>
#include <span>
#include <vector>

#include "localsgd/objective/quadratic.hpp"
#include "localsgd/sampler/shuffled.hpp"
#include "localsgd/sampler/with_replacement.hpp"
#include "localsgd/step_size/constant_step.hpp"
#include "localsgd/step_size/inverse_time_step.hpp"
#include "test/support/sequences.hpp"

namespace {

using localsgd::constant_step;
using localsgd::inverse_time_step;
using localsgd::quadratic;
using localsgd::sgd;
using localsgd::with_replacement;
using support::by_the_book;
using support::make_plan;
using support::state_of;

localsgd::quadratic_options noisy() {
  return {.spectrum = {0.5, 3, 1, 8}, .samples = 50, .variance = 2.5};
}

}  // namespace

BOOST_AUTO_TEST_CASE(steps_and_average_are_those_of_the_definition) {
  quadratic const f(noisy());
  inverse_time_step const eta(0.05, 0.01);
  for (std::size_t const b : {1U, 4U}) {
    auto const p = make_plan(50, 4, 3, b, 7);
    for (std::size_t k = 0; k != 3; ++k) {
      with_replacement const sampler;
      auto sequence = sgd{}.bind(f, sampler, eta, p, k);
      sequence.advance(0, 2000);
      auto const s = state_of<double>(sequence, 4);
      auto const expected = by_the_book(f, sampler, eta, p, k, 2000);
      // The compiler may fuse products and sums differently; steps contract the difference.
      BOOST_TEST(support::relative_distance(s.x, expected.x) <= 1e-13);
      BOOST_TEST(support::relative_distance(s.average, expected.average) <= 1e-12);
    }
  }
}

BOOST_AUTO_TEST_CASE(without_noise_the_iterates_have_a_closed_form) {
  double const lambda = 2, eta = 0.125;  // x_t = x*·(1 − q^t), q = 1 − ηλ
  quadratic const f({.spectrum = {lambda, lambda}, .minimiser = {1, -4}, .samples = 1});
  localsgd::shuffled const sampler;
  constant_step const step{eta};
  auto const p = make_plan(1, 2, 1, 1);
  auto sequence = sgd{}.bind(f, sampler, step, p, 0);
  sequence.advance(0, 20);
  double const q = 1 - eta * lambda;
  double sum = 0, weights = 0;
  for (int t = 0; t != 20; ++t) {
    sum += (t + 1) * (t + 1) * (1 - std::pow(q, t));
    weights += (t + 1) * (t + 1);
  }
  auto const s = state_of<double>(sequence, 2);
  auto const tolerance = boost::test_tools::tolerance(1e-14);  // 20 steps of rounding
  BOOST_TEST(s.x[0] == 1 - std::pow(q, 20), tolerance);
  BOOST_TEST(s.x[1] == -4 * (1 - std::pow(q, 20)), tolerance);
  BOOST_TEST(s.average[0] == sum / weights, tolerance);
  BOOST_TEST(s.average[1] == -4 * sum / weights, tolerance);
}

BOOST_AUTO_TEST_CASE(two_stretches_are_one_bit_for_bit) {
  quadratic const f(noisy());
  inverse_time_step const eta(0.05, 0.01);
  with_replacement const sampler;
  for (std::size_t const b : {1U, 3U, 200U}) {
    auto const p = make_plan(50, 4, 2, b, 7);
    auto whole = sgd{}.bind(f, sampler, eta, p, 1), parts = whole;
    whole.advance(0, 100);
    parts.advance(0, 37);
    parts.advance(37, 37);
    parts.advance(37, 100);
    auto const a = state_of<double>(whole, 4), c = state_of<double>(parts, 4);
    BOOST_TEST((a.x == c.x));
    BOOST_TEST((a.average == c.average));
  }
}

BOOST_AUTO_TEST_CASE(a_sequence_starts_at_zero_and_its_average_is_where_it_is) {
  quadratic const f(noisy());
  constant_step const eta{0.1};
  with_replacement const sampler;
  auto const p = make_plan(50, 4, 1, 1);
  auto sequence = sgd{}.bind(f, sampler, eta, p, 0);
  auto s = state_of<double>(sequence, 4);
  BOOST_TEST((s.x == std::vector<double>(4)));
  BOOST_TEST((s.average == std::vector<double>(4)));
  std::vector<double> const there{1, 2, 3, 4};
  sequence.assign(there);
  s = state_of<double>(sequence, 4);
  BOOST_TEST((s.x == there));
  BOOST_TEST((s.average == there));
}

BOOST_AUTO_TEST_CASE(an_assignment_leaves_no_trace_in_the_average) {
  quadratic const f({.spectrum = {0, 0}});  // no gradient: x stays where it is
  constant_step const eta{0.1};
  with_replacement const sampler;
  auto const p = make_plan(100, 2, 1, 1);
  auto sequence = sgd{}.bind(f, sampler, eta, p, 0);
  sequence.assign(std::vector<double>{1, 0});
  sequence.advance(0, 1);  // weight 1
  sequence.assign(std::vector<double>{1e9, 1e9});
  sequence.assign(std::vector<double>{0, 1});
  sequence.advance(1, 2);  // weight 4
  auto const s = state_of<double>(sequence, 2);
  BOOST_TEST((s.x == std::vector<double>{0, 1}));
  BOOST_TEST((s.average == std::vector<double>{0.2, 0.8}));
}

BOOST_AUTO_TEST_CASE(float_iterates_follow_the_double_ones) {
  quadratic const f(noisy());
  quadratic<float> const g(noisy());
  inverse_time_step const eta(0.05, 0.01);
  with_replacement const sampler;
  auto const p = make_plan(50, 4, 1, 1, 7);
  auto in_double = sgd{}.bind(f, sampler, eta, p, 0);
  auto in_float = sgd{}.bind(g, sampler, eta, p, 0);
  in_double.advance(0, 1000);
  in_float.advance(0, 1000);
  auto const a = state_of<double>(in_double, 4);
  auto const c = state_of<float>(in_float, 4);
  // Each step rounds by 6e-8 and shrinks former errors by 1 − ημ: about 1e-5 in the end.
  BOOST_TEST(support::relative_distance(a.x, c.x) <= 2e-5);
  BOOST_TEST(support::relative_distance(a.average, c.average) <= 2e-5);
}
