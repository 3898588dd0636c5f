// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE regularizer_separable
#include "localsgd/regularizer/separable.hpp"

#include <boost/test/unit_test.hpp>
#include <cstddef>
#include <limits>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "localsgd/regularizer/l2.hpp"
#include "test/support/separable.hpp"

namespace {

using localsgd::invalid_settings;
using namespace localsgd::detail;
constexpr double infinity = std::numeric_limits<double>::infinity();

/// The same for all coordinates.
struct uniform : separable<uniform> {
  interval_penalty penalty_at(std::size_t) const { return {.l1 = 0.5, .l2 = 1, .lower = -1}; }
  std::size_t length() const { return 0; }
  std::string identity() const { return "uniform"; }
  uniform() {}
};
/// x₀²/2 + |x₀|/4, |x₁| and 0 ≤ x₂ ≤ 1.
struct mixed : separable<mixed> {
  interval_penalty penalty_at(std::size_t j) const {
    if (j == 0) return {.l1 = 0.25, .l2 = 1};
    if (j == 1) return {.l1 = 1};
    return {.lower = 0, .upper = 1};
  }
  std::size_t length() const { return 3; }
  std::string identity() const { return "mixed"; }
  mixed() {}
};
static_assert(localsgd::Regularizer<mixed, double> && localsgd::Regularizer<mixed, float>);

}  // namespace

BOOST_AUTO_TEST_CASE(values_and_conjugates_are_sums_over_the_coordinates) {
  std::vector<double> const x{2, -3, 0.5}, u{2.25, -1, 4};
  std::vector<float> const narrow{2, -3, 0.5};
  BOOST_TEST(mixed{}.value(std::span<double const>(x)) == 5.5);  // 2 + ½ + 3
  BOOST_TEST(mixed{}.value(std::span<float const>(narrow)) == 5.5);
  BOOST_TEST(mixed{}.conjugate(u) == 6);  // (2.25 − ¼)²/2 + 0 + 4·1
  std::vector<double> const out{2, -3, 1.5}, beyond{2.25, -1.25, 4};
  BOOST_TEST(mixed{}.value(std::span<double const>(out)) == infinity);
  BOOST_TEST(mixed{}.conjugate(beyond) == infinity);
  std::vector<double> const many(1000, 1);
  BOOST_TEST(uniform{}.value(std::span<double const>(many)) == 1000);  // ½ + ½ each
}

BOOST_AUTO_TEST_CASE(the_dual_scale_is_the_least_of_the_coordinates) {
  std::vector<double> const u{9, 2, -4}, v{9, 0.5, 9};
  BOOST_TEST(mixed{}.dual_scale(u) == 0.5);
  BOOST_TEST(mixed{}.dual_scale(v) == 1);
}

BOOST_AUTO_TEST_CASE(the_strong_convexity_is_the_least_of_the_coordinates) {
  BOOST_TEST(mixed{}.strong_convexity() == 0);
  BOOST_TEST(uniform{}.strong_convexity() == 1);
}

BOOST_AUTO_TEST_CASE(the_subgradient_of_floats_is_that_of_doubles_rounded) {
  std::vector<float> const x{-1, 0, 1};
  std::vector<float> g{0.5, 0.5, -3};
  mixed{}.subgradient(std::span<float const>(x), std::span<float>(g));
  BOOST_TEST(g[0] == -0.75);  // ½ − 1 − ¼
  BOOST_TEST(g[1] == 0);      // within ±1
  BOOST_TEST(g[2] == 0);      // the bound is active
}

BOOST_AUTO_TEST_CASE(the_members_agree_with_each_other) {
  support::check_nonsmooth(uniform{}, 5);
  support::check_nonsmooth(mixed{}, 3);
  support::check_dual_scale(mixed{}, 3);
  support::check_separable(uniform{}, 5);
  support::check_separable(mixed{}, 3);
}

BOOST_AUTO_TEST_CASE(a_ridge_is_a_sum_of_interval_penalties_too) {
  static_assert(separable_stock<localsgd::l2> && separable_stock<mixed> && !separable_stock<int>);
  BOOST_TEST(penalty_of(localsgd::l2{0.5}, 7).l2 == 0.5);
  BOOST_TEST(penalty_of(mixed{}, 1).l1 == 1);
  BOOST_TEST(length_of(localsgd::l2{0.5}) == 0);
  BOOST_TEST(length_of(mixed{}) == 3);
}

BOOST_AUTO_TEST_CASE(lengths_are_compared_by_name) {
  require_length("weights", 3, 3);
  BOOST_CHECK_EXCEPTION(require_length("weights", 2, 3), invalid_settings, [](auto const& e) {
    return e.field == "weights" && e.value == "2 numbers" &&
           e.rule == "3, one for each coordinate of x";
  });
}

BOOST_AUTO_TEST_CASE(a_summary_tells_neighbouring_numbers_apart) {
  std::vector<double> const a{1, 0.1}, b{1, 0x1.999999999999bp-4}, c{1, 0.1, 0};
  BOOST_TEST(summary_of(a) == summary_of(std::vector<double>(a)));
  BOOST_TEST(summary_of(a) != summary_of(b));
  BOOST_TEST(summary_of(a) != summary_of(c));
}
