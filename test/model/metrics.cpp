// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE model_metrics
#include "localsgd/model/metrics.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstddef>
#include <limits>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

using namespace localsgd;
using numbers = std::vector<double>;
double const infinity = std::numeric_limits<double>::infinity();
double const nan_value = std::numeric_limits<double>::quiet_NaN();

template <class Call>
std::string refused(Call const& call) {
  try {
    call();
  } catch (invalid_data const& e) {
    return e.file;
  } catch (invalid_settings const& e) {
    return e.field;
  }
  return "nothing";
}

}  // namespace

BOOST_AUTO_TEST_CASE(accuracy_is_the_weighted_share_of_equal_labels) {
  numbers const y{1, 2, 2, 7}, predicted{1, 2, 1, 0};
  BOOST_TEST(accuracy(y, predicted) == 0.5);
  BOOST_TEST(accuracy(y, predicted, numbers{1, 0, 3, 0}) == 0.25);
  BOOST_TEST(accuracy(y, y) == 1);
}

BOOST_AUTO_TEST_CASE(log_loss_of_two_classes_takes_the_probability_of_the_second) {
  numbers const y{5, 9, 9}, p{0.25, 0.5, 0.75}, labels{5, 9};
  // log 4/3, log 2, log 4/3
  BOOST_TEST(log_loss(y, p, labels) == (2 * std::log(4 / 3.) + std::log(2)) / 3,
             boost::test_tools::tolerance(1e-15));
  BOOST_TEST(log_loss(y, p, labels, numbers{0, 2, 0}) == std::log(2),
             boost::test_tools::tolerance(1e-15));
}

BOOST_AUTO_TEST_CASE(log_loss_of_more_classes_takes_a_row_for_each_sample) {
  numbers const labels{0, 1, 2}, y{2, 0}, p{0.25, 0.25, 0.5, 0.125, 0.5, 0.375};
  BOOST_TEST(log_loss(y, p, labels) == (std::log(2) + std::log(8)) / 2,
             boost::test_tools::tolerance(1e-15));
  // Two outputs for two classes.
  BOOST_TEST(log_loss(numbers{1}, numbers{0.75, 0.25}, numbers{0, 1}) == std::log(4),
             boost::test_tools::tolerance(1e-15));
}

BOOST_AUTO_TEST_CASE(log_loss_is_infinite_if_a_label_had_probability_0) {
  numbers const labels{0, 1};
  BOOST_TEST(log_loss(numbers{1}, numbers{0}, labels) == infinity);
  BOOST_TEST(log_loss(numbers{0}, numbers{1}, labels) == infinity);
  BOOST_TEST(log_loss(numbers{0, 1}, numbers{0, 1}, labels) == 0);
  BOOST_TEST(log_loss(numbers{0, 1}, numbers{0, 0}, labels, numbers{1, 0}) == 0);
  // Tiny probabilities keep full relative accuracy.
  BOOST_TEST(log_loss(numbers{0}, numbers{1e-300}, labels) == 1e-300);
}

BOOST_AUTO_TEST_CASE(auc_counts_pairs_in_order_and_half_of_the_ties) {
  numbers const y{1, -1, 1, -1};
  BOOST_TEST(auc(y, numbers{4, 1, 3, 2}) == 1);
  BOOST_TEST(auc(y, numbers{1, 4, 2, 3}) == 0);
  BOOST_TEST(auc(y, numbers{5, 5, 5, 5}) == 0.5);
  // Pairs: (3, 1) and (3, 2) in order, (2, 1) in order, (2, 2) a tie.
  BOOST_TEST(auc(y, numbers{3, 1, 2, 2}) == 3.5 / 4);
  BOOST_TEST(auc(y, numbers{infinity, -infinity, infinity, infinity}) == (1 + 1 + 0.5 + 0.5) / 4);
}

BOOST_AUTO_TEST_CASE(
    auc_does_not_change_under_increasing_functions_and_mirrors_under_decreasing_ones) {
  std::mt19937_64 random(3);
  numbers y, z, exponentials, mirrored;
  for (int i = 0; i != 200; ++i) {
    y.push_back(random() % 3 == 0 ? 7 : 2);
    z.push_back(static_cast<double>(random() % 50) / 10);
    exponentials.push_back(std::exp(z.back()));
    mirrored.push_back(-z.back());
  }
  // By definition, over all pairs.
  double sum = 0, pairs = 0;
  for (std::size_t i = 0; i != 200; ++i)
    for (std::size_t j = 0; j != 200; ++j)
      if (y[i] == 7 && y[j] != 7) {
        pairs += 1;
        sum += z[i] > z[j] ? 1 : z[i] == z[j] ? 0.5 : 0;
      }
  BOOST_TEST(auc(y, z, 7) == sum / pairs, boost::test_tools::tolerance(1e-14));
  BOOST_TEST(auc(y, exponentials, 7) == auc(y, z, 7));
  BOOST_TEST(auc(y, mirrored, 7) == 1 - auc(y, z, 7), boost::test_tools::tolerance(1e-14));
  BOOST_TEST(auc(y, z, 2) == 1 - auc(y, z, 7), boost::test_tools::tolerance(1e-14));
}

BOOST_AUTO_TEST_CASE(a_weight_of_2_is_the_sample_twice) {
  numbers const y{1, -1, 1, -1}, z{3, 1, 2, 2}, weights{1, 2, 2, 0};
  numbers const twice_y{1, -1, -1, 1, 1}, twice_z{3, 1, 1, 2, 2};
  BOOST_TEST(auc(y, z, 1, weights) == auc(twice_y, twice_z));
  BOOST_TEST(rmse(y, z, weights) == rmse(twice_y, twice_z));
  BOOST_TEST(r_squared(y, z, weights) == r_squared(twice_y, twice_z),
             boost::test_tools::tolerance(1e-14));
  BOOST_TEST(accuracy(y, z, weights) == accuracy(twice_y, twice_z));
}

BOOST_AUTO_TEST_CASE(rmse_is_the_root_of_the_mean_square) {
  BOOST_TEST(rmse(numbers{1, 2, 3, 4}, numbers{1, 4, 3, 0}) == std::sqrt((4 + 16) / 4.));
  BOOST_TEST(rmse(numbers{1}, numbers{1}) == 0);
}

BOOST_AUTO_TEST_CASE(r_squared_is_1_for_perfect_and_0_for_the_mean) {
  numbers const y{1, 2, 3, 6};  // mean 3, squares 4 + 1 + 0 + 9 = 14
  BOOST_TEST(r_squared(y, y) == 1);
  BOOST_TEST(r_squared(y, numbers{3, 3, 3, 3}) == 0);
  BOOST_TEST(r_squared(y, numbers{1, 2, 3, 13}) == 1 - 49 / 14.);
}

BOOST_AUTO_TEST_CASE(arguments_that_break_a_rule_are_named) {
  numbers const none, one{1}, two{1, 2}, labels{1, 2};
  BOOST_TEST(refused([&] { accuracy(none, none); }) == "y");
  BOOST_TEST(refused([&] { accuracy(two, one); }) == "predicted");
  BOOST_TEST(refused([&] { rmse(two, one); }) == "predicted");
  BOOST_TEST(refused([&] { r_squared(two, one); }) == "predicted");
  BOOST_TEST(refused([&] { auc(two, one); }) == "scores");
  BOOST_TEST(refused([&] { log_loss(two, one, labels); }) == "probabilities");
  BOOST_TEST(refused([&] { accuracy(two, two, one); }) == "weights");
  BOOST_TEST(refused([&] { accuracy(two, two, numbers{1, -1}); }) == "weights[1]");
  BOOST_TEST(refused([&] { accuracy(two, two, numbers{0, 0}); }) == "sum of weights");
  BOOST_TEST(refused([&] { auc(one, one); }) == "y");
  BOOST_TEST(refused([&] { auc(two, two, 3); }) == "y");
  BOOST_TEST(refused([&] { auc(two, numbers{1, nan_value}); }) == "scores[1]");
  BOOST_TEST(refused([&] { r_squared(numbers{4, 4}, two); }) == "y");
  BOOST_TEST(refused([&] { r_squared(numbers{0.1, 0.1, 0.1}, numbers{1, 2, 3}); }) == "y");
  BOOST_TEST(refused([&] {
               r_squared(numbers{7, 0.1, 0.1, 0.1}, numbers(4), numbers{0, 1, 1, 1});
             }) == "y");
  BOOST_TEST(refused([&] { log_loss(numbers{1, 3}, numbers{0.5, 0.5}, labels); }) == "y[1]");
  BOOST_TEST(refused([&] { log_loss(two, numbers{0.5, 1.5}, labels); }) == "probabilities[1]");
  BOOST_TEST(refused([&] { log_loss(two, numbers{nan_value, 1}, labels); }) == "probabilities[0]");
}
