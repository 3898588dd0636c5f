// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE regularizer_elastic_net
#include "localsgd/regularizer/elastic_net.hpp"

#include <boost/test/unit_test.hpp>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "localsgd/regularizer/l1.hpp"
#include "localsgd/regularizer/l2.hpp"
#include "test/support/separable.hpp"

namespace {

using localsgd::elastic_net;
using localsgd::invalid_settings;
using localsgd::l1;
using localsgd::l2;
constexpr double infinity = std::numeric_limits<double>::infinity();

}  // namespace

BOOST_AUTO_TEST_CASE(the_value_is_the_sum_of_both_penalties) {
  std::vector<double> const x{3, 0, -4};
  BOOST_TEST((elastic_net{0.5, 2}.value(std::span<double const>(x))) == 28.5);  // ½·7 + 25
}

BOOST_AUTO_TEST_CASE(the_prox_is_a_threshold_and_a_factor) {
  std::vector<float> x{4, -8, 1};
  elastic_net{0.5, 0.25}.prox(std::span<float>(x), 4);  // threshold 2, factor ½
  BOOST_TEST(x == (std::vector<float>{1, -3, 0}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(the_conjugate_is_finite_everywhere) {
  std::vector<double> const u{3, -0.5, -2};
  BOOST_TEST((elastic_net{1, 2}.conjugate(u)) == 1.25);  // (2² + 1²)/4
  BOOST_TEST((elastic_net{1, 2}.dual_scale(u)) == 1);
  BOOST_TEST((elastic_net{1, 0}.conjugate(u)) == infinity);
}

BOOST_AUTO_TEST_CASE(with_one_strength_it_is_l1_or_l2) {
  std::mt19937_64 random(1);
  for (int i = 0; i != 20; ++i) {
    auto const x = support::coarse_point(4, random), u = support::coarse_point(4, random);
    for (double const step : {0.1, 3.0}) {
      BOOST_TEST(support::prox_of(elastic_net{0.3, 0}, x, step) ==
                 support::prox_of(l1{0.3}, x, step));
      BOOST_TEST(support::prox_of(elastic_net{0, 0.3}, x, step) ==
                 support::prox_of(l2{0.3}, x, step));
    }
    BOOST_TEST(support::value_of(elastic_net{0.5, 0}, x) == support::value_of(l1{0.5}, x));
    BOOST_TEST(support::value_of(elastic_net{0, 0.5}, x) == support::value_of(l2{0.5}, x));
    BOOST_TEST((elastic_net{0, 0.5}.conjugate(u)) == l2{0.5}.conjugate(u));
  }
}

BOOST_AUTO_TEST_CASE(the_members_agree_with_each_other) {
  for (double const a : {0.0, 0.25})
    for (double const b : {0.5, 3.0}) {
      support::check_nonsmooth(elastic_net{a, b}, 5);
      support::check_separable(elastic_net{a, b}, 5);
    }
  support::check_dual_scale(elastic_net{0.3, 0}, 5);
}

BOOST_AUTO_TEST_CASE(it_is_strongly_convex_with_l2) {
  BOOST_TEST((elastic_net{0.5, 0.25}.strong_convexity()) == 0.25);
}

BOOST_AUTO_TEST_CASE(strengths_can_be_given_by_name) {
  elastic_net const r({.l1 = 0.5, .l2 = 2});
  BOOST_TEST(r.l1 == 0.5);
  BOOST_TEST(r.l2 == 2);
  BOOST_TEST(elastic_net({.l2 = 2}).l1 == 0);
}

BOOST_AUTO_TEST_CASE(the_identity_names_both_strengths) {
  BOOST_TEST((elastic_net{1e-3, 1e-4}.identity()) == "elastic_net(0.001, 0.0001)");
  BOOST_TEST((elastic_net{0.1, 0.2}.identity()) != (elastic_net{0.2, 0.1}.identity()));
}

BOOST_AUTO_TEST_CASE(strengths_are_finite_and_not_negative) {
  for (double const bad : {-1.0, std::numeric_limits<double>::quiet_NaN(), infinity}) {
    BOOST_CHECK_EXCEPTION((elastic_net{bad, 1}), invalid_settings,
                          [](auto const& e) { return e.field == "elastic_net.l1"; });
    BOOST_CHECK_EXCEPTION((elastic_net{1, bad}), invalid_settings,
                          [](auto const& e) { return e.field == "elastic_net.l2"; });
    BOOST_CHECK_EXCEPTION(elastic_net({.l1 = bad}), invalid_settings,
                          [](auto const& e) { return e.field == "elastic_net.l1"; });
  }
}
