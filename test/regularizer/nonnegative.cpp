// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE regularizer_nonnegative
#include "localsgd/regularizer/nonnegative.hpp"

#include <boost/test/unit_test.hpp>
#include <limits>
#include <span>
#include <vector>

#include "localsgd/regularizer/elastic_net.hpp"
#include "localsgd/regularizer/l1.hpp"
#include "localsgd/regularizer/l2.hpp"
#include "test/support/separable.hpp"

namespace {

using localsgd::box;
using localsgd::l1;
using localsgd::l2;
using localsgd::nonnegative;
using numbers = std::vector<double>;
constexpr double infinity = std::numeric_limits<double>::infinity();

}  // namespace

BOOST_AUTO_TEST_CASE(negative_numbers_have_the_value_infinity) {
  BOOST_TEST(support::value_of(nonnegative{}, {0, 3}) == 0);
  BOOST_TEST(support::value_of(nonnegative{}, {0, -1e-300}) == infinity);
  BOOST_TEST(support::value_of(nonnegative{l1{2}}, {0, 3}) == 6);
}

BOOST_AUTO_TEST_CASE(the_prox_makes_negative_numbers_0) {
  std::vector<float> x{-3, 0.5, 7};
  nonnegative{}.prox(std::span<float>(x), 4);
  BOOST_TEST(x == (std::vector<float>{0, 0.5, 7}), boost::test_tools::per_element());
  BOOST_TEST(support::prox_of(nonnegative{l1{1}}, {-3, 0.5, 7}, 2) == (numbers{0, 0, 5}),
             boost::test_tools::per_element());
  BOOST_TEST(support::prox_of(nonnegative{l2{1}}, {-3, 0.5, 7}, 1) == (numbers{0, 0.25, 3.5}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(the_conjugate_is_finite_where_no_coordinate_is_above_lambda) {
  BOOST_TEST(nonnegative{}.conjugate(numbers{-5, 0}) == 0);
  BOOST_TEST(nonnegative{}.conjugate(numbers{-5, 1e-300}) == infinity);
  BOOST_TEST(nonnegative{l1{2}}.conjugate(numbers{-5, 2}) == 0);
  BOOST_TEST(nonnegative{l1{2}}.dual_scale(numbers{-5, 4}) == 0.5);
}

BOOST_AUTO_TEST_CASE(zero_stays_for_any_negative_slope) {
  BOOST_TEST((nonnegative{}.zero_interval(0) == std::pair(-infinity, 0.0)));
  BOOST_TEST((nonnegative{l1{2}}.zero_interval(0) == std::pair(-infinity, 2.0)));
}

BOOST_AUTO_TEST_CASE(the_members_agree_with_each_other) {
  auto const check = [](auto const& r) {
    support::check_nonsmooth(r, 4);
    support::check_separable(r, 4);
  };
  check(nonnegative{});
  check(nonnegative{l1{0.25}});
  check(nonnegative{l2{0.5}});
  check(nonnegative{localsgd::elastic_net{0.25, 0.5}});
  support::check_dual_scale(nonnegative{l1{0.3}}, 4);
}

BOOST_AUTO_TEST_CASE(it_takes_the_bounds_of_its_penalty_too) {
  BOOST_TEST(support::prox_of(nonnegative{box{-1, 2}}, {-3, 1, 3}, 1) == (numbers{0, 1, 2}),
             boost::test_tools::per_element());
  BOOST_CHECK_EXCEPTION(nonnegative(box{-2, -1}), localsgd::invalid_settings,
                        [](auto const& e) { return e.field == "nonnegative.penalty"; });
}

BOOST_AUTO_TEST_CASE(the_identity_names_the_penalty) {
  BOOST_TEST(nonnegative{}.identity() == "nonnegative(no_penalty)");
  BOOST_TEST(nonnegative{l1{0.5}}.identity() == "nonnegative(l1(0.5))");
}
