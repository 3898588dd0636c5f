// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE worker_groups_quadratic_with_norm
#include "localsgd/worker/groups/quadratic_with_norm.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstddef>
#include <vector>

#include "test/support/problems.hpp"

namespace {

using vector = std::vector<double>;

vector minimiser(vector const& curvature, vector const& b, double strength) {
  vector v(b.size(), 7.0);  // the previous contents must not matter
  localsgd::detail::minimize_with_norm(curvature, b, strength, v);
  return v;
}

}  // namespace

BOOST_AUTO_TEST_CASE(with_equal_curvatures_it_is_the_soft_threshold) {
  // ‖b‖ = 5: v = b/2·(1 − 2/5).
  auto const v = minimiser({2, 2}, {3, -4}, 2);
  BOOST_TEST(v[0] == 0.9, boost::test_tools::tolerance(1e-14));
  BOOST_TEST(v[1] == -1.2, boost::test_tools::tolerance(1e-14));
  BOOST_TEST((minimiser({2, 2}, {3, -4}, 5) == vector{0, 0}));
  BOOST_TEST((minimiser({2, 2}, {3, -4}, 6) == vector{0, 0}));
}

BOOST_AUTO_TEST_CASE(without_a_norm_it_is_the_solution_of_the_system) {
  auto const v = minimiser({2, 4}, {3, -4}, 0);
  BOOST_TEST(v[0] == 1.5);
  BOOST_TEST(v[1] == -1.0);
}

BOOST_AUTO_TEST_CASE(elsewhere_the_gradient_is_zero) {
  // Λv − b + τv/‖v‖ = 0, for curvatures from 10⁻⁶ to 10⁶ and norms near the threshold.
  support::numbers random(1);
  for (int i = 0; i != 200; ++i) {
    std::size_t const s = 1 + random.below(6);
    vector curvature(s), b(s);
    for (double& each : curvature) each = std::pow(10, random.between(-6, 6));
    for (double& each : b) each = random.between(-1, 1);
    double const near = 1 - std::pow(10, -random.between(2, 9));
    double const share = i % 2 == 0 ? random.between(0.01, 0.99) : near;
    double const strength = share * support::norm(b);
    auto const v = minimiser(curvature, b, strength);
    double const norm = support::norm(v);
    BOOST_REQUIRE(norm > 0);
    for (std::size_t k = 0; k != s; ++k)
      BOOST_TEST(std::abs(curvature[k] * v[k] - b[k] + strength * v[k] / norm) < 1e-12);
  }
}

BOOST_AUTO_TEST_CASE(numbers_that_are_not_finite_give_no_step) {
  BOOST_TEST((minimiser({2, 2}, {support::not_a_number, 1}, 1) == vector{0, 0}));
}
