// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE runs_rate
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstdint>

#include "test/support/theory.hpp"

// E f(x̂_T) − f* falls like 1/(K b T), and √(T/(Kb)) local steps do not hurt. Seeds are fixed: the
// figures are the same in every run.

namespace {

void check_slope(localsgd::run_shape (*shape_at)(std::size_t)) {
  support::smooth_problem const problem;
  auto const line = support::slope_of_the_error(problem, shape_at, support::runs_per_point);
  BOOST_TEST_MESSAGE("slope " << line.slope << " +- " << line.standard_error);
  BOOST_TEST(std::abs(line.slope + 1) <= 0.1);
  BOOST_TEST(line.standard_error <= 0.025);  // so that 0.1 is no accident
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_error_falls_like_1_over_the_steps) { check_slope(support::longer); }
BOOST_AUTO_TEST_CASE(the_error_falls_like_1_over_the_workers) { check_slope(support::wider); }
BOOST_AUTO_TEST_CASE(the_error_falls_like_1_over_the_batch_size) { check_slope(support::fuller); }

BOOST_AUTO_TEST_CASE(a_line_is_fitted_with_its_standard_error) {
  // y = 3 − 2x exactly; Σ (x − x̄)²/error² = 2 with errors of 1.
  auto const exact = support::fit({{0, 3, 1}, {1, 1, 1}, {2, -1, 1}});
  BOOST_TEST(exact.slope == -2, boost::test_tools::tolerance(1e-15));
  BOOST_TEST(exact.standard_error == std::sqrt(0.5), boost::test_tools::tolerance(1e-15));
  // A point with a large error has no say.
  auto const weighted = support::fit({{0, 3, 1}, {1, 1, 1}, {2, 100, 1e9}});
  BOOST_TEST(weighted.slope == -2, boost::test_tools::tolerance(1e-12));
}

BOOST_AUTO_TEST_CASE(the_recommended_local_steps_keep_the_error_and_save_their_number_of_rounds) {
  support::bent_problem const problem;
  for (std::uint64_t const steps : {1024u, 4096u}) {
    auto s = support::many_workers(steps);
    double const reference = problem.error(s, support::runs_per_ratio).mean();
    auto const over_reference = [&](std::uint64_t local_steps) {
      s.local_steps = local_steps;
      return problem.error(s, support::runs_per_ratio).mean() / reference;
    };
    std::uint64_t const advised =
        localsgd::recommended_local_steps(steps, s.workers, s.batch_size);
    BOOST_TEST(advised * advised * 16 == steps);
    std::uint64_t rounds = 0;
    for (std::uint64_t t = 0; t < steps; t = localsgd::every{advised}.next(t)) ++rounds;
    BOOST_TEST(rounds * advised == steps);
    BOOST_TEST(over_reference(advised) <= 1.5);
    BOOST_TEST(over_reference(steps) > 1.5);  // averaging once does not
  }
}
