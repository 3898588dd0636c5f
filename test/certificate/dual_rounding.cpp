// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE certificate_dual_rounding
#include "localsgd/certificate/dual_rounding.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <limits>
#include <vector>

#include "localsgd/loss/squared.hpp"
#include "localsgd/objective/linear.hpp"
#include "localsgd/regularizer/l2.hpp"

using namespace localsgd;
using detail::dual_rounding, detail::dual_rows;

namespace {

auto const tight = boost::test_tools::tolerance(1e-14);
constexpr double u = std::numeric_limits<double>::epsilon() / 2;
dense_matrix<double> const a{{3, 4}, {0, 1}};
std::vector<double> const y{1, 1}, offset{2, -1};

}  // namespace

// Two errors of m u |f| in the difference of two values, and those of the gap, all doubled.
BOOST_AUTO_TEST_CASE(without_dual_variables_only_the_values_are_rounded) {
  linear_objective const f(a, y, squared{}, l2{1});
  dual_rounding const off{.chain = 10, .lambda = 1, .at = {}, .all = {}};
  dual_rows const rows{.norm = 2, .longest = 2, .depth = 0};
  BOOST_TEST(off.of_gap(f, rows, -3, 0.5, 0) == 2 * 10 * u * (2 * 3 + 0.5), tight);
  dual_rows const deep{.norm = 2, .longest = 2, .depth = 5};  // |φ| ≤ φ + 2 max(0, φ*(0))
  BOOST_TEST(off.of_gap(f, deep, -3, 0.5, 0) == 2 * 10 * u * (2 * (3 + 10) + 0.5), tight);
}

// E = 2m u(ρ√(…) + λ‖x‖) moves ‖h‖²/(2λ) by at most E(‖h‖ + E)/λ.
BOOST_AUTO_TEST_CASE(the_errors_of_h_move_its_square) {
  linear_objective const f(a, y, squared{}, l2{1});
  double const lambda = 0.5, error = 2 * 10 * u * (2 * 3 + lambda * 7);
  dual_rounding const off{.chain = 10, .lambda = lambda, .at = {}, .all = {3, 7}};
  dual_rows const rows{.norm = 2, .longest = 2, .depth = 0};
  BOOST_TEST(off.of_gap(f, rows, 0, 0, 16) ==
                 2 * 10 * u * 16 / lambda + error * (4 + error) / lambda,
             tight);
}

BOOST_AUTO_TEST_CASE(an_offset_is_one_more_product_in_every_conjugate) {
  linear_objective const f(a, y, squared{}, l2{1}), moved(a, y, squared{}, l2{1}, {.offset = offset});
  dual_rounding const off{.chain = 10, .lambda = 1, .at = {0, 5}, .all = {3, 0}};
  dual_rows const rows{.norm = 2, .longest = 2, .depth = 0};
  double const one = 2 * 10 * u * (2 * 3) * 5;
  BOOST_TEST(off.of_gap(moved, rows, 0, 0, 0) - off.of_gap(f, rows, 0, 0, 0) == one, tight);
}

// If all slopes are 0, predictions still have errors, which the curvature of the loss squares.
BOOST_AUTO_TEST_CASE(predictions_that_meet_their_targets_are_rounded_too) {
  linear_objective const f(a, y, squared{}, l2{1});
  dual_rounding const off{.chain = 10, .lambda = 1, .at = {0, 5}, .all = {}};
  dual_rows const rows{.norm = 2, .longest = 2, .depth = 0};
  BOOST_TEST(off.of_gap(f, rows, 0, 0, 0) == std::pow(10 * u * 2 * 5, 2), tight);
}
