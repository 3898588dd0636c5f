// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE planning_baselines
#include "localsgd/planning/baselines.hpp"

#include <boost/test/unit_test.hpp>
#include <cstdint>

#include "test/support/problems.hpp"
#include "test/support/runs.hpp"

using namespace localsgd;

namespace {

quadratic<> const f({.spectrum = {1, 2, 5}, .samples = 600, .variance = 0.1});

result<> run(settings const& s) { return minimize(f, s, constant_step{0.01}, serial{}); }

}  // namespace

BOOST_AUTO_TEST_CASE(gradients_are_equal_and_so_are_the_rounds_of_the_large_batch) {
  for (std::size_t const workers : {1U, 3U, 8U})
    for (std::size_t const h : {0U, 1U, 7U, 16U, 100U})
      for (std::size_t const b : {1U, 4U})
        for (settings const& s :
             {settings{.workers = workers, .local_steps = h, .batch_size = b, .epochs = 1.3},
              settings{.workers = workers, .local_steps = h, .batch_size = b, .steps = 64},
              settings{.workers = workers, .local_steps = h, .batch_size = b, .steps = 1}}) {
          baselines const all = baselines_of(f, s);
          std::uint64_t const steps = all.local_sgd.steps, gap = all.local_sgd.local_steps;
          result const r = run(all.local_sgd), mini = run(all.mini_batch),
                       large = run(all.large_batch), once = run(all.one_shot);
          BOOST_TEST(r.gradients == workers * b * steps);
          BOOST_TEST(r.rounds * gap == steps);
          for (auto const* other : {&mini, &large, &once})
            BOOST_TEST(other->gradients == r.gradients);
          BOOST_TEST(large.rounds == r.rounds);
          BOOST_TEST(mini.rounds == steps);
          BOOST_TEST(once.rounds == 1U);
          // What was asked for, but for whole rounds.
          std::uint64_t const asked = run(s).steps;
          BOOST_TEST((steps >= asked && steps - asked < gap));
          if (h != 0) BOOST_TEST(gap == std::min<std::uint64_t>(h, asked));
          BOOST_TEST((all.large_batch.batch_size == b * gap));
        }
}

BOOST_AUTO_TEST_CASE(what_is_left_to_the_library_is_what_minimize_chooses) {
  settings const s{.workers = 4, .epochs = 20};
  std::uint64_t const gap = baselines_of(f, s).local_sgd.local_steps, steps = run(s).steps;
  BOOST_TEST(gap > 1U);
  BOOST_TEST(run(s).rounds == (steps + gap - 1) / gap);
}

BOOST_AUTO_TEST_CASE(all_other_settings_stay) {
  settings const s{.workers = 3, .local_steps = 4, .steps = 64, .tolerance = 1e-3, .seed = 5,
                   .evaluations = 2};
  baselines const all = baselines_of(f, s);
  for (auto const* each : {&all.local_sgd, &all.mini_batch, &all.large_batch, &all.one_shot}) {
    BOOST_TEST(each->workers == 3U);
    BOOST_TEST(each->tolerance == 1e-3);
    BOOST_TEST(each->seed == 5U);
    BOOST_TEST(each->evaluations == 2U);
  }
  BOOST_TEST(all.mini_batch.local_steps == 1U);
  BOOST_TEST(all.large_batch.local_steps == 1U);
  BOOST_TEST(all.one_shot.local_steps == 64U);
}

BOOST_AUTO_TEST_CASE(no_steps_stay_no_steps) {
  baselines const all = baselines_of(f, {.local_steps = 4, .epochs = 0});
  for (auto const* each : {&all.local_sgd, &all.mini_batch, &all.large_batch, &all.one_shot}) {
    result const r = run(*each);
    BOOST_TEST(r.steps == 0U);
    BOOST_TEST(r.gradients == 0U);
  }
}

BOOST_AUTO_TEST_CASE(the_longest_run_is_cut_to_whole_rounds) {
  std::uint64_t const longest = std::uint64_t{1} << 53;
  baselines const all = baselines_of(f, {.local_steps = 3, .steps = longest});
  BOOST_TEST(all.local_sgd.steps == longest - longest % 3);
  BOOST_TEST(all.large_batch.steps * 3 == all.local_sgd.steps);
}

BOOST_AUTO_TEST_CASE(a_batch_of_more_than_all_samples_is_refused_by_name) {
  auto const e = support::error_of<invalid_settings>([] {
    baselines_of(f, {.local_steps = 301, .batch_size = 2, .steps = 1000});
  });
  BOOST_TEST(e.field == "local_steps");
  BOOST_TEST(e.value == "301");
  BOOST_TEST(e.rule == "at most n/b, 300, because the large-batch run has batches of b*H samples");
  settings const largest{.local_steps = 300, .batch_size = 2, .steps = 1000};
  BOOST_TEST(baselines_of(f, largest).large_batch.batch_size == 600U);
  BOOST_TEST(support::error_of<invalid_settings>([] {
               baselines_of(f, {.workers = 0});
             }).field == "workers");
}
