// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE evaluation_glance
#include "localsgd/evaluation/glance.hpp"

#include "localsgd/objective/quadratic.hpp"
#include "test/support/problems.hpp"
#include "test/support/teams.hpp"

#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <span>
#include <vector>

using namespace localsgd;

BOOST_AUTO_TEST_CASE(all_samples_give_the_sum_and_some_a_multiple_of_theirs) {
  quadratic const f({.spectrum = {1, 2}, .samples = 12, .variance = 0.1});
  std::vector<double> const x{0.3, -1};
  std::vector<double> g(2);
  std::vector<std::size_t> const all{3, 4, 5, 6, 7, 8, 9}, some{3, 6, 9};
  auto const mean = [&](std::vector<std::size_t> const& batch) {
    return f.gradient(x, std::span<std::size_t const>(batch), std::span<double>(g));
  };
  BOOST_TEST(detail::glance(f, {3, 10}, 1, std::span<double const>(x)) == 7 * mean(all));
  BOOST_TEST(detail::glance(f, {3, 10}, 3, std::span<double const>(x)) == 7 * mean(some));
  BOOST_TEST(detail::glance(f, {3, 3}, 3, std::span<double const>(x)) == 0);
}

BOOST_AUTO_TEST_CASE(the_leader_learns_where_f_seems_lower) {
  quadratic const f({.spectrum = {1, 2}, .samples = 12, .variance = 0.1});
  auto const p = support::make_plan(12, 2, 3, 1);
  std::vector<double> const low{0, 0}, high{3, -1};
  for (std::size_t const most : {3U, 12U, 100U}) {
    detail::full_gradient pass(f, p);
    int answers = 0;
    support::with_team(3, 2, [&](auto& team) {
      bool const yes = detail::seems_lower(f, pass, team, most, low, high);
      bool const no = detail::seems_lower(f, pass, team, most, high, low);
      bool const same = detail::seems_lower(f, pass, team, most, low, low);
      if (team.leads()) answers = (yes ? 1 : 0) + (no ? 2 : 0) + (same ? 4 : 0);
    });
    BOOST_TEST(answers == 1);
  }
}
