// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE theory_constant_step_bound
#include "localsgd/theory/constant_step_bound.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstdint>

#include "test/support/problems.hpp"

namespace {

using namespace localsgd;

auto const to_rounding = boost::test_tools::tolerance(4e-15);

constants typical() {  // κ = 10
  return {.smoothness = 2,
          .strong_convexity = 0.2,
          .variance = 1.5,
          .second_moment = 4,
          .squared_distance = 3};
}
run_shape typical_shape() {
  return {.workers = 8, .local_steps = 16, .batch_size = 2, .steps = 5000};
}

template <class Call>
invalid_settings refused(Call const& call) {
  return support::error_of<invalid_settings>(call);
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_bound_for_a_constant_step_worked_out_by_hand) {
  // γ = 1/8, L = 2, μ = 1, K = 2, b = 1, H = 4, T = 4: (1 − 1/8)⁴ = 2401/4096
  constants const c{.smoothness = 2,
                    .strong_convexity = 1,
                    .variance = 3,
                    .second_moment = 100,
                    .squared_distance = 4096};
  run_shape s{.workers = 2, .local_steps = 4, .batch_size = 1, .steps = 4};
  constant_step const gamma(0.125);
  auto const distance = khaled_distance_bound(c, s, gamma);
  BOOST_TEST(distance.start == 2401, to_rounding);
  BOOST_TEST(distance.noise == 3.0 / 16, to_rounding);   // γσ²/(μK)
  BOOST_TEST(distance.drift == 36.0 / 64, to_rounding);  // 2·2·(1/64)·3·3/1
  auto const error = khaled_bound(c, s, gamma);          // L/2 = 1
  BOOST_TEST(error.total() == distance.total(), to_rounding);
  auto const convex = khaled_convex_bound(c, s, gamma);
  BOOST_TEST(convex.start == 16384, to_rounding);      // 2·4096·8/4
  BOOST_TEST(convex.noise == 3.0 / 8, to_rounding);    // 2·(1/8)·3/2
  BOOST_TEST(convex.drift == 72.0 / 64, to_rounding);  // 4·(1/64)·2·3·3
  s.batch_size = 3;
  BOOST_TEST(khaled_distance_bound(c, s, gamma).noise == 1.0 / 16, to_rounding);
  BOOST_TEST(khaled_distance_bound(c, s, gamma).drift == 12.0 / 64, to_rounding);
  BOOST_TEST(khaled_convex_bound(c, s, gamma).noise == 1.0 / 8, to_rounding);
  BOOST_TEST(khaled_convex_bound(c, s, gamma).drift == 24.0 / 64, to_rounding);
}

BOOST_AUTO_TEST_CASE(the_bound_on_the_error_is_half_the_smoothness_times_that_on_the_distance) {
  constants const c = typical();
  constant_step const gamma(0.1);
  auto s = typical_shape();
  s.steps = 300;
  auto const distance = khaled_distance_bound(c, s, gamma), error = khaled_bound(c, s, gamma);
  BOOST_TEST(c.smoothness.value == 2);  // so half of it is 1; with 6 below it is 3
  BOOST_TEST(error.total() == distance.total(), to_rounding);
  constants steeper = c;
  steeper.smoothness = 6;
  constant_step const shorter(0.04);
  BOOST_TEST(khaled_bound(steeper, s, shorter).start ==
                 3 * khaled_distance_bound(steeper, s, shorter).start,
             to_rounding);
  // (1 − γμ)^T by multiplication
  long double power = 3;
  for (std::uint64_t t = 0; t != s.steps; ++t) power *= 1 - 0.1L * 0.2L;
  BOOST_TEST(distance.start == static_cast<double>(power), boost::test_tools::tolerance(1e-13));
}

BOOST_AUTO_TEST_CASE(too_large_a_constant_step_is_refused) {
  auto const c = typical();  // 1/(4L) = 1/8
  auto const s = typical_shape();
  constant_step const largest(0.125), too_large(std::nextafter(0.125, 1));
  BOOST_TEST(khaled_distance_bound(c, s, largest).total() > 0);
  for (auto const& error : {refused([&] { khaled_distance_bound(c, s, too_large); }),
                            refused([&] { khaled_bound(c, s, too_large); }),
                            refused([&] { khaled_convex_bound(c, s, too_large); }),
                            refused([&] { steps_to(1, c, s, too_large); })}) {
    BOOST_TEST(error.field == "constant_step.step_size");
    BOOST_TEST(error.rule == "at most 1/(4L), 0.125");
  }
}

BOOST_AUTO_TEST_CASE(steps_to_finds_the_first_that_is_enough) {
  auto const c = typical();
  constant_step const gamma(0.1);
  auto s = typical_shape();
  auto const limit = khaled_bound(c, s, gamma).noise + khaled_bound(c, s, gamma).drift;
  for (double const accuracy : {1.5 * limit, 1.01 * limit, limit * (1 + 1e-9)}) {
    std::uint64_t const steps = steps_to(accuracy, c, s, gamma);
    s.steps = steps;
    BOOST_TEST(khaled_bound(c, s, gamma).total() <= accuracy);
    s.steps = steps - 1;
    BOOST_TEST(khaled_bound(c, s, gamma).total() > accuracy);
  }
  auto const below = refused([&] { steps_to(limit * (1 - 1e-9), c, s, gamma); });
  BOOST_TEST(below.field == "accuracy");
  BOOST_TEST(below.rule == "at least the bound after 2^53 steps, " + detail::shown(limit));
  for (double const accuracy : {0.0, -1.0, support::not_a_number, support::infinity})
    BOOST_TEST(refused([&] { steps_to(accuracy, c, s, gamma); }).field == "accuracy");
}

BOOST_AUTO_TEST_CASE(the_second_moment_and_the_shift_have_no_effect) {
  constant_step const gamma(0.05);
  auto c = typical();
  auto s = typical_shape();
  auto const before = khaled_bound(c, s, gamma);
  auto const convex = khaled_convex_bound(c, s, gamma);
  c.second_moment = 1000;
  s.shift = 12345;
  BOOST_TEST(khaled_bound(c, s, gamma).total() == before.total());
  BOOST_TEST(khaled_convex_bound(c, s, gamma).total() == convex.total());
}
