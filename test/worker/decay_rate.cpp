// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE worker_decay_rate
#include "localsgd/worker/decay_rate.hpp"

#include <boost/test/unit_test.hpp>

#include <cmath>

using localsgd::detail::decay_rate;

BOOST_AUTO_TEST_CASE(a_geometric_sequence_is_continued) {
  decay_rate rate(0.01);  // what remains after k numbers is 2^-k
  for (int k = 0; k != 5; ++k) rate.add(std::ldexp(1.0, -k - 1));
  BOOST_TEST(rate.count() == 5);
  BOOST_TEST(rate.steps(rate.rest(), std::ldexp(1.0, -9)) == 4, boost::test_tools::tolerance(1e-14));
}

BOOST_AUTO_TEST_CASE(nothing_is_left_at_the_goal) {
  decay_rate rate(0.01);
  rate.add(1);
  rate.add(0.5);
  BOOST_TEST(rate.steps(rate.rest(), 0.5) == 0);
}

BOOST_AUTO_TEST_CASE(a_negative_number_counts_as_the_slowest_rate) {
  decay_rate rate(0.01);
  rate.add(1);
  rate.add(-1);
  rate.add(1);  // the ratio of 0.99 once more
  double const left = 0.99 / (1 - 0.99);
  BOOST_TEST(rate.steps(rate.rest(), 0.5) == std::log(left / 0.5) / -std::log(0.99),
             boost::test_tools::tolerance(1e-12));
}
