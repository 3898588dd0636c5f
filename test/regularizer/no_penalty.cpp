// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE regularizer_no_penalty
#include "localsgd/regularizer/no_penalty.hpp"

#include <boost/test/unit_test.hpp>
#include <span>
#include <vector>

#include "test/support/regularizers.hpp"

namespace {

using localsgd::no_penalty;

}  // namespace

BOOST_AUTO_TEST_CASE(everything_is_zero) {
  std::vector<double> const x{3, 0, -4};
  BOOST_TEST(no_penalty::value(std::span<double const>(x)) == 0);
  BOOST_TEST(no_penalty::ridge_strength() == 0);
  BOOST_TEST(no_penalty::smoothness() == 0);
  BOOST_TEST(no_penalty::strong_convexity() == 0);
  support::check_gradient(no_penalty{}, 4);
}

BOOST_AUTO_TEST_CASE(the_prox_is_the_identity) {
  support::check_prox(no_penalty{}, 4);
}

BOOST_AUTO_TEST_CASE(the_conjugate_is_finite_at_0_only) {
  support::check_conjugate(no_penalty{}, 4);
  std::vector<double> const zero{0, 0}, u{0, 1e-300};
  BOOST_TEST(no_penalty::conjugate(zero) == 0);
  BOOST_TEST(no_penalty::conjugate(u) == support::infinity);
}

BOOST_AUTO_TEST_CASE(the_identity_is_its_name) {
  BOOST_TEST(no_penalty::identity() == "no_penalty");
}
