// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE loss_dual_value
#include "localsgd/loss/dual_value.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <limits>
#include <vector>

#include "localsgd/loss/huber.hpp"
#include "localsgd/loss/logistic.hpp"
#include "localsgd/loss/poisson.hpp"
#include "localsgd/loss/smoothed_hinge.hpp"
#include "localsgd/loss/smoothed_quantile.hpp"
#include "localsgd/loss/squared.hpp"
#include "localsgd/loss/squared_hinge.hpp"

namespace {

using namespace localsgd;
using detail::dual_value;
using detail::numeric_conjugate;

constexpr double infinity = std::numeric_limits<double>::infinity();

// φ = ½ max(0, |z − y| − 1)²: φ* = θ²/2 + |θ| + θy, for every θ.
struct dead_zone {
  static double value(double z, double y) { return derivative(z, y) * derivative(z, y) / 2; }
  static double derivative(double z, double y) {
    double const r = z - y;
    return r > 0 ? std::max(0.0, r - 1) : std::min(0.0, r + 1);
  }
  static double curvature() { return 1; }
  static double conjugate(double theta, double y) {
    return theta * (theta / 2 + y) + std::abs(theta);
  }
  static double project_to_dual_domain(double theta, double) { return theta; }
};

template <class L>
void check(L const& loss, std::vector<double> const& targets) {
  for (double const y : targets)
    for (double const start : {-30.0, -3.0, 0.0, 0.4, 2.0})
      for (double theta = -3; theta <= 3; theta += 0x1p-5) {
        dual_value const v = numeric_conjugate(loss, theta, y, start);
        double const inside = loss.project_to_dual_domain(theta, y);
        double const exact = loss.conjugate(v.theta, y);
        BOOST_TEST(std::abs(v.theta - inside) <= 1e-12);  // as close as slopes come to their limit
        BOOST_TEST(loss.project_to_dual_domain(v.theta, y) == v.theta);
        BOOST_TEST(v.conjugate >= exact);
        BOOST_TEST(v.conjugate <= exact + 1e-11 * (1 + std::abs(exact)));
      }
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_conjugates_of_the_stock_losses_are_found_and_never_below) {
  check(logistic{}, {-1, 1});
  check(squared{}, {0.7, -2});
  check(squared_hinge{}, {-1, 1});
  check(smoothed_hinge{0.5}, {-1, 1});
  check(huber{0.7}, {0.7, -2});
  check(smoothed_quantile(0.3, 0.1), {0.7, -2});
}

BOOST_AUTO_TEST_CASE(a_slope_that_stays_where_it_is_for_a_while_is_no_limit) {
  check(dead_zone{}, {0, 5});
}

BOOST_AUTO_TEST_CASE(the_conjugate_of_the_poisson_loss_is_that_of_an_exponential) {
  // φ = eᶻ − yz: φ* = m log m − m with m = θ + y ≥ 0, as long as m is below the largest rate.
  poisson const loss(100);
  for (double const y : {0.0, 1.0, 7.0})
    for (double theta = -y - 1; theta < 60; theta += 0.37) {
      dual_value const v = numeric_conjugate(loss, theta, y, 0.3);
      double const m = v.theta + y, exact = m > 0 ? m * std::log(m) - m : 0;
      BOOST_TEST(std::abs(v.theta - std::max(theta, -y)) <= 1e-12);
      BOOST_TEST(v.conjugate >= exact);
      BOOST_TEST(v.conjugate <= exact + 1e-11 * (1 + std::abs(exact)));
    }
}

BOOST_AUTO_TEST_CASE(at_a_slope_that_is_attained_the_inequality_of_fenchel_and_young_is_an_equality) {
  for (double const z : {-20.0, -1.0, 0.0, 0.3, 20.0}) {
    double const theta = logistic::derivative(z, 1);
    dual_value const v = numeric_conjugate(logistic{}, theta, 1, z);
    BOOST_TEST(v.theta == theta);
    BOOST_TEST(v.conjugate >= theta * z - logistic::value(z, 1));
    BOOST_TEST(v.conjugate <= theta * z - logistic::value(z, 1) + 1e-13);
  }
}

BOOST_AUTO_TEST_CASE(numbers_that_are_not_finite_have_an_infinite_conjugate) {
  double const nan = std::numeric_limits<double>::quiet_NaN();
  for (double const bad : {nan, infinity, -infinity}) {
    BOOST_TEST(numeric_conjugate(squared{}, bad, 0, 0).conjugate == infinity);
    BOOST_TEST(numeric_conjugate(squared{}, 0.5, 0, bad).conjugate == infinity);
  }
}

BOOST_AUTO_TEST_CASE(a_loss_that_knows_its_conjugate_is_asked) {
  dual_value const v = detail::dual_value_at(logistic{}, 0.3, 1, 0);
  BOOST_TEST(v.theta == 0);
  BOOST_TEST(v.conjugate == 0);
  dual_value const found = detail::dual_value_at(poisson{}, 0.5, 0.5, 0);
  BOOST_TEST(std::abs(found.conjugate + 1) < 1e-14);  // 1·log 1 − 1
}

BOOST_AUTO_TEST_CASE(the_margin_covers_sums_of_terms_of_both_signs) {
  constexpr double u = std::numeric_limits<double>::epsilon() / 2;
  BOOST_TEST(detail::sign_margin(36, -2, 3) == 8 * u * 100 * 2);
  BOOST_TEST(detail::sign_margin(36, 2, -3) == 8 * u * 100 * 8);
}
