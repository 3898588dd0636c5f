// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE communicator_simulated_clocked_team
#include "localsgd/communicator/simulated/clocked_team.hpp"

#include "test/support/teams.hpp"

#include <boost/test/unit_test.hpp>
#include <cstddef>
#include <span>
#include <vector>

using localsgd::cluster;
using localsgd::topology;
using localsgd::detail::clocked_team;
using localsgd::detail::virtual_cluster;

namespace {

// As in virtual_cluster: a gradient takes 1 s, an average of 80 bytes 2 · (0.25 + 0.5) s.
cluster two_machines() {
  return {.costs = {.gradient_seconds = 1,
                    .latency_seconds = 0.25,
                    .bytes_per_second = 160,
                    .network = topology::tree}};
}

// Calls body(team) on every thread of a team that carries 2 workers.
template <class Body>
double seconds(std::size_t threads, Body const& body) {
  cluster const machines = two_machines();
  virtual_cluster clock(machines, {2, 3, 100, 0, 80});  // batches of 3
  localsgd::detail::thread_state state(2, threads);
  localsgd::detail::run_threads(state, support::own_threads{}, [&](std::size_t i) {
    clocked_team team(state, i, clock);
    body(team);
  });
  return clock.seconds();
}

auto gradients_per_sample(double number) {
  return [number](std::size_t, double samples) { return number * samples; };
}

}  // namespace

BOOST_AUTO_TEST_CASE(local_steps_and_what_is_sent_take_their_time) {
  for (std::size_t const threads : {1U, 2U}) {
    BOOST_TEST(seconds(threads, [](auto& team) {
                 team.arrive(4, gradients_per_sample(1));  // 4 steps of 3 samples
                 team.template count<double>(10);
                 team.depart(false);
               }) == 12 + 1.5);
    BOOST_TEST(seconds(threads, [](auto& team) {
                 team.arrive(4, gradients_per_sample(2));  // of 2 gradients for each sample
                 team.template count<double>(5);  // half as long
                 team.depart(false);
               }) == 24 + 1.0);
  }
}

BOOST_AUTO_TEST_CASE(steps_are_counted_from_the_exchange_before) {
  BOOST_TEST(seconds(2, [](auto& team) {
               for (std::uint64_t const t : {4U, 5U}) {
                 team.arrive(t, gradients_per_sample(1));
                 team.template count<double>(10);
                 team.depart(false);
               }
             }) == (12 + 1.5) + (3 + 1.5));
}

BOOST_AUTO_TEST_CASE(averages_of_groups_take_their_time) {
  for (std::size_t const groups : {1U, 2U})
    BOOST_TEST(seconds(2, [&](auto& team) {
                 team.arrive_in_groups(2, gradients_per_sample(1), groups);  // of one machine each: at no cost
                 team.arrive(4, gradients_per_sample(1));
                 team.template count<double>(10);
                 team.depart(false);
               }) == 12 + 1.5 + (groups == 1 ? 1.5 : 0));
}

BOOST_AUTO_TEST_CASE(an_average_that_travels_is_waited_for_one_exchange_later) {
  BOOST_TEST(seconds(2, [](auto& team) {
               team.arrive(1, gradients_per_sample(1));
               team.depart(true);  // there at 3 + 1.5, while steps go on from 3 to 6
               team.arrive(2, gradients_per_sample(1));
               team.depart(true);
             }) == 6 + 1.5);
}

BOOST_AUTO_TEST_CASE(all_wait_for_the_worker_with_the_most_work) {
  BOOST_TEST(seconds(2, [](auto& team) {
               team.arrive(4, [](std::size_t k, double) { return k == 0 ? 7.0 : 20.0; });
               team.template count<double>(10);
               team.depart(false);
             }) == 20 + 1.5);
}

BOOST_AUTO_TEST_CASE(other_work_and_its_sum_take_their_time) {
  BOOST_TEST(seconds(2, [](auto& team) {
               team.template count<double>(10);
               if (team.leads()) {
                 team.spend(10);
                 team.spend(3);  // nothing was sent since, but a message has its latency
               }
               team.barrier();
             }) == (10 + 1.5) + (3 + 0.5));
}
