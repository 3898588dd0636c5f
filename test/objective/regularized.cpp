// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE objective_regularized
#include "localsgd/objective/regularized.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <span>
#include <vector>

#include "localsgd/loss/logistic.hpp"
#include "localsgd/objective/factored_concept.hpp"
#include "localsgd/objective/linear.hpp"
#include "localsgd/objective/linear_concept.hpp"
#include "localsgd/objective/quadratic.hpp"
#include "localsgd/objective/softmax.hpp"
#include "localsgd/regularizer/box.hpp"
#include "localsgd/regularizer/l1.hpp"
#include "localsgd/regularizer/no_penalty.hpp"
#include "test/support/regularizers.hpp"

namespace {

using namespace localsgd;
using namespace localsgd::detail;

template <class R>
using linear_with = linear_objective<dense_matrix<double>, logistic, double, R>;
template <class R>
using softmax_with = softmax_objective<dense_matrix<double>, int, double, R>;

}  // namespace

BOOST_AUTO_TEST_CASE(l2_and_no_penalty_are_ridges) {
  BOOST_TEST((linear_with_ridge<linear_with<l2>> && linear_with_ridge<linear_with<no_penalty>>));
  BOOST_TEST((factored_with_ridge<softmax_with<l2>>));
  BOOST_TEST((factored_with_ridge<softmax_with<no_penalty>>));
}

BOOST_AUTO_TEST_CASE(a_smooth_regularizer_is_differentiable_and_no_ridge) {
  using f = linear_with<support::smoothed_l1>;
  BOOST_TEST((LinearObjective<f> && differentiable<f> && !has_ridge<f>));
  BOOST_TEST((FactoredObjective<softmax_with<support::smoothed_l1>>));
}

BOOST_AUTO_TEST_CASE(a_regularizer_that_is_not_smooth_is_not_differentiable) {
  using f = linear_with<support::absolute>;
  BOOST_TEST((has_regularizer<f> && !differentiable<f>));
}

BOOST_AUTO_TEST_CASE(points_outside_the_domain_move_to_the_nearest_one_inside) {
  dense_matrix<double> const a{{1, 2, 3}};
  std::vector<double> const y{1};
  linear_objective const f(a, y, logistic{}, box{-1, 0.3, l1{5}});
  std::vector<double> x{-7, 0.25, std::nextafter(0.3, 1)};
  move_into_domain(f, std::span<double>(x));
  BOOST_TEST(x == (std::vector<double>{-1, 0.25, 0.3}), boost::test_tools::per_element());
  std::vector<double> const inside{-1, 0.3, 1e-310};
  x = inside;
  move_into_domain(f, std::span<double>(x));
  BOOST_TEST((x == inside));
  x = {-7, 0.25, 1};  // r has values everywhere
  auto const before = x;
  move_into_domain(linear_objective(a, y, logistic{}, support::absolute{1}), std::span<double>(x));
  move_into_domain(linear_objective(a, y, logistic{}, l2{1}), std::span<double>(x));
  BOOST_TEST((x == before));
}

BOOST_AUTO_TEST_CASE(an_objective_without_regularizer_is_differentiable) {
  BOOST_TEST((differentiable<quadratic<>> && !has_regularizer<quadratic<>>));
}

BOOST_AUTO_TEST_CASE(the_ridge_is_lambda) {
  dense_matrix<double> const a{{1}};
  std::vector<double> const y{1};
  BOOST_TEST(ridge_of(linear_objective(a, y, logistic{}, l2{0.3})) == 0.3);
  BOOST_TEST(ridge_of(linear_objective(a, y, logistic{}, no_penalty{})) == 0);
}
