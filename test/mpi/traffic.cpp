// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE mpi_traffic
#include "test/support/averagers.hpp"
#include "test/support/mpi.hpp"

#include <boost/test/unit_test.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>

// Bytes that are counted are bytes that were sent; and the fast average is one.

using namespace localsgd;
using support::mpi_session;
using support::problem;

BOOST_TEST_GLOBAL_FIXTURE(mpi_session);

namespace {

std::uint64_t sent_by_all(mpi const& cluster) {
  unsigned long long const mine = cluster.bytes_sent();
  unsigned long long all = 0;
  MPI_Allreduce(&mine, &all, 1, MPI_UNSIGNED_LONG_LONG, MPI_SUM, MPI_COMM_WORLD);
  return all;
}

}  // namespace

BOOST_AUTO_TEST_CASE(bytes_of_a_result_are_those_that_were_sent) {
  mpi cluster(MPI_COMM_WORLD, {.threads = 1, .deadline = 60, .shared_memory = false});
  for (auto const& shape : {std::array<std::size_t, 2>{4, 83}, {7, 83}, {12, 83}, {4, 5003},
                            {7, 5003}, {12, 5003}}) {
    std::size_t const k = shape[0], d = shape[1];
    problem const data(20, d);
    support::custom const f{&data.dense, &data.reals};
    auto const sent_in = [&](std::uint64_t rounds) {
      std::uint64_t const before = sent_by_all(cluster);
      auto const r = minimize(f, {.workers = k, .local_steps = 1, .steps = rounds}, cluster);
      BOOST_TEST(r.rounds == rounds);
      return std::pair(sent_by_all(cluster) - before, r.bytes);
    };
    // Start and end of a run cost some, too, for evaluations; so look at the difference.
    auto const [few, few_counted] = sent_in(10);
    auto const [many, many_counted] = sent_in(30);
    BOOST_TEST(many - few == many_counted - few_counted);
    std::uint64_t const ranks = static_cast<std::uint64_t>(cluster.ranks()), vector = d * 8;
    if (ranks == 2 && k == 4 && d == 83)  // short: each point goes to the other rank
      BOOST_TEST(few_counted == 10 * 4 * vector);
    if (ranks == 2 && k == 4 && d == 5003)  // 2 workers send one slice, 2 the other; and each slice
      BOOST_TEST(few_counted == 10 * (2 * vector + vector));
    if (ranks == 1) BOOST_TEST(many_counted == 0u);
  }
}

BOOST_AUTO_TEST_CASE(ranks_of_one_machine_send_nothing_where_they_share_memory) {
  mpi cluster(MPI_COMM_WORLD, {.threads = 1, .deadline = 60});
  problem const data(20, 83);
  support::custom const f{&data.dense, &data.reals};
  minimize(f, {.workers = 4, .steps = 1}, cluster);  // what begins a run is sent
  auto const sent_in = [&](std::uint64_t rounds) {
    std::uint64_t const before = sent_by_all(cluster);
    minimize(f, {.workers = 4, .local_steps = 1, .steps = rounds}, cluster);
    return sent_by_all(cluster) - before;
  };
  BOOST_TEST(sent_in(10) == sent_in(30));
}

BOOST_AUTO_TEST_CASE(one_rank_that_wants_no_shared_memory_is_enough) {
  bool const mine = support::mpi_rank() != support::mpi_ranks() - 1;
  mpi cluster(MPI_COMM_WORLD, {.threads = 1, .deadline = 60, .shared_memory = mine});
  problem const data(20, 83);
  support::custom const f{&data.dense, &data.reals};
  settings const s{.workers = 4, .local_steps = 1, .steps = 10};
  std::uint64_t const before = sent_by_all(cluster);
  auto const r = minimize(f, s, cluster);
  BOOST_TEST(sent_by_all(cluster) - before >= r.bytes);
  mpi one = support::alone();
  BOOST_TEST(support::bits_without_bytes(r) == support::bits_without_bytes(minimize(f, s, one)));
}

BOOST_AUTO_TEST_CASE(the_fast_average_is_the_average_to_rounding) {
  problem const data(100, 83);
  support::custom const f{&data.dense, &data.reals};
  linear_objective const g(data.dense_float, data.reals, huber{}, l2{0.01}, {},
                           iterate_type<float>{});
  mpi cluster(MPI_COMM_WORLD, {.threads = 2, .averaging = averaging::fast, .deadline = 60});
  mpi one = support::alone();
  settings const s{.workers = 9, .local_steps = 3, .steps = 200, .evaluations = 2};
  auto const fast = minimize(f, s, cluster), fixed = minimize(f, s, one);
  BOOST_TEST(support::distance(fast.x, fixed.x) < 1e-12);
  BOOST_TEST(fast.bytes ==
             fast.rounds * 2 * (static_cast<std::uint64_t>(cluster.ranks()) - 1) * 83 * 8);
  auto const narrow = minimize(g, s, cluster), narrow_fixed = minimize(g, s, one);
  BOOST_TEST(support::distance(narrow.x, narrow_fixed.x) < 1e-5);
  auto const momentum = minimize(f, s, cluster, support::outer_momentum{}),
             momentum_fixed = minimize(f, s, one, support::outer_momentum{});
  BOOST_TEST(support::distance(momentum.x, momentum_fixed.x) < 1e-12);
}
