// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE synchronizer_asynchronous
#include "localsgd/synchronizer/asynchronous.hpp"

#include "test/support/runs.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <thread>
#include <vector>

using namespace localsgd;
using support::problem;

namespace {

/// Worker k always uses sample k.
struct own_sample {
  void draw(plan const&, std::size_t worker, std::uint64_t, std::span<std::size_t> out) const {
    for (std::size_t& i : out) i = worker;
  }
  std::size_t shard_size(plan const&, std::size_t) const { return 1; }
};

}  // namespace

BOOST_AUTO_TEST_CASE(asynchronous_runs_report_their_delay_and_stay_close_to_synchronous_ones) {
  problem const data(2000, 30, 0.3);
  linear_objective const f(data.sparse, data.labels, logistic{}, l2{0.001});
  settings const s{.workers = 4, .local_steps = 8, .epochs = 40};
  result const optimum = minimize(f, {.workers = 1, .epochs = 400});
  result const together = minimize(f, s, linear_sgd{});
  result const apart = minimize(f, s, asynchronous{4});
  BOOST_TEST(apart.delay > 0u);
  BOOST_TEST(apart.delay < apart.steps + 1);
  BOOST_TEST(apart.objective - optimum.objective <
             2 * (together.objective - optimum.objective) + 1e-3);
  BOOST_TEST(apart.steps == together.steps);
  BOOST_TEST(apart.rounds == together.rounds);
}

BOOST_AUTO_TEST_CASE(no_worker_of_an_asynchronous_run_waits_for_a_slow_one) {
  // Worker 0 stops at its first step until worker 1 has made all of its own: a synchronous run
  // would never end, and an asynchronous one has nothing to wait for.
  struct slow_worker {
    using scalar = double;
    std::atomic<int>* fast_steps;
    std::size_t dimension() const { return 1; }
    std::size_t samples() const { return 4; }  // evaluations ask for two at a time
    double gradient(std::span<double const> x, std::span<std::size_t const> batch,
                    std::span<double> g) const {
      g[0] = x[0] - 1;
      if (batch.size() == 1 && batch[0] == 1) {
        fast_steps->fetch_add(1);
        fast_steps->notify_all();
      } else if (batch.size() == 1) {
        for (int seen = fast_steps->load(); seen < 100; seen = fast_steps->load())
          fast_steps->wait(seen);
      }
      return 0.5 * g[0] * g[0];
    }
  };
  std::atomic<int> fast_steps{0};
  result const r = minimize(slow_worker{&fast_steps}, {.workers = 2, .local_steps = 5, .steps = 100},
                            asynchronous{2}, own_sample{}, constant_step{0.1});
  BOOST_TEST(r.steps == 100u);
  BOOST_TEST(r.delay >= 95u);  // worker 1 ended while worker 0 had added nothing yet
}

BOOST_AUTO_TEST_CASE(no_worker_gets_further_ahead_than_it_may) {
  // Worker 0 is slow: without a limit the others would be through before its first rounds.
  problem const data(8, 5);
  struct slow : support::custom {
    double gradient(std::span<double const> x, std::span<std::size_t const> batch,
                    std::span<double> g) const {
      if (batch.size() == 1 && batch[0] == 0)
        std::this_thread::sleep_for(std::chrono::microseconds(50));
      return custom::gradient(x, batch, g);
    }
  };
  slow const f{{&data.dense, &data.reals}};
  for (std::uint64_t const most : {0U, 8U, 20U, 64U})
    for (std::size_t const threads : {1U, 2U, 4U}) {
      asynchronous bounded(threads, most);
      auto const r = minimize(f, {.workers = 4, .local_steps = 8, .steps = 200}, bounded,
                              own_sample{}, constant_step{0.01});
      BOOST_TEST(r.steps == 200u);
      BOOST_TEST(r.delay <= std::max<std::uint64_t>(most, 8));
      BOOST_TEST(r.delay >= 8u);  // who reads first after a round sees that all others lack it
    }
}

BOOST_AUTO_TEST_CASE(a_failure_is_not_waited_for_by_workers_that_are_too_far_ahead) {
  problem const data(8, 5);
  struct fails : support::custom {
    double gradient(std::span<double const> x, std::span<std::size_t const> batch,
                    std::span<double> g) const {
      if (batch.size() == 1 && batch[0] == 1 && x[0] != 0) throw std::domain_error("late");
      return custom::gradient(x, batch, g);
    }
  };
  fails const f{{&data.dense, &data.reals}};
  asynchronous bounded(2, 2);
  for (int again = 0; again != 5; ++again)
    BOOST_CHECK_THROW(minimize(f, {.workers = 2, .local_steps = 2, .steps = 2000}, bounded,
                               own_sample{}, constant_step{0.01}),
                      std::domain_error);
}

BOOST_AUTO_TEST_CASE(a_pool_needs_at_least_one_thread) {
  BOOST_CHECK_THROW(asynchronous(0), invalid_settings);
  BOOST_TEST(asynchronous(3).threads() == 3u);
}

BOOST_AUTO_TEST_CASE(evaluations_do_not_move_the_workers) {
  // On one thread workers come in their order, so a run can be repeated.
  problem const data(60, 7);
  support::custom const f{&data.dense, &data.reals};
  settings s{.workers = 4, .local_steps = 3, .steps = 60};
  asynchronous one(1);
  auto const blind = minimize(f, s, one, constant_step{0.05});
  s.evaluations = 7;
  auto const seeing = minimize(f, s, one, constant_step{0.05});
  BOOST_TEST(seeing.history.size() == 9u);
  BOOST_TEST(std::ranges::equal(blind.last, seeing.last));
  BOOST_TEST(std::ranges::equal(blind.average, seeing.average));
}
