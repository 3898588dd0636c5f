// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE worker_dual_ascent_pace
#include "localsgd/worker/dual/ascent_pace.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <limits>

using localsgd::detail::ascent_pace;

BOOST_AUTO_TEST_CASE(a_geometric_decrease_is_continued) {
  ascent_pace pace;
  for (int e = 0; e != 6; ++e) pace.add(std::exp2(-2.0 * e));
  BOOST_TEST(pace.epochs() == 6u);
  BOOST_TEST(pace.gap() == std::exp2(-10));
  BOOST_TEST(pace.epochs_to(std::exp2(-16)) == 3, boost::test_tools::tolerance(1e-12));
  BOOST_TEST(pace.epochs_to(std::exp2(-10)) == 0);
}

BOOST_AUTO_TEST_CASE(a_known_gap_corrects_the_later_ones) {
  ascent_pace pace;
  pace.add(1);
  pace.add(0.25);
  pace.learn(0.75);
  BOOST_TEST(pace.gap() == 0.75);
  pace.add(0.0625);
  BOOST_TEST(pace.gap() == 0.1875);
}

BOOST_AUTO_TEST_CASE(an_unknown_gap_changes_nothing) {
  ascent_pace pace;
  pace.add(0.5);
  pace.learn(std::numeric_limits<double>::infinity());
  BOOST_TEST(pace.gap() == 0.5);
}

BOOST_AUTO_TEST_CASE(without_a_decrease_many_epochs_are_left) {
  ascent_pace pace;
  for (int e = 0; e != 5; ++e) pace.add(1);
  BOOST_TEST(pace.epochs_to(0.5) > 60);
  pace.add(std::numeric_limits<double>::infinity());
  BOOST_TEST(pace.epochs_to(0.5) == std::numeric_limits<double>::infinity());
}
