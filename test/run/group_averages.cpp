// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE run_group_averages
#include "localsgd/run/group_averages.hpp"

#include "test/support/problems.hpp"
#include "test/support/teams.hpp"

#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <span>
#include <vector>

using localsgd::index_range;
using localsgd::detail::check_groups;
using localsgd::detail::group_averages;

// Five workers in two groups: 0, 1 and 2, 3, 4. Weights 1/8, 3/8 and 1/4, 1/8, 1/8 of 0, 4 and 8, 4, 0:
// (0·1 + 4·3)/4 = 3 and (8·2 + 4·1 + 0·1)/4 = 5.
BOOST_AUTO_TEST_CASE(every_worker_gets_the_weighted_mean_of_its_group) {
  std::vector<double> const weights{1.0 / 8, 3.0 / 8, 1.0 / 4, 1.0 / 8, 1.0 / 8};
  for (std::size_t const threads : {1u, 2u, 5u})
    for (std::size_t const d : {1u, 41u}) {
      std::vector<std::vector<double>> points{
          std::vector<double>(d, 0.0), std::vector<double>(d, 4.0), std::vector<double>(d, 8.0),
          std::vector<double>(d, 4.0), std::vector<double>(d, 0.0)};
      std::vector<std::span<double>> const rows(points.begin(), points.end());
      group_averages<double> averages;
      support::with_team(5, threads, [&](auto& team) {
        averages(team, 2, index_range{0, 5}, std::span<std::span<double> const>(rows),
                 std::span<double const>(weights), d,
                 [&](std::size_t k, std::span<double const> mean) {
                   points[k].assign(mean.begin(), mean.end());
                 });
      });
      for (std::size_t k = 0; k != 5; ++k) {
        BOOST_TEST(points[k][0] == (k < 2 ? 3.0 : 5.0));
        BOOST_TEST(points[k][d - 1] == (k < 2 ? 3.0 : 5.0));
      }
    }
}

BOOST_AUTO_TEST_CASE(a_process_carries_whole_groups) {
  check_groups(2, 6, {0, 3});
  check_groups(2, 6, {3, 6});
  check_groups(3, 6, {2, 6});
  check_groups(1, 6, {0, 6});
  for (index_range const carried : {index_range{0, 2}, index_range{2, 6}, index_range{4, 5}}) {
    auto const e = support::error_of<localsgd::invalid_settings>([&] { check_groups(2, 6, carried); });
    BOOST_TEST(e.field == "hierarchical.groups");
  }
  auto const many = support::error_of<localsgd::invalid_settings>([] { check_groups(7, 6, {0, 6}); });
  BOOST_TEST(many.value == "7");
}
