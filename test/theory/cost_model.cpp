// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE theory_cost_model
#include "localsgd/theory/cost_model.hpp"

#include <boost/test/unit_test.hpp>
#include <string>

#include "test/support/problems.hpp"

namespace {

using localsgd::cost_model;
using localsgd::invalid_settings;
using localsgd::topology;

// Powers of two, so that what is expected is exact.
cost_model costs(std::optional<topology> network, std::size_t members = 0) {
  return {.gradient_seconds = 0.25,
          .latency_seconds = 2,
          .bytes_per_second = 16,
          .network = network,
          .members = members};
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_round_costs_what_the_messages_of_its_network_cost) {
  // 64 bytes take 4 s on a link, and 2 s until they begin to arrive.
  BOOST_TEST(costs(topology::master).seconds_per_round(4, 64) == 6 * (2 + 4.0));
  BOOST_TEST(costs(topology::tree).seconds_per_round(4, 64) == 4 * (2 + 4.0));
  BOOST_TEST(costs(topology::tree).seconds_per_round(5, 64) == 6 * (2 + 4.0));
  BOOST_TEST(costs(topology::ring).seconds_per_round(4, 64) == 6 * (2 + 1.0));
  // One memory: each of 4 members reads a quarter of 4 vectors and writes one.
  BOOST_TEST(costs(std::nullopt).seconds_per_round(4, 64) == 2 + 8.0);
}

BOOST_AUTO_TEST_CASE(workers_of_one_member_take_turns_and_send_one_vector) {
  BOOST_TEST(costs(topology::master, 2).seconds_per_round(8, 64) == 2 * (2 + 4.0));
  BOOST_TEST(costs(std::nullopt, 2).seconds_per_round(8, 64) == 2 + 2 * 4 * 4.0);
  BOOST_TEST(costs(std::nullopt, 2).seconds_per_step(8, 3) == 4 * 3 * 0.25);
  BOOST_TEST(costs(std::nullopt, 2).seconds_per_step(7, 3) == 4 * 3 * 0.25);
  BOOST_TEST(costs(std::nullopt).seconds_per_step(8, 3) == 3 * 0.25);
  BOOST_TEST(costs(topology::ring, 100).members_for(8) == 8U);
}

BOOST_AUTO_TEST_CASE(one_worker_has_no_rounds_to_pay) {
  for (auto const network : {topology::master, topology::tree, topology::ring})
    BOOST_TEST(costs(network).seconds_per_round(1, 64) == 0.0);
  BOOST_TEST(costs(std::nullopt).seconds_per_round(1, 64) == 0.0);
}

BOOST_AUTO_TEST_CASE(a_run_is_its_steps_and_its_rounds) {
  BOOST_TEST(costs(topology::master).seconds(4, 2, 100, 10, 64) == 100 * 0.5 + 10 * 36.0);
}

BOOST_AUTO_TEST_CASE(what_is_out_of_range_is_named) {
  auto const refused = [](cost_model const& m, std::string const& field) {
    auto const e = support::error_of<invalid_settings>([&] { m.validate(); });
    BOOST_TEST(e.field == "cost_model." + field);
    BOOST_TEST(e.rule == "finite and > 0");
    // Nothing is computed from it either.
    BOOST_CHECK_THROW(m.seconds_per_round(2, 8), invalid_settings);
    BOOST_CHECK_THROW(m.seconds_per_step(2, 1), invalid_settings);
  };
  for (double const wrong : {0.0, -1.0, support::infinity, support::not_a_number}) {
    refused({wrong, 1, 1}, "gradient_seconds");
    refused({1, wrong, 1}, "latency_seconds");
    refused({1, 1, wrong}, "bytes_per_second");
  }
  cost_model const right = costs(topology::tree);
  auto const field = [](auto const& call) {
    return support::error_of<invalid_settings>(call).field;
  };
  BOOST_TEST(field([&] { right.seconds_per_round(0, 8); }) == "workers");
  BOOST_TEST(field([&] { right.seconds_per_round(2, -8); }) == "bytes");
  BOOST_TEST(field([&] { right.seconds_per_step(0, 1); }) == "workers");
  BOOST_TEST(field([&] { right.seconds_per_step(1, 0); }) == "batch_size");
}
