// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE schedule_adaptive
#include "localsgd/schedule/adaptive.hpp"

#include "localsgd/loss/logistic.hpp"
#include "localsgd/loss/squared.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "test/support/problems.hpp"
#include "test/support/runs.hpp"

using namespace localsgd;

namespace {

// H after an evaluation at t = 1000 that found `objective`, where it was `before`.
std::uint64_t revised(adaptive const& schedule, std::uint64_t before, double objective,
                      double first = 1) {
  return schedule.next(1000, {1000, before, objective, first, 0}) - 1000;
}

// Looks at nothing, notes what it is shown, and keeps constant gaps.
struct noting {
  std::uint64_t gap;
  std::vector<progress>* seen;
  std::vector<std::uint64_t>* times;
  std::uint64_t next(std::uint64_t t) const { return t + gap; }
  std::uint64_t next(std::uint64_t t, progress const& p) const {
    seen->push_back(p);
    times->push_back(t);
    return next(t);
  }
};

}  // namespace

BOOST_AUTO_TEST_CASE(the_gap_follows_the_root_of_the_objective) {
  adaptive const schedule(64);
  for (double const ratio : {0.9, 0.5, 0.25, 0.1, 1e-2, 1e-3, 1e-9})
    for (double const first : {1.0, 7.0, 1e-3, 1e300})
      BOOST_TEST(revised(schedule, 64, ratio * first, first) ==
                 static_cast<std::uint64_t>(std::ceil(std::sqrt(ratio * first / first) * 64)));
  BOOST_TEST(revised(schedule, 64, 0) == 1U);
}

BOOST_AUTO_TEST_CASE(a_gap_that_would_not_fall_is_halved) {
  adaptive const schedule(64);
  BOOST_TEST(revised(schedule, 64, 1) == 32U);    // f has not moved
  BOOST_TEST(revised(schedule, 32, 0.25) == 16U);  // ⌈√0.25·64⌉ = 32
  BOOST_TEST(revised(schedule, 33, 0.25) == 32U);
  BOOST_TEST(revised(schedule, 7, 100) == 3U);  // f has risen
  BOOST_TEST(revised(schedule, 1, 1) == 1U);
  BOOST_TEST(revised(schedule, 64, 1e308, 1e-308) == 32U);  // the ratio overflows
}

BOOST_AUTO_TEST_CASE(between_evaluations_the_gap_stays) {
  adaptive const schedule(64);
  BOOST_TEST(schedule.next(0) == 64U);
  BOOST_TEST(schedule.next(0, {0, 0, 0.7, 0.7, 0}) == 64U);
  BOOST_TEST(schedule.next(64, {0, 64, 0.7, 0.7, 0}) == 128U);
  BOOST_TEST(schedule.next(1000, {990, 5, 0.1, 0.7, 0}) == 1005U);
}

BOOST_AUTO_TEST_CASE(the_lower_objective_is_subtracted) {
  adaptive const schedule(100, -3);
  BOOST_TEST(revised(schedule, 100, -2, 1) == 50U);  // √(1/4)
  BOOST_TEST(revised(schedule, 100, -3, 1) == 1U);
}

BOOST_AUTO_TEST_CASE(where_the_root_has_no_meaning_the_gap_stays) {
  adaptive const schedule(64);
  BOOST_TEST(revised(schedule, 40, -1, 1) == 40U);
  BOOST_TEST(revised(schedule, 40, -2, -1) == 40U);
  BOOST_TEST(revised(schedule, 40, 0, 0) == 40U);
}

BOOST_AUTO_TEST_CASE(parameters_out_of_range_are_refused) {
  auto const refused = [](std::uint64_t h, double low) {
    return support::error_of<invalid_settings>([&] { adaptive(h, low); }).field;
  };
  BOOST_TEST(refused(0, 0) == "adaptive.local_steps");
  BOOST_TEST(refused((std::uint64_t{1} << 53) + 1, 0) == "adaptive.local_steps");
  for (double const bad : {support::not_a_number, support::infinity, -support::infinity})
    BOOST_TEST(refused(1, bad) == "adaptive.lower_objective");
}

BOOST_AUTO_TEST_CASE(without_evaluations_it_is_refused_by_name) {
  quadratic const f({.spectrum = {1, 2}, .samples = 10});
  auto const e = support::error_of<invalid_settings>([&] {
    minimize(f, {.steps = 100}, adaptive{8});
  });
  BOOST_TEST(e.field == "evaluations");
  BOOST_TEST(e.value == "0");
  BOOST_TEST(e.rule == ">= 1, or a tolerance set, for a schedule that depends on the objective");
  BOOST_TEST(minimize(f, {.steps = 100, .evaluations = 1}, adaptive{8}).usable());
  BOOST_TEST(minimize(f, {.steps = 100, .tolerance = 1e-9}, adaptive{8}).usable());
}

BOOST_AUTO_TEST_CASE(a_schedule_sees_the_last_evaluation_and_the_last_gap) {
  support::problem const data(100, 5);
  linear_objective const f(data.dense, data.labels, logistic{}, l2{0.05});
  std::vector<progress> seen;
  std::vector<std::uint64_t> times;
  result const r = minimize(f, {.workers = 3, .steps = 100, .evaluations = 4},
                            noting{4, &seen, &times}, serial{});
  BOOST_REQUIRE(seen.size() == 25U);
  for (std::size_t i = 0; i != 25; ++i) {
    evaluation const& last = r.history[4 * i / 20];  // at 0, 20, 40, 60, 80
    BOOST_TEST(times[i] == 4 * i);
    BOOST_TEST(seen[i].steps == last.steps);
    BOOST_TEST(seen[i].objective == last.objective);
    BOOST_TEST(seen[i].first_objective == r.history.front().objective);
    BOOST_TEST(seen[i].drift == last.drift);
    BOOST_TEST(seen[i].local_steps == (i == 0 ? 0U : 4U));
  }
}

BOOST_AUTO_TEST_CASE(a_run_has_the_rounds_that_its_history_asks_for) {
  support::problem const data(200, 6);
  linear_objective const f(data.dense, data.reals, squared{}, l2{0.01});
  for (std::size_t const evaluations : {1U, 7U, 50U}) {
    settings const s{.workers = 4, .steps = 3000, .evaluations = evaluations};
    result const r = minimize(f, s, adaptive{50}, constant_step{0.1});
    // By the definition: gaps of H, revised at each evaluation.
    std::uint64_t h = 50, falls = 0;
    for (std::size_t i = 1; i != r.history.size(); ++i) {
      std::uint64_t const gone = r.history[i].steps - r.history[i - 1].steps;
      BOOST_TEST(r.history[i].rounds - r.history[i - 1].rounds == (gone + h - 1) / h);
      auto const wanted = static_cast<std::uint64_t>(std::ceil(
          std::sqrt(r.history[i].objective / r.history[0].objective) * 50));
      std::uint64_t const next = std::max<std::uint64_t>(1, wanted < h ? wanted : h / 2);
      falls += next < h;
      h = next;
    }
    BOOST_TEST(falls >= 1U);
  }
}

BOOST_AUTO_TEST_CASE(the_same_bits_on_any_number_of_threads) {
  support::problem const data(200, 6, 0.5);
  auto const same = [](auto const& f, settings const& s, auto... component) {
    auto const expected = minimize(f, s, adaptive{40}, serial{}, component...);
    BOOST_TEST(expected.rounds > expected.steps / 40 + 1);  // it has adapted
    for (std::size_t const threads : {1U, 2U, 3U})
      for (int repetition = 0; repetition != 3; ++repetition)
        BOOST_TEST(support::bits(minimize(f, s, adaptive{40}, thread_pool{threads},
                                          component...)) == support::bits(expected));
  };
  linear_objective const sparse(data.sparse, data.labels, logistic{}, l2{0.01});
  linear_objective const dense(data.dense, data.reals, squared{}, l2{0.01});
  for (std::size_t const workers : {3U, 4U}) {
    settings const s{.workers = workers, .steps = 2000, .evaluations = 20};
    same(sparse, s), same(dense, s), same(dense, s, sgd{}, constant_step{0.05});
    same(dense, {.workers = workers, .steps = 2000, .tolerance = 1e-300}, constant_step{0.05});
  }
  // ... and with variance-reduced steps, whose anchors evaluate.
  same(sparse, {.workers = 3, .epochs = 100, .tolerance = 1e-12}, svrg{}, constant_step{0.2});
}

BOOST_AUTO_TEST_CASE(asynchronous_members_agree_on_the_sync_times) {
  support::problem const data(200, 6);
  linear_objective const f(data.dense, data.reals, squared{}, l2{0.01});
  settings const s{.workers = 4, .steps = 2000, .evaluations = 20};
  result const r = minimize(f, s, adaptive{40}, asynchronous{3}, constant_step{0.05});
  BOOST_TEST((r.reason == stop_reason::steps_done));
  BOOST_TEST(r.rounds > 2000 / 40);
}

BOOST_AUTO_TEST_CASE(it_reaches_what_a_short_constant_gap_reaches_in_fewer_rounds) {
  support::problem const data(300, 8);
  linear_objective const f(data.dense, data.labels, logistic{}, l2{0.1});
  double const optimum = minimize(f, {.tolerance = 1e-11}).objective;
  settings const s{.workers = 4, .steps = 20000, .evaluations = 8};
  result const follows = minimize(f, s, adaptive(200));
  result const constant = minimize(f, s, every{1});
  BOOST_TEST(constant.objective - optimum < 1e-4);
  BOOST_TEST(follows.objective - optimum < 2 * (constant.objective - optimum) + 1e-5);
  BOOST_TEST(follows.rounds < constant.rounds / 2);
}
