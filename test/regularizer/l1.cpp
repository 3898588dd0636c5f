// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE regularizer_l1
#include "localsgd/regularizer/l1.hpp"

#include <boost/test/unit_test.hpp>
#include <limits>
#include <span>
#include <vector>

#include "test/support/separable.hpp"

namespace {

using localsgd::invalid_settings;
using localsgd::l1;
constexpr double infinity = std::numeric_limits<double>::infinity();

}  // namespace

BOOST_AUTO_TEST_CASE(the_value_is_lambda_times_the_sum_of_magnitudes) {
  std::vector<double> const x{3, 0, -4};
  std::vector<float> const narrow{3, 0, -4};
  BOOST_TEST(l1{0.5}.value(std::span<double const>(x)) == 3.5);
  BOOST_TEST(l1{0.5}.value(std::span<float const>(narrow)) == 3.5);
  BOOST_TEST(l1{}.value(std::span<double const>(x)) == 0);
}

BOOST_AUTO_TEST_CASE(the_prox_is_the_soft_threshold) {
  std::vector<float> x{3, -6, 1, -2};
  l1{0.5}.prox(std::span<float>(x), 4);  // threshold 2
  BOOST_TEST(x == (std::vector<float>{1, -4, 0, 0}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(the_conjugate_is_0_within_lambda_and_infinite_outside) {
  std::vector<double> const edge{0.1, -0.1}, above{0, 0x1.999999999999bp-4};  // the next double
  BOOST_TEST(l1{0.1}.conjugate(edge) == 0);
  BOOST_TEST(l1{0.1}.conjugate(above) == infinity);
  std::vector<double> const u{0.05, -0.4};
  BOOST_TEST(l1{0.1}.dual_scale(u) == 0.25);
  BOOST_TEST(l1{0.1}.dual_scale(edge) == 1);
}

BOOST_AUTO_TEST_CASE(subgradients_at_zero_are_within_lambda) {
  BOOST_TEST((l1{0.5}.zero_interval(3) == std::pair(-0.5, 0.5)));
  std::vector<double> const x{2, 0, 0, -1};
  BOOST_TEST(support::least_subgradient(l1{0.5}, x, {1, 0.25, -0.75, 1}) ==
                 (std::vector<double>{1.5, 0, -0.25, 0.5}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(the_members_agree_with_each_other) {
  for (double const lambda : {0.0, 0.25, 1.0}) {
    support::check_nonsmooth(l1{lambda}, 5);
    support::check_separable(l1{lambda}, 5);
  }
  support::check_dual_scale(l1{0.3}, 5);
}

BOOST_AUTO_TEST_CASE(it_is_not_strongly_convex) { BOOST_TEST(l1{0.5}.strong_convexity() == 0); }

BOOST_AUTO_TEST_CASE(the_identity_tells_neighbouring_numbers_apart) {
  BOOST_TEST(l1{1e-4}.identity() == "l1(0.0001)");
  BOOST_TEST(l1{0.1}.identity() != l1{0x1.999999999999bp-4}.identity());
}

BOOST_AUTO_TEST_CASE(lambda_is_finite_and_not_negative) {
  for (double const bad : {-1.0, std::numeric_limits<double>::quiet_NaN(), infinity})
    BOOST_CHECK_EXCEPTION(l1{bad}, invalid_settings, [](auto const& e) {
      return e.field == "l1.lambda" && e.rule == "finite and >= 0";
    });
}
