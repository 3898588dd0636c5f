// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE theory_speed_up
#include "localsgd/theory/speed_up.hpp"

#include <array>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include "test/support/problems.hpp"

namespace {

using namespace localsgd;

auto const to_rounding = boost::test_tools::tolerance(4e-15);

template <class Call>
invalid_settings refused(Call const& call) {
  return support::error_of<invalid_settings>(call);
}

}  // namespace

BOOST_AUTO_TEST_CASE(messages_are_counted_by_topology) {
  for (auto const network : {topology::master, topology::tree, topology::ring})
    BOOST_TEST(exchange_messages(network, 1) == 0);
  BOOST_TEST(exchange_messages(topology::master, 8) == 14);
  BOOST_TEST(exchange_messages(topology::tree, 8) == 6);
  BOOST_TEST(exchange_messages(topology::tree, 9) == 8);
  BOOST_TEST(exchange_messages(topology::tree, 2) == 2);
  BOOST_TEST(exchange_messages(topology::ring, 8) == 1.75);
  BOOST_TEST(refused([] { exchange_messages(topology::ring, 0); }).field == "workers");
}

BOOST_AUTO_TEST_CASE(the_speed_up_model_worked_out_by_hand) {
  // ε = 1/2, H = 1, K = 4: √(1 + (1 + 1 + 4)/2) = 2, so T = (½ + 1)/(4·½) = ¾ and S = 4/1.5
  speed_up_model const free{.accuracy = 0.5};
  BOOST_TEST(free.steps(1, 4) == 0.75, to_rounding);
  BOOST_TEST(free.speed_up(1, 4) == 4 / 1.5, to_rounding);
  // H = 2, K = 1: √(1 + (1 + 2 + 4)/2) = √4.5
  BOOST_TEST(free.steps(2, 1) == 1 + std::sqrt(4.5), to_rounding);
  // A message costs half a gradient: master 6, tree 4, ring 1.5 messages.
  speed_up_model paid{.accuracy = 0.5, .message_cost = 0.5};
  BOOST_TEST(paid.speed_up(1, 4) == 4 / (1.5 * 4), to_rounding);
  paid.network = topology::tree;
  BOOST_TEST(paid.speed_up(1, 4) == 4 / (1.5 * 3), to_rounding);
  paid.network = topology::ring;
  BOOST_TEST(paid.speed_up(1, 4) == 4 / (1.5 * 1.75), to_rounding);
}

BOOST_AUTO_TEST_CASE(the_speed_up_model_gives_the_known_table) {
  struct row {
    double accuracy;
    std::size_t workers;
    std::array<double, 5> speed_up;  // H = 1, 2, 4, 8, 16
  };
  // Computed apart from this library; a message to or from the master costs 1/25 of a gradient.
  for (auto const& [accuracy, workers, expected] :
       {row{5e-3, 16, {7.1161, 9.2789, 9.7749, 7.9892, 5.2743}},
        row{5e-3, 64, {9.8419, 14.4591, 16.2801, 13.9246, 9.6273}},
        row{5e-3, 256, {9.5195, 13.1480, 14.8890, 14.2677, 11.7633}},
        row{5e-3, 1024, {7.1125, 8.6680, 9.4419, 9.5327, 8.9985}},
        row{1e-4, 16, {7.2695, 9.9833, 12.2284, 13.5712, 13.6050}},
        row{1e-4, 64, {10.5786, 18.0656, 27.6253, 35.8960, 37.0836}},
        row{1e-4, 256, {11.8864, 22.2986, 38.3704, 54.9515, 60.0356}},
        row{1e-4, 1024, {12.0594, 22.3348, 36.3629, 48.6505, 53.8715}}}) {
    speed_up_model const model{.accuracy = accuracy, .message_cost = 0.04};
    for (std::size_t i = 0; i != expected.size(); ++i)
      BOOST_TEST(std::abs(model.speed_up(std::uint64_t{1} << i, workers) - expected[i]) <= 5.1e-5);
  }
  speed_up_model const free{.accuracy = 1e-4};
  std::array<double, 6> const without_cost{999, 936, 780, 546, 329, 181};  // H = 1 … 32
  for (std::size_t i = 0; i != without_cost.size(); ++i)
    BOOST_TEST(std::abs(free.speed_up(std::uint64_t{1} << i, 1024) - without_cost[i]) <= 0.501);
}

BOOST_AUTO_TEST_CASE(the_speed_up_model_moves_the_right_way) {
  speed_up_model const free{.accuracy = 1e-3}, paid{.accuracy = 1e-3, .message_cost = 0.1};
  for (std::size_t workers = 2; workers <= 1024; workers *= 2)
    for (std::uint64_t h = 1; h <= 64; h *= 2) {
      BOOST_TEST(free.speed_up(h, workers) <= static_cast<double>(workers));
      BOOST_TEST(free.speed_up(2 * h, workers) < free.speed_up(h, workers));
      BOOST_TEST(free.steps(2 * h, workers) > free.steps(h, workers));
      BOOST_TEST(free.steps(h, 2 * workers) < free.steps(h, workers));
      BOOST_TEST(paid.speed_up(h, workers) < free.speed_up(h, workers));
    }
}

BOOST_AUTO_TEST_CASE(the_speed_up_model_refuses_what_makes_no_sense) {
  auto const of = [](speed_up_model m, std::uint64_t h, std::size_t workers) {
    auto const steps = refused([&] { m.steps(h, workers); });
    auto const speed = refused([&] { m.speed_up(h, workers); });
    BOOST_TEST(steps.field == speed.field);
    return steps.field;
  };
  BOOST_TEST(of({}, 0, 1) == "local_steps");
  BOOST_TEST(of({}, 1, 0) == "workers");
  for (double const accuracy : {0.0, -1.0, support::not_a_number, support::infinity})
    BOOST_TEST(of({.accuracy = accuracy}, 1, 1) == "speed_up_model.accuracy");
  for (double const cost : {-1.0, support::not_a_number, support::infinity})
    BOOST_TEST(of({.message_cost = cost}, 1, 1) == "speed_up_model.message_cost");
}

BOOST_AUTO_TEST_CASE(the_models_steps_and_speed_up_agree_where_messages_are_free) {
  // One worker without local steps takes 1/ε·(½ + ½√(1 + 3ε)); K workers are S/S(1) times as fast.
  speed_up_model const model{.accuracy = 0.25};
  for (std::size_t const workers : {1U, 3U, 64U})
    for (std::uint64_t const h : {1U, 5U, 100U})
      BOOST_TEST(model.steps(h, workers) * model.speed_up(h, workers) == 1 / 0.25, to_rounding);
}

BOOST_AUTO_TEST_CASE(numbers_of_workers_near_a_power_of_two_take_whole_levels_of_a_tree) {
  for (std::size_t level = 1; level != 20; ++level) {
    std::size_t const k = std::size_t{1} << level;
    BOOST_TEST(exchange_messages(topology::tree, k) == 2 * static_cast<double>(level));
    BOOST_TEST(exchange_messages(topology::tree, k + 1) == 2 * static_cast<double>(level + 1));
  }
}
