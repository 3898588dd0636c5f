// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE worker_round_hook
#include "localsgd/worker/round_hook.hpp"

#include "localsgd/localsgd.hpp"
#include "test/support/runs.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

using namespace localsgd;

namespace {

/// What a hook has seen, outside of the run.
struct notes {
  std::vector<std::uint64_t> steps, rounds;
  std::vector<double> first_coordinate;
  int resets = 0;
};

/// Puts all workers at 5 once, after 6 steps.
struct puts_at_five : detail::no_hook<double> {
  notes* seen = nullptr;
  bool restart = false;
  std::vector<double> five = {};

  bool looks_at(std::uint64_t t) const { return t == 6; }
  template <class Context>
  void before_round(Context& c) {
    bool const now = c.steps() == 6 && c.finite();
    auto const x = c.consensus();
    if (c.team().leads()) {
      seen->steps.push_back(c.steps());
      seen->rounds.push_back(c.rounds());
      seen->first_coordinate.push_back(std::round(x[0]));
      if (now) five.assign(x.size(), 5.0);
    }
    if (!now) return;
    c.team().barrier();
    c.move_to(std::span<double const>(five), restart);
  }
};
static_assert(RoundHook<puts_at_five>);

/// sgd with that hook.
struct hooked_sgd {
  notes* seen;
  bool restart = false;

  template <Objective F, class E>
  puts_at_five anchor(F const&, E const&, plan const&) const {
    return {{}, seen, restart};
  }
  template <Objective F, Sampler S, StepSize E>
  auto bind(F const& f, S const& sampler, E const& step_size, plan const& p, std::size_t worker,
            puts_at_five const&) const {
    return sgd{}.bind(f, sampler, step_size, p, worker);
  }
};

/// The mean; counts how often the consensus has jumped.
struct counting_mean {
  notes* seen;
  template <class Scalar>
  struct bound : mean::bound<Scalar> {
    notes* seen;
    bound(std::size_t k, notes* all) : mean::bound<Scalar>(k), seen(all) {}
    void reset(std::span<Scalar const>) { ++seen->resets; }
  };
  template <class Scalar>
  bound<Scalar> bind(plan const&, std::span<std::size_t const> sizes) const {
    return {sizes.size(), seen};
  }
  static std::string identity() { return "counting_mean"; }
};

}  // namespace

BOOST_AUTO_TEST_CASE(plain_workers_share_nothing) {
  detail::no_hook<double> const none;
  BOOST_TEST(!none.evaluates());
  BOOST_TEST(!none.looks_at(3));
  BOOST_TEST(!none.evaluates_at(3));
  BOOST_TEST(!none.evaluated_at(3));
  BOOST_TEST(!none.holds_answer());
  BOOST_TEST(!none.stalled());
  BOOST_TEST(none.gradients_per_sample() == 1);
  BOOST_TEST(none.extra_gradients(100) == 0);
  BOOST_TEST(none.slopes().empty());
}

BOOST_AUTO_TEST_CASE(a_hook_comes_before_every_round_and_after_the_last_one) {
  support::problem const data(20, 3);
  support::custom const f{&data.dense, &data.reals};
  for (std::size_t const threads : {1U, 2U}) {
    notes seen;
    auto const r = minimize(f, {.workers = 2, .local_steps = 3, .steps = 12}, thread_pool{threads},
                            hooked_sgd{&seen}, counting_mean{&seen}, constant_step{1e-200});
    BOOST_TEST((seen.steps == std::vector<std::uint64_t>{0, 3, 6, 9, 12}));
    BOOST_TEST((seen.rounds == std::vector<std::uint64_t>{0, 1, 2, 3, 4}));
    // The steps are too short to be seen.
    BOOST_TEST((seen.first_coordinate == std::vector<double>{0, 0, 0, 5, 5}));
    BOOST_TEST(std::ranges::equal(r.last, std::vector<double>(3, 5.0)));
    BOOST_TEST(seen.resets == 2);  // at the start, and then
    BOOST_TEST(r.gradients == 24U);
  }
}

BOOST_AUTO_TEST_CASE(workers_may_be_moved_by_overlapped_protocols_too) {
  support::problem const data(20, 3);
  support::custom const f{&data.dense, &data.reals};
  for (std::size_t const threads : {1U, 2U}) {
    notes seen;
    auto const r = minimize(f, {.workers = 2, .local_steps = 3, .steps = 12}, overlapped{threads},
                            hooked_sgd{&seen}, counting_mean{&seen}, constant_step{1e-200});
    BOOST_TEST(std::ranges::equal(r.last, std::vector<double>(3, 5.0)));
  }
}

BOOST_AUTO_TEST_CASE(asynchronous_runs_refuse_hooks_that_evaluate) {
  quadratic const f({.spectrum = {1, 3}, .samples = 20, .variance = 0.5});
  BOOST_CHECK_THROW(minimize(f, {.workers = 2, .steps = 10}, asynchronous{2}, svrg{}),
                    invalid_settings);
}
