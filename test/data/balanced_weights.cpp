// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE data_balanced_weights
#include "localsgd/data/balanced_weights.hpp"

#include <array>
#include <boost/test/unit_test.hpp>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <vector>

namespace {

using localsgd::balanced_weights;
using numbers = std::vector<double>;

std::string refused(numbers const& y) {
  try {
    balanced_weights(y);
  } catch (localsgd::invalid_data const& e) {
    return e.file;
  }
  return "nothing";
}

}  // namespace

// n = 4, two classes of 3 and 1: 4/(2·3) and 4/(2·1).
BOOST_AUTO_TEST_CASE(a_weight_is_n_over_the_classes_times_the_count_of_the_class) {
  BOOST_TEST((balanced_weights(numbers{1, -1, 1, 1}) == numbers{4.0 / 6, 2, 4.0 / 6, 4.0 / 6}));
  BOOST_TEST((balanced_weights(numbers{5, 0.5, -3}) == numbers{1, 1, 1}));
}

BOOST_AUTO_TEST_CASE(every_class_has_the_same_total_weight_and_the_mean_weight_is_1) {
  std::vector<int> y;
  for (int c = 0; c != 5; ++c) y.insert(y.end(), static_cast<std::size_t>(1) << (2 * c), c);
  auto const weights = balanced_weights(y);
  std::array<double, 5> totals{};
  for (std::size_t i = 0; i != y.size(); ++i) totals[static_cast<std::size_t>(y[i])] += weights[i];
  double const n = static_cast<double>(y.size());
  for (double const total : totals)  // sums of up to 256 numbers
    BOOST_TEST(total == n / 5, boost::test_tools::tolerance(1e-13));
}

BOOST_AUTO_TEST_CASE(balanced_classes_and_a_single_class_have_weights_of_1) {
  BOOST_TEST((balanced_weights(numbers{1, -1, -1, 1}) == numbers{1, 1, 1, 1}));
  BOOST_TEST((balanced_weights(numbers{7, 7, 7}) == numbers{1, 1, 1}));
}

BOOST_AUTO_TEST_CASE(both_zeros_are_one_class) {
  BOOST_TEST((balanced_weights(numbers{0, -0.0, 1}) == numbers{0.75, 0.75, 1.5}));
}

BOOST_AUTO_TEST_CASE(any_contiguous_range_of_numbers_is_accepted) {
  numbers const y{1, -1, 1, 1};
  auto const expected = balanced_weights(y);
  std::array<double, 4> const array{1, -1, 1, 1};
  double const raw[]{1, -1, 1, 1};
  std::vector<float> const floats(y.begin(), y.end());
  std::vector<std::int8_t> const bytes{1, -1, 1, 1};
  std::vector<std::size_t> const sizes{1, 0, 1, 1};
  numbers lasting = y;
  auto const tensor = localsgd::detail::to_vector<double>(std::span<double const>(y));
  BOOST_TEST((balanced_weights(array) == expected));
  BOOST_TEST((balanced_weights(raw) == expected));
  BOOST_TEST((balanced_weights(lasting) == expected));
  BOOST_TEST((balanced_weights(std::span(y)) == expected));
  BOOST_TEST((balanced_weights(std::span(lasting)) == expected));
  BOOST_TEST((balanced_weights(floats) == expected));
  BOOST_TEST((balanced_weights(bytes) == expected));
  BOOST_TEST((balanced_weights(sizes) == expected));
  BOOST_TEST((balanced_weights(tensor) == expected));
}

BOOST_AUTO_TEST_CASE(without_labels_there_are_no_weights) {
  BOOST_TEST(balanced_weights(numbers{}).empty());
}

BOOST_AUTO_TEST_CASE(labels_that_are_not_finite_are_refused_by_number) {
  BOOST_TEST(refused({0, std::numeric_limits<double>::quiet_NaN(), 1}) == "targets[1]");
  BOOST_TEST(refused({std::numeric_limits<double>::infinity()}) == "targets[0]");
}
