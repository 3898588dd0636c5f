// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE core_local_steps
#include "localsgd/core/local_steps.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <limits>
#include <span>
#include <vector>

namespace {

using namespace localsgd::detail;

constexpr double infinity = std::numeric_limits<double>::infinity();

}  // namespace

BOOST_AUTO_TEST_CASE(four_rounds_worth_of_steps_is_within_a_quarter_of_the_best_for_any_growth) {
  // T ∝ H^p takes H^p(1 + r/H), least at H = r(1 − p)/p; at p = 0 the limit is 1.
  for (double const r : {2.0, 30.0, 1e4})
    for (double p = 0; p <= 0.5; p += 0.0625) {
      double const h = balanced_local_steps(r, infinity);
      BOOST_TEST(h == 4 * r);
      double const best_gap = r * (1 - p) / p;
      double const best = p == 0 ? 1 : std::pow(best_gap, p) * (1 + r / best_gap);
      BOOST_TEST(std::pow(h, p) * (1 + r / h) <= 1.25 * best * (1 + 1e-12));
    }
}

BOOST_AUTO_TEST_CASE(the_gap_follows_the_drift_the_length_of_the_run_and_free_rounds) {
  BOOST_TEST(balanced_local_steps(100, 1e9, 1) == 300.0);
  BOOST_TEST(balanced_local_steps(100, 1e9, 450) == 450.0);
  BOOST_TEST(balanced_local_steps(100, 1e9, infinity) == 600.0);
  BOOST_TEST(balanced_local_steps(100, 200) == 200.0);  // √(2·100·200)
  BOOST_TEST(balanced_local_steps(0, 1e9) == 1.0);
  BOOST_TEST(balanced_local_steps(5, 0) == 1.0);
}

BOOST_AUTO_TEST_CASE(measured_drift_is_interpolated_along_powers) {
  std::vector<drift_cost> const seen{{16, 2}, {64, 2}};
  BOOST_TEST(drift_times(seen, 1) == 1.0);
  BOOST_TEST(drift_times(seen, 4) == 1.0);
  auto const near = boost::test_tools::tolerance(1e-12);
  BOOST_TEST(drift_times(seen, 8) == std::sqrt(2.0), near);
  BOOST_TEST(drift_times(seen, 16) == 2.0, near);
  BOOST_TEST(drift_times(seen, 40) == 2.0, near);
  BOOST_TEST(drift_times(seen, 1024) == 4.0, near);  // 2 in 16, so 2 in 16 again
}

BOOST_AUTO_TEST_CASE(where_drift_was_measured_the_gap_is_the_best_there_is) {
  for (double const growth : {0.0, 0.2, 0.5, 0.9})
    for (double const round : {0.0, 1.0, 50.0, 5000.0}) {
      std::vector<drift_cost> const seen{{1000, std::pow(250, growth)}};
      auto const steps = [&](double h) {
        return std::min(1000 * std::pow(std::max(1.0, h / 4), growth), 8000.0);
      };
      auto const time = [&](double h) { return (steps(h) + h / 2) * (1 + round / h); };
      double const h = best_local_steps(round, 1000, seen, 8000);
      BOOST_TEST(h <= 1.125 * 1.5 * steps(h));  // more would be one round that is too long
      for (double other = 1; other <= 1.5 * steps(other); other *= 1.03)
        BOOST_TEST(time(h) <= 1.02 * time(other));
    }
}

BOOST_AUTO_TEST_CASE(drift_is_free_up_to_a_gap_that_shrinks_with_step_size_and_variance) {
  // 500·0.01/(4·0.1²·2·3·(1 − 1/2)) = 41.66…
  BOOST_TEST(drift_free_local_steps(0.01, 0.1, 2, 3, 2) == 1 + 5 / 0.12,
             boost::test_tools::tolerance(1e-12));
  BOOST_TEST(std::isinf(drift_free_local_steps(0.01, 0.1, 2, 0, 2)));
}

BOOST_AUTO_TEST_CASE(no_drift_at_all_takes_the_same_steps_at_any_gap) {
  std::vector<drift_cost> const seen{{8, 1}, {100, 1}};
  for (double const h : {1.0, 4.0, 5.0, 8.0, 99.0, 1e6}) BOOST_TEST(drift_times(seen, h) == 1.0);
}

BOOST_AUTO_TEST_CASE(beyond_what_was_measured_steps_grow_by_a_power_of_0_9_at_most) {
  std::vector<drift_cost> const seen{
      {8, 4}};  // four times the steps for twice the gap: a power of 2
  BOOST_TEST(drift_times(seen, 80) == 4 * std::pow(10, 0.9), boost::test_tools::tolerance(1e-12));
}

BOOST_AUTO_TEST_CASE(one_worker_has_no_drift) {
  BOOST_TEST(drift_free_local_steps(0.01, 0.1, 2, 3, 1) == infinity);
}

BOOST_AUTO_TEST_CASE(free_rounds_are_made_after_every_step) {
  std::vector<drift_cost> const seen{{16, 2}};
  BOOST_TEST(best_local_steps(0, 1000, seen, 8000) == 1.0);
}
