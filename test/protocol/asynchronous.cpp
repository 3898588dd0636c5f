// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE protocol_asynchronous
#include "localsgd/protocol/asynchronous.hpp"

#include "localsgd/averager/mean.hpp"
#include "localsgd/checkpoint/archive.hpp"
#include "localsgd/communicator/threads/thread_team.hpp"
#include "test/support/teams.hpp"

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

using localsgd::detail::aggregated_iterates;
using localsgd::round_info;
using protocol = localsgd::detail::asynchronous_protocol<localsgd::detail::thread_team>;

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

/// Two workers of weights 1/4 and 3/4 on one thread, d = 1, at 10.
struct fixture {
  std::vector<double> first{10}, second{10};
  aggregated_iterates<double> x{{0.25, 0.75}, 1};
  localsgd::mean::bound<double> averager{2};
  localsgd::detail::thread_state state{2, 1};
  protocol team{state, 0};

  fixture() {
    x.consensus[0][0] = 10;
    team.settle(x);
  }
  bool exchange(double a, double b, std::uint64_t t, auto const&... step_size) {
    first[0] = a, second[0] = b;
    x.local = {first, second};
    return team.exchange(x, averager, round_info{0, t, 1, 0}, step_size...);
  }
};

/// Makes `to` continue from the checkpoint of `from`.
void continue_from(fixture& to, fixture& from) {
  localsgd::detail::state_writer out;
  from.team.shared_state<double>(from.x, out);
  for (std::size_t k = 0; k != 2; ++k) from.team.worker_state<double>(out, k);
  localsgd::detail::state_reader in(out.bytes);
  to.team.shared_state<double>(to.x, in);
  to.team.resume(to.x, std::span<double const>(from.x.consensus[0]), 1);
  for (std::size_t k = 0; k != 2; ++k) to.team.worker_state<double>(in, k);
  BOOST_TEST(in.left() == 0u);
}

/// 1/2, and 1/(2 + 2τ) at a delay.
struct slower_if_late {
  double operator()(std::uint64_t) const { return 0.5; }
  double at_delay(std::uint64_t, double delay) const { return 1 / (2 + 2 * delay); }
};

}  // namespace

BOOST_AUTO_TEST_CASE(each_worker_adds_its_own_change_and_reads_what_the_others_have_added) {
  fixture f;
  BOOST_TEST(f.team.point(f.x, 0)[0] == 10);
  // Worker 0 moves by 4, and adds 1; then worker 1 moves by −8, and adds −6.
  BOOST_TEST(f.exchange(14, 2, 1));
  BOOST_TEST(f.team.point(f.x, 0)[0] == 11);
  BOOST_TEST(f.team.point(f.x, 1)[0] == 5);
  // Worker 0 moves from 11 by 0, worker 1 from 5 by 4.
  BOOST_TEST(f.exchange(11, 9, 2));
  BOOST_TEST(f.team.point(f.x, 0)[0] == 5);
  BOOST_TEST(f.team.point(f.x, 1)[0] == 8);
  BOOST_TEST(f.team.settle(f.x)[0] == 8);  // all come together
  BOOST_TEST(f.team.point(f.x, 0)[0] == 5);  // and go on as if they had not
  BOOST_TEST(f.team.delay() == 1);  // worker 0 reads before worker 1 has added its round
  BOOST_TEST(f.team.sent().exchanges == 2);
}

// The delay of worker 1 is 1/2: worker 0 has added one step, K = 2. Its factor is 2/3.
BOOST_AUTO_TEST_CASE(a_late_change_counts_less) {
  fixture f;
  f.team.measure_delays();
  BOOST_TEST(f.exchange(14, 2, 1, slower_if_late{}));
  BOOST_TEST(f.team.point(f.x, 0)[0] == 11);  // 10 + 4/4
  BOOST_TEST(f.team.point(f.x, 1)[0] == 7, boost::test_tools::tolerance(1e-14));  // − (2/3)·6
  BOOST_TEST(f.exchange(23, 7, 2, slower_if_late{}));
  BOOST_TEST(f.team.point(f.x, 0)[0] == 9, boost::test_tools::tolerance(1e-14));  // + (2/3)·12/4
}

// A checkpoint lets the other team know what each worker had seen: else worker 1 lacked two steps.
BOOST_AUTO_TEST_CASE(delays_go_on_after_a_checkpoint) {
  fixture f, g;
  f.team.measure_delays();
  g.team.measure_delays();
  f.exchange(14, 2, 1, slower_if_late{});
  f.team.settle(f.x);
  f.team.come_to_rest(f.x);
  continue_from(g, f);
  double const before = f.team.point(f.x, 1)[0];
  f.exchange(23, before + 4, 2, slower_if_late{});
  g.exchange(23, before + 4, 2, slower_if_late{});
  for (std::size_t k = 0; k != 2; ++k)
    BOOST_TEST(g.team.point(g.x, k)[0] == f.team.point(f.x, k)[0]);
}

BOOST_AUTO_TEST_CASE(a_change_that_is_not_finite_is_not_added_and_ends_the_run) {
  for (double const bad : {infinity, std::numeric_limits<double>::quiet_NaN()}) {
    fixture f;
    BOOST_TEST(f.exchange(14, 10, 1));
    BOOST_TEST(!f.exchange(bad, 100, 2));
    BOOST_TEST(!f.team.finite());
    BOOST_TEST(f.team.settle(f.x)[0] == 11);  // as of before
  }
}

BOOST_AUTO_TEST_CASE(all_points_can_be_put_elsewhere) {
  fixture f;
  f.exchange(14, 2, 1);
  f.exchange(infinity, 2, 2);
  std::vector<double> const there{-3};
  f.team.move_to(f.x, std::span<double const>(there));
  BOOST_TEST(f.team.finite());
  BOOST_TEST(f.team.point(f.x, 1)[0] == -3);
  BOOST_TEST(f.exchange(1, -3, 3));
  BOOST_TEST(f.team.point(f.x, 0)[0] == -2);
}

BOOST_AUTO_TEST_CASE(the_only_worker_goes_on_from_where_it_is) {
  std::vector<double> local{0};
  aggregated_iterates<double> x({1.0}, 1);
  localsgd::mean::bound<double> averager{1};
  localsgd::detail::thread_state state(1, 1);
  protocol team(state, 0);
  team.settle(x);
  for (double const next : {0.1, 1e16, 0.3}) {  // sums of changes would round
    local[0] = next;
    x.local = {local};
    BOOST_TEST(team.exchange(x, averager, {}));
    BOOST_TEST(team.point(x, 0)[0] == next);
  }
  BOOST_TEST(team.settle(x)[0] == 0.3);
  BOOST_TEST(team.delay() == 0);
}

BOOST_AUTO_TEST_CASE(nothing_that_threads_add_is_lost) {
  // Each of 4 workers moves by 4 in each round, so that each adds 1.
  for (std::size_t const threads : {1U, 2U, 4U}) {
    std::vector<std::vector<double>> local(4, std::vector<double>(9));
    aggregated_iterates<double> x(std::vector<double>(4, 0.25), 9);
    localsgd::mean::bound<double> averager{4};
    std::atomic<int> wrong{0};
    support::with_team<protocol>(4, threads, [&](auto& team) {
      team.settle(x);
      for (std::uint64_t round = 0; round != 100; ++round) {
        for (std::size_t k = team.workers().first; k != team.workers().last; ++k) {
          for (std::size_t i = 0; i != 9; ++i) local[k][i] = team.point(x, k)[i] + 4;
          x.local[k] = local[k];
        }
        wrong += !team.exchange(x, averager, {round, round + 1, 1, 0});
      }
      auto const last = team.settle(x);
      for (double const e : last) wrong += e != 400;
      wrong += team.delay() == 0 || team.delay() > 100;
      team.barrier();
    });
    BOOST_TEST(wrong == 0);
  }
}

BOOST_AUTO_TEST_CASE(all_threads_know_of_a_failure_when_they_come_together) {
  std::vector<std::vector<double>> local(2, std::vector<double>(1));
  aggregated_iterates<double> x({0.5, 0.5}, 1);
  localsgd::mean::bound<double> averager{2};
  std::atomic<int> finite{0};
  support::with_team<protocol>(2, 2, [&](auto& team) {
    team.settle(x);
    std::size_t const k = team.thread();
    local[k][0] = k == 1 ? infinity : 1;
    x.local[k] = local[k];
    team.exchange(x, averager, {0, 1, 1, 0});
    team.settle(x);
    finite += team.finite();
  });
  BOOST_TEST(finite == 0);
}

BOOST_AUTO_TEST_CASE(another_team_continues_from_the_stored_points_and_aggregate) {
  fixture f, g;
  f.exchange(14, 2, 1);  // worker 0 reads 11, worker 1 reads 5, which is the aggregate
  BOOST_TEST(f.team.settle(f.x)[0] == 5);
  BOOST_TEST(f.team.come_to_rest(f.x));
  continue_from(g, f);
  BOOST_TEST(g.team.delay() == f.team.delay());
  BOOST_TEST(g.team.point(g.x, 0)[0] == 11);
  BOOST_TEST(g.team.point(g.x, 1)[0] == 5);
  BOOST_TEST(g.exchange(11, 9, 2));
  BOOST_TEST(g.team.point(g.x, 0)[0] == 5);
  BOOST_TEST(g.team.point(g.x, 1)[0] == 8);
  BOOST_TEST(g.team.delay() == 1);  // if their steps were counted from 0 it would be 2
}
