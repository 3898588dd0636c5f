// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE step_size_constant_step
#include "localsgd/step_size/constant_step.hpp"

#include <boost/test/unit_test.hpp>
#include <cstdint>
#include <string>

#include "test/support/problems.hpp"

namespace {

using localsgd::constant_step;

std::string refused(auto const& make) {
  return support::error_of<localsgd::invalid_settings>(make).field;
}

constexpr double not_positive[]{0.0, -1.0, support::not_a_number, support::infinity};
constexpr std::uint64_t times[]{0, 1, 2, 99, 100, 101, 1000000, std::uint64_t{1} << 53};

}  // namespace

BOOST_AUTO_TEST_CASE(a_constant_step_stays) {
  constant_step const eta{0.3};
  for (auto const t : times) BOOST_TEST(eta(t) == 0.3);
  BOOST_TEST(eta.shift() == 1);
}

BOOST_AUTO_TEST_CASE(the_step_size_is_finite_and_positive) {
  for (double const bad : not_positive)
    BOOST_TEST(refused([&] { constant_step{bad}; }) == "constant_step.step_size");
}

BOOST_AUTO_TEST_CASE(an_error_names_value_and_rule) {
  auto const e = support::error_of<localsgd::invalid_settings>([] { constant_step{-0.5}; });
  BOOST_TEST(e.value == "-0.5");
  BOOST_TEST(e.rule == "finite and > 0");
}
