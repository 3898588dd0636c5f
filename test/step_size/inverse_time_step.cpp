// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE step_size_inverse_time_step
#include "localsgd/step_size/inverse_time_step.hpp"

#include <boost/test/unit_test.hpp>
#include <cstdint>
#include <string>

#include "test/support/problems.hpp"

namespace {

using localsgd::inverse_time_step;

std::string refused(auto const& make) {
  return support::error_of<localsgd::invalid_settings>(make).field;
}

constexpr double not_positive[]{0.0, -1.0, support::not_a_number, support::infinity};
constexpr std::uint64_t times[]{0, 1, 2, 99, 100, 101, 1000000, std::uint64_t{1} << 53};
auto const to_rounding = boost::test_tools::tolerance(1e-15);  // of a product and a quotient

}  // namespace

BOOST_AUTO_TEST_CASE(an_inverse_time_step_falls_like_1_over_t) {
  inverse_time_step const eta(0.5, 0.01);
  BOOST_TEST(eta(0) == 0.5);
  BOOST_TEST(eta(100) == 0.25, to_rounding);
  for (auto const t : times)
    BOOST_TEST(eta(t) == 0.5 / (1 + 0.01 * static_cast<double>(t)), to_rounding);
  // w_t = (a + t)² ∝ 1/η_t²
  double const a = eta.shift();
  for (auto const t : times)
    BOOST_TEST((a + static_cast<double>(t)) / a == eta(0) / eta(t), to_rounding);
}

BOOST_AUTO_TEST_CASE(without_decay_the_inverse_time_step_is_constant) {
  inverse_time_step const eta(0.5, 0);
  for (auto const t : times) BOOST_TEST(eta(t) == 0.5);
  BOOST_TEST(eta.shift() == 1);
}

BOOST_AUTO_TEST_CASE(the_first_step_is_positive_and_the_decay_is_not_negative) {
  for (double const bad : not_positive) {
    BOOST_TEST(refused([&] { inverse_time_step(bad, 1); }) == "inverse_time_step.first");
    if (bad != 0)
      BOOST_TEST(refused([&] { inverse_time_step(1, bad); }) == "inverse_time_step.decay");
  }
}
