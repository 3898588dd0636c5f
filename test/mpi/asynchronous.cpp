// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE mpi_asynchronous
#include "test/support/mpi.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <thread>
#include <vector>

// Algorithm 2 on one-sided MPI.

using namespace localsgd;
using support::mpi_session;
using support::problem;

BOOST_TEST_GLOBAL_FIXTURE(mpi_session);

namespace {
asynchronous_mpi make() {
  return asynchronous_mpi(MPI_COMM_WORLD, support::transported({.deadline = 60}));
}
}  // namespace

BOOST_AUTO_TEST_CASE(it_solves_the_problem_and_reports_its_delay) {
  problem const data(2000, 30, 0.3);
  linear_objective const f(data.sparse, data.labels, logistic{}, l2{0.001});
  softmax_objective const narrow(data.sparse, data.classes, 3, l2{0.01}, iterate_type<float>{});
  auto cluster = make();
  settings const s{.workers = 6, .local_steps = 8, .epochs = 40, .evaluations = 3};
  double const least = minimize(f, {.workers = 1, .epochs = 400}, serial{}).objective;
  auto const together = minimize(f, s, serial{}, linear_sgd{}), apart = minimize(f, s, cluster);
  BOOST_TEST(apart.objective - least < 2 * (together.objective - least) + 1e-3);
  BOOST_TEST(apart.steps == together.steps);
  BOOST_TEST(apart.rounds == together.rounds);
  BOOST_TEST(apart.delay >= 8u);
  BOOST_TEST(apart.delay <= apart.steps);
  double const near = minimize(narrow, s, serial{}).objective;
  BOOST_TEST(minimize(narrow, s, cluster).objective < 1.1 * near);
}

BOOST_AUTO_TEST_CASE(all_ranks_have_the_same_result) {
  problem const data(200, 83);
  support::custom const f{&data.dense, &data.reals};
  auto cluster = make();
  auto const r = minimize(f, {.workers = 5, .local_steps = 3, .evaluations = 4}, cluster);
  std::uint64_t mine = 0, least = 0, most = 0;
  for (std::uint64_t const word : support::bits(r)) mine = mine * 31 + word;
  mine += r.delay;
  MPI_Allreduce(&mine, &least, 1, MPI_UINT64_T, MPI_MIN, MPI_COMM_WORLD);
  MPI_Allreduce(&mine, &most, 1, MPI_UINT64_T, MPI_MAX, MPI_COMM_WORLD);
  BOOST_TEST(least == most);
}

BOOST_AUTO_TEST_CASE(no_worker_gets_further_ahead_than_it_may) {
  // The last rank is slow: without a limit the others would be through before its first rounds.
  problem const data(200, 83);
  struct slow : support::custom {
    bool is_slow;
    double gradient(std::span<double const> x, std::span<std::size_t const> batch,
                    std::span<double> g) const {
      if (is_slow && batch.size() == 1) std::this_thread::sleep_for(std::chrono::microseconds(200));
      return custom::gradient(x, batch, g);
    }
  };
  slow const f{{&data.dense, &data.reals},
               support::mpi_rank() != 0 && support::mpi_rank() == support::mpi_ranks() - 1};
  for (std::uint64_t const lead : {0U, 8U, 20U, 64U}) {
    asynchronous_mpi cluster(MPI_COMM_WORLD, {.deadline = 60, .max_staleness = lead});
    settings const s{.workers = 5, .local_steps = 8, .steps = 400};
    auto const r = minimize(f, s, cluster, constant_step{0.01});
    BOOST_TEST(r.steps == 400u);
    BOOST_TEST(r.delay <= std::max<std::uint64_t>(lead, 8));
    BOOST_TEST(r.delay >= 8u);  // who reads first after a round sees that all others lack it
  }
}

BOOST_AUTO_TEST_CASE(a_rank_that_fails_is_not_waited_for) {
  problem const data(64, 83);
  asynchronous_mpi cluster(MPI_COMM_WORLD, {.deadline = 60, .max_staleness = 4});
  support::fails_late const f{{&data.dense, &data.reals}, cluster.rank() == cluster.ranks() - 1};
  settings const s{.workers = 4, .local_steps = 2, .steps = 400};
  if (f.bad)
    BOOST_CHECK_THROW(minimize(f, s, cluster, constant_step{1e-5}), std::domain_error);
  else
    BOOST_CHECK_THROW(minimize(f, s, cluster, constant_step{1e-5}), rank_failed);
}

BOOST_AUTO_TEST_CASE(a_run_begins_where_it_is_told) {
  problem const data(100, 11);
  support::custom const f{&data.dense, &data.reals};
  std::vector<double> const x(11, 0.3);
  auto cluster = make();
  // Steps too short to be seen leave all points where they are.
  auto const r = minimize(f, {.workers = 4, .local_steps = 2, .steps = 6}, cluster, warm_start(x),
                          constant_step{1e-200});
  BOOST_TEST(std::vector<double>(r.x.data(), r.x.data() + 11) == x);
}

BOOST_AUTO_TEST_CASE(one_worker_is_plain_sgd) {
  if (support::mpi_ranks() > 1) return;
  problem const data(100, 11);
  support::custom const f{&data.dense, &data.reals};
  settings const s{.workers = 1, .local_steps = 7, .steps = 300};
  auto cluster = make();
  BOOST_TEST(support::bits_without_bytes(minimize(f, s, cluster, constant_step{0.05})) ==
             support::bits_without_bytes(minimize(f, s, serial{}, constant_step{0.05})));
}

BOOST_AUTO_TEST_CASE(a_failure_and_a_divergence_end_the_run_on_all) {
  problem const data(64, 2000);
  auto cluster = make();
  for (int again = 0; again != 3; ++again) {
    support::fails_late f{{&data.dense, &data.reals}, cluster.rank() == cluster.ranks() - 1};
    settings const s{.workers = 4, .local_steps = 2, .steps = 40};
    if (f.bad)
      BOOST_CHECK_THROW(minimize(f, s, cluster, constant_step{1e-5}), std::domain_error);
    else
      BOOST_CHECK_THROW(minimize(f, s, cluster, constant_step{1e-5}), rank_failed);
    f.bad = false;
    BOOST_TEST(minimize(f, s, cluster, constant_step{1e-5}).usable());
    auto const r = minimize(f, s, cluster, constant_step{1e200});
    BOOST_TEST((r.reason == stop_reason::diverged));
  }
}

BOOST_AUTO_TEST_CASE(what_it_cannot_do_is_refused) {
  BOOST_CHECK_THROW(asynchronous_mpi(MPI_COMM_WORLD, {.threads = 2}), invalid_settings);
  BOOST_CHECK_THROW(mpi(MPI_COMM_WORLD, {.max_staleness = 64}), invalid_settings);
  BOOST_CHECK_THROW(overlapped_mpi(MPI_COMM_WORLD, {.max_staleness = 64}), invalid_settings);
}
