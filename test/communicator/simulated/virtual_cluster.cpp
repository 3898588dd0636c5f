// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE communicator_simulated_virtual_cluster
#include "localsgd/communicator/simulated/virtual_cluster.hpp"

#include <boost/test/unit_test.hpp>
#include <cstddef>

using localsgd::cluster;
using localsgd::topology;
using localsgd::detail::virtual_cluster;

namespace {

// 2 machines; a gradient takes 1 s, a vector of 80 bytes 0.25 + 0.5 s, an average 2 of these.
cluster two_machines() {
  return {.costs = {.gradient_seconds = 1,
                    .latency_seconds = 0.25,
                    .bytes_per_second = 160,
                    .network = topology::tree},
          .trace_events = 100};
}
localsgd::detail::simulated_plan shape() { return {2, 1, 10, 0, 80}; }

void compute(virtual_cluster& clock, double first, double second) {
  clock.computed(0, clock.draw(0, first), 1);
  clock.computed(1, clock.draw(1, second), 1);
}

}  // namespace

BOOST_AUTO_TEST_CASE(an_average_waits_for_the_slowest_machine) {
  cluster const machines = two_machines();
  virtual_cluster clock(machines, shape());
  BOOST_TEST(clock.seconds() == 0);
  compute(clock, 3, 2);
  clock.average(false, 80);
  BOOST_TEST(clock.seconds() == 3 + 1.5);
  compute(clock, 1, 2);
  clock.average(false, 80);
  BOOST_TEST(clock.seconds() == 4.5 + 2 + 1.5);
  auto const report = clock.finish();
  BOOST_TEST(report.seconds == 8);
  BOOST_TEST(report.averages == 2);
  BOOST_TEST(report.computing[0] == 4);
  BOOST_TEST(report.computing[1] == 4);
  BOOST_TEST(report.steps[1] == 2);
  BOOST_TEST(report.timeline.size() == 6);
}

BOOST_AUTO_TEST_CASE(what_is_shorter_than_a_vector_takes_less_time_and_counts_as_it_is) {
  cluster const machines = two_machines();
  virtual_cluster clock(machines, shape());
  compute(clock, 1, 1);
  clock.average(false, 40);
  BOOST_TEST(clock.seconds() == 1 + 2 * (0.25 + 0.25));
  compute(clock, 1, 1);
  clock.average(false, 80);
  double carried = 0;
  for (auto const& link : clock.finish().links)
    carried += static_cast<double>(link.count) * link.bytes;
  BOOST_TEST(carried == 2 * (40 + 80));  // there and back
}

BOOST_AUTO_TEST_CASE(machines_that_overlap_go_on_while_the_average_travels) {
  cluster const machines = two_machines();
  virtual_cluster clock(machines, shape());
  compute(clock, 1, 1);
  clock.average(true, 80);
  BOOST_TEST(clock.seconds() == 1 + 1.5);
  compute(clock, 1, 1);  // from 1 to 2, and the average before is there at 2.5
  clock.average(true, 80);
  BOOST_TEST(clock.seconds() == 2.5 + 1.5);
  compute(clock, 5, 1);  // from 2.5 to 7.5
  clock.average(true, 80);
  BOOST_TEST(clock.seconds() == 7.5 + 1.5);
}

BOOST_AUTO_TEST_CASE(everybody_waits_at_a_rendezvous) {
  cluster const machines = two_machines();
  virtual_cluster clock(machines, shape());
  compute(clock, 1, 1);
  clock.average(true, 80);
  clock.rendezvous(4, 80);
  BOOST_TEST(clock.seconds() == 2.5 + 4 + 1.5);
  auto const report = clock.finish();
  BOOST_TEST(report.averages == 2);
  BOOST_TEST(report.steps[0] == 1);  // what they compute there is no step
  BOOST_TEST(report.computing[0] == 5);
}

// Groups of one machine: their averages take no time. One group: an average of all.
BOOST_AUTO_TEST_CASE(groups_wait_for_their_own_machines_only) {
  cluster const machines = two_machines();
  virtual_cluster apart(machines, shape());
  compute(apart, 3, 2);
  apart.average_in_groups(2);
  compute(apart, 1, 3);  // until 4 and 5
  apart.average(false, 80);
  BOOST_TEST(apart.seconds() == 5 + 1.5);
  compute(apart, 1, 1);  // all start together again
  apart.average(false, 80);
  BOOST_TEST(apart.seconds() == 6.5 + 1 + 1.5);
  BOOST_TEST(apart.finish().averages == 2);
  virtual_cluster together(machines, shape());
  compute(together, 3, 2);
  together.average_in_groups(1);  // at 3 + 1.5
  compute(together, 1, 3);
  together.average(false, 80);
  BOOST_TEST(together.seconds() == 4.5 + 3 + 1.5);
}

BOOST_AUTO_TEST_CASE(groups_use_the_links_within_groups) {
  cluster machines = two_machines();
  machines.groups = {.groups = 1, .latency_seconds = 0.125, .bytes_per_second = 640};
  BOOST_TEST(machines.group_seconds(2, 80) == 2 * (0.125 + 0.125));
  BOOST_TEST(machines.group_seconds(1, 80) == 0);
  virtual_cluster clock(machines, shape());
  compute(clock, 3, 2);
  clock.average_in_groups(1);  // at 3.5
  compute(clock, 1, 1);
  clock.average(false, 80);  // of one group: 0.5, too
  BOOST_TEST(clock.seconds() == 4.5 + 0.5);
}

BOOST_AUTO_TEST_CASE(spans_beyond_the_limit_are_counted) {
  cluster machines = two_machines();
  machines.trace_events = 2;
  virtual_cluster clock(machines, shape());
  compute(clock, 1, 1);
  clock.average(false, 80);
  auto const report = clock.finish();
  BOOST_TEST(report.timeline.size() == 2);
  BOOST_TEST(report.left_out == 1);
}
