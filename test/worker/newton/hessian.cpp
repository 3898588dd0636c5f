// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE worker_newton_hessian
#include "localsgd/worker/newton/hessian.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <span>
#include <tuple>
#include <vector>

#include "localsgd/loss/huber.hpp"
#include "localsgd/loss/logistic.hpp"
#include "localsgd/loss/squared.hpp"
#include "localsgd/loss/squared_hinge.hpp"
#include "localsgd/objective/linear.hpp"
#include "localsgd/objective/sharded.hpp"
#include "localsgd/objective/softmax.hpp"
#include "localsgd/regularizer/l1.hpp"
#include "localsgd/synchronizer/serial.hpp"
#include "test/support/problems.hpp"

namespace {

using namespace localsgd;
using detail::add_hessian;
using detail::add_hessian_diagonal;
using detail::is_full;
using detail::packed_size;

constexpr std::size_t n = 83, d = 7;  // more than a block of rows, and no multiple of one
using both = std::tuple<dense_matrix<double>, csr_matrix<double>>;

// Column j of n·∇²f from gradients around x, without the penalty's n·λ.
template <class F>
std::vector<double> column(F const& f, std::vector<double> x, std::size_t j, double lambda) {
  std::vector<std::size_t> all(f.samples());
  std::iota(all.begin(), all.end(), 0U);
  double const h = 1e-5, at = x[j];
  std::vector<double> above(x.size()), below(x.size());
  x[j] = at + h;
  f.gradient(x, all, above);
  x[j] = at - h;
  f.gradient(x, all, below);
  for (std::size_t i = 0; i != x.size(); ++i)
    above[i] = (above[i] - below[i]) / (2 * h) * static_cast<double>(f.samples());
  above[j] -= static_cast<double>(f.samples()) * lambda;
  return above;
}

template <class F>
void is_the_derivative_of_the_gradient(F const& f, double lambda) {
  std::vector<double> const x = support::random_point(f.dimension(), 3);
  std::vector<double> triangle(packed_size(x.size()));
  add_hessian(f, x, {0, 45}, triangle);  // in two parts
  add_hessian(f, x, {45, f.samples()}, triangle);
  std::vector<double> diagonal(x.size());
  add_hessian_diagonal(f, x, {0, f.samples()}, diagonal);
  for (std::size_t j = 0; j != x.size(); ++j) {
    auto const expected = column(f, x, j, lambda);
    BOOST_TEST(std::abs(diagonal[j] - triangle[packed_size(j) + j]) <
               1e-12 * (1 + std::abs(diagonal[j])));
    for (std::size_t i = j; i != x.size(); ++i)
      BOOST_TEST(std::abs(triangle[packed_size(i) + j] - expected[i]) < 4e-6);
  }
}

}  // namespace

BOOST_AUTO_TEST_CASE_TEMPLATE(that_of_a_linear_model_is_the_derivative_of_its_gradient, Matrix, both) {
  auto const y = support::random_signs(n, 1), offset = support::random_point(n, 2);
  for (double const density : {0.2, 1.0})
    for (double const intercept : {0.0, 2.0}) {
      auto const a = support::features<Matrix>(n, d, density);
      is_the_derivative_of_the_gradient(
          linear_objective(a, y, logistic{}, l2{0.1},
                           {.intercept = intercept, .regularize_intercept = true}),
          0.1);
      is_the_derivative_of_the_gradient(
          linear_objective(a, y, logistic{}, l2{0.1},
                           {.intercept = intercept, .offset = offset, .regularize_intercept = true}),
          0.1);
    }
}

BOOST_AUTO_TEST_CASE_TEMPLATE(that_of_softmax_regression_is_the_derivative_of_its_gradient, Matrix,
                              both) {
  std::vector<double> classes(n);
  for (std::size_t i = 0; i != n; ++i) classes[i] = static_cast<double>(i * i % 5);
  for (double const density : {0.2, 1.0}) {
    auto const a = support::features<Matrix>(n, d, density);
    is_the_derivative_of_the_gradient(softmax_objective(a, classes, 5, l2{0.1}), 0.1);
    std::vector<double> weights(n);
    for (std::size_t i = 0; i != n; ++i) weights[i] = static_cast<double>(i % 4);
    is_the_derivative_of_the_gradient(
        softmax_objective(a, classes, 5, l2{0.1}, {.weights = weights}), 0.1);
    is_the_derivative_of_the_gradient(
        softmax_objective(a, classes, 5, l2{0.1},
                          {.intercept = 2, .weights = weights, .regularize_intercept = true}),
        0.1);
  }
}

BOOST_AUTO_TEST_CASE(rows_of_more_than_a_quarter_of_the_columns_are_full) {
  BOOST_TEST(is_full(26, 100));  // 16 · 26² > 100²
  BOOST_TEST(!is_full(25, 100));
}

BOOST_AUTO_TEST_CASE(one_step_is_exact_for_least_squares_and_for_shards_of_them) {
  auto const a = support::features<dense_matrix<double>>(n, d, 1);
  auto const y = support::random_signs(n, 1);
  auto const exact = [&](auto const& loss, auto const& penalty) {
    return detail::one_step_is_exact(linear_objective(a, y, loss, penalty));
  };
  BOOST_TEST(exact(squared{}, l2{0.1}));
  BOOST_TEST(!exact(huber{}, l2{0.1}));
  BOOST_TEST(!exact(squared{}, l1{0.1}));
  serial one;
  auto const exact_in_shards = [&](auto const& loss) {
    return detail::one_step_is_exact(sharded_objective(
        one, 2, [&](std::size_t) { return linear_objective(a, y, loss, l2{0.1}); }));
  };
  BOOST_TEST(exact_in_shards(squared{}));
  BOOST_TEST(!exact_in_shards(huber{}));
}

BOOST_AUTO_TEST_CASE(samples_without_curvature_are_counted) {
  dense_matrix<double> const a{{0.5}, {2}, {3}, {-1}};
  std::vector<double> const y{1, 1, 1, 1}, x{1};  // margins 0.5, 2, 3 and -1
  linear_objective const hinge(a, y, squared_hinge{}, l2{0.1});
  linear_objective const smooth(a, y, logistic{}, l2{0.1});
  std::vector<double> sum(1);
  BOOST_TEST(add_hessian_diagonal(hinge, std::span<double const>(x), {0, 4}, sum) == 2u);
  BOOST_TEST(add_hessian_diagonal(hinge, std::span<double const>(x), {0, 2}, sum) == 1u);
  BOOST_TEST(add_hessian_diagonal(smooth, std::span<double const>(x), {0, 4}, sum) == 0u);
}
