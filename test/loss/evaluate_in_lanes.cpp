// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE loss_evaluate_in_lanes
#include "localsgd/loss/evaluate_in_lanes.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstddef>
#include <vector>

#include "test/support/losses.hpp"

namespace {

using localsgd::detail::lanes;

double exponential(double x) {
  double out[lanes::size];
  localsgd::detail::store(localsgd::detail::exponential(lanes(x)), out);
  for (std::size_t i = 1; i != lanes::size; ++i) BOOST_TEST(support::same_bits(out[i], out[0]));
  return out[0];
}

}  // namespace

BOOST_AUTO_TEST_CASE(every_sample_of_a_block_of_any_length_is_evaluated_once) {
  for (std::size_t count = 0; count <= 3 * lanes::size; ++count) {
    std::vector<double> z(count), y(count), value(count + 1, -1), slope(count + 1, -1);
    for (std::size_t i = 0; i != count; ++i) {
      z[i] = static_cast<double>(i);
      y[i] = static_cast<double>(100 * i);
    }
    localsgd::detail::evaluate_in_lanes(
        z.data(), y.data(), count, value.data(), slope.data(),
        [](lanes const& at, lanes const& target) {
          return localsgd::detail::lanes_of_loss{at + target, target - at};
        });
    for (std::size_t i = 0; i != count; ++i) {
      BOOST_TEST(value[i] == static_cast<double>(101 * i));
      BOOST_TEST(slope[i] == static_cast<double>(99 * i));
    }
    BOOST_TEST(value[count] == -1);
    BOOST_TEST(slope[count] == -1);
  }
}

BOOST_AUTO_TEST_CASE(the_exponential_is_right_for_all_numbers) {
  for (double x = -700; x < 700; x += 0.37)
    BOOST_TEST(std::abs(exponential(x) / std::exp(x) - 1) <= 4e-16);
  for (double const x : {1000.0, 1e10, 1e300, support::infinity}) {
    BOOST_TEST(exponential(x) == support::infinity);
    BOOST_TEST(exponential(-x) == 0);
  }
  BOOST_TEST(exponential(0) == 1);
  BOOST_TEST(std::isnan(exponential(support::not_a_number)));
}
