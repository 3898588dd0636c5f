// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE kernels_lbfgs_matrix
#include "localsgd/kernels/lbfgs_matrix.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

using localsgd::detail::lbfgs_matrix;

namespace {

constexpr std::size_t d = 4;
using vector = std::vector<double>;

// H = diag(1, 10, 100, 1000) plus a correlation of neighbours.
vector times_h(vector const& v) {
  vector image(d);
  for (std::size_t j = 0; j != d; ++j) {
    double const h = std::pow(10, double(j));
    image[j] = h * v[j];
    if (j != 0) image[j] += 0.3 * std::sqrt(h * h / 10) * v[j - 1];
    if (j + 1 != d) image[j] += 0.3 * std::sqrt(h * h * 10) * v[j + 1];
  }
  return image;
}
double product(vector const& a, vector const& b) {
  double sum = 0;
  for (std::size_t j = 0; j != a.size(); ++j) sum += a[j] * b[j];
  return sum;
}
vector applied(lbfgs_matrix& b, vector const& diagonal, vector v) {
  b.apply(diagonal, v);
  return v;
}
vector const ones(d, 1);

}  // namespace

BOOST_AUTO_TEST_CASE(without_a_pair_it_is_the_inverse_of_the_diagonal) {
  lbfgs_matrix b(3);
  BOOST_TEST(applied(b, {1, 2, 4, 8}, {1, 1, 1, 1}) == (vector{1, 0.5, 0.25, 0.125}));
}

BOOST_AUTO_TEST_CASE(it_maps_the_last_change_to_the_last_step) {
  lbfgs_matrix b(3);
  for (vector const& step : {vector{1, 2, 0, -1}, vector{0, 1, 1, 1}, vector{-1, 0, 2, 1}}) {
    BOOST_TEST(b.add(step, times_h(step)));
    vector const back = applied(b, {1, 10, 100, 1000}, times_h(step));
    for (std::size_t j = 0; j != d; ++j) BOOST_TEST(std::abs(back[j] - step[j]) < 1e-12);
  }
}

BOOST_AUTO_TEST_CASE(as_many_conjugate_steps_as_dimensions_give_the_inverse) {
  std::vector<vector> steps;
  lbfgs_matrix b(d);
  for (std::size_t j = 0; j != d; ++j) {
    vector step(d);
    step[j] = 1;
    for (vector const& before : steps) {
      double const share = product(step, times_h(before)) / product(before, times_h(before));
      for (std::size_t k = 0; k != d; ++k) step[k] -= share * before[k];
    }
    steps.push_back(step);
    BOOST_TEST(b.add(step, times_h(step)));
  }
  vector const x{3, -1, 2, 0.5}, back = applied(b, ones, times_h(x));
  for (std::size_t j = 0; j != d; ++j) BOOST_TEST(std::abs(back[j] - x[j]) < 1e-10);
}

BOOST_AUTO_TEST_CASE(it_is_symmetric_and_positive_definite) {
  lbfgs_matrix b(2);
  b.add({1, 2, 0, -1}, times_h({1, 2, 0, -1}));
  b.add({0, 1, 1, 1}, times_h({0, 1, 1, 1}));
  vector const u{1, 0, -2, 1}, v{2, 1, 1, -3};
  BOOST_TEST(std::abs(product(u, applied(b, ones, v)) - product(v, applied(b, ones, u))) < 1e-12);
  BOOST_TEST(product(u, applied(b, ones, u)) > 0);
  BOOST_TEST(product(v, applied(b, ones, v)) > 0);
}

BOOST_AUTO_TEST_CASE(the_oldest_pair_makes_room) {
  lbfgs_matrix two(2), last(2);
  vector const first{1, 2, 0, -1}, second{0, 1, 1, 1}, third{-1, 0, 2, 1};
  for (vector const& step : {first, second, third}) two.add(step, times_h(step));
  for (vector const& step : {second, third}) last.add(step, times_h(step));
  BOOST_TEST(applied(two, ones, first) == applied(last, ones, first));
}

BOOST_AUTO_TEST_CASE(a_step_without_measurable_curvature_is_refused) {
  lbfgs_matrix b(3);
  double const infinity = std::numeric_limits<double>::infinity();
  BOOST_TEST(!b.add({1, 0, 0, 0}, {0, 1, 0, 0}));      // none
  BOOST_TEST(!b.add({1, 0, 0, 0}, {-1, 0, 0, 0}));     // negative
  BOOST_TEST(!b.add({1, 0, 0, 0}, {1e-12, 1, 0, 0}));  // no more than rounding
  BOOST_TEST(!b.add({1, 0, 0, 0}, {infinity, 0, 0, 0}));
  BOOST_TEST(applied(b, ones, {1, 2, 3, 4}) == (vector{1, 2, 3, 4}));
}
