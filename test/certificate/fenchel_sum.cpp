// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE certificate_fenchel_sum
#include "localsgd/certificate/fenchel_sum.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <limits>
#include <span>
#include <vector>

#include "localsgd/core/tensor.hpp"
#include "localsgd/loss/squared.hpp"
#include "localsgd/objective/linear.hpp"
#include "test/support/losses.hpp"

using namespace localsgd;
using detail::fenchel_sum;
using detail::row_rounding;

namespace {
constexpr double u = std::numeric_limits<double>::epsilon() / 2;

// Two rows (3, 4), c = 1, λ = 2, x = (1, 2, b).
struct example {
  dense_matrix<double> const a{{3, 4}, {3, 4}};
  std::vector<double> const y{0, 0}, x{1, 2, 7};
  using objective = linear_objective<dense_matrix<double>, squared, double, l2>;
  objective const f{a, y, squared{}, l2{2}, {.intercept = 1}};
  row_rounding<objective> rows;
  double rounding = 0;

  double bound(fenchel_sum const& sum) { return sum.bound(f, x, rows, rounding); }
};
}  // namespace

BOOST_AUTO_TEST_CASE(terms_and_the_squared_distance_from_the_penalty_add_up) {
  // ∇r(w) = (2, 4), h = (3, 1) and μ = 2: 6/2 + (5² + 5²)/4.
  example e;
  std::vector<double> const nh{6, 2};
  BOOST_TEST(e.bound({.nh = nh, .terms = 6}) == 3 + 12.5, boost::test_tools::tolerance(1e-11));
  BOOST_TEST(e.bound({.nh = nh, .terms = 6}) >= 3 + 12.5);
}

BOOST_AUTO_TEST_CASE(what_rounding_may_hide_is_added) {
  example e;
  e.rows.measure(e.f);
  std::vector<double> const nh{-4, -8};  // n h = −n∇r(w): only rounding is left
  double const exact = e.bound({.nh = nh});
  BOOST_TEST(exact > 0);
  BOOST_TEST(exact < 1e-26);
  BOOST_TEST(e.bound({.nh = nh, .rounding = 2e-10}) >= 1e-10);
  BOOST_TEST(e.rounding >= 1e-10);
  // h(θ) has an error of 2·2(n + 64)u√(T R), R = 26.
  double const moved = 4 * 66 * u * std::sqrt(1e6 * 26.0);
  BOOST_TEST(e.bound({.nh = nh, .squared_slopes = 1e6}) >= moved * moved / 4);
}

BOOST_AUTO_TEST_CASE(what_is_not_finite_is_no_bound) {
  example e;
  std::vector<double> const nh{support::infinity, 0}, zeros{0, 0};
  BOOST_TEST(e.bound({.nh = nh}) == support::infinity);
  BOOST_TEST(e.bound({.nh = zeros, .terms = support::not_a_number}) == support::infinity);
}

BOOST_AUTO_TEST_CASE(it_is_proposed_only_against_bounds_that_are_mostly_rounding) {
  BOOST_TEST(detail::predicted_fenchel_gap(4, 0.5, 8.5) == 4);  // 2²/(2μ)
  BOOST_TEST(detail::predicted_fenchel_gap(4, 0.5, 8) == support::infinity);
}
