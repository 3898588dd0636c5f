// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE worker_anchor_rate
#include "localsgd/worker/anchor_rate.hpp"

#include <boost/test/unit_test.hpp>

#include <cmath>

using localsgd::detail::anchor_rate;

BOOST_AUTO_TEST_CASE(a_geometric_sequence_is_continued) {
  anchor_rate rate;  // f − f* = 2^-k at anchor k
  for (int k = 0; k != 5; ++k) rate.watch(std::ldexp(1.0, -k - 1));
  BOOST_TEST(rate.anchors() == 5);
  BOOST_TEST(rate.anchors_to(std::ldexp(1.0, -9)) == 4, boost::test_tools::tolerance(1e-14));
}

BOOST_AUTO_TEST_CASE(nothing_is_left_within_the_tolerance) {
  anchor_rate rate;
  rate.watch(1);
  rate.watch(0.5);
  BOOST_TEST(rate.anchors_to(0.5) == 0);
}

BOOST_AUTO_TEST_CASE(an_increase_of_f_counts_as_the_slowest_rate) {
  anchor_rate rate;
  rate.watch(1);
  rate.watch(-1);
  rate.watch(1);  // the ratio of 0.99 once more
  double const left = 0.99 / (1 - 0.99);
  BOOST_TEST(rate.anchors_to(0.5) == std::log(left / 0.5) / -std::log(0.99),
             boost::test_tools::tolerance(1e-12));
}
