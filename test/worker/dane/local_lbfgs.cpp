// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE worker_dane_local_lbfgs
#include "localsgd/worker/dane/local_lbfgs.hpp"

#include <boost/test/unit_test.hpp>

#include <cmath>
#include <cstddef>
#include <span>
#include <vector>

using namespace localsgd::detail;

namespace {

/// ½ Σ_j h_j (y_j − 1)², h_j from 1 to 1/100, and the values that it was asked for.
struct valley {
  std::vector<double>* values;
  double operator()(std::span<double const> y, std::span<double> g) const {
    double value = 0;
    for (std::size_t j = 0; j != y.size(); ++j) {
      double const h = 1 / (1 + 11.0 * static_cast<double>(j));
      g[j] = h * (y[j] - 1);
      value += h / 2 * (y[j] - 1) * (y[j] - 1);
    }
    values->push_back(value);
    return value;
  }
};

}  // namespace

BOOST_AUTO_TEST_CASE(it_reaches_the_minimum_of_a_quadratic) {
  std::vector<double> values, y(10), g(10);
  valley s{&values};
  auto const work = minimise_by_lbfgs(s, {1e-9, 200}, y);
  for (double const each : y) BOOST_TEST(std::abs(each - 1) < 1e-5);
  BOOST_TEST(work.gradients == values.size());
  BOOST_TEST(work.hessians == 0u);
}

BOOST_AUTO_TEST_CASE(it_ends_where_the_gradient_has_fallen_enough) {
  std::vector<double> values, y(10), g(10);
  valley s{&values};
  s(y, g);
  double first = 0, last = 0;
  for (double const each : g) first += each * each;
  minimise_by_lbfgs(s, {0.1, 200}, y);
  double const found = s(y, g);
  for (double const each : g) last += each * each;
  BOOST_TEST(last <= 0.01 * first);
  BOOST_TEST(found < values.front());
}

BOOST_AUTO_TEST_CASE(a_minimum_is_left_alone) {
  std::vector<double> values, y(10, 1.0);
  valley s{&values};
  auto const work = minimise_by_lbfgs(s, {0.1, 200}, y);
  BOOST_TEST(work.gradients == 1u);
  for (double const each : y) BOOST_TEST(each == 1.0);
}
