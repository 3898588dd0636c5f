// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE reliability_many_runs
#include "localsgd/minimize.hpp"
#include "localsgd/step_size/constant_step.hpp"
#include "localsgd/synchronizer/serial.hpp"
#include "localsgd/synchronizer/thread_pool.hpp"
#include "test/support/runs.hpp"

#include <atomic>
#include <boost/test/unit_test.hpp>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

// Thousands of runs on one pool, from one thread and from several. LOCALSGD_RUNS sets their number.

using namespace localsgd;

namespace {

std::size_t number_of_runs() {
  char const* const text = std::getenv("LOCALSGD_RUNS");
  return text == nullptr ? 2000 : static_cast<std::size_t>(std::strtoull(text, nullptr, 10));
}

/// Least squares; if it has a pool, its gradient of the last sample makes a run there.
struct objective : support::custom {
  thread_pool* pool = nullptr;
  double gradient(std::span<double const> x, std::span<std::size_t const> batch,
                  std::span<double> g) const;
};

std::vector<std::uint64_t> run(auto& synchronizer, objective const& f, std::size_t workers = 3) {
  settings const s{.workers = workers, .local_steps = 2, .steps = 6, .evaluations = 1};
  return support::bits(minimize(f, s, synchronizer, constant_step{0.05}));
}

double objective::gradient(std::span<double const> x, std::span<std::size_t const> batch,
                           std::span<double> g) const {
  if (pool != nullptr && batch.back() + 1 == samples())
    run(*pool, objective{{a, y}});
  return custom::gradient(x, batch, g);
}

struct fixture {
  support::problem data{20, 5};
  objective f{{&data.dense, &data.reals}};
  std::vector<std::uint64_t> expected(std::size_t workers = 3) const {
    serial here;
    return run(here, f, workers);
  }
};

}  // namespace

BOOST_FIXTURE_TEST_CASE(each_of_many_runs_on_one_pool_has_the_same_bits, fixture) {
  thread_pool pool(3);
  auto const bits = expected();
  std::size_t wrong = 0;
  for (std::size_t i = 0; i != number_of_runs(); ++i) wrong += run(pool, f) != bits;
  BOOST_TEST(wrong == 0U);
}

BOOST_FIXTURE_TEST_CASE(many_pools_are_made_used_and_destroyed, fixture) {
  auto const bits = expected();
  std::size_t wrong = 0;
  for (std::size_t i = 0; i != number_of_runs() / 10; ++i) {
    errno = ERANGE;  // Boost 1.87 takes an earlier error for its own
    thread_pool pool(1 + i % 5);
    wrong += run(pool, f) != bits;
  }
  BOOST_TEST(wrong == 0U);
}

BOOST_FIXTURE_TEST_CASE(two_threads_run_at_once_on_two_pools_and_on_one, fixture) {
  thread_pool one(2), other(2);
  auto const bits = expected();
  std::atomic<std::size_t> wrong{0};
  auto const work = [&](thread_pool& own) {
    for (std::size_t i = 0; i != number_of_runs() / 10; ++i) {
      wrong += run(own, f) != bits;
      if (i % 2 == 0) wrong += run(one, f) != bits;  // in turns
    }
  };
  std::thread second([&] { work(other); });
  work(one);
  second.join();
  BOOST_TEST(wrong == 0U);
}

BOOST_FIXTURE_TEST_CASE(runs_from_inside_a_pool_are_refused_and_the_pool_lives_on, fixture) {
  thread_pool pool(3), other(2);
  auto const bits = expected();
  objective nesting = f;
  nesting.pool = &pool;
  for (std::size_t i = 0; i != number_of_runs() / 20; ++i) {
    BOOST_CHECK_THROW(run(pool, nesting), std::logic_error);
    BOOST_TEST((run(pool, f) == bits));
  }
  nesting.pool = &other;
  BOOST_TEST((run(pool, nesting) == bits));
}

BOOST_FIXTURE_TEST_CASE(sixteen_workers_on_more_threads_than_cores_have_the_same_bits, fixture) {
  auto const bits = expected(16);
  std::size_t const cores = detail::asio_pool::hardware_threads();
  for (std::size_t const threads : {cores + 1, 2 * cores + 1, std::size_t{16}, std::size_t{40}}) {
    thread_pool pool(threads);
    for (int i = 0; i != 20; ++i) BOOST_TEST((run(pool, f, 16) == bits));
  }
}
