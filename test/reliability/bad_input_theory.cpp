// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE reliability_bad_input_theory
#include "test/support/bad_input.hpp"

#include "localsgd/communicator/simulated/cluster.hpp"
#include "localsgd/planning/advice.hpp"
#include "localsgd/planning/folds.hpp"
#include "localsgd/planning/goal.hpp"
#include "localsgd/theory/bound.hpp"
#include "localsgd/theory/constant_step_bound.hpp"
#include "localsgd/theory/constants.hpp"
#include "localsgd/theory/cost_model.hpp"
#include "localsgd/theory/speed_up.hpp"

#include <boost/test/unit_test.hpp>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

using namespace localsgd;
using support::bad_input;
using support::infinity;
using support::not_a_number;

namespace {

constexpr std::uint64_t too_many_steps = (std::uint64_t{1} << 53U) + 1;

constexpr constants known{.smoothness = 1.0,
                          .strong_convexity = 0.1,
                          .variance = 2.0,
                          .second_moment = 3.0,
                          .squared_distance = 4.0};
constexpr run_shape shape{.workers = 4, .local_steps = 10, .batch_size = 1, .steps = 1000};
constexpr cost_model costs{1e-6, 20e-6, 1e9, topology::tree};
constexpr problem_shape problem{.samples = 1000, .dimension = 10};

template <class Change>
void check_constants(Change const& change) {
  constants c = known;
  change(c);
  c.validate();
}
template <class Change>
void check_shape(Change const& change) {
  run_shape s = shape;
  change(s);
  s.validate();
}
template <class Change>
void check_costs(Change const& change) {
  cost_model c = costs;
  change(c);
  c.validate();
}
/// The cluster of the costs, for four workers.
template <class Change>
void check_cluster(Change const& change) {
  cluster c{.costs = costs};
  change(c);
  c.validate(4);
}
template <class Change>
void check_rehearsal(Change const& change) {
  rehearsal r{.accuracy = 0.1, .start = 10, .noise = 100};
  change(r);
  r.validate();
}
void ask(goal const& wish, choices const& among = {},
         std::optional<rehearsal> const& seen = std::nullopt) {
  static_cast<void>(advise(known, costs, problem, wish, among, seen));
}

}  // namespace

BOOST_AUTO_TEST_CASE(constants_out_of_range_are_rejected) {
  constexpr bad_input rows[] = {
      {"L = 0", [] { check_constants([](auto& c) { c.smoothness = 0.0; }); },
       "constants.smoothness", "finite and > 0"},
      {"L not a number", [] { check_constants([](auto& c) { c.smoothness = not_a_number; }); },
       "constants.smoothness", "finite and > 0"},
      {"mu < 0", [] { check_constants([](auto& c) { c.strong_convexity = -1.0; }); },
       "constants.strong_convexity", "finite and >= 0"},
      {"mu > L", [] { check_constants([](auto& c) { c.strong_convexity = 2.0; }); },
       "constants.strong_convexity", "at most the smoothness, 1"},
      {"a negative variance", [] { check_constants([](auto& c) { c.variance = -1.0; }); },
       "constants.variance", "finite and >= 0"},
      {"a variance above the second moment",
       [] { check_constants([](auto& c) { c.variance = 4.0; }); }, "constants.variance",
       "at most the second moment, 3"},
      {"an infinite second moment",
       [] { check_constants([](auto& c) { c.second_moment = infinity; }); },
       "constants.second_moment", "finite and >= 0"},
      {"a negative distance", [] { check_constants([](auto& c) { c.squared_distance = -1.0; }); },
       "constants.squared_distance", "finite and >= 0"},
      {"no workers", [] { check_shape([](auto& s) { s.workers = 0; }); }, "run_shape.workers",
       ">= 1"},
      {"a batch of 0", [] { check_shape([](auto& s) { s.batch_size = 0; }); },
       "run_shape.batch_size", ">= 1"},
      {"no steps", [] { check_shape([](auto& s) { s.steps = 0; }); }, "run_shape.steps",
       "from 1 to 2^53"},
      {"too many steps", [] { check_shape([](auto& s) { s.steps = too_many_steps; }); },
       "run_shape.steps", "from 1 to 2^53"},
      {"no local steps", [] { check_shape([](auto& s) { s.local_steps = 0; }); },
       "run_shape.local_steps", "from 1 to the number of steps, 1000"},
      {"more local steps than steps", [] { check_shape([](auto& s) { s.local_steps = 1001; }); },
       "run_shape.local_steps", "from 1 to the number of steps, 1000"},
      {"a negative shift", [] { check_shape([](auto& s) { s.shift = -1; }); }, "run_shape.shift",
       "finite and >= 0"},
      {"too long a delay", [] { check_shape([](auto& s) { s.delay = too_many_steps; }); },
       "run_shape.delay", "<= 2^53"},
  };
  support::check_settings(rows);
}

BOOST_AUTO_TEST_CASE(bounds_outside_their_assumptions_are_rejected) {
  constexpr bad_input rows[] = {
      {"smallest_shift without strong convexity",
       [] {
         constants c = known;
         c.strong_convexity = 0.0;
         static_cast<void>(smallest_shift(c, 1));
       },
       "constants.strong_convexity", "finite and > 0"},
      {"smallest_shift without local steps", [] { static_cast<void>(smallest_shift(known, 0)); },
       "local_steps", ">= 1"},
      // 16 κ = 160
      {"stich_step with a small shift",
       [] {
         run_shape s = shape;
         s.shift = 160;
         static_cast<void>(stich_step(known, s));
       },
       "run_shape.shift", "above max{16 kappa, H + delay}"},
      {"stich_bound with a delay",
       [] {
         run_shape s = shape;
         s.delay = 1;
         static_cast<void>(stich_bound(known, s));
       },
       "run_shape.delay", "0 for synchronous runs"},
      {"steps_to an accuracy of 0", [] { static_cast<void>(steps_to(0, known, shape)); },
       "accuracy", "finite and > 0"},
      {"steps_to an accuracy out of reach",
       [] { static_cast<void>(steps_to(1e-300, known, shape)); }, "accuracy",
       "at least the bound after 2^53 steps"},
      {"recommended_local_steps without steps",
       [] { static_cast<void>(recommended_local_steps(0, 1, 1)); }, "steps", ">= 1"},
      {"recommended_local_steps without workers",
       [] { static_cast<void>(recommended_local_steps(1, 0, 1)); }, "workers", ">= 1"},
      {"recommended_local_steps with a batch of 0",
       [] { static_cast<void>(recommended_local_steps(1, 1, 0)); }, "batch_size", ">= 1"},
      // 1/(4L) = 0.25
      {"khaled_bound with a large step size",
       [] { static_cast<void>(khaled_bound(known, shape, constant_step(0.5))); },
       "constant_step.step_size", "at most 1/(4L), 0.25"},
      {"khaled_bound with a delay",
       [] {
         run_shape s = shape;
         s.delay = 1;
         static_cast<void>(khaled_bound(known, s, constant_step(0.1)));
       },
       "run_shape.delay", "0 for synchronous runs"},
      {"khaled_bound without strong convexity",
       [] {
         constants c = known;
         c.strong_convexity = 0.0;
         static_cast<void>(khaled_bound(c, shape, constant_step(0.1)));
       },
       "constants.strong_convexity", "finite and > 0"},
      {"a speed-up to an accuracy of 0",
       [] { static_cast<void>(speed_up_model{.accuracy = 0}.steps(1, 1)); },
       "speed_up_model.accuracy", "finite and > 0"},
      {"a speed-up with negative costs",
       [] { static_cast<void>(speed_up_model{.message_cost = -1}.speed_up(1, 1)); },
       "speed_up_model.message_cost", "finite and >= 0"},
      {"a speed-up without workers", [] { static_cast<void>(speed_up_model{}.steps(1, 0)); },
       "workers", ">= 1"},
      {"a speed-up without local steps", [] { static_cast<void>(speed_up_model{}.steps(0, 1)); },
       "local_steps", ">= 1"},
      {"messages without workers", [] { static_cast<void>(exchange_messages(topology::ring, 0)); },
       "workers", ">= 1"},
  };
  support::check_settings(rows);
}

BOOST_AUTO_TEST_CASE(costs_and_clusters_out_of_range_are_rejected) {
  constexpr bad_input rows[] = {
      {"gradients in no time", [] { check_costs([](auto& c) { c.gradient_seconds = 0; }); },
       "cost_model.gradient_seconds", "finite and > 0"},
      {"a latency not a number",
       [] { check_costs([](auto& c) { c.latency_seconds = not_a_number; }); },
       "cost_model.latency_seconds", "finite and > 0"},
      {"an infinite bandwidth", [] { check_costs([](auto& c) { c.bytes_per_second = infinity; }); },
       "cost_model.bytes_per_second", "finite and > 0"},
      {"members for no workers", [] { static_cast<void>(costs.members_for(0)); }, "workers",
       ">= 1"},
      {"the time of a batch of 0", [] { static_cast<void>(costs.seconds_per_step(1, 0)); },
       "batch_size", ">= 1"},
      {"the time of negative bytes", [] { static_cast<void>(costs.seconds_per_round(2, -1)); },
       "bytes", "finite and >= 0"},
      {"a negative spread", [] { check_cluster([](auto& c) { c.spread = -1; }); }, "cluster.spread",
       "finite and >= 0"},
      {"too many slow machines", [] { check_cluster([](auto& c) { c.slow_share = 1.5; }); },
       "cluster.slow_share", "in [0, 1]"},
      {"a share of slow machines not a number",
       [] { check_cluster([](auto& c) { c.slow_share = not_a_number; }); }, "cluster.slow_share",
       "in [0, 1]"},
      {"slow machines that are fast", [] { check_cluster([](auto& c) { c.slow_factor = 0.5; }); },
       "cluster.slow_factor", "finite and >= 1"},
      {"a factor of 0", [] { check_cluster([](auto& c) {
                               c.factors = {1, 0, 1, 1};
                             }); },
       "cluster.factors[1]", "finite and > 0"},
      {"too few factors", [] { check_cluster([](auto& c) {
                                 c.factors = {1, 1};
                               }); },
       "cluster.factors.size()", "0 or the number of workers, 4"},
      {"a negative burst", [] { check_cluster([](auto& c) { c.burst_bytes = -1; }); },
       "cluster.burst_bytes", "finite and >= 0"},
      {"no groups", [] { check_cluster([](auto& c) {
                           c.groups = {0, 1e-6, 1e9};
                         }); },
       "cluster.groups.groups", ">= 1"},
      {"more groups than machines",
       [] { check_cluster([](auto& c) {
              c.groups = {5, 1e-6, 1e9};
            }); }, "cluster.groups.groups",
       "at most the number of machines, 4"},
      {"groups without latency", [] { check_cluster([](auto& c) {
                                        c.groups = {2, 0, 1e9};
                                      }); },
       "cluster.groups.latency_seconds", "finite and > 0"},
      {"groups without bandwidth", [] { check_cluster([](auto& c) {
                                          c.groups = {2, 1e-6, 0};
                                        }); },
       "cluster.groups.bytes_per_second", "finite and > 0"},
      {"groups without a network",
       [] {
         check_cluster([](auto& c) {
           c.groups = {2, 1e-6, 1e9};
           c.costs.network = std::nullopt;
         });
       },
       "cluster.costs.network", "because cluster.groups is set"},
      {"too long a trace", [] { check_cluster([](auto& c) { c.trace_events = 200'000'000; }); },
       "cluster.trace_events", "<= 100000000"},
  };
  support::check_settings(rows);
}

BOOST_AUTO_TEST_CASE(questions_to_the_advisor_out_of_range_are_rejected) {
  constexpr bad_input rows[] = {
      {"no samples",
       [] {
         problem_shape{0, 1}.validate();
       },
       "problem_shape.samples", ">= 1"},
      {"no coordinates",
       [] {
         problem_shape{1, 0}.validate();
       },
       "problem_shape.dimension", ">= 1"},
      {"coordinates without bytes",
       [] {
         problem_shape{1, 1, 0}.validate();
       },
       "problem_shape.scalar_bytes", ">= 1"},
      {"no goal", [] { ask({}); }, "goal.accuracy", "unless goal.gradients or goal.seconds"},
      {"a negative accuracy", [] { ask({.accuracy = -1}); }, "goal.accuracy", "finite and >= 0"},
      {"gradients not a number", [] { ask({.gradients = not_a_number}); }, "goal.gradients",
       "finite and >= 0"},
      {"an infinite time", [] { ask({.seconds = infinity}); }, "goal.seconds", "finite and >= 0"},
      {"no choice of workers", [] { ask({.accuracy = 0.1}, {.workers = {}}); }, "choices.workers",
       "at least one number"},
      {"no choice of batch sizes", [] { ask({.accuracy = 0.1}, {.batch_sizes = {}}); },
       "choices.batch_sizes", "at least one number"},
      {"the choice of 0 workers",
       [] {
         ask({.accuracy = 0.1}, {.workers = {1, 0}});
       },
       "choices.workers", "from 1 to 2^20"},
      {"the choice of too large a batch", [] { ask({.accuracy = 0.1}, {.batch_sizes = {1001}}); },
       "choices.batch_sizes", "from 1 to the number of samples, 1000"},
      {"the choice of 0 local steps", [] { ask({.accuracy = 0.1}, {.local_steps = {0}}); },
       "choices.local_steps", "from 1 to 2^53"},
      {"a rehearsal of another accuracy",
       [] { ask({.accuracy = 0.1}, {}, rehearsal{.accuracy = 0.2}); }, "goal.accuracy",
       "equal to the accuracy of the rehearsal, 0.2"},
      {"gradients for less than a step", [] { ask({.gradients = 0.5}); }, "goal.gradients",
       "enough for one step"},
      {"time for less than a step", [] { ask({.seconds = 1e-9}); }, "goal.seconds",
       "enough for one step"},
      {"an accuracy above the budget", [] { ask({.accuracy = 1e-9, .gradients = 100}); },
       "goal.accuracy", "the best accuracy within the budget"},
      {"a rehearsal without an accuracy", [] { check_rehearsal([](auto& r) { r.accuracy = 0; }); },
       "rehearsal.accuracy", "finite and > 0"},
      {"a rehearsal with a negative start", [] { check_rehearsal([](auto& r) { r.start = -1; }); },
       "rehearsal.start", "finite and >= 0"},
      {"a rehearsal with noise not a number",
       [] { check_rehearsal([](auto& r) { r.noise = not_a_number; }); }, "rehearsal.noise",
       "finite and >= 0"},
      {"a rehearsal with drift at H = 4",
       [] { check_rehearsal([](auto& r) {
              r.drift = {{4, 1}};
            }); }, "rehearsal.drift.local_steps",
       "above 4 and increasing"},
      {"a rehearsal with drift that decreases",
       [] { check_rehearsal([](auto& r) {
              r.drift = {{8, 2}, {16, 1}};
            }); },
       "rehearsal.drift.times", ">= 1 and not decreasing"},
      {"one fold", [] { static_cast<void>(random_folds(10, 1)); }, "folds", ">= 2"},
      {"more folds than samples", [] { static_cast<void>(random_folds(10, 11)); }, "folds",
       "at most the number of samples, 10"},
      {"more stratified folds than samples",
       [] {
         static_cast<void>(stratified_folds(std::vector<double>{0, 1}, 3));
       },
       "folds", "at most the number of samples, 2"},
  };
  support::check_settings(rows);
}
