// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE averager_combine_ordered
#include "localsgd/averager/combine_ordered.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstddef>
#include <limits>
#include <span>
#include <vector>

namespace {

// The least value of each coordinate in [first, last); the others stay −1.
std::vector<double> least(std::vector<std::vector<double>> points, std::size_t first,
                          std::size_t last) {
  std::vector<std::span<double>> const rows(points.begin(), points.end());
  std::vector<double> out(points[0].size(), -1);
  localsgd::detail::combine_ordered(std::span(rows), first, last, std::span(out),
                                    [](std::span<double> values) {
                                      std::sort(values.begin(), values.end());
                                      return values.front();
                                    });
  return out;
}

}  // namespace

BOOST_AUTO_TEST_CASE(each_coordinate_is_made_of_its_values_in_all_rows) {
  BOOST_TEST((least({{3, 1}, {2, 5}, {7, 4}}, 0, 2) == std::vector<double>{2, 1}));
}

BOOST_AUTO_TEST_CASE(only_the_range_is_written) {
  BOOST_TEST((least({{3, 1, 8}, {2, 5, 9}}, 1, 2) == std::vector<double>{-1, 1, -1}));
}

BOOST_AUTO_TEST_CASE(a_value_that_is_not_finite_makes_its_coordinate_nan_and_no_other) {
  double const infinity = std::numeric_limits<double>::infinity();
  for (double const bad : {infinity, -infinity, std::nan("")}) {
    auto const out = least({{3, 1}, {bad, 5}}, 0, 2);
    BOOST_TEST(std::isnan(out[0]));
    BOOST_TEST(out[1] == 1);
  }
}
