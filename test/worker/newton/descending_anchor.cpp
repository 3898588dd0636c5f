// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE worker_newton_descending_anchor
#include "localsgd/worker/newton/descending_anchor.hpp"

#include <boost/test/unit_test.hpp>
#include <vector>

using localsgd::detail::aligned_vector;
using localsgd::detail::descending_anchor;
using localsgd::detail::full_gradient;

BOOST_AUTO_TEST_CASE(an_accepted_trial_is_the_point) {
  aligned_vector<float> point{1, 2}, trial{0, 0};
  full_gradient::value value{5, 4, 3};
  descending_anchor<float> at{point, trial, value};
  at.try_step(std::vector<double>{0.5, -2});
  BOOST_TEST((trial == aligned_vector<float>{1.5F, 0}));
  BOOST_TEST((point == aligned_vector<float>{1, 2}));
  at.accept({1, 2, 3});
  BOOST_TEST((point == aligned_vector<float>{1.5F, 0}));
  BOOST_TEST(value.objective == 1);
}
