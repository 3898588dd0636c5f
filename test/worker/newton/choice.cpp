// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE worker_newton_choice
#include "localsgd/worker/newton/choice.hpp"

#include <boost/test/unit_test.hpp>
#include <cstddef>

#include "test/support/problems.hpp"

namespace {

using localsgd::detail::newton_choice;

constexpr double share = 0.125;

localsgd::plan some_plan(double tolerance = 1e-9) {
  auto p = support::make_plan(1000, 10, 4, 1);
  p.tolerance = tolerance;
  return p;
}
// Whether steps that cost `epochs` begin after as many anchors between which f fell by `ratio` of the
// fall before.
bool pays_after(newton_choice choice, std::size_t anchors, double ratio, double epochs,
                double tolerance = 1e-9) {
  double drop = 1;
  for (std::size_t i = 0; i != anchors; ++i, drop *= ratio) choice.watch(drop);
  return choice.pays(some_plan(tolerance), 0, epochs, share, false);
}

}  // namespace

BOOST_AUTO_TEST_CASE(local_steps_come_first) {
  BOOST_TEST(!pays_after({}, 0, 0.5, 10));
  BOOST_TEST(pays_after(newton_choice(true), 0, 0.5, 10));
}

BOOST_AUTO_TEST_CASE(slow_local_steps_are_replaced_when_they_have_cost_half_a_newton_step) {
  // Four steps of 16 epochs, and an eighth of them.
  BOOST_TEST(!pays_after({}, 1, 0.9, 16));
  BOOST_TEST(pays_after({}, 8, 0.9, 16));
}

BOOST_AUTO_TEST_CASE(they_are_replaced_earlier_if_they_are_seen_to_be_slow) {
  // From 1e-1 to 1e-9 at a rate of 0.9 takes 175 epochs, at 0.01 four.
  BOOST_TEST(pays_after({}, 3, 0.9, 100));
  BOOST_TEST(!pays_after({}, 3, 0.01, 100));
}

BOOST_AUTO_TEST_CASE(fast_local_steps_continue_until_they_have_cost_the_full_amount) {
  // After a drop of 1e-4 less than one epoch is left to 1e-3.
  BOOST_TEST(!pays_after({}, 3, 0.01, 1, 1e-3));
  BOOST_TEST(pays_after({}, 4, 0.01, 1, 1e-3));
}

BOOST_AUTO_TEST_CASE(one_step_is_a_quarter_of_the_price) {
  newton_choice choice;
  choice.expect_one_step();
  BOOST_TEST(choice.one_step_suffices());
  BOOST_TEST(pays_after(choice, 2, 0.9, 16));
}

BOOST_AUTO_TEST_CASE(once_begun_they_continue_until_one_fails) {
  newton_choice choice(true);
  auto const p = some_plan();
  BOOST_TEST(choice.pays(p, 0, 1e9, share, false));
  BOOST_TEST(choice.pays(p, 0, 1e9, share, false));
  choice.failed(true);  // another kind follows
  BOOST_TEST(choice.pays(p, 0, 1e9, share, false));
  choice.failed(false);
  BOOST_TEST(!choice.pays(p, 0, 1e9, share, false));
}

BOOST_AUTO_TEST_CASE(after_four_failures_there_are_no_more) {
  newton_choice choice;
  auto const p = some_plan();
  for (int i = 0; i != 4; ++i) {
    BOOST_TEST(choice.pays(p, 0, 1, share, true));
    choice.failed(false);
  }
  BOOST_TEST(!choice.pays(p, 0, 1, share, true));
}

BOOST_AUTO_TEST_CASE(the_budget_of_the_run_and_a_missing_tolerance_end_them) {
  newton_choice choice(true);
  auto p = some_plan();
  p.steps = 500;             // 2 epochs
  p.flops_per_sample = 1e6;  // so that 2^26 operations are less
  BOOST_TEST(choice.pays(p, 0, 1, share, false));
  BOOST_TEST(choice.pays(p, 2000, 1, share, false));
  BOOST_TEST(!choice.pays(p, 2001, 1, share, false));
  BOOST_TEST(!choice.pays(some_plan(0), 0, 1, share, true));
}
