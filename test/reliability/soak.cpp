// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE reliability_soak
#include "localsgd/checkpoint/checkpoint.hpp"
#include "localsgd/minimize.hpp"
#include "localsgd/step_size/constant_step.hpp"
#include "localsgd/synchronizer/thread_pool.hpp"
#include "test/support/holdings.hpp"
#include "test/support/runs.hpp"
#include "test/support/temporary_path.hpp"

#include <boost/test/unit_test.hpp>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <vector>

// What a process holds stays the same however many rounds it makes: in one long run, and in many
// runs with checkpoints. LOCALSGD_ROUNDS sets their number: 100000 for a long test.

#if defined(__linux__)
using namespace localsgd;

namespace {

std::uint64_t number_of_rounds() {
  char const* const text = std::getenv("LOCALSGD_ROUNDS");
  return text == nullptr ? 2000 : std::strtoull(text, nullptr, 10);
}

struct holdings {
  std::size_t pages = 0;  ///< resident
  std::ptrdiff_t descriptors = 0, threads = 0;

  static holdings now() {
    holdings h;
    std::size_t size = 0;
    std::ifstream("/proc/self/statm") >> size >> h.pages;
    h.descriptors = support::entries("/proc/self/fd");
    h.threads = support::threads();
    return h;
  }
};

void are_the_same(holdings const& before, holdings const& after) {
  BOOST_TEST(before.pages > 0U);
  BOOST_TEST(after.pages <= before.pages + before.pages / 100);
  BOOST_TEST(after.descriptors == before.descriptors);
  BOOST_TEST(after.threads == before.threads);
}

/// Notes what the process holds after a tenth of the evaluations, and after the last.
struct watcher {
  std::size_t calls = 0, first = 0;
  holdings early = {}, late = {};
  proceed after_evaluation(evaluation const&, plan const&) {
    if (++calls == first) early = holdings::now();
    late = holdings::now();
    return proceed::yes;
  }
};

constexpr std::size_t workers = 4;

}  // namespace

BOOST_AUTO_TEST_CASE(a_long_run_holds_the_same_at_its_end_as_at_its_start) {
  support::problem const data(200, 101);
  support::custom const f{&data.dense, &data.reals};
  thread_pool pool(3);
  watcher seen{.first = 5};
  settings const s{.workers = workers,
                   .local_steps = 2,
                   .steps = 2 * number_of_rounds(),
                   .evaluations = 49};
  BOOST_TEST(minimize(f, s, pool, constant_step{0.01}, seen).rounds == number_of_rounds());
  BOOST_TEST(seen.calls == 51U);
  are_the_same(seen.early, seen.late);
}

BOOST_AUTO_TEST_CASE(many_runs_hold_the_same_after_the_last_as_after_the_first_ones) {
  support::problem const data(200, 101);
  support::custom const f{&data.dense, &data.reals};
  thread_pool pool(3);
  support::temporary_path const path;
  checkpoint const each(path(), {.rounds = 10, .seconds = 0});
  settings const s{.workers = workers, .local_steps = 2, .steps = 40};
  std::uint64_t const runs = number_of_rounds() / 20;
  std::vector<std::uint64_t> bits;
  holdings early;
  for (std::uint64_t i = 0; i != runs; ++i) {
    auto now = support::bits(minimize(f, s, pool, constant_step{0.01}, each));
    if (i == 0) bits = now;
    BOOST_TEST((now == bits));
    if (i == runs / 10) early = holdings::now();
  }
  are_the_same(early, holdings::now());
}
#else
BOOST_AUTO_TEST_CASE(what_a_process_holds_is_known_on_linux_only) { BOOST_TEST(true); }
#endif
