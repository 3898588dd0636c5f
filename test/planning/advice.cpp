// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE planning_advice
#include "localsgd/planning/advice.hpp"

#include <boost/test/unit_test.hpp>

#include <cmath>
#include <cstdio>
#include <string>
#include <vector>

#include "localsgd/synchronizer/thread_pool.hpp"
#include "localsgd/theory/constant_step_bound.hpp"
#include "localsgd/loss/logistic.hpp"
#include "localsgd/loss/squared.hpp"
#include "test/support/advice_grid.hpp"
#include "test/support/problems.hpp"

namespace {

using namespace localsgd;

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

template <class Call>
void check_refused(Call const& call, std::string const& field, std::string const& rule) {
  auto const e = support::error_of<invalid_settings>(call);
  BOOST_TEST(e.field == field);
  BOOST_TEST(e.rule.find(rule) != std::string::npos, e.rule << " lacks " << rule);
}

std::uint64_t gap(double round, double steps) {
  return static_cast<std::uint64_t>(std::ceil(detail::balanced_local_steps(round, steps)));
}

}  // namespace

BOOST_AUTO_TEST_CASE(four_rounds_worth_of_steps_is_within_a_quarter_of_the_best_for_any_growth) {
  // T ∝ H^p takes H^p(1 + r/H), least at H = r(1 − p)/p; at p = 0 the limit is 1.
  for (double const r : {2.0, 30.0, 1e4})
    for (double p = 0; p <= 0.5; p += 0.0625) {
      double const h = detail::balanced_local_steps(r, support::infinity);
      BOOST_TEST(h == 4 * r);
      double const best_gap = r * (1 - p) / p;
      double const best = p == 0 ? 1 : std::pow(best_gap, p) * (1 + r / best_gap);
      BOOST_TEST(std::pow(h, p) * (1 + r / h) <= 1.25 * best * (1 + 1e-12));
    }
}

BOOST_AUTO_TEST_CASE(the_gap_follows_the_drift_the_length_of_the_run_and_free_rounds) {
  using detail::balanced_local_steps;
  BOOST_TEST(balanced_local_steps(100, 1e9, 1) == 300.0);
  BOOST_TEST(balanced_local_steps(100, 1e9, 450) == 450.0);
  BOOST_TEST(balanced_local_steps(100, 1e9, support::infinity) == 600.0);
  BOOST_TEST(balanced_local_steps(100, 200) == 200.0);  // √(2·100·200)
  BOOST_TEST(balanced_local_steps(0, 1e9) == 1.0);
  BOOST_TEST(balanced_local_steps(5, 0) == 1.0);
}

BOOST_AUTO_TEST_CASE(measured_drift_is_interpolated_along_powers) {
  std::vector<detail::drift_cost> const seen{{16, 2}, {64, 2}};
  BOOST_TEST(detail::drift_times(seen, 1) == 1.0);
  BOOST_TEST(detail::drift_times(seen, 4) == 1.0);
  auto const near = boost::test_tools::tolerance(1e-12);
  BOOST_TEST(detail::drift_times(seen, 8) == std::sqrt(2.0), near);
  BOOST_TEST(detail::drift_times(seen, 16) == 2.0, near);
  BOOST_TEST(detail::drift_times(seen, 40) == 2.0, near);
  BOOST_TEST(detail::drift_times(seen, 1024) == 4.0, near);  // 2 in 16, so 2 in 16 again
}

BOOST_AUTO_TEST_CASE(where_drift_was_measured_the_gap_is_the_best_there_is) {
  for (double const growth : {0.0, 0.2, 0.5, 0.9})
    for (double const round : {0.0, 1.0, 50.0, 5000.0}) {
      std::vector<detail::drift_cost> const seen{{1000, std::pow(250, growth)}};
      auto const steps = [&](double h) {
        return std::min(1000 * std::pow(std::max(1.0, h / 4), growth), 8000.0);
      };
      auto const time = [&](double h) { return (steps(h) + h / 2) * (1 + round / h); };
      double const h = detail::best_local_steps(round, 1000, seen, 8000);
      BOOST_TEST(h <= 1.125 * 1.5 * steps(h));  // more would be one round that is too long
      for (double other = 1; other <= 1.5 * steps(other); other *= 1.03)
        BOOST_TEST(time(h) <= 1.02 * time(other));
    }
}

BOOST_AUTO_TEST_CASE(drift_is_free_up_to_a_gap_that_shrinks_with_step_size_and_variance) {
  // 500·0.01/(4·0.1²·2·3·(1 − 1/2)) = 41.66…
  BOOST_TEST(detail::drift_free_local_steps(0.01, 0.1, 2, 3, 2) == 1 + 5 / 0.12,
             boost::test_tools::tolerance(1e-12));
  BOOST_TEST(std::isinf(detail::drift_free_local_steps(0.01, 0.1, 2, 0, 2)));
}

BOOST_AUTO_TEST_CASE(steps_without_a_rehearsal_are_enough_by_the_bound) {
  for (double const accuracy : {1.0, 1e-2, 1e-4})
    for (double const gradients : {1.0, 8.0, 1000.0}) {
      double const steps = detail::sufficient_steps(known, accuracy, gradients);
      run_shape s{.workers = static_cast<std::size_t>(gradients),
                  .steps = static_cast<std::uint64_t>(steps)};
      double const l = 1, mu = 0.05, sigma = 2;
      constant_step const strong(std::min(1 / (4 * l), accuracy * mu * gradients / (l * sigma)));
      constant_step const weak(std::min(1 / (4 * l), accuracy * gradients / (4 * sigma)));
      double const bound = std::min(khaled_bound(known, s, strong).total(),
                                    khaled_convex_bound(known, s, weak).total());
      BOOST_TEST(bound <= accuracy * (1 + 1e-9));
      // And without μ the convex one is all there is.
      s.steps = static_cast<std::uint64_t>(
          detail::sufficient_steps(convex(), accuracy, gradients));
      BOOST_TEST(khaled_convex_bound(convex(), s, weak).total() <= accuracy * (1 + 1e-9));
    }
}

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

BOOST_AUTO_TEST_CASE(dear_rounds_mean_longer_gaps_and_far_too_dear_ones_one_worker) {
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

BOOST_AUTO_TEST_CASE(no_strong_convexity_is_said_and_what_would_give_it) {
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
  check_refused(ask({}), "goal.accuracy", "> 0 where neither");
  check_refused(ask({.accuracy = -1}), "goal.accuracy", ">= 0");
  check_refused(ask({.gradients = support::not_a_number}), "goal.gradients", ">= 0");
  check_refused(ask({.seconds = support::infinity}), "goal.seconds", ">= 0");
  goal const easy{.accuracy = 0.1};
  check_refused(ask(easy, {.workers = {}}), "choices.workers", "at least one");
  check_refused(ask(easy, {.workers = {2, 0}}), "choices.workers", "1 to 2^20");
  check_refused(ask(easy, {.batch_sizes = {0}}), "choices.batch_sizes", "1 to");
  check_refused(ask(easy, {.batch_sizes = {10001}}), "choices.batch_sizes", "10000");
  check_refused(ask(easy, {.local_steps = {0}}), "choices.local_steps", "1 to 2^53");
  check_refused(ask(easy, {}, rehearsal{0.2, 1, 1}), "goal.accuracy", "of the rehearsal, 0.2");
  check_refused(ask(easy, {}, rehearsal{0.1, -1, 1}), "rehearsal.start", ">= 0");
  check_refused(ask(easy, {}, rehearsal{0.1, 1, 1, {{4, 1}}}), "rehearsal.drift.local_steps",
                "above 4");
  check_refused(ask(easy, {}, rehearsal{0.1, 1, 1, {{8, 2}, {16, 1}}}), "rehearsal.drift.times",
                "ascending");
  check_refused([] { advise(known, cluster, {0, 1}, {.accuracy = 1}); }, "problem_shape.samples",
                ">= 1");
  check_refused([] { advise(known, cluster, {1, 0}, {.accuracy = 1}); },
                "problem_shape.dimension", ">= 1");
  check_refused([] { advise(known, cluster, {1, 2, 0}, {.accuracy = 1}); },
                "problem_shape.scalar_bytes", ">= 1");
  check_refused([] { advise({}, cluster, shape, {.accuracy = 1}); }, "constants.smoothness", "> 0");
  check_refused([] { advise(known, {}, shape, {.accuracy = 1}); }, "cost_model.gradient_seconds",
                "> 0");
}

BOOST_AUTO_TEST_CASE(an_accuracy_below_what_the_budget_allows_is_refused_with_what_it_does_allow) {
  goal wish{.accuracy = 1e-4, .gradients = 1e5};
  auto const e = support::error_of<invalid_settings>(
      [&] { advise(known, cluster, shape, wish, one_kind); });
  BOOST_TEST(e.field == "goal.accuracy");
  wish.accuracy = std::stod(e.rule.substr(std::string("at least ").size()));
  BOOST_TEST(wish.accuracy > 1e-4);
  wish.accuracy *= 2;  // drift is paid for, too
  BOOST_TEST(advise(known, cluster, shape, wish, one_kind).gradients <= 1e5);
  check_refused([] { advise(known, cluster, shape, {.gradients = 4}, one_kind); },
                "goal.gradients", "one step");
}

BOOST_AUTO_TEST_CASE(the_table_shows_the_choice_what_it_beat_and_what_was_assumed) {
  advice const a = advise(known, cluster, shape, {.accuracy = 0.01});
  std::string const text = to_string(a);
  for (std::string const& part :
       {"run with " + a.schedule + ", automatic_step\n", std::string("     K     b         H"),
        std::string("instead of"), std::string("times the time"), std::string("assumed"),
        a.assumed.front(), "and " + std::to_string(a.rejected.size() - 10) + " slower ones"})
    BOOST_TEST(text.find(part) != std::string::npos, text << " lacks " << part);
}

BOOST_AUTO_TEST_CASE(measured_advice_can_be_run_as_it_is) {
  support::synthetic const data(1000, 10, true);
  linear_objective const f(data.features, data.targets, logistic{}, l2{1e-2});
  thread_pool pool(2);
  advice const a = advise(f, {.accuracy = 3e-3}, pool, {.workers = {1, 2, 4}});
  auto const r = minimize(f, a.settings, pool);
  auto const exact = minimize(f, {.tolerance = 1e-9}, pool);
  // One run; the steps are of the mean over others.
  BOOST_TEST(r.objective - exact.objective <= 3 * 3e-3);
  BOOST_TEST(static_cast<double>(r.steps) == a.steps);
  BOOST_TEST(static_cast<double>(r.rounds) == a.rounds);
  BOOST_TEST(static_cast<double>(r.bytes) == a.bytes);

  // Without strong convexity there is no rehearsal, and the bound decides.
  linear_objective const flat(data.features, data.targets, logistic{}, l2{0});
  advice const b = advise(flat, {.gradients = 20000}, pool, {.workers = {2}});
  BOOST_TEST(b.gradients <= 20000);
  check_refused([&] { rehearse(flat, 0.1, pool); }, "rehearsal_options.optimum", "given");
  check_refused([&] { rehearse(f, 0.1, pool, {.workers = 1}); }, "rehearsal_options.workers",
                ">= 2");
}

BOOST_AUTO_TEST_CASE(a_rehearsal_counts_and_is_the_same_everywhere) {
  auto const f = support::noisy_quadratic(10);
  serial alone;
  thread_pool pool(2);
  auto const one = rehearse(f, 0.02, alone, {.optimum = 0}), two =
      rehearse(f, 0.02, pool, {.optimum = 0});
  BOOST_TEST(one.start == two.start);
  BOOST_TEST(one.noise == two.noise);
  BOOST_TEST(one.drift.size() == 2U);
  BOOST_TEST(two.drift.size() == 2U);
  BOOST_TEST(one.one_shot == two.one_shot);
  // A single round of so many steps is enough: all of these runs end with it.
  BOOST_TEST(one.one_shot >= 16.0);
  for (std::uint64_t seed = 0; seed != 5; ++seed)
    BOOST_TEST(minimize(f,
                        {.workers = 8,
                         .local_steps = static_cast<std::size_t>(one.one_shot),
                         .steps = static_cast<std::uint64_t>(one.one_shot),
                         .seed = seed},
                        alone)
                   .objective <= 0.02);
  for (std::size_t i : {0U, 1U}) BOOST_TEST(one.drift[i].times == two.drift[i].times);
  BOOST_TEST(!one.extrapolated);
  // What is given up is extrapolated like 1/T.
  auto const cut = rehearse(f, 0.02, alone, {.epochs = 0.02, .optimum = 0});
  BOOST_TEST(cut.extrapolated);
  BOOST_TEST(cut.start + cut.noise > 0.2 * (one.start + one.noise));
  BOOST_TEST(cut.start + cut.noise < 5 * (one.start + one.noise));
}

// The claim of docs/choosing.md on a part of the grid of benchmark/advice.cpp.
BOOST_AUTO_TEST_CASE(the_advised_gap_is_within_1_3_of_the_best_in_nine_cases_of_ten) {
  std::vector<support::judged> all;
  auto const take = [&](std::string const& name, auto const& f) {
    auto const some = support::judge(name, f, {2, 8}, {0.03, 0.01}, 3, 400);
    all.insert(all.end(), some.begin(), some.end());
  };
  support::synthetic const classes(1000, 10, true), numbers(1000, 10, false);
  take("quadratic", support::noisy_quadratic(10));
  take("squares", linear_objective(numbers.features, numbers.targets, squared{}, l2{1e-3}));
  take("logistic 1e-2", linear_objective(classes.features, classes.targets, logistic{}, l2{1e-2}));
  take("logistic 1e-3", linear_objective(classes.features, classes.targets, logistic{}, l2{1e-3}));
  for (auto const& j : all)
    std::printf("%-14s K = %2zu  eps = %.1e  %-9s  r = %6.1f  H = %5llu, best %5llu: %.2f\n",
                j.problem.c_str(), j.workers, j.accuracy, j.costs.c_str(), j.round_in_steps,
                static_cast<unsigned long long>(j.advised),
                static_cast<unsigned long long>(j.best), j.ratio);
  BOOST_TEST(all.size() >= 30U);
  BOOST_TEST(support::share_within(all, 1.3) >= 0.9);
  BOOST_TEST(support::share_within(all, 3) == 1.0);
}
