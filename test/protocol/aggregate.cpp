// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE protocol_aggregate
#include "localsgd/protocol/aggregate.hpp"

#include "localsgd/communicator/threads/thread_team.hpp"
#include "test/support/teams.hpp"

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <thread>
#include <vector>

using localsgd::detail::aggregate_access;
using localsgd::detail::shared_aggregate;
using localsgd::detail::thread_state;
using localsgd::detail::thread_team;

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

/// Three workers on one thread, which have made no steps.
struct counts_of_three {
  shared_aggregate shared;
  thread_state state{3, 1};
  thread_team team{state, 0};
  aggregate_access<thread_team> mine{team, shared};
  std::vector<double> from{0};
  counts_of_three() { mine.expose(std::span<double const>(from)); }
};

}  // namespace

BOOST_AUTO_TEST_CASE(the_points_of_an_asynchronous_run_have_an_aggregate) {
  localsgd::detail::aggregated_iterates<float> const x({0.25, 0.75}, 3);
  BOOST_TEST(x.local.size() == 2);
  BOOST_TEST(x.aggregate.share.empty());
  BOOST_TEST(x.aggregate.finite);
}

BOOST_AUTO_TEST_CASE(what_all_have_added_is_there) {
  for (std::size_t const threads : {1U, 2U, 4U}) {
    shared_aggregate shared;
    std::vector<double> x{100, 0, 0};
    std::atomic<int> wrong{0};
    support::with_team(4, threads, [&](auto& team) {
      aggregate_access<thread_team> mine(team, shared);
      for (int again = 0; again != 2; ++again) {  // it can be exposed again
        std::vector<double> const from{100, 0, 0};
        mine.expose(std::span<double const>(from));
        std::vector<double> const change{1, 2, -1};
        std::vector<double> now(3), before(3, -infinity);
        for (int i = 0; i != 100; ++i) {
          mine.add_and_read<double>(change, now);
          wrong += now[0] <= before[0];  // own changes are seen at once
          before = now;
        }
        team.barrier();
        mine.read(std::span(x));
        double const n = 100 * static_cast<double>(threads);
        wrong += x != std::vector<double>{100 + n, 2 * n, -n};
        team.barrier();
      }
    });
    BOOST_TEST(wrong == 0);
  }
}

BOOST_AUTO_TEST_CASE(numbers_that_are_not_finite_are_not_read) {
  shared_aggregate shared;
  thread_state state(2, 1);
  thread_team team(state, 0);
  aggregate_access<thread_team> mine(team, shared);
  std::vector<double> const from{1, 2};
  mine.expose(std::span<double const>(from));
  std::vector<double> now(2);
  // One thread alone adds nothing that would not be finite.
  mine.add_and_read<double>(std::vector<double>{infinity, 1}, now);
  std::vector<double> x{7, 8};
  mine.read(std::span(x));
  BOOST_TEST((x == std::vector<double>{1, 2}));
  mine.add_and_read<float>(std::vector<double>{1e200, 1}, now);  // no float
  mine.read(std::span(x));
  BOOST_TEST((x == std::vector<double>{1, 2}));
}

BOOST_FIXTURE_TEST_CASE(a_delay_is_what_the_last_worker_lacks, counts_of_three) {
  BOOST_TEST(mine.count(0, 5) == 5);
  BOOST_TEST(mine.count(1, 3) == 3);
  BOOST_TEST(mine.count(2, 2) == 0);  // now all have made at least 2
  BOOST_TEST(mine.count(0, 10) == 8);
}

BOOST_FIXTURE_TEST_CASE(the_steps_of_other_workers_are_counted_together, counts_of_three) {
  BOOST_TEST(mine.added_by_others(0) == 0);
  mine.count(0, 5);
  mine.count(1, 3);
  BOOST_TEST(mine.added_by_others(0) == 3);
  BOOST_TEST(mine.added_by_others(1) == 5);
  BOOST_TEST(mine.added_by_others(2) == 8);
}

BOOST_AUTO_TEST_CASE(who_is_too_far_ahead_waits_for_the_last_one) {
  shared_aggregate shared;
  thread_state state(2, 2);
  state.max_staleness = 4;
  std::atomic<int> wrong{0};
  std::atomic<std::uint64_t> slow{0};
  localsgd::detail::run_threads(state, support::own_threads{}, [&](std::size_t i) {
    thread_team team(state, i);
    aggregate_access<thread_team> mine(team, shared);
    std::vector<double> const from{0};
    mine.expose(std::span<double const>(from));
    for (std::uint64_t t = 2; t <= 40; t += 2) {
      mine.wait_for_others(t, i);
      if (i == 0 && t > 4) wrong += slow + 4 < t;
      if (i == 1) slow = t;
      mine.count(i, t);
    }
  });
  BOOST_TEST(wrong == 0);
}

BOOST_AUTO_TEST_CASE(a_wait_ends_when_the_run_is_cancelled) {
  shared_aggregate shared;
  thread_state state(2, 1);
  state.max_staleness = 0;
  thread_team team(state, 0);
  aggregate_access<thread_team> mine(team, shared);
  std::vector<double> const from{0};
  mine.expose(std::span<double const>(from));
  mine.count(0, 5);
  state.cancel();
  BOOST_CHECK_THROW(mine.wait_for_others(10, 0), localsgd::cancelled);
}

BOOST_AUTO_TEST_CASE(workers_of_a_resumed_run_have_made_their_steps) {
  shared_aggregate shared;
  support::with_team(3, 1, [&](auto& team) {
    aggregate_access<thread_team> mine(team, shared);
    mine.count_from(50);
    std::vector<double> const from{1};
    mine.expose(std::span<double const>(from));
    BOOST_TEST(mine.count(0, 54) == 4u);  // the others have made 50
    BOOST_TEST(mine.count(1, 53) == 3u);
    BOOST_TEST(mine.count(2, 52) == 0u);
  });
}
