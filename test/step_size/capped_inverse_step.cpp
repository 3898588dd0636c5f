// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE step_size_capped_inverse_step
#include "localsgd/step_size/capped_inverse_step.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cstdint>
#include <string>

#include "test/support/problems.hpp"

namespace {

using localsgd::capped_inverse_step;

std::string refused(auto const& make) {
  return support::error_of<localsgd::invalid_settings>(make).field;
}

constexpr double not_positive[]{0.0, -1.0, support::not_a_number, support::infinity};
constexpr std::uint64_t times[]{0, 1, 2, 99, 100, 101, 1000000, std::uint64_t{1} << 53};
auto const to_rounding = boost::test_tools::tolerance(1e-15);  // of a product and a quotient

}  // namespace

BOOST_AUTO_TEST_CASE(the_capped_inverse_step_is_constant_and_then_falls_like_1_over_t) {
  capped_inverse_step const eta(0.5, 0.25, 200);  // min(0.5, 50/(t+1)): they meet at t = 99
  for (auto const t : times)
    BOOST_TEST(eta(t) == std::min(0.5, 50 / (static_cast<double>(t) + 1)), to_rounding);
  BOOST_TEST(eta(99) == 0.5);
  BOOST_TEST(eta(199) == 0.25);
  BOOST_TEST(eta.shift() == 100);
  BOOST_TEST(capped_inverse_step(10, 0.1, 2).shift() == 1);
}

BOOST_AUTO_TEST_CASE(cap_factor_and_samples_are_finite_and_positive) {
  for (double const bad : not_positive) {
    BOOST_TEST(refused([&] { capped_inverse_step(bad, 1, 1); }) == "capped_inverse_step.cap");
    BOOST_TEST(refused([&] { capped_inverse_step(1, bad, 1); }) == "capped_inverse_step.factor");
  }
  BOOST_TEST(refused([] { capped_inverse_step(1, 1, 0); }) == "capped_inverse_step.samples");
}
