// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE objective_quadratic
#include "localsgd/objective/quadratic.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstddef>
#include <limits>
#include <string>
#include <vector>

#include "test/support/problems.hpp"

namespace {

using localsgd::invalid_settings;
using localsgd::quadratic;
using localsgd::quadratic_options;
using support::at;
using matrix = std::vector<std::vector<double>>;

quadratic_options noisy() {
  return {.spectrum = {0.5, 3, 1, 8},
          .minimiser = {1, -2, 0.5, 3},
          .samples = 50,
          .variance = 2.5,
          .minimum = -7,
          .seed = 4};
}

// A, column by column: ∇f is affine, so A e_j = ∇f(x* + e_j) − ∇f(x*).
matrix hessian(quadratic<double> const& f) {
  std::vector<double> x(f.minimiser().begin(), f.minimiser().end());
  auto const here = at(f, x).gradient;
  matrix a(x.size());
  for (std::size_t j = 0; j != x.size(); ++j) {
    x[j] += 1;
    a[j] = at(f, x).gradient;
    for (std::size_t i = 0; i != x.size(); ++i) a[j][i] -= here[i];
    x[j] -= 1;
  }
  return a;
}
matrix product(matrix const& a, matrix const& b) {
  matrix c(a.size(), std::vector<double>(a.size()));
  for (std::size_t i = 0; i != a.size(); ++i)
    for (std::size_t j = 0; j != a.size(); ++j)
      for (std::size_t k = 0; k != a.size(); ++k) c[i][j] += a[i][k] * b[k][j];
  return c;
}

std::string refused(quadratic_options const& o) {
  return support::error_of<invalid_settings>([&] { quadratic{o}; }).field;
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_gradient_is_that_of_the_value) {
  BOOST_TEST(support::worst_central_difference(quadratic(noisy())) <=
             support::central_difference_tolerance<double>);
  BOOST_TEST(support::worst_central_difference(quadratic<float>(noisy())) <=
             support::central_difference_tolerance<float>);
}

BOOST_AUTO_TEST_CASE(float_and_double_are_the_same_function) {
  auto const x = support::random_point<float>(4, 5);
  std::vector<double> const same(x.begin(), x.end());
  auto const f = at(quadratic<float>(noisy()), x);
  auto const g = at(quadratic(noisy()), same);
  // Both are computed in double, in which the compiler may fuse products and sums differently.
  BOOST_TEST(f.value == g.value, boost::test_tools::tolerance(1e-14));
  BOOST_TEST(support::relative_distance(f.gradient, g.gradient) <= 1e-7);  // rounded to float
}

BOOST_AUTO_TEST_CASE(minimum_and_minimiser_are_as_given) {
  quadratic const f(noisy());
  std::vector<double> const x(f.minimiser().begin(), f.minimiser().end());
  BOOST_TEST((x == noisy().minimiser));
  auto const there = at(f, x);
  BOOST_TEST(there.value == -7);
  BOOST_TEST(f.minimum() == -7);
  BOOST_TEST(support::norm(there.gradient) <= 1e-15 * 50);  // the sum of 50 ξ_i is zero to rounding
  for (std::uint64_t seed = 0; seed != 10; ++seed)
    BOOST_TEST(at(f, support::random_point(4, seed)).value > -7);
}

BOOST_AUTO_TEST_CASE(without_noise_the_gradient_at_the_minimiser_is_exactly_zero) {
  quadratic const f({.spectrum = {1, 2, 3}});
  std::vector<double> const ones(3, 1.0);  // the default
  BOOST_TEST((at(f, ones).gradient == std::vector<double>(3)));
  BOOST_TEST(at(f, ones).value == 0);
}

BOOST_AUTO_TEST_CASE(the_variance_of_the_gradients_is_as_given_at_every_point) {
  quadratic const f(noisy());
  BOOST_TEST(f.variance() == 2.5);
  for (std::uint64_t seed = 0; seed != 5; ++seed) {
    auto const x = support::random_point(4, seed);
    auto const mean = at(f, x).gradient;
    double variance = 0;
    for (std::size_t i = 0; i != f.samples(); ++i)
      variance += std::pow(support::euclidean_distance(at(f, x, {i}).gradient, mean), 2) / 50;
    BOOST_TEST(variance == 2.5, boost::test_tools::tolerance(1e-12));
  }
}

BOOST_AUTO_TEST_CASE(the_mean_over_all_samples_is_the_full_gradient) {
  // 50 numbers are summed in another order.
  BOOST_TEST(support::worst_mean_of_singles(quadratic(noisy()), support::random_point(4, 7)) <=
             1e-13);
}

// The traces of A, A², …, A^d determine the spectrum (Newton's identities).
BOOST_AUTO_TEST_CASE(the_eigenvalues_of_the_hessian_are_as_given) {
  for (std::uint64_t const seed : {0U, 1U, 2U}) {
    auto o = noisy();
    o.seed = seed;
    auto const a = hessian(quadratic(o));
    auto power = a;
    for (int k = 1; k <= 4; ++k) {
      double trace = 0, sum = 0;
      for (std::size_t i = 0; i != 4; ++i) {
        trace += power[i][i];
        sum += std::pow(o.spectrum[i], k);
      }
      BOOST_TEST(trace == sum, boost::test_tools::tolerance(1e-12));
      power = product(power, a);
    }
  }
}

BOOST_AUTO_TEST_CASE(the_hessian_is_symmetric_and_no_coordinate_axis_is_an_eigenvector) {
  auto const a = hessian(quadratic(noisy()));
  for (std::size_t i = 0; i != 4; ++i) {
    double off_diagonal = 0;
    for (std::size_t j = 0; j != 4; ++j) {
      BOOST_TEST(std::abs(a[i][j] - a[j][i]) <= 1e-13);  // differences of gradients of size 10
      if (j != i) off_diagonal = std::max(off_diagonal, std::abs(a[i][j]));
    }
    BOOST_TEST(off_diagonal > 1e-3);
  }
}

BOOST_AUTO_TEST_CASE(smoothness_and_strong_convexity_are_the_ends_of_the_spectrum) {
  quadratic const f(noisy());
  BOOST_TEST(f.smoothness() == 8);
  BOOST_TEST(f.strong_convexity() == 0.5);
  BOOST_TEST(f.stable_step(1) == 1.0 / 32);
  for (std::uint64_t seed = 0; seed != 20; ++seed) {  // μ‖v‖² <= ⟨v, Av⟩ <= L‖v‖²
    auto const v = support::random_point(4, seed);
    auto x = v;
    for (std::size_t j = 0; j != 4; ++j) x[j] += f.minimiser()[j];
    double const curvature = 2 * (at(f, x).value - f.minimum()),
                 square = std::pow(support::norm(v), 2);
    BOOST_TEST(curvature >= 0.5 * square);
    BOOST_TEST(curvature <= 8 * square);
  }
  BOOST_TEST(support::steepest_pair(f) <= 8 * (1 + 1e-10));  // gradients of pairs 1/64 apart
}

BOOST_AUTO_TEST_CASE(equal_eigenvalues_make_a_paraboloid) {
  quadratic const f({.spectrum = {4, 4, 4}, .minimiser = {1, 2, 3}, .minimum = 1});
  // ½·4·‖(1, −1, 2)‖² + 1
  BOOST_TEST(at(f, {2.0, 1.0, 5.0}).value == 13, boost::test_tools::tolerance(1e-14));
}

BOOST_AUTO_TEST_CASE(no_curvature_at_all_has_a_step_too) {
  quadratic const f({.spectrum = {0, 0}});
  BOOST_TEST(f.smoothness() == 0);
  BOOST_TEST(f.stable_step(1) == 1);
}

BOOST_AUTO_TEST_CASE(the_seed_decides_noise_and_eigenvectors_and_nothing_else_does) {
  auto o = noisy();
  std::vector<double> const x(4);
  auto const here = at(quadratic(o), x, {3}).gradient;
  BOOST_TEST((at(quadratic(o), x, {3}).gradient == here));
  o.seed += 1;
  BOOST_TEST((at(quadratic(o), x, {3}).gradient != here));
}

BOOST_AUTO_TEST_CASE(options_out_of_range_are_refused_by_name) {
  BOOST_TEST(refused({}) == "quadratic_options.spectrum");
  for (double const bad : {-1.0, support::not_a_number, support::infinity}) {
    BOOST_TEST(refused({.spectrum = {1, bad}}) == "quadratic_options.spectrum");
    BOOST_TEST(refused({.spectrum = {1}, .variance = bad}) == "quadratic_options.variance");
  }
  for (double const bad : {support::not_a_number, support::infinity})
    BOOST_TEST(refused({.spectrum = {1}, .minimum = bad}) == "quadratic_options.minimum");
  BOOST_TEST(refused({.spectrum = {1, 2}, .minimiser = {1}}) == "quadratic_options.minimiser");
  BOOST_TEST(refused({.spectrum = {1}, .samples = 0}) == "quadratic_options.samples");
  BOOST_TEST(refused({.spectrum = {1}, .samples = 1, .variance = 1}) ==
             "quadratic_options.samples");
  BOOST_TEST(quadratic({.spectrum = {1}, .samples = 1}).samples() == 1U);
}

BOOST_AUTO_TEST_CASE(a_minimiser_that_is_not_finite_is_refused) {
  for (double const bad : {support::not_a_number, support::infinity})
    BOOST_TEST(refused({.spectrum = {1}, .minimiser = {bad}}) == "quadratic_options.minimiser");
}
