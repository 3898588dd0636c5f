// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE synchronizer_synchronizers
#include "test/support/averagers.hpp"
#include "test/support/runs.hpp"

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <cmath>
#include <future>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

// One suite for every synchronizer; `serial` is the reference.

using namespace localsgd;
using support::outer_momentum;
using support::problem;

namespace {

using all = std::tuple<serial, thread_pool, asynchronous>;

template <class S>
S with_threads(std::size_t threads) {
  if constexpr (std::is_same_v<S, serial>)
    return S{};
  else
    return S(threads);
}

/// A sample whose number is in `bad` cannot be used: as many workers fail as meet one.
struct failing : support::custom {
  std::vector<bool> bad;
  double gradient(std::span<double const> x, std::span<std::size_t const> batch,
                  std::span<double> g) const {
    for (std::size_t const i : batch)
      if (bad[i]) throw std::domain_error("sample " + std::to_string(i));
    return custom::gradient(x, batch, g);
  }
};

/// Worker k always uses sample k.
struct own_sample {
  void draw(plan const&, std::size_t worker, std::uint64_t, std::span<std::size_t> out) const {
    for (std::size_t& i : out) i = worker;
  }
  std::size_t shard_size(plan const&, std::size_t) const { return 1; }
};

void gives_the_same_bits_everywhere(auto const& f, settings const& s, auto const&... components) {
  auto const expected = support::bits(minimize(f, s, serial{}, components...));
  for (std::size_t const threads : {1u, 2u, 3u, 5u, 8u}) {
    thread_pool pool(threads);
    BOOST_TEST(support::bits(minimize(f, s, pool, components...)) == expected);
    BOOST_TEST(support::bits(minimize(f, s, pool, components...)) == expected);  // and again
  }
}

}  // namespace

BOOST_AUTO_TEST_CASE(same_bits_everywhere) {
  problem const data(500, 37, 0.3);  // 37: no multiple of a cache line
  std::vector<double> weights(500);
  for (std::size_t i = 0; i != 500; ++i) weights[i] = 0.5 + static_cast<double>(i % 7);
  linear_objective const sparse(data.sparse, data.labels, logistic{}, l2{0.002});
  linear_objective const dense(data.dense_float, data.reals, huber{}, l2{0.01},
                               {.intercept = 1, .weights = weights});
  softmax_objective const softmax(data.dense_float, data.classes, 3, l2{0.01});
  softmax_objective const single(data.sparse, data.classes, 3, l2{0.01}, iterate_type<float>{});
  support::custom const custom{&data.dense, &data.reals};
  for (std::size_t const k : {1u, 2u, 7u, 8u}) {
    settings const s{.workers = k, .local_steps = 5, .epochs = 3, .evaluations = 3};
    gives_the_same_bits_everywhere(sparse, s);
    gives_the_same_bits_everywhere(sparse, s, sgd{}, shuffled{});
    gives_the_same_bits_everywhere(dense, s, sharded{shuffled{}}, weighted_mean{});
    gives_the_same_bits_everywhere(softmax, s, growing(1, 2));
    gives_the_same_bits_everywhere(single, s, post_local(20, 8));
    gives_the_same_bits_everywhere(custom, s);
  }
}

BOOST_AUTO_TEST_CASE(same_bits_everywhere_for_a_dimension_of_many_blocks) {
  problem const data(60, 3001, 0.01);
  linear_objective const f(data.sparse, data.labels, logistic{}, l2{0.002});
  gives_the_same_bits_everywhere(
      f, {.workers = 8, .local_steps = 3, .batch_size = 2, .epochs = 10, .evaluations = 1});
}

BOOST_AUTO_TEST_CASE(a_run_that_stops_early_stops_at_the_same_bits_everywhere) {
  quadratic const f({.spectrum = {1, 3, 9}, .samples = 20, .variance = 0.1});
  gives_the_same_bits_everywhere(f, {.workers = 8, .epochs = 1e4, .tolerance = 1e-3});
  gives_the_same_bits_everywhere(f, {.workers = 8, .local_steps = 4, .steps = 1000},
                                 constant_step{1e80});
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_failing_worker_reaches_the_caller, S, all) {
  problem const data(8, 3);
  failing f{{&data.dense, &data.reals}, std::vector<bool>(8)};
  f.bad[5] = f.bad[3] = f.bad[7] = true;
  settings const s{.workers = 8, .local_steps = 4, .steps = 100};
  for (std::size_t const threads : {1u, 2u, 3u, 8u}) {
    S synchronizer = with_threads<S>(threads);
    // The start is evaluated over all samples before any step, so it must not fail there: x = 0.
    struct only_later : failing {
      double gradient(std::span<double const> x, std::span<std::size_t const> batch,
                      std::span<double> g) const {
        return x[0] == 0 && x[1] == 0 ? custom::gradient(x, batch, g)
                                      : failing::gradient(x, batch, g);
      }
    } const later{f};
    for (int again = 0; again != 3; ++again)
      BOOST_CHECK_EXCEPTION(
          minimize(later, s, synchronizer, own_sample{}, constant_step{0.1}), std::domain_error,
          [](std::domain_error const& e) { return std::string(e.what()) == "sample 3"; });
    // And the synchronizer can be used again.
    support::custom const good{&data.dense, &data.reals};
    BOOST_TEST(minimize(good, s, synchronizer).usable());
  }
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_failure_during_an_evaluation_reaches_the_caller, S, all) {
  problem const data(64, 3);
  failing f{{&data.dense, &data.reals}, std::vector<bool>(64)};
  f.bad[63] = true;
  for (std::size_t const threads : {1u, 3u}) {
    S synchronizer = with_threads<S>(threads);
    BOOST_CHECK_THROW(minimize(f, {.workers = 4}, synchronizer, constant_step{0.1}),
                      std::domain_error);
  }
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_failing_observer_reaches_the_caller, S, all) {
  struct picky {
    int calls = 0;
    proceed after_evaluation(evaluation const&, plan const&) {
      if (++calls == 3) throw std::range_error("seen enough");
      return proceed::yes;
    }
  };
  problem const data(64, 3);
  support::custom const f{&data.dense, &data.reals};
  S synchronizer = with_threads<S>(2);
  BOOST_CHECK_THROW(
      minimize(f, {.workers = 4, .local_steps = 2, .evaluations = 5}, synchronizer, picky{}),
      std::range_error);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(an_observer_sees_the_history_and_may_stop_the_run, S, all) {
  struct third_is_enough {
    std::vector<evaluation> seen;
    proceed after_evaluation(evaluation const& e, plan const& p) {
      BOOST_TEST(p.steps == 60u);
      seen.push_back(e);
      return seen.size() == 3 ? proceed::no : proceed::yes;
    }
  } observer;
  problem const data(60, 3);
  support::custom const f{&data.dense, &data.reals};
  S synchronizer = with_threads<S>(2);
  result const r = minimize(f, {.workers = 4, .local_steps = 2, .steps = 60, .evaluations = 5},
                            synchronizer, observer);
  BOOST_TEST((r.reason == stop_reason::observer_request));
  BOOST_TEST(r.usable());
  BOOST_TEST(observer.seen.size() == 3u);
  BOOST_TEST(r.history.size() == 3u);
  BOOST_TEST(observer.seen.back().objective == r.objective);
  BOOST_TEST(r.steps == 20u);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(every_synchronizer_solves_the_problem, S, all) {
  quadratic const f({.spectrum = {1, 3, 9}, .samples = 20, .variance = 0.5, .minimum = 2});
  S synchronizer = with_threads<S>(3);
  result const r = minimize(f, {.workers = 6, .local_steps = 4, .epochs = 5000}, synchronizer);
  BOOST_TEST(r.objective - f.minimum() < 1e-3);
  BOOST_TEST(r.certificate >= r.objective - f.minimum());
}

BOOST_AUTO_TEST_CASE_TEMPLATE(one_worker_is_plain_sgd_on_every_synchronizer, S, all) {
  problem const data(100, 11);
  support::custom const f{&data.dense, &data.reals};
  settings const s{.workers = 1, .local_steps = 7, .steps = 300};
  auto const expected = minimize(f, s, serial{}, constant_step{0.05});
  S synchronizer = with_threads<S>(2);
  auto const r = minimize(f, s, synchronizer, constant_step{0.05});
  BOOST_TEST(support::bits(r) == support::bits(expected));
  BOOST_TEST(r.delay == 0u);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_synchronizer_is_used_again_and_from_many_threads, S, all) {
  problem const data(50, 5);
  support::custom const f{&data.dense, &data.reals};
  settings const s{.workers = 3, .local_steps = 4, .steps = 40};
  S synchronizer = with_threads<S>(2);
  std::vector<std::future<bool>> runs;
  for (int i = 0; i != 8; ++i)
    runs.push_back(std::async(std::launch::async, [&] {
      bool good = true;
      for (int j = 0; j != 20; ++j)
        good = good && minimize(f, s, synchronizer, constant_step{0.05}).steps == 40;
      return good;
    }));
  for (auto& run : runs) BOOST_TEST(run.get());
}

BOOST_AUTO_TEST_CASE(a_call_from_inside_the_pool_is_refused_and_another_pool_is_not) {
  struct nesting {
    using scalar = double;
    thread_pool* pool;
    std::size_t dimension() const { return 1; }
    std::size_t samples() const { return 1; }
    double gradient(std::span<double const> x, std::span<std::size_t const>,
                    std::span<double> g) const {
      quadratic const inner({.spectrum = {1.0}});
      g[0] = x[0] + minimize(inner, {.workers = 2, .steps = 3}, *pool).x[0];
      return 0;
    }
  };
  thread_pool pool(2), other(2);
  BOOST_CHECK_THROW(minimize(nesting{&pool}, {.steps = 2}, pool, constant_step{0.1}),
                    std::logic_error);
  BOOST_TEST(minimize(nesting{&other}, {.workers = 2, .steps = 2}, pool, constant_step{0.1}).steps ==
             2u);
}

BOOST_AUTO_TEST_CASE(an_averager_that_transforms_the_mean_gives_the_same_bits_everywhere) {
  problem const data(200, 41);
  linear_objective const f(data.dense, data.labels, logistic{}, l2{0.01});
  settings const s{.workers = 5, .local_steps = 4, .steps = 100};
  gives_the_same_bits_everywhere(f, s, outer_momentum{});
  BOOST_TEST(support::distance(minimize(f, s, outer_momentum{}).last, minimize(f, s).last) > 1e-3);
}

BOOST_AUTO_TEST_CASE(asynchronous_runs_report_their_delay_and_stay_close_to_synchronous_ones) {
  problem const data(2000, 30, 0.3);
  linear_objective const f(data.sparse, data.labels, logistic{}, l2{0.001});
  settings const s{.workers = 4, .local_steps = 8, .epochs = 40};
  result const optimum = minimize(f, {.workers = 1, .epochs = 400});
  result const together = minimize(f, s);
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

BOOST_AUTO_TEST_CASE(a_pool_needs_at_least_one_thread_and_fewer_than_many) {
  BOOST_CHECK_THROW(thread_pool(0), invalid_settings);
  BOOST_CHECK_THROW(asynchronous(0), invalid_settings);
  BOOST_CHECK_THROW(thread_pool(1000000), invalid_settings);
  BOOST_TEST(thread_pool(3).threads() == 3u);
  BOOST_TEST(thread_pool().threads() >= 1u);
}
