// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE worker_second_average
#include "localsgd/worker/second_average.hpp"

#include "test/support/teams.hpp"

#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>
#include <vector>

namespace {

using localsgd::plan;
using localsgd::detail::paired_sequence;
using localsgd::detail::second_average;

struct pair_of_vectors : paired_sequence<double> {
  explicit pair_of_vectors(std::size_t d) : paired_sequence<double>(d) {}
  void move(double x, double w) {
    for (double& e : x_) e = x;
    for (double& e : second_) e = w;
    moved_ = true;
  }
};

/// 1/2, 1/4, 1/8, …, and the last one twice.
struct halves {
  std::size_t workers;
  double weight(std::size_t k) const {
    double w = 1;
    for (std::size_t i = 0; i != (k + 1 == workers ? k : k + 1); ++i) w /= 2;
    return w;
  }
};

template <class Team>
struct context {
  Team& threads;
  std::vector<pair_of_vectors>& sequences;
  halves& average;
  std::uint64_t t = 1;
  bool all_finite = true;

  Team& team() { return threads; }
  std::vector<pair_of_vectors>& workers() { return sequences; }
  halves& averager() { return average; }
  std::uint64_t steps() const { return t; }
  bool finite() const { return all_finite; }
  void spend(std::uint64_t) {}
};

plan plan_of(std::size_t workers, std::size_t d) {
  plan p;
  p.workers = workers;
  p.dimension = d;
  return p;
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_start_sets_both_vectors_and_a_later_point_only_the_first) {
  pair_of_vectors pair(2);
  std::vector<double> const start{1, 2}, later{3, 4};
  pair.assign(start);
  BOOST_TEST(pair.local()[1] == 2);
  BOOST_TEST(pair.second()[1] == 2);
  pair.move(5, 6);
  pair.assign(later);
  BOOST_TEST(pair.local()[1] == 4);
  BOOST_TEST(pair.second()[1] == 6);
}

// Weights 1/2, 1/4, 1/8, 1/8 of 0, 4, 8, 16: 0 + 1 + 1 + 2 = 4.
BOOST_AUTO_TEST_CASE(all_workers_get_the_weighted_mean_of_the_second_vectors) {
  for (std::size_t const threads : {1u, 2u, 3u, 4u})
    for (std::size_t const d : {1u, 37u}) {
      std::vector<pair_of_vectors> pairs(4, pair_of_vectors(d));
      for (std::size_t k = 0; k != 4; ++k) pairs[k].move(-1, k == 0 ? 0 : 2.0 * (1u << k));
      halves average{4};
      second_average<double> hook(plan_of(4, d));
      support::with_team(4, threads, [&](auto& team) {
        context<std::remove_cvref_t<decltype(team)>> round{team, pairs, average};
        hook.before_round(round);
        if (team.leads()) BOOST_TEST(team.sent().exchanges == 1u);
      });
      for (auto& each : pairs)
        for (std::size_t i = 0; i != d; ++i) {
          BOOST_TEST(each.second()[i] == 4);
          BOOST_TEST(each.local()[i] == -1);
        }
    }
}

BOOST_AUTO_TEST_CASE(equal_vectors_do_not_change_and_others_may_follow) {
  std::vector<pair_of_vectors> pairs(3, pair_of_vectors(5));
  halves average{3};
  second_average<double> hook(plan_of(3, 5));
  for (double const w : {0.1, 1.0 / 3, 1e300}) {
    for (auto& each : pairs) each.move(0, w);
    support::with_team(3, 2, [&](auto& team) {
      context<std::remove_cvref_t<decltype(team)>> round{team, pairs, average};
      hook.before_round(round);
    });
    for (auto& each : pairs) BOOST_TEST(each.second()[4] == w);
  }
}

BOOST_AUTO_TEST_CASE(before_the_first_step_and_after_a_failed_round_there_is_no_exchange) {
  std::vector<pair_of_vectors> pairs(2, pair_of_vectors(1));
  pairs[1].move(1, 1);
  halves average{2};
  second_average<double> hook(plan_of(2, 1));
  support::with_team(2, 1, [&](auto& team) {
    using here = context<std::remove_cvref_t<decltype(team)>>;
    here start{team, pairs, average, 0};
    hook.before_round(start);
    here failed{team, pairs, average, 7, false};
    hook.before_round(failed);
    BOOST_TEST(team.sent().exchanges == 0u);
  });
  BOOST_TEST(pairs[0].second()[0] == 0);
}
