// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE certificate_dual_rows
#include "localsgd/certificate/dual_rows.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <vector>

#include "localsgd/data/csr_matrix.hpp"
#include "localsgd/loss/poisson.hpp"
#include "localsgd/loss/squared.hpp"
#include "localsgd/objective/linear.hpp"

using namespace localsgd;
using detail::dual_rows;

namespace {

auto const tight = boost::test_tools::tolerance(1e-14);
dense_matrix<double> const a{{3, 4}, {0, 1}};

}  // namespace

// Squared lengths 25 and 1; weights 1 and 3 of a mean of 2.
BOOST_AUTO_TEST_CASE(the_norm_is_the_weighted_mean_length_of_rows) {
  std::vector<double> const y{1, 1}, w{1, 3}, offset{2, -1};
  BOOST_TEST(dual_rows{}.norm < 0);
  BOOST_TEST(dual_rows::of(linear_objective(a, y, squared{}, l2{1})).norm == std::sqrt(13.0), tight);
  linear_objective const weighted(a, y, squared{}, l2{1}, {.weights = w});
  BOOST_TEST(dual_rows::of(weighted).norm == std::sqrt((25 * 0.5 + 1 * 1.5) / 2), tight);
  linear_objective const longer(a, y, squared{}, l2{1}, {.intercept = 3, .offset = offset});
  BOOST_TEST(dual_rows::of(longer).norm == std::sqrt((25 + 9 + 4 + 1 + 9 + 1) / 2.0), tight);
}

BOOST_AUTO_TEST_CASE(the_longest_row_has_the_most_entries) {
  std::vector<double> const y{1, 1};
  auto const sparse = to_csr(dense_matrix<double>{{0, 1, 0}, {2, 0, 3}});
  BOOST_TEST(dual_rows::of(linear_objective(sparse, y, squared{}, l2{1})).longest == 2);
  BOOST_TEST(dual_rows::of(linear_objective(a, y, squared{}, l2{1})).longest == 2);
}

// The minimum of the Poisson loss is y − y log y: 1 for y = 1, and −10 log 10 + 10 for y = 10.
BOOST_AUTO_TEST_CASE(the_depth_is_how_far_losses_can_be_below_0) {
  std::vector<double> const y{1, 10};
  BOOST_TEST(dual_rows::of(linear_objective(a, y, squared{}, l2{1})).depth == 0);
  BOOST_TEST(dual_rows::of(linear_objective(a, y, poisson{}, l2{1})).depth ==
                 (10 * std::log(10.0) - 10) / 2,
             tight);
}
