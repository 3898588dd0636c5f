// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE communicator_simulated_event_order
#include "localsgd/communicator/simulated/event_order.hpp"

#include "localsgd/checkpoint/archive.hpp"

#include <boost/test/unit_test.hpp>
#include <cstddef>
#include <cstdint>
#include <vector>

using localsgd::cluster;
using localsgd::detail::event_order;
using localsgd::detail::virtual_cluster;

namespace {

// Messages take no time to speak of; worker k needs factors[k] seconds for a step.
cluster with_factors(std::vector<double> factors) {
  return {.costs = {.gradient_seconds = 1, .latency_seconds = 1e-9, .bytes_per_second = 1e12},
          .factors = factors};
}
localsgd::detail::simulated_plan shape(std::size_t workers) { return {workers, 1, 100, 0, 8}; }

}  // namespace

BOOST_AUTO_TEST_CASE(workers_come_in_the_order_of_their_times) {
  cluster const machines = with_factors({1, 2.6});
  virtual_cluster clock(machines, shape(2));
  event_order order(clock);
  std::vector<std::size_t> came;
  std::vector<std::uint64_t> steps(2);
  for (int i = 0; i != 7; ++i) {
    auto const [k, from, to] = order.next(2, 100);  // worker 0 every 2 s, worker 1 every 5.2 s
    BOOST_TEST(from == steps[k]);
    BOOST_TEST(to == from + 2);
    steps[k] = to;
    came.push_back(k);
  }
  BOOST_TEST((came == std::vector<std::size_t>{0, 0, 1, 0, 0, 0, 1}));
  BOOST_TEST(order.visits() == 7);
  // Worker 0 has made 8 steps when worker 1 has made 2, and 10 when it comes again.
  BOOST_TEST(order.delay() == 8);
}

BOOST_AUTO_TEST_CASE(of_equal_times_the_lower_worker_comes_first) {
  cluster const machines = with_factors({1, 1, 1});
  virtual_cluster clock(machines, shape(3));
  event_order order(clock);
  for (std::size_t i = 0; i != 9; ++i) BOOST_TEST(order.next(1, 100).worker == i % 3);
  BOOST_TEST(order.delay() == 1);
}

BOOST_AUTO_TEST_CASE(the_last_stretch_may_be_cut_short) {
  cluster const machines = with_factors({1});
  virtual_cluster clock(machines, shape(1));
  event_order order(clock);
  BOOST_TEST(order.next(5, 100).to == 5);
  auto const last = order.next(5, 3);
  BOOST_TEST(last.from == 5);
  BOOST_TEST(last.to == 8);
}

BOOST_AUTO_TEST_CASE(who_would_be_too_far_ahead_waits) {
  for (std::uint64_t const most : {0U, 4U, 6U}) {
    cluster machines = with_factors({1, 7});
    machines.max_staleness = most;
    virtual_cluster clock(machines, shape(2));
    event_order order(clock);
    std::vector<std::uint64_t> steps(2);
    for (int i = 0; i != 40; ++i) {
      auto const visit = order.next(2, 100);
      steps[visit.worker] = visit.to;
      BOOST_TEST(steps[0] <= steps[1] + (most < 2 ? 2 : most));
    }
    BOOST_TEST(order.delay() == (most < 2 ? 2 : most));
  }
}

BOOST_AUTO_TEST_CASE(a_stored_order_continues_with_the_same_visits) {
  cluster machines = with_factors({1, 2.6, 1.7});
  machines.costs.latency_seconds = 0.5;
  machines.costs.bytes_per_second = 16;
  machines.max_staleness = 6;  // worker 0 waits for others
  virtual_cluster clock(machines, shape(3)), stored(machines, shape(3));
  event_order order(clock), resumed(stored);
  resumed.next(2, 100);  // what it has done before is replaced
  for (int visits = 0; visits != 40; ++visits) {
    localsgd::detail::state_writer out;
    out(clock, order);
    localsgd::detail::state_reader in(out.bytes);
    in(stored, resumed);
    BOOST_TEST(in.left() == 0u);
    for (int i = 0; i != 3; ++i) resumed.next(2, 100);  // the copy does not disturb the original
    localsgd::detail::state_reader again(out.bytes);
    again(stored, resumed);
    auto const a = order.next(2, 100), b = resumed.next(2, 100);
    BOOST_TEST(a.worker == b.worker);
    BOOST_TEST(a.from == b.from);
    BOOST_TEST(a.to == b.to);
    BOOST_TEST(clock.seconds() == stored.seconds());
    BOOST_TEST(order.delay() == resumed.delay());
    BOOST_TEST(order.visits() == resumed.visits());
  }
}
