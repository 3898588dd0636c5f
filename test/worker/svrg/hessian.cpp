// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE worker_svrg_hessian
#include "localsgd/worker/svrg/hessian.hpp"

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
#include "localsgd/objective/softmax.hpp"
#include "test/support/problems.hpp"

namespace {

using namespace localsgd;
using detail::add_hessian;
using detail::four_rows;
using detail::hessian_cost;
using detail::packed_size;
using detail::second_derivative;

constexpr std::size_t n = 23, d = 7;  // no multiples of four
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
  add_hessian(f, x, {0, 10}, triangle);  // in two parts
  add_hessian(f, x, {10, f.samples()}, triangle);
  for (std::size_t j = 0; j != x.size(); ++j) {
    auto const expected = column(f, x, j, lambda);
    for (std::size_t i = j; i != x.size(); ++i)
      BOOST_TEST(std::abs(triangle[packed_size(i) + j] - expected[i]) < 1e-6);
  }
}

}  // namespace

BOOST_AUTO_TEST_CASE(second_derivatives_are_those_of_the_losses) {
  auto const close = boost::test_tools::tolerance(1e-8);
  BOOST_TEST(second_derivative(squared{}, 3.0, 1.0) == 1.0, close);
  BOOST_TEST(second_derivative(logistic{}, 0.0, -1.0) == 0.25, close);
  BOOST_TEST(second_derivative(squared_hinge{}, 0.0, 1.0) == 2.0, close);
  BOOST_TEST(second_derivative(squared_hinge{}, 2.0, 1.0) == 0.0);
  BOOST_TEST(second_derivative(huber{1}, 0.5, 0.0) == 1.0, close);
  BOOST_TEST(second_derivative(huber{1}, 5.0, 0.0) == 0.0);
}

BOOST_AUTO_TEST_CASE(up_to_four_rows_are_added_as_outer_products) {
  for (std::size_t const m : {1U, 3U, 8U, 17U})
    for (std::size_t count = 0; count <= 4; ++count) {
      four_rows rows(m);
      std::size_t const at = 2;
      std::vector<double> triangle(packed_size(at + m), 1.0);
      for (std::size_t r = 0; r != count; ++r) {
        auto const row = rows.next();
        for (std::size_t j = 0; j != m; ++j) row[j] = static_cast<double>(r + j);
        rows.weights[rows.count++] = static_cast<double>(r + 1);
      }
      rows.add_to(triangle, at);
      for (std::size_t i = 0; i != at + m; ++i)
        for (std::size_t j = 0; j <= i; ++j) {
          double expected = 1;  // all are small integers, so sums are exact
          for (std::size_t r = 0; j >= at && r != count; ++r)
            expected += static_cast<double>((r + 1) * (r + i - at) * (r + j - at));
          BOOST_TEST(triangle[packed_size(i) + j] == expected);
        }
    }
}

BOOST_AUTO_TEST_CASE_TEMPLATE(that_of_a_linear_model_is_the_derivative_of_its_gradient, Matrix, both) {
  auto const y = support::random_signs(n, 1);
  for (double const density : {0.2, 1.0})
    for (double const intercept : {0.0, 2.0}) {
      auto const a = support::features<Matrix>(n, d, density);
      is_the_derivative_of_the_gradient(
          linear_objective(a, y, logistic{}, l2{0.1}, {.intercept = intercept}), 0.1);
    }
}

BOOST_AUTO_TEST_CASE_TEMPLATE(that_of_softmax_regression_is_the_derivative_of_its_gradient, Matrix,
                              both) {
  std::vector<double> classes(n);
  for (std::size_t i = 0; i != n; ++i) classes[i] = static_cast<double>(i * i % 5);
  for (double const density : {0.2, 1.0}) {
    auto const a = support::features<Matrix>(n, d, density);
    is_the_derivative_of_the_gradient(softmax_objective(a, classes, 5, l2{0.1}), 0.1);
  }
}

BOOST_AUTO_TEST_CASE(a_full_row_costs_less_than_its_pairs_one_by_one) {
  auto const a = support::features<csr_matrix<double>>(n, d, 1);
  auto const y = support::random_signs(n, 1);
  linear_objective const f(a, y, logistic{}, l2{0.1});
  BOOST_TEST(hessian_cost(f, 100, 100) == 5050 / detail::along_rows);
  BOOST_TEST(hessian_cost(f, 3, 100) == 6.0);  // pairs of entries, each with itself too
}
