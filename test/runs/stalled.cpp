// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE runs_stalled
#include "localsgd/minimize.hpp"

#include <array>
#include <boost/test/unit_test.hpp>
#include <cstddef>
#include <vector>

#include "localsgd/loss/logistic.hpp"
#include "localsgd/objective/linear.hpp"
#include "localsgd/synchronizer/serial.hpp"

using namespace localsgd;

BOOST_AUTO_TEST_CASE(precision_is_not_reached_where_the_certificate_does_not_say_so) {
  // Two columns that differ by 0 to 5 in 1e8; f(0) = log 2, and f* is near 0.000357.
  dense_matrix<double> a(std::array<std::size_t, 2>{6, 2}, 1e8);
  std::vector<double> y(6);
  for (std::size_t i = 0; i != 6; ++i) {
    a(i, 1) += static_cast<double>(i);
    y[i] = i >= 3 ? 1 : -1;
  }
  linear_objective const f(a, y, logistic{}, l2{1e-6});
  auto const r = minimize(f, {.tolerance = 1e-6}, serial{});
  BOOST_TEST((r.reason != stop_reason::precision_reached || r.objective < 0.0004));
  BOOST_TEST(r.certificate >= r.objective - 0.000356815661);
}

BOOST_AUTO_TEST_CASE(a_run_without_a_certificate_stalls) {
  dense_matrix<double> const a{{1, 2}, {2, 1}, {-1, 1}};
  std::vector<double> const y{1, -1, 1};
  linear_objective const f(a, y, logistic{}, l2{0});
  auto const r = minimize(f, {.tolerance = 1e-8}, serial{});
  BOOST_TEST((r.reason != stop_reason::precision_reached));
}

BOOST_AUTO_TEST_CASE(any_number_of_evaluations_is_as_many_as_there_are_rounds) {
  dense_matrix<double> const a{{1, 2}, {2, 1}};
  std::vector<double> const y{1, -1};
  linear_objective const f(a, y, logistic{}, l2{0.1});
  auto const r = minimize(f, {.workers = 1, .steps = 40, .evaluations = ~std::size_t{0}}, serial{});
  BOOST_TEST(r.history.size() == r.rounds + 1);
}
