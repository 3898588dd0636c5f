// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE synchronizer_thread_pool
#include "localsgd/synchronizer/thread_pool.hpp"

#include "test/support/runs.hpp"

#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <span>
#include <stdexcept>
#include <vector>

using namespace localsgd;
using support::problem;

namespace {

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
                               {.intercept = 1, .weights = weights, .regularize_intercept = true});
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

BOOST_AUTO_TEST_CASE(a_pool_needs_at_least_one_thread_and_fewer_than_many) {
  BOOST_CHECK_THROW(thread_pool(0), invalid_settings);
  BOOST_CHECK_THROW(thread_pool(1000000), invalid_settings);
  BOOST_TEST(thread_pool(3).threads() == 3u);
  BOOST_TEST(thread_pool().threads() >= 1u);
}
