// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE reliability_divergence
#include "localsgd/minimize.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <sstream>
#include <string>

#include "localsgd/objective/linear.hpp"
#include "localsgd/regularizer/l2.hpp"
#include "localsgd/schedule/every.hpp"
#include "localsgd/step_size/automatic_step.hpp"
#include "localsgd/step_size/constant_step.hpp"
#include "localsgd/synchronizer/serial.hpp"
#include "localsgd/worker/linear_sgd.hpp"
#include "test/support/hard_problems.hpp"

// Plain steps of any length on problems of unusual shapes and scales. A run whose numbers are no
// longer finite ends at the next sync time, with a finite x. The automatic step never diverges.

using namespace localsgd;

namespace {

bool all_finite(auto const& x) {
  return std::ranges::all_of(x, [](double e) { return std::isfinite(e); });
}

std::string text_of(hard::problem const& p, double factor, auto const& r) {
  std::ostringstream text;
  text << hard::name_of(p.loss.which) << ", problem " << p.seed << ", step " << factor << "/L: n "
       << p.n << ", d " << p.d << ", K " << p.workers << ", features " << p.feature_scale
       << ", targets " << p.target_scale << ", lambda " << p.lambda << ", intercept " << p.intercept
       << "; " << to_string(r.reason) << " after " << r.rounds << " rounds, objective "
       << r.objective << ", f at 0 " << r.history.front().objective;
  return text.str();
}

std::size_t diverged = 0, runs = 0, refused = 0;

struct report {
  ~report() {
    BOOST_TEST_MESSAGE(runs << " runs, " << diverged << " diverged, " << refused << " refused");
  }
};
BOOST_GLOBAL_FIXTURE(report);

// Columns of some problems are denormal.
hard::problem problem_of(std::uint64_t seed) {
  hard::problem p(seed);
  if (p.random.one_in(5))
    for (std::size_t i = 0; i != p.n; ++i)
      p.rows(i, 0) = 0x1p-1074 * static_cast<double>(p.random.below(1000));
  if (p.random.one_in(20))
    for (double& each : p.rows) each = 0x1p-1070;
  return p;
}

auto objective_of(hard::problem const& p) {
  return linear_objective(p.rows, p.targets, p.loss.make(), l2{p.lambda}, p.options());
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_run_ends_at_the_first_sync_time_with_a_number_that_is_not_finite) {
  std::uint64_t const first = hard::first_problem();
  for (std::uint64_t seed = first; seed != first + hard::problems(400); ++seed) {
    hard::problem p = problem_of(seed);
    double const factor = std::pow(10.0, p.random.between(-3, 6));
    settings const s{.workers = p.workers,
                     .local_steps = 1 + p.random.below(4),
                     .steps = 40,
                     .seed = seed,
                     .evaluations = p.random.below(2) * 10};
    try {
      auto const f = objective_of(p);
      double const smoothness = f.smoothness(), step = factor / smoothness;
      if (!(std::isfinite(step) && step > 0)) continue;
      ++runs;
      auto const r = minimize(f, s, serial{}, linear_sgd{}, constant_step{step});
      BOOST_TEST(all_finite(r.x), text_of(p, factor, r));
      BOOST_TEST(all_finite(r.last), text_of(p, factor, r));
      BOOST_TEST(all_finite(r.average), text_of(p, factor, r));
      BOOST_TEST(!std::isnan(r.objective), text_of(p, factor, r));
      BOOST_TEST(r.certificate >= 0, text_of(p, factor, r));
      for (auto const& e : r.history) {
        BOOST_TEST(!std::isnan(e.objective), text_of(p, factor, r));
        BOOST_TEST(e.certificate >= 0, text_of(p, factor, r));
        BOOST_TEST(!std::isnan(e.drift), text_of(p, factor, r));
      }
      BOOST_TEST((r.reason == stop_reason::steps_done || r.reason == stop_reason::diverged),
                 text_of(p, factor, r));
      if (r.usable()) {
        BOOST_TEST(std::isfinite(r.objective), text_of(p, factor, r));
        BOOST_TEST(r.steps == s.steps);
        continue;
      }
      ++diverged;
      // One round earlier everything was finite: the same run, ending there.
      if (r.rounds < 2) continue;
      settings shorter = s;
      shorter.steps = (r.rounds - 1) * s.local_steps;
      auto const before = minimize(f, shorter, serial{}, linear_sgd{}, constant_step{step});
      BOOST_TEST(all_finite(before.last), text_of(p, factor, r));
    } catch (invalid_settings const&) {
      ++refused;
    } catch (invalid_data const&) {
      ++refused;
    }
  }
}

BOOST_AUTO_TEST_CASE(the_automatic_step_does_not_diverge) {
  std::uint64_t const first = hard::first_problem();
  for (std::uint64_t seed = first; seed != first + hard::problems(400); ++seed) {
    hard::problem p = problem_of(seed);
    if (p.is_regression() && p.target_scale / p.feature_scale > 1e150) continue;  // ‖x*‖² overflows
    settings const s{.workers = p.workers, .epochs = 20, .seed = seed};
    try {
      auto const f = objective_of(p);
      ++runs;
      auto const r = minimize(f, s, serial{}, linear_sgd{}, automatic_step{});
      double const start = r.history.front().objective;
      if (!std::isfinite(start)) continue;  // f(0) overflows
      BOOST_TEST((r.reason == stop_reason::steps_done), text_of(p, 0, r));
      BOOST_TEST(all_finite(r.x), text_of(p, 0, r));
    } catch (invalid_settings const& e) {
      ++refused;
      BOOST_TEST_MESSAGE(seed << " automatic " << e.what());
    } catch (invalid_data const&) {
      ++refused;
    }
  }
}
