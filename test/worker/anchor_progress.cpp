// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE worker_anchor_progress
#include "localsgd/worker/anchor_progress.hpp"

#include <boost/test/unit_test.hpp>

#include <limits>

using localsgd::detail::anchor_progress;
using localsgd::detail::rounding_of;

namespace {

constexpr double epsilon = std::numeric_limits<double>::epsilon();

anchor_progress at(double objective, double squared_gradient_norm) {
  anchor_progress p;
  p.note({objective, squared_gradient_norm}, true);
  return p;
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_rounding_error_is_four_units_of_the_value) {
  BOOST_TEST(rounding_of(-2) == 8 * epsilon);
  BOOST_TEST(rounding_of(0) == 0);
}

BOOST_AUTO_TEST_CASE(a_decrease_above_rounding_is_progress) {
  anchor_progress p = at(1, 1);
  p.note({1 - 8 * epsilon, 1}, false);
  BOOST_TEST(p.idle == 0);
  BOOST_TEST(p.reference.objective == 1 - 8 * epsilon);
}

BOOST_AUTO_TEST_CASE(a_decrease_within_rounding_is_none_until_several_add_up) {
  anchor_progress p = at(1, 1);
  p.note({1 - 2 * epsilon, 1}, false);
  p.note({1 - 4 * epsilon, 1}, false);
  BOOST_TEST(p.idle == 2);
  BOOST_TEST(p.reference.objective == 1);
  p.note({1 - 6 * epsilon, 1}, false);
  BOOST_TEST(p.idle == 0);
}

BOOST_AUTO_TEST_CASE(a_gradient_of_less_than_half_the_length_is_progress) {
  anchor_progress p = at(1, 1);
  p.note({1, 0.25}, false);
  BOOST_TEST(p.idle == 1);
  p.note({1, 0.24}, false);
  BOOST_TEST(p.idle == 0);
  BOOST_TEST(p.reference.squared_gradient_norm == 0.24);
}

BOOST_AUTO_TEST_CASE(an_anchor_that_is_certainly_progress_resets_the_count) {
  anchor_progress p = at(1, 1);
  p.note({2, 2}, false);
  BOOST_TEST(p.idle == 1);
  p.note({2, 2}, true);
  BOOST_TEST(p.idle == 0);
  BOOST_TEST(p.reference.objective == 2);
}
