// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE mpi_overlapped
#include "test/support/averagers.hpp"
#include "test/support/mpi.hpp"

#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <cstdint>
#include <stdexcept>

// Averages that travel while the next steps are made: the arithmetic of simulated_overlapped.

using namespace localsgd;
using support::mpi_session;
using support::problem;

BOOST_TEST_GLOBAL_FIXTURE(mpi_session);

namespace {

/// What the times are does not matter here.
cluster any_cluster() {
  return {.costs = {.gradient_seconds = 1e-3,
                    .latency_seconds = 0.05,
                    .bytes_per_second = 1e5,
                    .network = topology::tree}};
}

void gives_the_same_bits_as_simulated(auto const& f, settings const& s, auto const&... components) {
  simulated_overlapped simulation(any_cluster(), 1);
  auto const expected = minimize(f, s, simulation, components...);
  for (std::size_t const threads : {1u, 2u}) {
    overlapped_mpi cluster(MPI_COMM_WORLD, support::transported({.threads = threads, .deadline = 60}));
    auto const r = minimize(f, s, cluster, components...);
    BOOST_TEST_CONTEXT("rank " << cluster.rank() << ", K = " << s.workers) {
      BOOST_TEST(support::bits_without_bytes(r) == support::bits_without_bytes(expected));
      BOOST_TEST(r.delay == expected.delay);
    }
  }
}

}  // namespace

BOOST_AUTO_TEST_CASE(same_bits_as_the_simulation_of_it) {
  problem const data(300, 37, 0.5);
  support::custom const custom{&data.dense, &data.reals};
  linear_objective const sparse(data.sparse, data.labels, logistic{}, l2{0.01});
  softmax_objective const narrow(data.sparse, data.classes, 3, l2{0.01}, iterate_type<float>{});
  for (std::size_t const k : {4u, 7u}) {
    settings const s{.workers = k, .local_steps = 5, .epochs = 3, .evaluations = 3};
    gives_the_same_bits_as_simulated(custom, s);
    gives_the_same_bits_as_simulated(custom, s, support::outer_momentum{});
    gives_the_same_bits_as_simulated(narrow, s);
    gives_the_same_bits_as_simulated(sparse, {.workers = k, .tolerance = 1e-6});
  }
}

BOOST_AUTO_TEST_CASE(sparse_rounds_of_high_dimension_are_exchanged_as_a_whole) {
  problem const data(60, 3001, 0.01);
  linear_objective const f(data.sparse, data.labels, logistic{}, l2{0.002});
  gives_the_same_bits_as_simulated(
      f, {.workers = 8, .local_steps = 3, .epochs = 10, .evaluations = 2}, linear_sgd{});
}

BOOST_AUTO_TEST_CASE(delays_are_the_local_steps_of_a_round_and_the_answer_is_near) {
  problem const data(300, 37);
  support::custom const f{&data.dense, &data.reals};
  settings const s{.workers = 8, .local_steps = 4, .epochs = 30};
  auto const together = minimize(f, s, serial{});
  for (averaging const how : {averaging::reproducible, averaging::fast}) {
    overlapped_mpi cluster(MPI_COMM_WORLD, support::transported({.threads = 2,
                                                                 .averaging = how,
                                                                 .deadline = 60}));
    auto const r = minimize(f, s, cluster);
    BOOST_TEST(r.delay == 4u);
    BOOST_TEST(r.rounds == together.rounds);
    BOOST_TEST(r.objective < 1.1 * together.objective);
  }
}

BOOST_AUTO_TEST_CASE(a_failure_while_an_average_is_under_way_is_heard_of) {
  problem const data(64, 20000);
  for (averaging const how : {averaging::reproducible, averaging::fast}) {
    overlapped_mpi cluster(MPI_COMM_WORLD, support::transported({.threads = 1,
                                                                 .averaging = how,
                                                                 .deadline = 60}));
    support::fails_late f{{&data.dense, &data.reals}, cluster.rank() == 0};
    settings const s{.workers = 4, .local_steps = 1, .steps = 20};
    if (f.bad)
      BOOST_CHECK_THROW(minimize(f, s, cluster, constant_step{1e-5}), std::domain_error);
    else
      BOOST_CHECK_THROW(minimize(f, s, cluster, constant_step{1e-5}), rank_failed);
    f.bad = false;
    BOOST_TEST(minimize(f, s, cluster, constant_step{1e-5}).usable());
  }
}

BOOST_AUTO_TEST_CASE(steps_that_diverge_end_the_run_as_a_result) {
  quadratic const f({.spectrum = {1, 3, 9}, .samples = 20, .variance = 0.1});
  overlapped_mpi cluster(MPI_COMM_WORLD, support::transported({.threads = 1, .deadline = 60}));
  auto const r = minimize(f, {.workers = 4, .local_steps = 4, .steps = 1000}, cluster,
                          constant_step{1e80});
  BOOST_TEST((r.reason == stop_reason::diverged));
  BOOST_TEST(!r.usable());
}
