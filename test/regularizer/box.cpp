// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE regularizer_box
#include "localsgd/regularizer/box.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "localsgd/regularizer/elastic_net.hpp"
#include "localsgd/regularizer/l1.hpp"
#include "localsgd/regularizer/l2.hpp"
#include "test/support/separable.hpp"

namespace {

using localsgd::box;
using localsgd::elastic_net;
using localsgd::invalid_settings;
using localsgd::l1;
using localsgd::l2;
using numbers = std::vector<double>;
constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

template <class Function>
void refuses(std::string const& field, Function const& make) {
  BOOST_CHECK_EXCEPTION(make(), invalid_settings, [&](auto const& e) { return e.field == field; });
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_value_is_infinite_outside) {
  BOOST_TEST(support::value_of(box{-1, 2}, {-1, 0, 2}) == 0);
  BOOST_TEST(support::value_of(box{-1, 2}, {0, 2.5}) == infinity);
  BOOST_TEST(support::value_of(box(-1, 2, l1{2}), {-1, 0, 2}) == 6);
}

BOOST_AUTO_TEST_CASE(the_prox_is_the_nearest_point_of_the_box) {
  std::vector<float> x{-3, 0.5, 7};
  box{-1, 2}.prox(std::span<float>(x), 4);
  BOOST_TEST(x == (std::vector<float>{-1, 0.5, 2}), boost::test_tools::per_element());
  BOOST_TEST(support::prox_of(box{-1, 2, l1{1}}, {-3, 0.5, 2.5, 7}, 1) == (numbers{-1, 0, 1.5, 2}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(each_coordinate_may_have_its_own_bounds) {
  box const r{{0, -infinity, -1}, {infinity, 0, 1}};
  BOOST_TEST(support::prox_of(r, {-3, -3, -3}, 1) == (numbers{0, -3, -1}),
             boost::test_tools::per_element());
  BOOST_TEST(support::prox_of(r, {3, 3, 3}, 1) == (numbers{3, 0, 1}),
             boost::test_tools::per_element());
  BOOST_TEST((r.zero_interval(0) == std::pair(-infinity, 0.0)));
  BOOST_TEST((r.zero_interval(1) == std::pair(0.0, infinity)));
  BOOST_TEST((r.zero_interval(2) == std::pair(0.0, 0.0)));
  BOOST_TEST(r.lower(2) == -1);
  BOOST_TEST(r.upper(1) == 0);
}

BOOST_AUTO_TEST_CASE(zero_may_be_outside) {
  box const r{1, 2};
  BOOST_TEST((r.zero_interval(0) == std::pair(infinity, -infinity)));
  BOOST_TEST(support::prox_of(r, {0}, 1)[0] == 1);
}

BOOST_AUTO_TEST_CASE(the_conjugate_is_the_support_function) {
  BOOST_TEST((box{-1, 2}.conjugate(numbers{3, -3})) == 9);  // 2·3 + 1·3
  BOOST_TEST((box{-1, infinity}.conjugate(numbers{3, -3})) == infinity);
  BOOST_TEST((box{-1, infinity}.dual_scale(numbers{3, -3})) == 0);
  BOOST_TEST((box{-1, 2}.dual_scale(numbers{3, -3})) == 1);
}

BOOST_AUTO_TEST_CASE(the_members_agree_with_each_other) {
  auto const check = [](auto const& r) {
    support::check_nonsmooth(r, 3);
    support::check_separable(r, 3);
  };
  check(box{-1, 0.5});
  check(box{0.5, 1, l1{0.25}});
  check(box{-infinity, 0.5, l2{0.5}});
  check(box{-1, infinity, elastic_net{0.25, 0.5}});
  check(box{{0, -infinity, -1}, {infinity, 0, 1}, l1{0.25}});
  check(box{0, 1, box{-1, 0.5}});
  support::check_dual_scale(box{-1, infinity, l1{0.3}}, 3);
}

BOOST_AUTO_TEST_CASE(the_strong_convexity_is_that_of_the_penalty) {
  BOOST_TEST((box{-1, 2}.strong_convexity()) == 0);
  BOOST_TEST((box{-1, 2, l2{0.5}}.strong_convexity()) == 0.5);
}

BOOST_AUTO_TEST_CASE(a_box_in_a_box_is_the_intersection) {
  auto const r = box{0, 3, box{numbers{-1, 1}, numbers{2, 9}}};
  BOOST_TEST(support::prox_of(r, {-9, -9}, 1) == (numbers{0, 1}), boost::test_tools::per_element());
  BOOST_TEST(support::prox_of(r, {9, 9}, 1) == (numbers{2, 3}), boost::test_tools::per_element());
  BOOST_TEST(r.length() == 2);
  refuses("box.penalty", [] { box{0, 3, box{4, 5}}; });
}

BOOST_AUTO_TEST_CASE(floats_at_a_bound_that_is_no_float_are_inside) {
  // 0.3 as a float is above 0.3, and −0.3 is below −0.3; the next floats are out of bounds.
  box const r{-0.3, 0.3, l1{2}};
  std::vector<float> x{-7, 7}, g{5, -5};
  r.prox(std::span<float>(x), 1);
  BOOST_TEST(x == (std::vector<float>{-0.3f, 0.3f}), boost::test_tools::per_element());
  BOOST_TEST(r.value(std::span<float const>(x)) == 4 * static_cast<double>(0.3f));
  r.subgradient(std::span<float const>(x), std::span<float>(g));
  BOOST_TEST(g == (std::vector<float>{0, 0}), boost::test_tools::per_element());
  x[1] = std::nextafter(x[1], 1.0f);
  BOOST_TEST(r.value(std::span<float const>(x)) == infinity);
}

BOOST_AUTO_TEST_CASE(the_identity_names_bounds_and_penalty) {
  BOOST_TEST((box{-1, infinity}.identity()) == "box(-1, inf, no_penalty)");
  BOOST_TEST((box{0, 1, l1{0.5}}.identity()) == "box(0, 1, l1(0.5))");
  BOOST_TEST((box{numbers{0, 1}, numbers{2, 3}}.identity()) !=
             (box{numbers{0, 1}, numbers{2, 4}}.identity()));
}

BOOST_AUTO_TEST_CASE(bounds_are_in_order) {
  refuses("box.lower", [] { box{not_a_number, 1}; });
  refuses("box.upper", [] { box{0, not_a_number}; });
  refuses("box.upper", [] { box{1, 0}; });
  refuses("box.lower", [] { box{infinity, infinity}; });
  refuses("box.upper", [] { box{-infinity, -infinity}; });
  refuses("box.upper[1]", [] { box{numbers{0, 1, 2}, numbers{0, 0, 0}}; });
  refuses("box.lower[0]", [] { box{numbers{not_a_number}, numbers{1}}; });
  refuses("box.upper", [] { box{numbers{0, 1}, numbers{2}}; });
  refuses("box.lower", [] { box{numbers{}, numbers{}}; });
}

BOOST_AUTO_TEST_CASE(bounds_for_each_coordinate_fix_the_dimension) {
  box const r{numbers{0, 1}, numbers{2, 3}};
  r.check_dimension(2);
  refuses("box.lower", [&] { r.check_dimension(3); });
  refuses("box.lower", [&] { box{0, 1, r}.check_dimension(1); });
  box{0, 1}.check_dimension(1000);
}
