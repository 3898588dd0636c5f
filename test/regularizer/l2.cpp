// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE regularizer_l2
#include "localsgd/regularizer/l2.hpp"

#include <boost/test/unit_test.hpp>
#include <span>
#include <vector>

#include "test/support/regularizers.hpp"

namespace {

using localsgd::invalid_settings;
using localsgd::l2;
using support::infinity;
using support::not_a_number;

}  // namespace

BOOST_AUTO_TEST_CASE(the_value_is_half_lambda_times_the_squared_norm) {
  std::vector<double> const x{3, 0, -4};
  std::vector<float> const narrow{3, 0, -4};
  BOOST_TEST(l2{0.5}.value(std::span<double const>(x)) == 6.25);  // ¼·25
  BOOST_TEST(l2{0.5}.value(std::span<float const>(narrow)) == 6.25);
  BOOST_TEST(l2{}.value(std::span<double const>(x)) == 0);
}

BOOST_AUTO_TEST_CASE(the_gradient_and_its_constants_are_those_of_the_value) {
  for (double const lambda : {0.0, 0.3, 7.0}) support::check_gradient(l2{lambda}, 5);
}

BOOST_AUTO_TEST_CASE(the_prox_shrinks_by_1_plus_step_times_lambda) {
  for (double const lambda : {0.0, 0.3, 7.0}) support::check_prox(l2{lambda}, 5);
  std::vector<float> x{3, -6};
  l2{0.5}.prox(std::span<float>(x), 4);
  BOOST_TEST(x[0] == 1);
  BOOST_TEST(x[1] == -2);
}

BOOST_AUTO_TEST_CASE(the_value_and_its_conjugate_satisfy_fenchel_and_young) {
  for (double const lambda : {0.3, 7.0}) support::check_conjugate(l2{lambda}, 5);
  std::vector<double> const u{3, -4}, zero{0, 0};
  BOOST_TEST(l2{0.5}.conjugate(u) == 25);  // 25/(2·½)
  BOOST_TEST(l2{0}.conjugate(u) == infinity);
  BOOST_TEST(l2{0}.conjugate(zero) == 0);
}

BOOST_AUTO_TEST_CASE(ridge_smoothness_and_strong_convexity_are_lambda) {
  l2 const r{0.25};
  BOOST_TEST(r.ridge_strength() == 0.25);
  BOOST_TEST(r.smoothness() == 0.25);
  BOOST_TEST(r.strong_convexity() == 0.25);
}

BOOST_AUTO_TEST_CASE(the_identity_tells_neighbouring_numbers_apart) {
  BOOST_TEST(l2{1e-4}.identity() == "l2(0.0001)");
  BOOST_TEST(l2{0}.identity() == "l2(0)");
  BOOST_TEST(l2{0.1}.identity() != l2{0x1.999999999999bp-4}.identity());  // the next double
}

BOOST_AUTO_TEST_CASE(lambda_is_finite_and_not_negative) {
  for (double const bad : {-1.0, not_a_number, infinity}) {
    auto const e = support::error_of<invalid_settings>([&] { l2{bad}; });
    BOOST_TEST(e.field == "l2.lambda");
    BOOST_TEST(e.rule == "finite and >= 0");
  }
}

BOOST_AUTO_TEST_CASE(the_conjugate_is_not_zero_if_squares_underflow) {
  std::vector<double> const u{0x1p-600};
  BOOST_TEST(l2{0}.conjugate(u) == infinity);
  BOOST_TEST(l2{0x1p-1000}.conjugate(u) >= 0x1p-201);  // 2^-1200/(2 2^-1000)
}
