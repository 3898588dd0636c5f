// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE loss_concept
#include "localsgd/loss/concept.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <numbers>
#include <string>
#include <type_traits>
#include <vector>

#include "test/support/problems.hpp"

namespace {

using localsgd::huber;
using localsgd::invalid_settings;
using localsgd::logistic;
using localsgd::poisson;
using localsgd::smoothed_hinge;
using localsgd::squared;
using localsgd::squared_hinge;
using support::infinity;
using support::not_a_number;

// Calls check(loss, targets) for every loss of the stock.
template <class Check>
void with_every_loss(Check const& check) {
  std::vector<double> const signs{-1, 1}, reals{-2.5, 0, 1}, counts{0, 1, 7};
  check(logistic{}, signs);
  check(squared{}, reals);
  check(squared_hinge{}, signs);
  check(smoothed_hinge{}, signs);
  check(smoothed_hinge{0.25}, signs);
  check(huber{}, reals);
  check(huber{3}, reals);
  check(poisson{}, counts);
  check(poisson{5}, counts);
}

// The same for those that know their conjugate.
template <class Check>
void with_every_conjugate(Check const& check) {
  with_every_loss([&](auto const& loss, auto const& targets) {
    if constexpr (localsgd::detail::knows_conjugate<std::remove_cvref_t<decltype(loss)>>)
      check(loss, targets);
  });
}

// Predictions around all kinks and corners, but on none of them.
std::vector<double> predictions() {
  std::vector<double> z;
  for (double at = -6.0163; at < 6; at += 0.031) z.push_back(at);
  return z;
}

// Slopes in the domain of the conjugate, its ends among them where it has any.
template <class Loss>
std::vector<double> slopes(Loss const& loss, double y) {
  std::vector<double> theta;
  for (double at = -4; at <= 4; at += 0x1p-5) theta.push_back(loss.nearest_slope(at, y));
  return theta;
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_derivative_is_that_of_the_value) {
  with_every_loss([](auto const& loss, auto const& targets) {
    double const h = 0x1p-17;  // h² and the rounding of the value over h are below 1e-8 of it
    for (double const y : targets)
      for (double const z : predictions()) {
        double const difference = (loss.value(z + h, y) - loss.value(z - h, y)) / (2 * h);
        BOOST_TEST(std::abs(loss.derivative(z, y) - difference) <=
                   1e-8 * (1 + std::abs(loss.value(z, y))));
      }
  });
}

BOOST_AUTO_TEST_CASE(the_curvature_is_the_largest_second_derivative) {
  with_every_loss([](auto const& loss, auto const& targets) {
    double largest = 0, h = 1e-4;
    for (double const y : targets)
      for (double const z : predictions()) {
        double const second = (loss.derivative(z + h, y) - loss.derivative(z - h, y)) / (2 * h);
        BOOST_TEST(second >= -1e-9);  // convex; 1e-9: rounding of the derivative over h
        largest = std::max(largest, second);
      }
    // The points are 0.03 apart: near its maximum φ'' of the logistic loss loses 1e-4 on the way.
    BOOST_TEST(largest <= loss.curvature() * (1 + 1e-9));
    BOOST_TEST(largest >= loss.curvature() * (1 - 1e-3));
  });
}

BOOST_AUTO_TEST_CASE(the_slope_is_the_largest_derivative) {
  with_every_loss([](auto const& loss, auto const& targets) {
    double largest = 0;
    for (double const y : targets)
      for (double const z : {-1e6, -50.0, 0.0, 50.0, 1e6})
        largest = std::max(largest, std::abs(loss.derivative(z, y)));
    BOOST_TEST(largest <= loss.slope());
    if (std::isfinite(loss.slope()))
      BOOST_TEST(largest == loss.slope());
    else
      BOOST_TEST(largest >= 1e6);
  });
}

BOOST_AUTO_TEST_CASE(all_but_poisson_know_their_conjugate) {
  with_every_loss([](auto const& loss, auto const&) {
    using type = std::remove_cvref_t<decltype(loss)>;
    BOOST_TEST(localsgd::detail::knows_conjugate<type> == !(std::is_same_v<type, poisson>));
  });
}

BOOST_AUTO_TEST_CASE(a_loss_and_its_conjugate_are_above_the_product) {  // Fenchel and Young
  with_every_conjugate([](auto const& loss, auto const& targets) {
    for (double const y : targets)
      for (double const theta : slopes(loss, y))
        for (double const z : predictions()) {
          double const value = loss.value(z, y), conjugate = loss.conjugate(theta, y);
          double const rounding = 1e-15 * (value + std::abs(conjugate) + std::abs(theta * z));
          BOOST_TEST(value + conjugate >= theta * z - rounding);
        }
  });
}

BOOST_AUTO_TEST_CASE(a_loss_and_its_conjugate_at_the_slope_are_the_product) {
  with_every_conjugate([](auto const& loss, auto const& targets) {
    for (double const y : targets)
      for (double const scale : {1.0, 8.0})  // far out the logistic loss is its asymptotes
        for (double z : predictions()) {
          z *= scale;
          double const theta = loss.derivative(z, y), value = loss.value(z, y);
          double const conjugate = loss.conjugate(theta, y);
          double const rounding = 1e-15 * (value + std::abs(conjugate) + std::abs(theta * z));
          BOOST_TEST(std::abs(value + conjugate - theta * z) <= rounding);
        }
  });
}

BOOST_AUTO_TEST_CASE(the_slope_of_a_prediction_is_in_the_domain_of_the_conjugate) {
  with_every_conjugate([](auto const& loss, auto const& targets) {
    for (double const y : targets)
      for (double const z : predictions()) {
        double const theta = loss.derivative(z, y);
        BOOST_TEST(loss.nearest_slope(theta, y) == theta);
      }
  });
}

BOOST_AUTO_TEST_CASE(the_nearest_slope_is_in_the_domain_and_none_is_nearer) {
  with_every_conjugate([](auto const& loss, auto const& targets) {
    for (double const y : targets) {
      double lowest = infinity, highest = -infinity;
      for (double const z : {-1e6, 1e6}) {
        lowest = std::min(lowest, loss.derivative(z, y));
        highest = std::max(highest, loss.derivative(z, y));
      }
      for (double theta = -5; theta <= 5; theta += 0x1p-4) {
        double const nearest = loss.nearest_slope(theta, y);
        BOOST_TEST(nearest == std::clamp(theta, lowest, highest));
        BOOST_TEST(loss.nearest_slope(nearest, y) == nearest);
        BOOST_TEST(std::isfinite(loss.conjugate(nearest, y)));
      }
    }
  });
}

BOOST_AUTO_TEST_CASE(conjugates_at_the_ends_of_their_domain) {
  for (double const y : {-1.0, 1.0}) {
    BOOST_TEST(logistic::conjugate(0, y) == 0);
    BOOST_TEST(logistic::conjugate(-y, y) == 0);
    BOOST_TEST(logistic::conjugate(-y / 2, y) == -std::numbers::ln2);
    BOOST_TEST(squared_hinge::conjugate(0, y) == 0);
    BOOST_TEST(squared_hinge::conjugate(-2 * y, y) == -1);  // smallest: −φ(0)
    BOOST_TEST(smoothed_hinge{0.5}.conjugate(0, y) == 0);
    BOOST_TEST(smoothed_hinge{0.5}.conjugate(-y, y) == -0.75);  // γ/2 − 1
  }
  BOOST_TEST(squared::conjugate(3, 2) == 10.5);
  BOOST_TEST(huber{2}.conjugate(-2, 3) == -4);
  BOOST_TEST(huber{2}.conjugate(2, 3) == 8);
}

BOOST_AUTO_TEST_CASE(the_logistic_conjugate_is_exact_near_the_ends_of_its_domain) {
  // a log a + (1 − a) log(1 − a) = a (log a − 1) + a²/2 + …, the same for 1 − a.
  for (double const a : {0x1p-30, 0x1p-40, 0x1p-52}) {
    double const expected = a * (std::log(a) - 1) + a * a / 2;
    auto const near = boost::test_tools::tolerance(1e-14);
    BOOST_TEST(logistic::conjugate(-a, 1) == expected, near);
    BOOST_TEST(logistic::conjugate(-(1 - a), 1) == expected, near);
    BOOST_TEST(logistic::conjugate(1 - a, -1) == expected, near);
  }
  BOOST_TEST(logistic::conjugate(-1e-300, 1) == 1e-300 * (std::log(1e-300) - 1),
             boost::test_tools::tolerance(1e-14));
}

BOOST_AUTO_TEST_CASE(the_logistic_loss_is_log_2_where_nothing_is_known) {
  for (double const y : {-1.0, 1.0}) {
    BOOST_TEST(logistic::value(0, y) == std::numbers::ln2);
    BOOST_TEST(logistic::derivative(0, y) == -y / 2);
  }
}

BOOST_AUTO_TEST_CASE(the_logistic_loss_of_both_targets_differs_by_the_prediction) {
  for (double const z : predictions())  // log(1 + eᶻ) − log(1 + e⁻ᶻ) = z
    BOOST_TEST(std::abs(logistic::value(z, -1) - logistic::value(z, 1) - z) <= 1e-14);
}

BOOST_AUTO_TEST_CASE(the_logistic_loss_overflows_nowhere) {
  BOOST_TEST(logistic::value(1000, -1) == 1000);
  BOOST_TEST(logistic::value(1000, 1) == 0);
  BOOST_TEST(logistic::derivative(1000, -1) == 1);
  BOOST_TEST(logistic::derivative(1000, 1) == 0);
  BOOST_TEST(logistic::value(-1e308, 1) == 1e308);
  BOOST_TEST(logistic::value(40, 1) == std::exp(-40));  // log(1 + e) = e where e is tiny
}

BOOST_AUTO_TEST_CASE(the_squared_loss_is_half_the_square_of_the_error) {
  BOOST_TEST(squared::value(5, 2) == 4.5);
  BOOST_TEST(squared::derivative(5, 2) == 3);
}

BOOST_AUTO_TEST_CASE(the_squared_hinge_is_zero_beyond_the_margin) {
  BOOST_TEST(squared_hinge::value(1, 1) == 0);
  BOOST_TEST(squared_hinge::derivative(3, 1) == 0);
  BOOST_TEST(squared_hinge::value(-1, 1) == 4);
  BOOST_TEST(squared_hinge::derivative(-1, 1) == -4);
  BOOST_TEST(squared_hinge::derivative(1, -1) == 4);
}

BOOST_AUTO_TEST_CASE(the_smoothed_hinge_has_a_parabola_in_its_kink) {
  smoothed_hinge const loss{0.5};
  BOOST_TEST(loss.value(1, 1) == 0);
  BOOST_TEST(loss.value(0.75, 1) == 0.0625);  // 0.25²/(2·0.5)
  BOOST_TEST(loss.value(0.5, 1) == 0.25);     // both formulas give γ/2 here
  BOOST_TEST(loss.value(-1, 1) == 1.75);      // 2 − γ/2
  BOOST_TEST(loss.derivative(0.75, 1) == -0.5);
  BOOST_TEST(loss.derivative(-1, 1) == -1);
}

BOOST_AUTO_TEST_CASE(the_smoothed_hinge_is_within_half_its_width_of_the_hinge) {
  smoothed_hinge const loss{1e-3};
  for (double const z : predictions()) {
    double const hinge = std::max(0.0, 1 - z);
    BOOST_TEST(loss.value(z, 1) <= hinge);
    BOOST_TEST(loss.value(z, 1) >= hinge - 0.5e-3);
  }
}

BOOST_AUTO_TEST_CASE(the_huber_loss_is_squared_near_the_target_and_linear_far_from_it) {
  huber const loss{2};
  BOOST_TEST(loss.value(4, 3) == squared::value(4, 3));
  BOOST_TEST(loss.value(5, 3) == 2);    // both formulas give δ²/2 here
  BOOST_TEST(loss.value(-7, 3) == 18);  // 2·(10 − 1)
  BOOST_TEST(loss.derivative(-7, 3) == -2);
  BOOST_TEST(loss.derivative(4, 3) == 1);
}

BOOST_AUTO_TEST_CASE(the_poisson_loss_is_smallest_at_the_logarithm_of_the_count) {
  poisson const loss;
  for (double const y : {1.0, 2.0, 50.0}) {
    double const z = std::log(y);
    BOOST_TEST(std::abs(loss.derivative(z, y)) <= 1e-15 * y * 8);  // e^(log y) = y to rounding
    BOOST_TEST(std::abs(loss.value(z, y) - (y - y * z)) <= 1e-15 * y * 8);
  }
}

BOOST_AUTO_TEST_CASE(the_poisson_loss_goes_on_as_a_parabola_beyond_its_largest_rate) {
  poisson const loss{4};
  double const corner = std::log(4.0);
  BOOST_TEST(std::abs(loss.value(corner + 2, 0) - 4 * (1 + 2 + 2)) <= 1e-14);
  BOOST_TEST(std::abs(loss.derivative(corner + 2, 0) - 4 * (1 + 2)) <= 1e-14);
  BOOST_TEST(std::isfinite(loss.value(1e100, 3)));
}

BOOST_AUTO_TEST_CASE(classifiers_take_targets_of_minus_1_and_1_only) {
  for (bool (*accepts)(double) :
       {&logistic::accepts, &squared_hinge::accepts, &smoothed_hinge::accepts}) {
    BOOST_TEST((accepts(1) && accepts(-1)));
    for (double const y : {0.0, 2.0, 0.5, not_a_number, infinity}) BOOST_TEST(!accepts(y));
  }
}

BOOST_AUTO_TEST_CASE(regressions_take_finite_targets_and_poisson_no_negative_ones) {
  for (bool (*accepts)(double) : {&squared::accepts, &huber::accepts, &poisson::accepts}) {
    BOOST_TEST((accepts(0) && accepts(2.5)));
    for (double const y : {not_a_number, infinity, -infinity}) BOOST_TEST(!accepts(y));
  }
  BOOST_TEST((squared::accepts(-1) && huber::accepts(-1) && !poisson::accepts(-1)));
}

BOOST_AUTO_TEST_CASE(parameters_are_finite_and_positive) {
  for (double const bad : {0.0, -1.0, infinity, not_a_number}) {
    auto const of = [](auto const& make) {
      auto const e = support::error_of<invalid_settings>(make);
      BOOST_TEST(e.rule == "finite and > 0");
      return e.field;
    };
    BOOST_TEST(of([&] { smoothed_hinge{bad}; }) == "smoothed_hinge.gamma");
    BOOST_TEST(of([&] { huber{bad}; }) == "huber.delta");
    BOOST_TEST(of([&] { poisson{bad}; }) == "poisson.max_rate");
  }
}
