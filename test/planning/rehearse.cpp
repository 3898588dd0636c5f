// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE planning_rehearse
#include "localsgd/planning/rehearse.hpp"

#include <boost/test/unit_test.hpp>
#include <cstddef>
#include <cstdint>
#include <string>

#include "localsgd/loss/logistic.hpp"
#include "localsgd/objective/linear.hpp"
#include "localsgd/synchronizer/serial.hpp"
#include "localsgd/synchronizer/thread_pool.hpp"
#include "test/support/advice_grid.hpp"
#include "test/support/refused.hpp"

namespace {

using namespace localsgd;
using support::check_refused;

}  // namespace

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
  check_refused([&] { rehearse(flat, 0.1, pool); }, "rehearsal_options.optimum", "a finite number");
  check_refused([&] { rehearse(f, 0.1, pool, {.workers = 1}); }, "rehearsal_options.workers",
                ">= 2");
}

BOOST_AUTO_TEST_CASE(a_rehearsal_counts_and_is_the_same_everywhere) {
  auto const f = support::noisy_quadratic(10);
  serial alone;
  thread_pool pool(2);
  auto const one = rehearse(f, 0.02, alone, {.optimum = 0}),
             two = rehearse(f, 0.02, pool, {.optimum = 0});
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
