// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE protocol_overlapped
#include "localsgd/protocol/overlapped.hpp"

#include "localsgd/averager/mean.hpp"
#include "localsgd/checkpoint/archive.hpp"
#include "localsgd/communicator/threads/thread_team.hpp"
#include "test/support/averagers.hpp"
#include "test/support/teams.hpp"

#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <limits>
#include <span>
#include <tuple>
#include <vector>

using localsgd::iterates;
using localsgd::round_info;
using protocol = localsgd::detail::overlapped_protocol<localsgd::detail::thread_team>;

namespace {

using scalars = std::tuple<double, float>;

/// Runs a script on the only thread: two workers of weights 1/4 and 3/4, d = 2.
template <class Scalar>
struct fixture {
  std::vector<Scalar> first{0, 0}, second{0, 0};
  iterates<Scalar> x{{0.25, 0.75}, 2};
  localsgd::mean::bound<Scalar> averager{2};
  localsgd::detail::thread_state state{2, 1};
  protocol team{state, 0};

  fixture() { x.local = {first, second}; }
  bool exchange(std::vector<Scalar> const& a, std::vector<Scalar> const& b,
                std::uint64_t local_steps = 1) {
    first = a, second = b;
    x.local = {first, second};
    return team.exchange(x, averager, round_info{0, 0, local_steps, 0});
  }
  std::vector<Scalar> point(std::size_t k) {
    auto const p = team.point(x, k);
    return {p.begin(), p.end()};
  }
  std::vector<Scalar> settled() {
    auto const p = team.settle(x);
    return {p.begin(), p.end()};
  }
};

}  // namespace

BOOST_AUTO_TEST_CASE_TEMPLATE(workers_go_on_from_the_mean_before_and_their_own_change, Scalar,
                              scalars) {
  using one = std::vector<Scalar>;
  fixture<Scalar> f;
  BOOST_TEST((f.point(0) == one{0, 0}));
  // All start at the consensus, 0: they go on from where they are.
  BOOST_TEST(f.exchange({4, 8}, {8, 0}));
  BOOST_TEST((f.point(0) == one{4, 8}));
  BOOST_TEST((f.point(1) == one{8, 0}));
  // The first mean is (4 + 3·8, 8)/4 = (7, 2). Worker 0 moves by (1, 1), worker 1 by (−1, 2).
  BOOST_TEST(f.exchange({5, 9}, {7, 2}));
  BOOST_TEST((f.point(0) == one{8, 3}));
  BOOST_TEST((f.point(1) == one{6, 4}));
  // And what is under way is the mean of these points: (8 + 18, 3 + 12)/4.
  BOOST_TEST((f.settled() == one{Scalar(6.5), Scalar(3.75)}));
  BOOST_TEST((f.settled() == one{Scalar(6.5), Scalar(3.75)}));  // once only
  BOOST_TEST(f.team.sent().exchanges == 2);
  BOOST_TEST(f.team.sent().bytes == 2 * 2 * (2 - 1) * 2 * sizeof(Scalar));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(the_only_worker_goes_on_from_where_it_is, Scalar, scalars) {
  std::vector<Scalar> local{0};
  iterates<Scalar> x({1.0}, 1);
  localsgd::mean::bound<Scalar> averager{1};
  localsgd::detail::thread_state state(1, 1);
  protocol team(state, 0);
  for (Scalar const next : {Scalar(0.1), Scalar(1000), Scalar(0.3)}) {  // differences would round
    local[0] = next;
    x.local = {local};
    BOOST_TEST(team.exchange(x, averager, {}));
    BOOST_TEST(team.point(x, 0)[0] == next);
  }
  BOOST_TEST(team.settle(x)[0] == Scalar(0.3));
  BOOST_TEST(team.delay() == 0);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(all_points_can_be_put_elsewhere, Scalar, scalars) {
  using one = std::vector<Scalar>;
  fixture<Scalar> f;
  f.exchange({4, 8}, {8, 0});
  one const there{5, -5};
  f.team.move_to(f.x, std::span<Scalar const>(there));
  BOOST_TEST((f.settled() == there));  // nothing is under way any more
  BOOST_TEST((f.point(0) == there));
  BOOST_TEST((f.point(1) == there));
  BOOST_TEST(f.exchange({6, -5}, {5, -5}));
  BOOST_TEST((f.point(0) == one{6, -5}));
}

BOOST_AUTO_TEST_CASE(an_average_that_is_not_finite_is_noticed_one_round_later) {
  fixture<double> f;
  double const bad = std::numeric_limits<double>::infinity();
  BOOST_TEST(f.exchange({1, 1}, {1, 1}));
  BOOST_TEST(f.exchange({bad, 1}, {1, 1}));   // under way
  BOOST_TEST(!f.exchange({1, 1}, {1, 1}));
  BOOST_TEST(!f.team.finite());
  BOOST_TEST((f.settled() == std::vector<double>{1, 1}));  // the last one that was
  std::vector<double> const there{2, 3};
  f.team.move_to(f.x, std::span<double const>(there));
  BOOST_TEST(f.team.finite());
}

BOOST_AUTO_TEST_CASE(an_averager_remembers_no_round_that_was_not_finite) {
  double const bad = std::numeric_limits<double>::infinity();
  std::vector<double> local{1};
  iterates<double> x({1.0}, 1);
  support::outer_momentum::bound<double> averager{1, {0.0}, {}};
  localsgd::detail::thread_state state(1, 1);
  protocol team(state, 0);
  auto const exchange = [&](double value) {
    local[0] = value;
    x.local = {local};
    team.exchange(x, averager, {});
  };
  exchange(1);
  team.settle(x);
  BOOST_TEST(averager.velocity[0] == 1);  // 0/2 + 1
  exchange(bad);
  team.settle(x);
  BOOST_TEST(averager.velocity[0] == 1);
}

BOOST_AUTO_TEST_CASE(the_delay_is_that_of_the_longest_round) {
  fixture<double> f;
  BOOST_TEST(f.team.delay() == 0);
  for (std::uint64_t const h : {3U, 7U, 2U}) f.exchange({0, 0}, {0, 0}, h);
  BOOST_TEST(f.team.delay() == 7);
}

BOOST_AUTO_TEST_CASE(the_number_of_threads_changes_no_bit) {
  constexpr std::size_t workers = 5, d = 37;
  auto const run = [&](std::size_t threads) {
    std::vector<std::vector<double>> local(workers, std::vector<double>(d));
    iterates<double> x(std::vector<double>(workers, 0.2), d);
    localsgd::mean::bound<double> averager{workers};
    std::vector<double> out;
    support::with_team<protocol>(workers, threads, [&](auto& team) {
      for (std::uint64_t round = 0; round != 20; ++round) {
        for (std::size_t k = team.workers().first; k != team.workers().last; ++k) {
          auto const from = team.point(x, k);
          for (std::size_t i = 0; i != d; ++i)
            local[k][i] = from[i] + 1 / static_cast<double>(3 + k + i + round);
          x.local[k] = local[k];
        }
        team.exchange(x, averager, {round, round + 1, 1, 0});
      }
      auto const last = team.settle(x);
      if (team.leads()) out.assign(last.begin(), last.end());
    });
    return out;
  };
  auto const expected = run(1);
  for (std::size_t const threads : {2U, 3U, 5U}) BOOST_TEST((run(threads) == expected));
}

BOOST_AUTO_TEST_CASE(an_average_that_arrives_early_changes_nothing) {
  using one = std::vector<double>;
  fixture<double> f;
  f.exchange({4, 8}, {8, 0});
  BOOST_TEST(f.team.come_to_rest(f.x));
  BOOST_TEST((f.point(0) == one{4, 8}));
  BOOST_TEST((f.point(1) == one{8, 0}));
  BOOST_TEST(f.exchange({5, 9}, {7, 2}));
  BOOST_TEST((f.point(0) == one{8, 3}));  // as without it
  BOOST_TEST((f.point(1) == one{6, 4}));
  BOOST_TEST((f.settled() == one{6.5, 3.75}));
  BOOST_TEST(f.team.sent().exchanges == 2);
}

BOOST_AUTO_TEST_CASE(an_average_that_arrives_early_and_is_not_finite_is_reported_when_it_is_due) {
  double const bad = std::numeric_limits<double>::infinity();
  for (bool const by_exchange : {true, false}) {
    fixture<double> f;
    BOOST_TEST(f.exchange({1, 1}, {1, 1}));
    BOOST_TEST(f.exchange({bad, 1}, {1, 1}));
    BOOST_TEST(!f.team.come_to_rest(f.x));
    BOOST_TEST(f.team.finite());  // as without it
    if (by_exchange)
      BOOST_TEST(!f.exchange({1, 1}, {1, 1}));
    else
      f.settled();
    BOOST_TEST(!f.team.finite());
    BOOST_TEST(!f.team.come_to_rest(f.x));
    BOOST_TEST(!f.team.finite());
    BOOST_TEST((f.settled() == std::vector<double>{1, 1}));
  }
}

BOOST_AUTO_TEST_CASE(another_team_continues_from_the_stored_points) {
  using one = std::vector<double>;
  fixture<double> f, g;
  f.exchange({4, 8}, {8, 0}, 7);
  BOOST_TEST(f.team.come_to_rest(f.x));
  localsgd::detail::state_writer out;
  for (std::size_t k = 0; k != 2; ++k) f.team.worker_state<double>(out, k);
  g.team.resume(g.x, f.team.settle(f.x), 7);
  localsgd::detail::state_reader in(out.bytes);
  for (std::size_t k = 0; k != 2; ++k) g.team.worker_state<double>(in, k);
  BOOST_TEST(in.left() == 0u);
  BOOST_TEST((g.settled() == one{7, 2}));
  BOOST_TEST((g.point(0) == one{4, 8}));
  BOOST_TEST((g.point(1) == one{8, 0}));
  BOOST_TEST(g.team.delay() == 7);
  BOOST_TEST(g.exchange({5, 9}, {7, 2}));
  BOOST_TEST((g.point(0) == one{8, 3}));
  BOOST_TEST((g.settled() == one{6.5, 3.75}));
}
