// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE step_size_theory_step
#include "localsgd/step_size/theory_step.hpp"

#include <boost/test/unit_test.hpp>
#include <cstdint>
#include <string>

#include "test/support/problems.hpp"

namespace {

using localsgd::theory_step;

std::string refused(auto const& make) {
  return support::error_of<localsgd::invalid_settings>(make).field;
}

constexpr double not_positive[]{0.0, -1.0, support::not_a_number, support::infinity};
constexpr std::uint64_t times[]{0, 1, 2, 99, 100, 101, 1000000, std::uint64_t{1} << 53};
auto const to_rounding = boost::test_tools::tolerance(1e-15);  // of a product and a quotient

}  // namespace

BOOST_AUTO_TEST_CASE(the_theory_step_is_4_over_mu_times_a_plus_t) {
  theory_step const eta(0.25, 64);
  BOOST_TEST(eta.shift() == 64);
  BOOST_TEST(eta(0) == 0.25);
  for (auto const t : times) BOOST_TEST(eta(t) == 16 / (64 + static_cast<double>(t)), to_rounding);
}

BOOST_AUTO_TEST_CASE(the_theory_step_starts_at_most_at_a_quarter_of_1_over_l) {
  double const mu = 0.01, l = 3;  // a = 16κ, as the theorem asks for
  BOOST_TEST(theory_step(mu, 16 * l / mu)(0) == 1 / (4 * l), to_rounding);
}

BOOST_AUTO_TEST_CASE(both_parameters_are_finite_and_positive) {
  for (double const bad : not_positive) {
    BOOST_TEST(refused([&] { theory_step(bad, 1); }) == "theory_step.mu");
    BOOST_TEST(refused([&] { theory_step(1, bad); }) == "theory_step.shift");
  }
}
