// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE schedule_stagewise
#include "localsgd/schedule/stagewise.hpp"

#include <boost/test/unit_test.hpp>
#include <cstdint>
#include <limits>

#include "localsgd/loss/logistic.hpp"
#include "localsgd/schedule/every.hpp"
#include "test/support/problems.hpp"
#include "test/support/runs.hpp"

namespace {
using localsgd::invalid_settings;
using localsgd::stagewise;
std::uint64_t const longest = std::uint64_t{1} << 53;
}  // namespace

BOOST_AUTO_TEST_CASE(stages_gaps_and_steps_double_and_halve_as_defined) {
  for (std::uint64_t const steps : {1U, 2U, 7U, 64U, 100U})
    for (std::uint64_t const h : {1U, 2U, 7U, 30U, 64U}) {
      if (h > steps) continue;
      stagewise const schedule(steps, h);
      auto const eta = schedule.step_size(0.3);
      std::uint64_t stage_end = steps, gap = h, length = steps, sync = 0, wrong = 0;
      double step = 0.3;
      int stage = 0;
      for (std::uint64_t t = 0; t != 20000; ++t) {
        if (t == stage_end) length *= 2, stage_end += length, gap *= 2, step /= 2, ++stage;
        if (t == sync) sync = std::min(stage_end, t + gap);
        wrong += schedule.next(t) != sync || schedule.stage(t) != stage || eta(t) != step;
      }
      BOOST_TEST(wrong == 0U, steps << " steps, gaps of " << h);
    }
}

BOOST_AUTO_TEST_CASE(every_stage_has_as_many_rounds) {
  stagewise const schedule(100, 30);  // 4 rounds: 30, 60, 90, 100
  std::uint64_t t = 0;
  for (int stage = 0; stage != 40; ++stage) {
    int rounds = 0;
    for (; schedule.stage(t) == stage; ++rounds) t = schedule.next(t);
    BOOST_TEST(rounds == 4);
  }
}

BOOST_AUTO_TEST_CASE(nothing_overflows_up_to_2_to_the_53_and_beyond) {
  std::uint64_t const last = std::numeric_limits<std::uint64_t>::max();
  for (std::uint64_t const steps : {std::uint64_t{1}, std::uint64_t{3}, longest / 2, longest})
    for (std::uint64_t const h : {std::uint64_t{1}, steps / 2 + 1, steps}) {
      stagewise const schedule(steps, h);
      auto const eta = schedule.step_size(1);
      for (std::uint64_t const t : {std::uint64_t{0}, longest / 2, longest - 1, longest}) {
        std::uint64_t const next = schedule.next(t);
        BOOST_TEST((next > t && next <= 4 * longest));
        BOOST_TEST((schedule.stage(t) >= 0 && schedule.stage(t) <= 53));
        BOOST_TEST((eta(t) > 0 && eta(t) <= 1));
      }
      BOOST_TEST(schedule.next(last) == last);
      BOOST_TEST(schedule.stage(last) == schedule.stage(longest));
    }
  BOOST_TEST(stagewise(1, 1).stage(longest) == 53);
  BOOST_TEST(stagewise(longest, longest).next(0) == longest);
}

BOOST_AUTO_TEST_CASE(stages_out_of_range_are_refused) {
  auto const refused = [](std::uint64_t steps, std::uint64_t h) {
    return support::error_of<invalid_settings>([&] { stagewise(steps, h); }).field;
  };
  BOOST_TEST(refused(0, 1) == "stagewise.steps");
  BOOST_TEST(refused(longest + 1, 1) == "stagewise.steps");
  BOOST_TEST(refused(10, 0) == "stagewise.local_steps");
  BOOST_TEST(refused(10, 11) == "stagewise.local_steps");
  for (double const bad : {0.0, -1.0, support::not_a_number, support::infinity})
    BOOST_TEST(support::error_of<invalid_settings>([&] {
                 stagewise(2, 1).step_size(bad);
               }).field == "stagewise.step_size");
}

BOOST_AUTO_TEST_CASE(a_run_in_stages_reaches_what_constant_gaps_reach_in_fewer_rounds) {
  using namespace localsgd;
  support::problem const data(300, 8);
  linear_objective const f(data.dense, data.labels, logistic{}, l2{0.1});
  double const optimum = minimize(f, {.tolerance = 1e-11}).objective;
  stagewise const stages(250, 2);
  // 250 + 500 + … + 8000 = 15750
  settings const s{.workers = 4, .steps = 15750};
  result const staged = minimize(f, s, stages, stages.step_size(0.4));
  result const constant = minimize(f, s, every{2}, stages.step_size(0.4));
  BOOST_TEST(staged.rounds == 6 * 125U);
  BOOST_TEST(constant.rounds == 7875U);
  BOOST_TEST(staged.objective - optimum < 2 * (constant.objective - optimum) + 1e-5);
  BOOST_TEST(constant.objective - optimum < 1e-4);
}
