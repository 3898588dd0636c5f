// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE worker_dane_surrogate
#include "localsgd/worker/dane/surrogate.hpp"

#include "localsgd/loss/logistic.hpp"
#include "localsgd/objective/linear.hpp"
#include "localsgd/regularizer/l2.hpp"
#include "test/support/problems.hpp"

#include <boost/test/unit_test.hpp>

#include <cmath>
#include <cstddef>
#include <span>
#include <vector>

using namespace localsgd;
using detail::surrogate;

namespace {

constexpr std::size_t n = 40, d = 5;
struct fixture {
  dense_matrix<double> rows = support::random_features<double>(n, d, 3);
  std::vector<double> y = std::vector<double>(n);
  fixture() {
    support::numbers random(4);
    for (double& each : y) each = random.sign();
  }
};

}  // namespace

BOOST_FIXTURE_TEST_CASE(its_gradient_at_the_anchor_is_that_of_f, fixture) {
  linear_objective const f(rows, y, logistic{}, l2{0.1});
  surrogate s(f, {{0, 10}, {25, 30}});
  BOOST_TEST(s.samples() == 15u);
  std::vector<double> const at{1, -1, 0.5, 2, 0}, full{0.3, 0.1, -0.2, 0, 1};
  s.center(at, full, 0.7);
  std::vector<double> g(d);
  s(at, g);
  for (std::size_t j = 0; j != d; ++j) BOOST_TEST(std::abs(g[j] - full[j]) < 1e-13);
}

BOOST_FIXTURE_TEST_CASE(without_a_gradient_it_is_the_mean_over_its_samples, fixture) {
  linear_objective const f(rows, y, logistic{}, l2{0.1});
  surrogate s(f, {{0, 10}, {25, 30}});
  std::vector<std::size_t> own;
  for (std::size_t i = 0; i != 10; ++i) own.push_back(i);
  for (std::size_t i = 25; i != 30; ++i) own.push_back(i);
  std::vector<double> const at(d), x{1, 2, -1, 0, 1};
  std::vector<double> expected(d), g(d);
  s.center(at, {}, 0);
  double const value = f.gradient(std::span<double const>(x), own, expected);
  BOOST_TEST(std::abs(s(x, g) - value) < 1e-13);
  for (std::size_t j = 0; j != d; ++j) BOOST_TEST(std::abs(g[j] - expected[j]) < 1e-13);
}

BOOST_FIXTURE_TEST_CASE(its_derivatives_agree_with_differences, fixture) {
  linear_objective const f(rows, y, logistic{}, l2{0.1}, {.intercept = 1});
  surrogate s(f, {{5, 35}});
  std::size_t const size = d + 1;
  std::vector<double> const at(size, 0.5), full(size, 0.25);
  s.center(at, full, 0.3);
  std::vector<double> x{1, 2, -1, 0, 1, 0.5}, g(size), above(size), below(size);
  std::vector<double> hessian(detail::packed_size(size));
  s(x, g);
  s.hessian(x, hessian);
  double const h = 1e-5;
  for (std::size_t j = 0; j != size; ++j) {
    double const was = x[j];
    x[j] = was + h;
    double const high = s(x, above);
    x[j] = was - h;
    double const low = s(x, below);
    x[j] = was;
    BOOST_TEST(std::abs((high - low) / (2 * h) - g[j]) < 1e-8);
    for (std::size_t i = 0; i <= j; ++i)
      BOOST_TEST(std::abs((above[i] - below[i]) / (2 * h) - hessian[detail::packed_size(j) + i]) < 1e-5);
  }
}
