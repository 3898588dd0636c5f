// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE planning_goal
#include "localsgd/planning/goal.hpp"

#include <boost/test/unit_test.hpp>
#include <cstddef>
#include <cstdint>
#include <string>

#include "test/support/problems.hpp"

namespace {

using namespace localsgd;

// What is refused, of an object with validate().
template <class Checked>
std::string refused(Checked const& wrong) {
  return support::error_of<invalid_settings>([&] { wrong.validate(); }).field;
}
std::string refused(choices const& wrong, std::size_t samples = 100) {
  return support::error_of<invalid_settings>([&] { wrong.validate(samples); }).field;
}

constexpr double bad_numbers[] = {-1, support::infinity, -support::infinity, support::not_a_number};

rehearsal good_rehearsal() {
  return {.accuracy = 0.1, .start = 0, .noise = 0, .drift = {{5, 1}, {6, 1}, {100, 3}}};
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_problem_has_samples_coordinates_and_bytes) {
  problem_shape{1, 1, 1}.validate();
  BOOST_TEST(refused(problem_shape{}) == "problem_shape.samples");
  BOOST_TEST(refused(problem_shape{1, 0}) == "problem_shape.dimension");
  BOOST_TEST(refused(problem_shape{1, 1, 0}) == "problem_shape.scalar_bytes");
}

BOOST_AUTO_TEST_CASE(a_goal_asks_for_something) {
  goal{.accuracy = 1e-300}.validate();
  goal{.gradients = 1}.validate();
  goal{.seconds = 1}.validate();
  goal{.accuracy = 1, .gradients = 1, .seconds = 1}.validate();
  BOOST_TEST(refused(goal{}) == "goal.accuracy");
  for (double const bad : bad_numbers) {
    BOOST_TEST(refused(goal{.accuracy = bad}) == "goal.accuracy");
    BOOST_TEST(refused(goal{.accuracy = 1, .gradients = bad}) == "goal.gradients");
    BOOST_TEST(refused(goal{.accuracy = 1, .seconds = bad}) == "goal.seconds");
  }
}

BOOST_AUTO_TEST_CASE(choices_are_within_the_range_of_the_settings) {
  choices{}.validate(16);
  choices{.workers = {1, std::size_t{1} << 20}, .batch_sizes = {1, 100}, .local_steps = {1}}
      .validate(100);
  BOOST_TEST(refused(choices{}, 15) == "choices.batch_sizes");  // 16 of 15 samples
  BOOST_TEST(refused(choices{.workers = {}}) == "choices.workers");
  BOOST_TEST(refused(choices{.workers = {1, 0}}) == "choices.workers");
  BOOST_TEST(refused(choices{.workers = {(std::size_t{1} << 20) + 1}}) == "choices.workers");
  BOOST_TEST(refused(choices{.batch_sizes = {}}) == "choices.batch_sizes");
  BOOST_TEST(refused(choices{.batch_sizes = {0}}) == "choices.batch_sizes");
  BOOST_TEST(refused(choices{.batch_sizes = {101}}) == "choices.batch_sizes");
  BOOST_TEST(refused(choices{.local_steps = {0}}) == "choices.local_steps");
  BOOST_TEST(refused(choices{.local_steps = {settings::max_steps + 1}}) == "choices.local_steps");
}

BOOST_AUTO_TEST_CASE(a_rehearsal_has_an_accuracy_and_no_negative_steps) {
  good_rehearsal().validate();
  rehearsal{.accuracy = 0.1}.validate();
  BOOST_TEST(refused(rehearsal{}) == "rehearsal.accuracy");
  for (double const bad : bad_numbers) {
    rehearsal r = good_rehearsal();
    r.start = bad;
    BOOST_TEST(refused(r) == "rehearsal.start");
    r = good_rehearsal();
    r.noise = bad;
    BOOST_TEST(refused(r) == "rehearsal.noise");
    r = good_rehearsal();
    r.one_shot = bad;
    BOOST_TEST(refused(r) == "rehearsal.one_shot");
  }
}

BOOST_AUTO_TEST_CASE(the_cost_of_drift_ascends_from_a_gap_of_4) {
  auto const with = [](std::vector<detail::drift_cost> drift) {
    rehearsal r = good_rehearsal();
    r.drift = std::move(drift);
    return refused(r);
  };
  BOOST_TEST(with({{4, 1}}) == "rehearsal.drift.local_steps");
  BOOST_TEST(with({{8, 1}, {8, 1}}) == "rehearsal.drift.local_steps");
  BOOST_TEST(with({{support::infinity, 1}}) == "rehearsal.drift.local_steps");
  BOOST_TEST(with({{8, 0.5}}) == "rehearsal.drift.times");
  BOOST_TEST(with({{8, 2}, {9, 1.5}}) == "rehearsal.drift.times");
  BOOST_TEST(with({{8, support::not_a_number}}) == "rehearsal.drift.times");
}
