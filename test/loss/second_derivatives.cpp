// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE loss_second_derivatives
#include "localsgd/loss/second_derivatives.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstddef>
#include <vector>

#include "localsgd/loss/huber.hpp"
#include "localsgd/loss/logistic.hpp"
#include "localsgd/loss/squared.hpp"
#include "localsgd/loss/squared_hinge.hpp"
#include "test/support/problems.hpp"

using namespace localsgd;
using detail::second_derivatives;

BOOST_AUTO_TEST_CASE(second_derivatives_are_those_of_the_losses) {
  auto const close = boost::test_tools::tolerance(1e-8);
  auto const at = [](auto const& loss, double z, double y) {
    double bend = -1;
    second_derivatives(loss, &z, &y, 1, &bend);
    return bend;
  };
  BOOST_TEST(at(squared{}, 3.0, 1.0) == 1.0, close);
  BOOST_TEST(at(logistic{}, 0.0, -1.0) == 0.25, close);
  BOOST_TEST(at(squared_hinge{}, 0.0, 1.0) == 2.0, close);
  BOOST_TEST(at(squared_hinge{}, 2.0, 1.0) == 0.0);
  BOOST_TEST(at(huber{1}, 0.5, 0.0) == 1.0, close);
  BOOST_TEST(at(huber{1}, 5.0, 0.0) == 0.0);
}

BOOST_AUTO_TEST_CASE(second_derivatives_of_a_block_are_those_of_its_samples) {
  std::vector<double> const z = support::random_point(64, 7), y = support::random_signs(64, 8);
  std::vector<double> bend(64);
  second_derivatives(logistic{}, z.data(), y.data(), 64, bend.data());
  for (std::size_t i = 0; i != 64; ++i) {
    double const p = 1 / (1 + std::exp(-z[i]));
    BOOST_TEST(std::abs(bend[i] - p * (1 - p)) < 1e-9);
  }
}

BOOST_AUTO_TEST_CASE(within_an_interval_their_mean_counts) {
  double const z = 1.5, y = 0;
  double bend = -1;
  second_derivatives(huber{1}, &z, &y, 1, &bend, 1);  // 1 in [0.5, 1], 0 in [1, 2.5]
  BOOST_TEST(bend == 0.25, boost::test_tools::tolerance(1e-12));
}

BOOST_AUTO_TEST_CASE(only_least_squares_have_a_constant_curvature) {
  struct own_squares {  // with a curvature of 4
    static double value(double z, double y) { return 2 * (z - y) * (z - y); }
    static double derivative(double z, double y) { return 4 * (z - y); }
    static double curvature() { return 4; }
  };
  for (double const y : {-1.0, 0.0, 1.0, 1e3}) {
    BOOST_TEST(detail::has_constant_curvature(squared{}, y));
    BOOST_TEST(detail::has_constant_curvature(own_squares{}, y));
    BOOST_TEST(!detail::has_constant_curvature(huber{}, y));
  }
  for (double const y : {-1.0, 1.0}) {
    BOOST_TEST(!detail::has_constant_curvature(logistic{}, y));
    BOOST_TEST(!detail::has_constant_curvature(squared_hinge{}, y));
  }
}
