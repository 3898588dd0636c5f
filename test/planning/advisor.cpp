// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE planning_advisor
#include "localsgd/planning/advisor.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "test/support/problems.hpp"
#include "test/support/refused.hpp"

namespace {

using namespace localsgd;
using support::check_refused;

constants const known{.smoothness = 1.0,
                      .strong_convexity = 0.05,
                      .variance = 2.0,
                      .second_moment = 5.0,
                      .squared_distance = 4.0};
constants convex() {
  constants c = known;
  c.strong_convexity = 0.0;
  return c;
}
cost_model const cluster{1e-6, 20e-6, 1e9, topology::tree};
problem_shape const shape{10000, 100};
choices const one_kind{.workers = {8}, .batch_sizes = {1}};

advice advise(constants const& c, cost_model const& cost, problem_shape const& size,
              goal const& wish, choices const& among = {},
              std::optional<rehearsal> const& seen = {}) {
  return detail::advisor(c, cost, size, wish, among, seen)();
}

std::uint64_t gap(double round, double steps) {
  return static_cast<std::uint64_t>(std::ceil(detail::balanced_local_steps(round, steps)));
}

}  // namespace

BOOST_AUTO_TEST_CASE(advice_adds_up) {
  for (auto const& wish : std::vector<goal>{{.accuracy = 0.01},
                                            {.gradients = 1e6},
                                            {.seconds = 0.5},
                                            {.accuracy = 0.01, .seconds = 100}}) {
    advice const a = advise(known, cluster, shape, wish);
    auto const check = [&](candidate const& c) {
      double const h = static_cast<double>(c.local_steps), k = static_cast<double>(c.workers);
      BOOST_TEST(c.rounds == std::ceil(c.steps / h));
      BOOST_TEST(c.gradients == k * static_cast<double>(c.batch_size) * c.steps);
      BOOST_TEST(c.bytes == 2 * (k - 1) * 800 * c.rounds);
      BOOST_TEST(c.seconds == cluster.seconds(c.workers, c.batch_size, c.steps, c.rounds, 800));
      BOOST_TEST(!c.why.empty());
    };
    check(a);
    for (candidate const& c : a.rejected) check(c);
    for (std::size_t i = 1; i < a.rejected.size(); ++i)
      BOOST_TEST(a.rejected[i - 1].seconds <= a.rejected[i].seconds);
    BOOST_TEST(a.rejected.size() >= 11U);  // 4 K and 3 b, and other gaps
    BOOST_TEST(a.settings.workers == a.workers);
    BOOST_TEST(a.settings.local_steps == a.local_steps);
    BOOST_TEST(a.settings.batch_size == a.batch_size);
    BOOST_TEST(static_cast<double>(a.settings.steps) == a.steps);
    a.settings.validate();
    BOOST_TEST(a.schedule == "every{" + std::to_string(a.local_steps) + "}");
    BOOST_TEST(a.step_size == "automatic_step");
    // What was asked for is kept, and nothing that also keeps it is faster.
    if (wish.accuracy > 0) {
      BOOST_TEST(a.accuracy == wish.accuracy);
      for (candidate const& c : a.rejected)
        if (c.local_steps > 1 && c.why.find("allowed") == std::string::npos &&
            c.workers != a.workers)
          BOOST_TEST(a.seconds <= c.seconds);
    }
    if (wish.gradients > 0) BOOST_TEST(a.gradients <= wish.gradients);
    if (wish.seconds > 0) BOOST_TEST(a.seconds <= wish.seconds * (1 + 1e-9));
  }
}

BOOST_AUTO_TEST_CASE(advice_with_a_rehearsal_follows_its_steps) {
  rehearsal const seen{.accuracy = 0.01, .start = 1000, .noise = 80000, .drift = {{4000, 1}}};
  advice const a = advise(known, cluster, shape, {.accuracy = 0.01}, one_kind, seen);
  double const r = cluster.seconds_per_round(8, 800) / 1e-6, steps = 1000 + 80000 / 8.0;
  double const least = detail::best_local_steps(r, steps, seen.drift, 81000);
  auto const h = static_cast<std::uint64_t>(std::ceil(least));
  BOOST_TEST(a.local_steps == h);
  BOOST_TEST(a.rounds == std::ceil(steps / static_cast<double>(h)));
  // One round of 20,000 steps at once takes longer than these rounds, one of 11,100 does not.
  rehearsal at_once = seen;
  at_once.one_shot = 20000;
  BOOST_TEST(advise(known, cluster, shape, {.accuracy = 0.01}, one_kind, at_once).local_steps == h);
  at_once.one_shot = 11100;
  advice const once = advise(known, cluster, shape, {.accuracy = 0.01}, one_kind, at_once);
  BOOST_TEST(once.local_steps == 11100U);
  BOOST_TEST(once.steps == 11100.0);
  BOOST_TEST(once.rounds == 1.0);
  // It says nothing of another number of workers.
  at_once.workers = 16;
  BOOST_TEST(advise(known, cluster, shape, {.accuracy = 0.01}, one_kind, at_once).local_steps == h);
  // With growth a smaller gap.
  rehearsal grows = seen;
  grows.drift = {{4000, 8}};
  BOOST_TEST(advise(known, cluster, shape, {.accuracy = 0.01}, one_kind, grows).local_steps < h);
}

BOOST_AUTO_TEST_CASE(expensive_rounds_mean_longer_gaps_and_far_too_expensive_ones_one_worker) {
  rehearsal const seen{.accuracy = 0.01, .start = 1000, .noise = 80000};
  std::uint64_t before = 0;
  for (double const latency : {1e-9, 1e-7, 1e-6, 1e-5}) {
    cost_model c = cluster;
    c.latency_seconds = latency;
    c.bytes_per_second = 1e15;
    auto const a = advise(known, c, shape, {.accuracy = 0.01}, one_kind, seen);
    BOOST_TEST(a.local_steps > before);
    before = a.local_steps;
  }
  cost_model far = cluster;
  far.latency_seconds = 10;
  BOOST_TEST(advise(known, far, shape, {.accuracy = 0.01}, {}, seen).workers == 1U);
  cost_model near = cluster;
  near.latency_seconds = 1e-9;
  near.bytes_per_second = 1e15;
  BOOST_TEST(advise(known, near, shape, {.accuracy = 0.01}, {}, seen).workers == 8U);
}

BOOST_AUTO_TEST_CASE(a_given_gap_is_kept) {
  advice const a = advise(known, cluster, shape, {.accuracy = 0.01},
                          {.workers = {8}, .batch_sizes = {1}, .local_steps = {7}});
  BOOST_TEST(a.local_steps == 7U);
  BOOST_TEST(a.rejected.empty());
}

BOOST_AUTO_TEST_CASE(with_a_budget_the_gap_is_the_one_of_the_rule) {
  advice const a = advise(known, cluster, shape, {.gradients = 1e7}, one_kind);
  BOOST_TEST(a.local_steps == gap(cluster.seconds_per_round(8, 800) / 1e-6, 1e7 / 8));
  BOOST_TEST(a.steps == 1e7 / 8);
  // The accuracy is that of the bound: neither more nor much less would do.
  BOOST_TEST(detail::sufficient_steps(known, a.accuracy, 8) <= a.steps);
  BOOST_TEST(detail::sufficient_steps(known, a.accuracy * 0.99, 8) > a.steps);
}

BOOST_AUTO_TEST_CASE(advice_without_strong_convexity_names_the_penalty_that_gives_it) {
  advice const a = advise(convex(), cluster, shape, {.accuracy = 0.01}, one_kind);
  std::string all;
  for (auto const& each : a.assumed) all += each;
  BOOST_TEST(all.find("mu = 0") != std::string::npos);
  BOOST_TEST(all.find("lambda = 0.0025") != std::string::npos);  // ε/‖x_0 − x*‖²
}

BOOST_AUTO_TEST_CASE(contradictions_are_named) {
  auto const ask = [](goal const& wish, choices const& among = {},
                      std::optional<rehearsal> const& seen = {}) {
    return [=] { advise(known, cluster, shape, wish, among, seen); };
  };
  check_refused(ask({}), "goal.accuracy", "> 0 unless");
  check_refused(ask({.accuracy = -1}), "goal.accuracy", ">= 0");
  check_refused(ask({.gradients = support::not_a_number}), "goal.gradients", ">= 0");
  check_refused(ask({.seconds = support::infinity}), "goal.seconds", ">= 0");
  goal const easy{.accuracy = 0.1};
  check_refused(ask(easy, {.workers = {}}), "choices.workers", "at least one");
  check_refused(ask(easy, {.workers = {2, 0}}), "choices.workers", "from 1 to 2^20");
  check_refused(ask(easy, {.batch_sizes = {0}}), "choices.batch_sizes", "1 to");
  check_refused(ask(easy, {.batch_sizes = {10001}}), "choices.batch_sizes", "10000");
  check_refused(ask(easy, {.local_steps = {0}}), "choices.local_steps", "from 1 to 2^53");
  check_refused(ask(easy, {}, rehearsal{0.2, 1, 1}), "goal.accuracy", "of the rehearsal, 0.2");
  check_refused(ask(easy, {}, rehearsal{0.1, -1, 1}), "rehearsal.start", ">= 0");
  check_refused(ask(easy, {}, rehearsal{0.1, 1, 1, {{4, 1}}}), "rehearsal.drift.local_steps",
                "above 4");
  check_refused(ask(easy, {}, rehearsal{0.1, 1, 1, {{8, 2}, {16, 1}}}), "rehearsal.drift.times",
                "not decreasing");
  check_refused(
      [] {
        advise(known, cluster, {0, 1}, {.accuracy = 1});
      },
      "problem_shape.samples", ">= 1");
  check_refused(
      [] {
        advise(known, cluster, {1, 0}, {.accuracy = 1});
      },
      "problem_shape.dimension", ">= 1");
  check_refused(
      [] {
        advise(known, cluster, {1, 2, 0}, {.accuracy = 1});
      },
      "problem_shape.scalar_bytes", ">= 1");
  check_refused([] { advise({}, cluster, shape, {.accuracy = 1}); }, "constants.smoothness", "> 0");
  check_refused([] { advise(known, {}, shape, {.accuracy = 1}); }, "cost_model.gradient_seconds",
                "> 0");
}

BOOST_AUTO_TEST_CASE(an_accuracy_below_what_the_budget_allows_is_refused_with_what_it_does_allow) {
  goal wish{.accuracy = 1e-4, .gradients = 1e5};
  auto const e =
      support::error_of<invalid_settings>([&] { advise(known, cluster, shape, wish, one_kind); });
  BOOST_TEST(e.field == "goal.accuracy");
  wish.accuracy = std::stod(e.rule.substr(std::string("at least ").size()));
  BOOST_TEST(wish.accuracy > 1e-4);
  wish.accuracy *= 2;  // drift is paid for, too
  BOOST_TEST(advise(known, cluster, shape, wish, one_kind).gradients <= 1e5);
  check_refused([] { advise(known, cluster, shape, {.gradients = 4}, one_kind); }, "goal.gradients",
                "one step");
}

BOOST_AUTO_TEST_CASE(of_two_limits_the_one_that_is_too_small_is_named) {
  auto const ask = [](goal const& wish) {
    return [=] { advise(known, cluster, shape, wish); };
  };
  check_refused(ask({.gradients = 1e12, .seconds = 1e-30}), "goal.seconds", "one step");
  check_refused(ask({.accuracy = 0.1, .gradients = 1e12, .seconds = 1e-30}), "goal.seconds",
                "one step");
  check_refused(ask({.gradients = 0.5, .seconds = 1e9}), "goal.gradients", "one step");
  check_refused(ask({.gradients = 0.5, .seconds = 1e-30}), "goal.gradients", "goal.seconds");
}
