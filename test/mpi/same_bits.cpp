// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE mpi_same_bits
#include "test/support/averagers.hpp"
#include "test/support/mpi.hpp"
#include "test/support/problems.hpp"

#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

// The result of a run has the same bits on any number of ranks, with any number of threads each.

using namespace localsgd;
using support::problem;

using support::mpi_session;
BOOST_TEST_GLOBAL_FIXTURE(mpi_session);

namespace {

/// Ranks with one thread, with two, and with as many as their number says.
struct clusters {
  std::vector<std::unique_ptr<mpi>> all;
  mpi one = support::alone();
  clusters() {
    for (std::size_t const threads :
         {std::size_t{1}, std::size_t{2}, static_cast<std::size_t>(support::mpi_rank()) + 1})
      all.push_back(std::make_unique<mpi>(
          MPI_COMM_WORLD, support::transported({.threads = threads, .deadline = 60})));
  }
};

void gives_the_same_bits_everywhere(auto const& f, settings const& s, auto const&... components) {
  static clusters cluster;
  auto const expected = support::bits_without_bytes(minimize(f, s, cluster.one, components...));
  for (auto const& each : cluster.all)
    BOOST_TEST_CONTEXT("rank " << each->rank() << ", K = " << s.workers) {
      BOOST_TEST(support::bits_without_bytes(minimize(f, s, *each, components...)) == expected);
    }
}

std::vector<std::size_t> worker_counts() {
  std::vector<std::size_t> counts;
  for (std::size_t const k : {1u, 2u, 3u, 4u, 7u, 8u, 13u})
    if (k >= static_cast<std::size_t>(support::mpi_ranks())) counts.push_back(k);
  return counts;
}

}  // namespace

BOOST_AUTO_TEST_CASE(runs_that_do_not_begin_at_0) {
  problem const data(300, 37), wide(40, 4000, 0.0005);
  support::custom const custom{&data.dense, &data.reals};
  linear_objective const sparse(wide.sparse, wide.labels, logistic{}, l2{0.01});
  warm_start const near(support::random_point<double>(37, 3)),
      far(support::random_point<double>(4000, 4));
  for (std::size_t const k : worker_counts()) {
    settings const s{.workers = k, .local_steps = 3, .steps = 30, .evaluations = 2};
    gives_the_same_bits_everywhere(custom, s, near);
    gives_the_same_bits_everywhere(sparse, s, far);  // exchanges what is touched
  }
}

BOOST_AUTO_TEST_CASE(dense_and_custom_objectives) {
  problem const data(300, 37);  // 37: no multiple of a cache line, and less than four of them
  std::vector<double> weights(300);
  for (std::size_t i = 0; i != weights.size(); ++i) weights[i] = 0.5 + static_cast<double>(i % 7);
  linear_objective const dense(data.dense_float, data.reals, huber{}, l2{0.01},
                               {.intercept = 1, .weights = weights, .regularize_intercept = true});
  support::custom const custom{&data.dense, &data.reals};
  for (std::size_t const k : worker_counts()) {
    settings const s{.workers = k, .local_steps = 5, .epochs = 3, .evaluations = 3};
    gives_the_same_bits_everywhere(custom, s);
    gives_the_same_bits_everywhere(dense, s, sharded{shuffled{}}, weighted_mean{});
  }
}

BOOST_AUTO_TEST_CASE(runs_that_begin_with_dual_ascent) {
  problem const wide(60, 2000, 0.02);
  linear_objective const penalised(wide.sparse, wide.labels, logistic{}, l2{0.01}),
      free(wide.sparse, wide.labels, logistic{}, l2{0.01}, {.intercept = 1});
  for (std::size_t const k : worker_counts()) {
    settings const s{.workers = k, .tolerance = 1e-8};
    gives_the_same_bits_everywhere(penalised, s);
    gives_the_same_bits_everywhere(free, s);
  }
}

BOOST_AUTO_TEST_CASE(sparse_objectives) {
  problem const data(300, 137, 0.2);
  linear_objective const f(data.sparse, data.labels, logistic{}, l2{0.002});
  for (std::size_t const k : worker_counts())
    gives_the_same_bits_everywhere(
        f, {.workers = k, .local_steps = 5, .epochs = 3, .evaluations = 3});
}

BOOST_AUTO_TEST_CASE(rounds_that_exchange_what_they_touched) {
  problem const data(60, 3001, 0.01);
  linear_objective const f(data.sparse, data.labels, logistic{}, l2{0.002},
                           {.intercept = 1, .regularize_intercept = true});
  for (std::size_t const k : worker_counts())
    gives_the_same_bits_everywhere(
        f, {.workers = k, .local_steps = 3, .batch_size = 2, .epochs = 10, .evaluations = 2},
        linear_sgd{});
}

BOOST_AUTO_TEST_CASE(softmax_objectives_of_both_types) {
  problem const data(300, 37, 0.5);
  softmax_objective const wide(data.dense_float, data.classes, 3, l2{0.01});
  softmax_objective const narrow(data.sparse, data.classes, 3, l2{0.01}, iterate_type<float>{});
  for (std::size_t const k : worker_counts()) {
    settings const s{.workers = k, .local_steps = 5, .epochs = 2, .evaluations = 2};
    gives_the_same_bits_everywhere(wide, s);
    gives_the_same_bits_everywhere(narrow, s);
  }
}

BOOST_AUTO_TEST_CASE(runs_that_end_at_a_tolerance) {
  problem const data(300, 41, 0.5);
  linear_objective const sparse(data.sparse, data.labels, logistic{}, l2{0.01});
  quadratic const plain({.spectrum = {1, 3, 9}, .samples = 20, .variance = 0.1});
  for (std::size_t const k : worker_counts()) {
    settings const s{.workers = k, .tolerance = 1e-7};
    mpi one = support::alone();
    BOOST_TEST((minimize(sparse, s, one).reason == stop_reason::tolerance_reached));
    gives_the_same_bits_everywhere(sparse, s);
    gives_the_same_bits_everywhere(plain, {.workers = k, .tolerance = 1e-5});
    // And one that diverges.
    gives_the_same_bits_everywhere(plain, {.workers = k, .local_steps = 4, .steps = 1000},
                                   constant_step{1e80});
  }
}

BOOST_AUTO_TEST_CASE(averagers_that_transform_the_mean) {
  problem const data(200, 41);
  support::custom const f{&data.dense, &data.reals};
  for (std::size_t const k : worker_counts())
    gives_the_same_bits_everywhere(f, {.workers = k, .local_steps = 4, .steps = 100},
                                   support::outer_momentum{});
}

BOOST_AUTO_TEST_CASE(schedules_that_follow_the_objective) {
  problem const data(200, 21);
  support::custom const f{&data.dense, &data.reals};
  for (std::size_t const k : worker_counts())
    gives_the_same_bits_everywhere(f, {.workers = k, .steps = 200, .evaluations = 5},
                                   adaptive{8});
}
