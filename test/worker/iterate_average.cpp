// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE worker_iterate_average
#include "localsgd/worker/iterate_average.hpp"

#include <boost/test/unit_test.hpp>
#include <cstddef>
#include <cstdint>
#include <span>
#include <tuple>
#include <vector>

#include "localsgd/iterate_weights/quadratic_weights.hpp"
#include "test/support/problems.hpp"

using localsgd::iterate_average;
using localsgd::quadratic_weights;

using scalars = std::tuple<float, double>;

BOOST_AUTO_TEST_CASE_TEMPLATE(the_average_is_the_weighted_mean_of_the_iterates, Scalar, scalars) {
  constexpr std::size_t d = 13;
  quadratic_weights const squares{3};
  iterate_average average(d);
  BOOST_TEST(average.weights() == 0);
  std::vector<long double> sum(d);
  long double weights = 0;
  for (std::uint64_t t = 0; t != 2000; ++t) {
    auto const x = support::random_point<Scalar>(d, t);
    double const w = squares.weight(t);
    average.add(w, std::span<Scalar const>(x));
    weights += static_cast<long double>(w);
    for (std::size_t j = 0; j != d; ++j)
      sum[j] += static_cast<long double>(w) * static_cast<long double>(x[j]);
  }
  BOOST_TEST(average.weights() == squares.sum(2000), boost::test_tools::tolerance(1e-14));
  std::vector<double> expected(d);
  for (std::size_t j = 0; j != d; ++j) expected[j] = static_cast<double>(sum[j] / weights);
  std::vector<Scalar> out(d);
  average.write(std::span(out));
  // Double: the rounding of 2000 additions. Float: of the result only.
  double const tolerance = std::is_same_v<Scalar, float> ? 1e-7 : 1e-12;
  BOOST_TEST(support::relative_distance(out, expected) <= tolerance);
}

BOOST_AUTO_TEST_CASE(the_average_of_one_iterate_is_that_iterate) {
  iterate_average average(2);
  std::vector<double> const x{0.75, -3};
  average.add(4.0, std::span<double const>(x));
  std::vector<double> out(2);
  average.write(std::span(out));
  BOOST_TEST((out == x));
}
