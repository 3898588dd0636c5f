// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE regularizer_group_l1
#include "localsgd/regularizer/group_l1.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstddef>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "localsgd/regularizer/l1.hpp"
#include "test/support/separable.hpp"

namespace {

using localsgd::group_l1;
using localsgd::group_weights;
using localsgd::invalid_settings;
using numbers = std::vector<double>;
using partition = std::vector<std::vector<std::size_t>>;
constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr auto equal = group_weights::equal;

/// (3, 4) has norm 5; the other group has one coordinate.
group_l1 two_groups(double lambda, group_weights w = equal) { return {{{0, 2}, {1}}, lambda, w}; }

template <class Function>
void refuses(std::string const& field, std::string const& value, Function const& make) {
  BOOST_CHECK_EXCEPTION(make(), invalid_settings, [&](auto const& e) {
    BOOST_TEST(e.field == field);
    BOOST_TEST(e.value == value);
    return true;
  });
}
std::vector<std::size_t> indices(group_l1 const& r, std::size_t g) {
  return {r.group(g).begin(), r.group(g).end()};
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_value_is_the_sum_of_norms) {
  BOOST_TEST(support::value_of(two_groups(0.5), {3, -2, 4}) == 3.5);  // ½·(5 + 2)
  std::vector<float> const narrow{3, -2, 4};
  BOOST_TEST(two_groups(0.5).value(std::span<float const>(narrow)) == 3.5);
}

BOOST_AUTO_TEST_CASE(by_default_a_norm_counts_as_often_as_the_root_of_the_size) {
  group_l1 const r({{0, 1, 2, 3}, {4}}, 0.5);
  BOOST_TEST(r.strength(0) == 1);
  BOOST_TEST(r.strength(1) == 0.5);
  BOOST_TEST(support::value_of(r, {1, 1, 1, 1, 3}) == 3.5);  // 1·2 + ½·3
  BOOST_TEST(group_l1({{0, 1, 2, 3}, {4}}, 0.5, equal).strength(0) == 0.5);
}

BOOST_AUTO_TEST_CASE(the_prox_shortens_groups_and_makes_short_ones_0) {
  std::vector<float> x{3, 2, 4};
  two_groups(0.5).prox(std::span<float>(x), 5);  // subtracts 2.5 from norms of 5 and 2
  BOOST_TEST(x == (std::vector<float>{1.5, 0, 2}), boost::test_tools::per_element());
  BOOST_TEST(support::prox_of(two_groups(1), {0, 0, 0}, 1) == (numbers{0, 0, 0}),
             boost::test_tools::per_element());
  double const nan = std::numeric_limits<double>::quiet_NaN();
  BOOST_TEST(std::isnan(support::prox_of(two_groups(1), {nan, 0, 0}, 1)[0]));
}

BOOST_AUTO_TEST_CASE(the_conjugate_is_finite_where_all_norms_are_at_most_lambda) {
  BOOST_TEST(two_groups(5).conjugate(numbers{3, -5, 4}) == 0);
  BOOST_TEST(two_groups(5).conjugate(numbers{3, -5.5, 4}) == infinity);
  BOOST_TEST(two_groups(4.5).conjugate(numbers{3, 0, 4}) == infinity);
  BOOST_TEST(two_groups(5).dual_scale(numbers{6, 20, 8}) == 0.25);
  BOOST_TEST(two_groups(5).dual_scale(numbers{3, -5, 4}) == 1);
  BOOST_TEST(two_groups(0).dual_scale(numbers{3, -5, 4}) == 0);
}

BOOST_AUTO_TEST_CASE(the_least_subgradient_is_shortened_at_0_and_shifted_elsewhere) {
  BOOST_TEST(
      support::least_subgradient(two_groups(2.5), {0, 0, 0}, {3, 2, 4}) == (numbers{1.5, 0, 2}),
      boost::test_tools::per_element());
  BOOST_TEST(support::least_subgradient(two_groups(5), {6, -2, 8}, {1, 1, 1}) ==
                 (numbers{4, -4, 5}),  // 5·(0.6, 0.8) and −5
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(the_members_agree_with_each_other) {
  for (double const lambda : {0.0, 0.25, 1.0})
    for (group_weights const w : {equal, group_weights::square_root_of_size}) {
      support::check_nonsmooth(two_groups(lambda, w), 3);
      support::check_nonsmooth(group_l1::strided(6, 2, lambda, w), 6);
    }
  support::check_dual_scale(two_groups(0.3), 3);
  support::check_dual_scale(group_l1::consecutive(12, 4, 0.1), 12);
}

BOOST_AUTO_TEST_CASE(groups_of_one_are_l1) {
  std::mt19937_64 random(1);
  auto const r = group_l1::consecutive(4, 1, 0.25);
  localsgd::l1 const l(0.25);
  for (int i = 0; i != 20; ++i) {
    auto const x = support::coarse_point(4, random);
    BOOST_TEST(support::value_of(r, x) == support::value_of(l, x));
    auto const a = support::prox_of(r, x, 2), b = support::prox_of(l, x, 2);
    for (std::size_t j = 0; j != 4; ++j) BOOST_TEST(std::abs(a[j] - b[j]) <= 1e-15);
  }
}

BOOST_AUTO_TEST_CASE(groups_can_be_blocks_or_strides) {
  auto const blocks = group_l1::consecutive(6, 2, 1);
  BOOST_TEST(blocks.groups() == 3);
  BOOST_TEST(indices(blocks, 1) == (std::vector<std::size_t>{2, 3}));
  auto const strides = group_l1::strided(6, 2, 1);
  BOOST_TEST(strides.groups() == 2);
  BOOST_TEST(indices(strides, 1) == (std::vector<std::size_t>{1, 3, 5}));
  refuses("group_l1.size", "4", [] { group_l1::consecutive(6, 4, 1); });
  refuses("group_l1.size", "0", [] { group_l1::consecutive(6, 0, 1); });
  refuses("group_l1.stride", "4", [] { group_l1::strided(6, 4, 1); });
  refuses("group_l1.stride", "1", [] { group_l1::strided(0, 1, 1); });
}

BOOST_AUTO_TEST_CASE(the_identity_depends_on_groups_strength_and_weights) {
  std::string const text = two_groups(0.5).identity();
  BOOST_TEST(text == two_groups(0.5).identity());
  BOOST_TEST(text != two_groups(0.25).identity());
  BOOST_TEST(text != two_groups(0.5, group_weights::square_root_of_size).identity());
  BOOST_TEST(text != group_l1({{0, 1}, {2}}, 0.5, equal).identity());
  BOOST_TEST(text != group_l1({{0}, {2, 1}}, 0.5, equal).identity());
}

BOOST_AUTO_TEST_CASE(groups_are_a_partition) {
  auto const make = [](partition const& groups) { return [&] { group_l1(groups, 1); }; };
  refuses("group_l1.groups", "index 1 twice", make({{0, 1}, {1, 2}}));
  refuses("group_l1.groups", "no index 1", make({{0}, {2, 3}}));
  refuses("group_l1.groups[1]", "empty", make({{0}, {}, {1}}));
  refuses("group_l1.groups", "empty", make({}));
}

BOOST_AUTO_TEST_CASE(groups_fix_the_dimension) {
  two_groups(1).check_dimension(3);
  refuses("group_l1.groups", "3 indices", [] { two_groups(1).check_dimension(4); });
}

BOOST_AUTO_TEST_CASE(lambda_is_finite_and_not_negative) {
  for (double const bad : {-1.0, std::numeric_limits<double>::quiet_NaN(), infinity})
    BOOST_CHECK_EXCEPTION(two_groups(bad), invalid_settings,
                          [](auto const& e) { return e.field == "group_l1.lambda"; });
}
