// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE objective_regularized
#include "localsgd/objective/regularized.hpp"

#include <array>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstddef>
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
  x = {-7, 0.25, 1};  // r is finite everywhere
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

BOOST_AUTO_TEST_CASE(a_free_intercept_is_the_last_coordinate_and_not_penalized) {
  dense_matrix<double> const a{{1, 2}};
  std::vector<double> const y{1};
  std::array<double, 3> x{1, 2, 3};
  auto const check = [&](auto const& f, bool is_free, std::size_t count) {
    BOOST_TEST(has_free_intercept(f) == is_free);
    BOOST_TEST(penalized_coordinates(f) == count);
    auto const w = penalized(f, std::span(x).first(f.dimension()));
    BOOST_TEST(w.size() == count);
    BOOST_TEST(w.data() == x.data());
    BOOST_TEST(penalty_convexity_of(f) == 0.3);
  };
  check(linear_objective(a, y, logistic{}, l2{0.3}), false, 2);
  check(linear_objective(a, y, logistic{}, l2{0.3}, {.regularize_intercept = true}), false, 2);
  check(linear_objective(a, y, logistic{}, l2{0.3}, {.intercept = 1}), true, 2);
  check(linear_objective(a, y, logistic{}, l2{0.3}, {.intercept = 1, .regularize_intercept = true}),
        false, 3);
}

BOOST_AUTO_TEST_CASE(an_objective_that_does_not_say_so_regularizes_everything) {
  struct silent {
    static double intercept() { return 1; }
    static std::size_t dimension() { return 4; }
  };
  BOOST_TEST(!has_free_intercept(silent{}));
  BOOST_TEST(penalized_coordinates(silent{}) == 4);
  BOOST_TEST(penalty_convexity_of(silent{}) == 0);
}
