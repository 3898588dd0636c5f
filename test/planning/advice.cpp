// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE planning_advice
#include "localsgd/planning/advice.hpp"

#include <boost/test/unit_test.hpp>

#include <cstdio>
#include <string>
#include <vector>

#include "localsgd/loss/logistic.hpp"
#include "localsgd/loss/squared.hpp"
#include "test/support/advice_grid.hpp"
#include "test/support/problems.hpp"

namespace {

using namespace localsgd;

constants const known{.smoothness = 1.0,
                      .strong_convexity = 0.05,
                      .variance = 2.0,
                      .second_moment = 5.0,
                      .squared_distance = 4.0};
cost_model const machines{1e-6, 20e-6, 1e9, topology::tree};
problem_shape const shape{10000, 100};

}  // namespace

BOOST_AUTO_TEST_CASE(the_table_shows_the_choice_the_rejected_ones_and_the_assumptions) {
  advice const a = advise(known, machines, shape, {.accuracy = 0.01});
  std::string const text = to_string(a);
  for (std::string const& part :
       {"recommended: " + a.schedule + ", automatic_step\n", std::string("     K     b         H"),
        std::string("rejected"), std::string("times the time"), std::string("assumptions"),
        a.assumed.front(),
        "and " + std::to_string(a.rejected.size() - 10) + " slower alternatives"})
    BOOST_TEST(text.find(part) != std::string::npos, text << " lacks " << part);
}

// The claim of docs/choosing.md on a part of the grid of benchmark/advice.cpp.
BOOST_AUTO_TEST_CASE(the_advised_gap_is_within_1_3_of_the_best_in_nine_cases_of_ten) {
  std::vector<support::judged> all;
  auto const take = [&](std::string const& name, auto const& f) {
    auto const some = support::judge(name, f, {2, 8}, {0.03, 0.01}, 3, 400);
    all.insert(all.end(), some.begin(), some.end());
  };
  support::synthetic const classes(1000, 10, true), numbers(1000, 10, false);
  take("quadratic", support::noisy_quadratic(10));
  take("squares", linear_objective(numbers.features, numbers.targets, squared{}, l2{1e-3}));
  take("logistic 1e-2", linear_objective(classes.features, classes.targets, logistic{}, l2{1e-2}));
  take("logistic 1e-3", linear_objective(classes.features, classes.targets, logistic{}, l2{1e-3}));
  for (auto const& j : all)
    std::printf("%-14s K = %2zu  eps = %.1e  %-9s  r = %6.1f  H = %5llu, best %5llu: %.2f\n",
                j.problem.c_str(), j.workers, j.accuracy, j.costs.c_str(), j.round_in_steps,
                static_cast<unsigned long long>(j.advised),
                static_cast<unsigned long long>(j.best), j.ratio);
  BOOST_TEST(all.size() >= 30U);
  BOOST_TEST(support::share_within(all, 1.3) >= 0.9);
  BOOST_TEST(support::share_within(all, 3) == 1.0);
}
