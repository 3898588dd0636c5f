// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE step_size_concept
#include "localsgd/step_size/concept.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cstdint>
#include <string>

#include "test/support/problems.hpp"

namespace {

using localsgd::capped_inverse_step;
using localsgd::constant_step;
using localsgd::inverse_time_step;
using localsgd::theory_step;

std::string refused(auto const& make) {
  return support::error_of<localsgd::invalid_settings>(make).field;
}

constexpr double not_positive[]{0.0, -1.0, support::not_a_number, support::infinity};
constexpr std::uint64_t times[]{0, 1, 2, 99, 100, 101, 1000000, std::uint64_t{1} << 53};
auto const to_rounding = boost::test_tools::tolerance(1e-15);  // of a product and a quotient

}  // namespace

BOOST_AUTO_TEST_CASE(a_constant_step_stays) {
  constant_step const eta{0.3};
  for (auto const t : times) BOOST_TEST(eta(t) == 0.3);
  BOOST_TEST(eta.shift() == 1);
}

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
  BOOST_TEST(eta.shift() == constant_step::shift());
}

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

BOOST_AUTO_TEST_CASE(the_capped_inverse_step_is_constant_and_then_falls_like_1_over_t) {
  capped_inverse_step const eta(0.5, 0.25, 200);  // min(0.5, 50/(t+1)): they meet at t = 99
  for (auto const t : times)
    BOOST_TEST(eta(t) == std::min(0.5, 50 / (static_cast<double>(t) + 1)), to_rounding);
  BOOST_TEST(eta(99) == 0.5);
  BOOST_TEST(eta(199) == 0.25);
  BOOST_TEST(eta.shift() == 100);
  BOOST_TEST(capped_inverse_step(10, 0.1, 2).shift() == 1);
}

BOOST_AUTO_TEST_CASE(step_sizes_are_finite_and_positive) {
  for (double const bad : not_positive) {
    BOOST_TEST(refused([&] { constant_step{bad}; }) == "constant_step.step_size");
    BOOST_TEST(refused([&] { inverse_time_step(bad, 1); }) == "inverse_time_step.first");
    BOOST_TEST(refused([&] { theory_step(bad, 1); }) == "theory_step.mu");
    BOOST_TEST(refused([&] { theory_step(1, bad); }) == "theory_step.shift");
    BOOST_TEST(refused([&] { capped_inverse_step(bad, 1, 1); }) == "capped_inverse_step.cap");
    BOOST_TEST(refused([&] { capped_inverse_step(1, bad, 1); }) == "capped_inverse_step.factor");
    if (bad != 0)
      BOOST_TEST(refused([&] { inverse_time_step(1, bad); }) == "inverse_time_step.decay");
  }
  BOOST_TEST(refused([] { capped_inverse_step(1, 1, 0); }) == "capped_inverse_step.samples");
}

BOOST_AUTO_TEST_CASE(an_error_names_value_and_rule) {
  auto const e = support::error_of<localsgd::invalid_settings>([] { constant_step{-0.5}; });
  BOOST_TEST(e.value == "-0.5");
  BOOST_TEST(e.rule == "finite and > 0");
}
