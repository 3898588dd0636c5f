// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE planning_prediction
#include "localsgd/planning/prediction.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>

#include "localsgd/theory/constant_step_bound.hpp"

namespace {

using namespace localsgd;
using localsgd::detail::step_counts;
using localsgd::detail::sufficient_steps;

constants const known{.smoothness = 1.0,
                      .strong_convexity = 0.05,
                      .variance = 2.0,
                      .second_moment = 5.0,
                      .squared_distance = 4.0};
constants convex() {
  constants c = known;
  c.strong_convexity = 0.0;
  return c;
}

step_counts measured() {
  return {.c = known, .samples = 1000, .accuracy = 0.01, .start = 100, .noise = 1000};
}

}  // namespace

BOOST_AUTO_TEST_CASE(steps_without_a_rehearsal_are_enough_by_the_bound) {
  for (double const accuracy : {1.0, 1e-2, 1e-4})
    for (double const gradients : {1.0, 8.0, 1000.0}) {
      double const steps = sufficient_steps(known, accuracy, gradients);
      run_shape s{.workers = static_cast<std::size_t>(gradients),
                  .steps = static_cast<std::uint64_t>(steps)};
      double const l = 1, mu = 0.05, sigma = 2;
      constant_step const strong(std::min(1 / (4 * l), accuracy * mu * gradients / (l * sigma)));
      constant_step const weak(std::min(1 / (4 * l), accuracy * gradients / (4 * sigma)));
      double const bound = std::min(khaled_bound(known, s, strong).total(),
                                    khaled_convex_bound(known, s, weak).total());
      BOOST_TEST(bound <= accuracy * (1 + 1e-9));
      // And without μ the convex one is all there is.
      s.steps = static_cast<std::uint64_t>(sufficient_steps(convex(), accuracy, gradients));
      BOOST_TEST(khaled_convex_bound(convex(), s, weak).total() <= accuracy * (1 + 1e-9));
    }
}

BOOST_AUTO_TEST_CASE(without_noise_more_gradients_save_no_steps) {
  constants c = known;
  c.variance = 0;
  BOOST_TEST(sufficient_steps(c, 0.01, 1) == sufficient_steps(c, 0.01, 1000));
  c.squared_distance = 0;  // and at the minimiser one step is enough
  BOOST_TEST(sufficient_steps(c, 0.01, 1) == 1.0);
}

BOOST_AUTO_TEST_CASE(measured_steps_are_start_and_noise_shared_by_all_gradients) {
  step_counts const n = measured();
  BOOST_TEST(n.close(1, 1) == 1100.0);
  BOOST_TEST(n.close(8, 1) == 225.0);
  BOOST_TEST(n.close(4, 5) == 150.0);
  BOOST_TEST(n.close(3, 1) == 434.0);  // 433.3 rounded up
  step_counts none = n;
  none.start = none.noise = 0;
  BOOST_TEST(none.close(1, 1) == 1.0);  // at least one
}

BOOST_AUTO_TEST_CASE(without_measured_steps_the_bound_counts) {
  step_counts n = measured();
  n.start = -1;
  BOOST_TEST(n.close(8, 2) == sufficient_steps(known, 0.01, 16));
}

BOOST_AUTO_TEST_CASE(a_single_round_counts_only_for_the_workers_and_batch_it_was_seen_for) {
  step_counts n = measured();
  n.one_shot = 400;
  n.seen_workers = 8;
  n.seen_batch = 2;
  BOOST_TEST(n.once(8, 2) == 400.0);
  BOOST_TEST(n.once(8, 1) == 0.0);
  BOOST_TEST(n.once(4, 2) == 0.0);
  BOOST_TEST(n.apart(8, 2, 400) == 400.0);
  BOOST_TEST(n.apart(8, 2, 5000) == 400.0);
}

BOOST_AUTO_TEST_CASE(drift_never_takes_more_steps_than_one_worker_alone) {
  step_counts n = measured();
  n.drift = {{8, 2}};
  BOOST_TEST(n.apart(8, 1, 4) == 225.0);
  BOOST_TEST(n.apart(8, 1, 8) == 450.0);
  BOOST_TEST(n.apart(8, 1, 1e9) == 1100.0);
  // Not measured: T grows like the root of H beyond H_c.
  n.drift.clear();
  double const free = n.drift_free(8, 1, 225);
  BOOST_TEST(n.apart(8, 1, free) == 225.0, boost::test_tools::tolerance(1e-12));
  BOOST_TEST(n.apart(8, 1, 4 * free) == 450.0, boost::test_tools::tolerance(1e-12));
}

BOOST_AUTO_TEST_CASE(the_free_gap_grows_as_the_step_size_falls) {
  step_counts n = measured();
  BOOST_TEST(n.drift_free(8, 1, 10) < n.drift_free(8, 1, 1000));
  // mu = 0: after three epochs the first step of 1/(4L) has halved.
  n.c = convex();
  BOOST_TEST(n.drift_free(8, 1, 375) == detail::drift_free_local_steps(0.01, 0.125, 1, 2, 8),
             boost::test_tools::tolerance(1e-12));
  n.c.variance = 0;
  BOOST_TEST(n.drift_free(8, 1, 10) == std::numeric_limits<double>::infinity());
}
