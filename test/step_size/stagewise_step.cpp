// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE step_size_stagewise_step
#include "localsgd/step_size/stagewise_step.hpp"

#include <boost/test/unit_test.hpp>
#include <cstdint>
#include <string>

#include "test/support/problems.hpp"

namespace {

using localsgd::stagewise_step;

std::string refused(auto const& make) {
  return support::error_of<localsgd::invalid_settings>(make).field;
}

constexpr double not_positive[]{0.0, -1.0, support::not_a_number, support::infinity};
constexpr std::uint64_t times[]{0, 1, 2, 99, 100, 101, 1000000, std::uint64_t{1} << 53};

}  // namespace

BOOST_AUTO_TEST_CASE(the_step_size_halves_from_stage_to_stage) {
  stagewise_step const eta(0.5, 100);  // stages begin at 0, 100, 300, 700, …
  BOOST_TEST(eta(0) == 0.5);
  BOOST_TEST(eta(99) == 0.5);
  BOOST_TEST(eta(100) == 0.25);
  BOOST_TEST(eta(299) == 0.25);
  BOOST_TEST(eta(300) == 0.125);
  BOOST_TEST(eta(700) == 0.0625);
  BOOST_TEST(eta.shift() == 1);
}

BOOST_AUTO_TEST_CASE(nothing_overflows_up_to_2_to_the_53_and_beyond) {
  std::uint64_t const longest = std::uint64_t{1} << 53;
  for (auto const steps : {std::uint64_t{1}, std::uint64_t{3}, longest}) {
    stagewise_step const eta(1, steps);
    for (auto const t : times) BOOST_TEST((eta(t) > 0 && eta(t) <= 1));
    BOOST_TEST(eta(~std::uint64_t{0}) == eta(longest));
  }
  BOOST_TEST(stagewise_step(1, 1)(longest) == 0x1p-53);
}

BOOST_AUTO_TEST_CASE(the_first_step_is_positive_and_so_are_the_steps_of_the_first_stage) {
  for (double const bad : not_positive)
    BOOST_TEST(refused([&] { stagewise_step(bad, 1); }) == "stagewise_step.first");
  BOOST_TEST(refused([] { stagewise_step(1, 0); }) == "stagewise_step.steps");
  BOOST_TEST(refused([] { stagewise_step(1, (std::uint64_t{1} << 53) + 1); }) ==
             "stagewise_step.steps");
}
