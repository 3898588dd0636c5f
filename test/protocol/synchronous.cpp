// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE protocol_synchronous
#include "localsgd/protocol/synchronous.hpp"

#include "localsgd/averager/mean.hpp"
#include "localsgd/communicator/threads/thread_team.hpp"
#include "test/support/averagers.hpp"
#include "test/support/teams.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cstddef>
#include <limits>
#include <span>
#include <vector>

using localsgd::iterates;
using localsgd::round_info;
using protocol = localsgd::detail::synchronous_protocol<localsgd::detail::thread_team>;

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

/// Counts what it is told. Its consensus is twice the mean.
struct recorder {
  static constexpr bool keeps_mean = false;
  int begun = 0, committed = 0, rolled_back = 0;
  round_info last = {};

  static double weight(std::size_t) { return 0.5; }
  void begin_round(round_info const& info) { ++begun, last = info; }
  static void apply(std::size_t, std::span<double const>, std::span<double> mean) {
    for (double& e : mean) e *= 2;
  }
  void commit() { ++committed; }
  void rollback() { ++rolled_back; }
  static void reset(std::span<double const>) {}
  template <class Archive>
  static void state(Archive&) {}
};
static_assert(localsgd::AverageState<recorder>);

/// The largest of all rows.
struct maximum : localsgd::memoryless_average<double> {
  static double weight(std::size_t) { return 0.5; }
  static void combine(std::span<std::span<double> const> rows, std::size_t first, std::size_t last,
                      std::span<double> out) {
    for (std::size_t i = first; i != last; ++i) out[i] = std::max(rows[0][i], rows[1][i]);
  }
};

/// Exchanges two points of 20 numbers; worker k has (k + 1)·i at i, but for one.
template <class A>
struct exchanged {
  std::vector<double> consensus;
  std::vector<char> finite;
  localsgd::detail::traffic sent;

  exchanged(A& averager, std::size_t threads, double at_9 = 9) : finite(threads) {
    std::vector<std::vector<double>> local(2, std::vector<double>(20));
    for (std::size_t k = 0; k != 2; ++k)
      for (std::size_t i = 0; i != 20; ++i) local[k][i] = static_cast<double>((k + 1) * i);
    local[0][9] = at_9;
    iterates<double> x({0.5, 0.5}, 20);
    std::ranges::fill(x.consensus[0], 100.0);
    support::with_team<protocol>(2, threads, [&](auto& team) {
      for (std::size_t k = team.workers().first; k != team.workers().last; ++k)
        x.local[k] = local[k];
      finite[team.thread()] = team.exchange(x, averager, round_info{3, 40, 10, 0.5}) ? 1 : 0;
      if (team.leads()) {
        auto const point = team.settle(x);
        consensus.assign(point.begin(), point.end());
        sent = team.sent();
      }
      team.barrier();
    });
  }
};

}  // namespace

BOOST_AUTO_TEST_CASE(the_consensus_is_the_weighted_mean) {
  for (std::size_t const threads : {1U, 2U}) {
    localsgd::mean::bound<double> averager{2};
    exchanged const e(averager, threads);
    for (std::size_t i = 0; i != 20; ++i) BOOST_TEST(e.consensus[i] == 1.5 * static_cast<double>(i));
    BOOST_TEST(std::ranges::count(e.finite, 1) == static_cast<int>(threads));
    BOOST_TEST(e.sent.exchanges == 1);
    BOOST_TEST(e.sent.bytes == 2 * 20 * sizeof(double));
  }
}

BOOST_AUTO_TEST_CASE(averagers_transform_the_mean_and_are_told_of_the_round_once) {
  for (std::size_t const threads : {1U, 2U}) {
    recorder averager;
    exchanged const e(averager, threads);
    for (std::size_t i = 0; i != 20; ++i) BOOST_TEST(e.consensus[i] == 3 * static_cast<double>(i));
    BOOST_TEST(averager.begun == 1);
    BOOST_TEST(averager.committed == 1);
    BOOST_TEST(averager.rolled_back == 0);
    BOOST_TEST(averager.last.round == 3);
    BOOST_TEST(averager.last.steps == 40);
    BOOST_TEST(averager.last.local_steps == 10);
    BOOST_TEST(averager.last.step_size == 0.5);
  }
}

BOOST_AUTO_TEST_CASE(an_averager_may_combine_all_points_itself) {
  maximum averager;
  for (std::size_t const threads : {1U, 2U}) {
    exchanged const e(averager, threads, 50);
    for (std::size_t i = 0; i != 20; ++i)
      BOOST_TEST(e.consensus[i] == (i == 9 ? 50 : 2 * static_cast<double>(i)));
  }
}

BOOST_AUTO_TEST_CASE(numbers_that_are_not_finite_change_nothing_and_all_threads_know) {
  for (std::size_t const threads : {1U, 2U})
    for (double const bad : {infinity, -infinity, std::numeric_limits<double>::quiet_NaN()}) {
      recorder averager;
      exchanged const e(averager, threads, bad);
      BOOST_TEST((e.consensus == std::vector<double>(20, 100.0)));
      BOOST_TEST(std::ranges::count(e.finite, 0) == static_cast<int>(threads));
      BOOST_TEST(averager.committed == 0);
      BOOST_TEST(averager.rolled_back == 1);
      maximum combines;
      exchanged const other(combines, threads, infinity);
      BOOST_TEST((other.consensus == std::vector<double>(20, 100.0)));
    }
}

BOOST_AUTO_TEST_CASE(a_consensus_can_be_made_and_moved) {
  localsgd::detail::thread_state state(2, 1);
  protocol team(state, 0);
  iterates<double> x({0.5, 0.5}, 3);
  auto const seven = [](std::size_t, std::span<double> out) {
    std::ranges::fill(out, 7.0);
    return true;
  };
  BOOST_TEST(team.make_consensus(x, seven));
  BOOST_TEST(team.settle(x)[2] == 7);
  BOOST_TEST(team.point(x, 1)[2] == 7);
  BOOST_TEST(!team.make_consensus(x, [](std::size_t, std::span<double> out) {
    std::ranges::fill(out, 8.0);
    return false;
  }));
  BOOST_TEST(!team.finite());
  BOOST_TEST(team.settle(x)[2] == 7);
  std::vector<double> const there{1, 2, 3};
  team.move_to(x, std::span<double const>(there));
  BOOST_TEST(team.finite());
  BOOST_TEST(std::ranges::equal(team.settle(x), there));

  // The averager transforms what is made, as it does a mean.
  recorder averager;
  BOOST_TEST(team.exchange_made(x, averager, {}, seven));
  BOOST_TEST(team.settle(x)[0] == 14);
  BOOST_TEST(averager.committed == 1);
  BOOST_TEST(team.sent().exchanges == 1);
}

BOOST_AUTO_TEST_CASE(a_momentum_is_kept_between_rounds) {
  localsgd::detail::thread_state state(1, 1);
  protocol team(state, 0);
  iterates<double> x({1.0}, 1);
  auto averager = support::outer_momentum::bound<double>{1, {0.0}, {}};
  std::vector<double> local{4};
  auto const exchange = [&](double value) {
    local[0] = value;
    x.local = {local};
    team.exchange(x, averager, {});
    return team.settle(x)[0];
  };
  BOOST_TEST(exchange(4) == 4);         // v = 4
  BOOST_TEST(exchange(5) == 7);         // v = 4/2 + 1 = 3
  BOOST_TEST(exchange(infinity) == 7);  // nothing happened
  BOOST_TEST(exchange(7) == 8.5);       // v = 3/2 + 0
  BOOST_TEST(team.delay() == 0);
}
