// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE schedule_hierarchical
#include "localsgd/schedule/hierarchical.hpp"

#include "test/support/family.hpp"
#include "test/support/heterogeneous.hpp"
#include "test/support/problems.hpp"

#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

using namespace localsgd;
using support::data;
using support::logistic_objective;

BOOST_AUTO_TEST_CASE(sync_times_are_those_of_all_workers_and_groups_average_between_them) {
  hierarchical const schedule(3, 12, 2);
  BOOST_TEST(schedule.next(0) == 12u);
  BOOST_TEST(schedule.next(12) == 24u);
  std::vector<std::uint64_t> inside;
  for (std::uint64_t t = 0; t < 24;) inside.push_back(t = schedule.next_inside(t));
  BOOST_TEST((inside == std::vector<std::uint64_t>{3, 6, 9, 12, 15, 18, 21, 24}));
}

// ½(x − c_k)², c = 0, 4, 8, 16, η = ½. Step: 0, 2, 4, 8; groups: 1, 1, 6, 6; step: ½, 5/2, 7, 11; all: 21/4.
BOOST_AUTO_TEST_CASE(a_round_is_the_one_computed_by_hand) {
  support::heterogeneous const f{{{1}, {1}, {1}, {1}}, {{0}, {4}, {8}, {16}}};
  settings const s{.workers = 4, .steps = 2};
  result const r = minimize(f, s, hierarchical(1, 2, 2), sharded{}, sgd{}, constant_step(0.5), serial{});
  BOOST_TEST(r.last[0] == 5.25);
  BOOST_TEST(r.rounds == 1u);
  BOOST_TEST(r.exchanges == 1u);
}

BOOST_AUTO_TEST_CASE(one_group_averages_as_all_workers_do) {
  support::custom const f{&data().dense, &data().reals};
  settings const s{.workers = 4, .steps = 60};
  auto const grouped = minimize(f, s, hierarchical(5, 20, 1), constant_step(0.05), serial{});
  auto const usual = minimize(f, s, every(5), constant_step(0.05), serial{});
  BOOST_TEST((grouped.last == usual.last));
  BOOST_TEST((grouped.average == usual.average));
  BOOST_TEST(grouped.rounds == 3u);
}

BOOST_AUTO_TEST_CASE(groups_of_one_worker_average_nothing) {
  support::custom const f{&data().dense, &data().reals};
  settings const s{.workers = 4, .steps = 60};
  BOOST_TEST((support::bits(minimize(f, s, hierarchical(5, 20, 4), constant_step(0.05), serial{})) ==
              support::bits(minimize(f, s, every(20), constant_step(0.05), serial{}))));
}

BOOST_AUTO_TEST_CASE(equal_gaps_are_every) {
  auto const f = logistic_objective();
  settings const s{.workers = 4, .steps = 60};
  BOOST_TEST((support::bits(minimize(f, s, hierarchical(20, 20, 2), linear_sgd{}, serial{})) ==
              support::bits(minimize(f, s, every(20), linear_sgd{}, serial{}))));
}

// linear_sgd exchanges only touched coordinates where they are few: 3 steps of 12 in 400.
BOOST_AUTO_TEST_CASE(sparse_steps_give_the_same_result_as_dense_ones) {
  support::problem const sparse(100, 400, 0.01);
  linear_objective const f(sparse.sparse, sparse.labels, logistic{}, l2{0.01});
  settings const s{.workers = 4, .steps = 24};
  auto const touched = minimize(f, s, hierarchical(3, 6, 2), linear_sgd{}, constant_step(0.1), serial{});
  auto const dense = minimize(f, s, hierarchical(3, 6, 2), sgd{}, constant_step(0.1), serial{});
  BOOST_TEST(support::distance(touched.last, dense.last) <= 1e-13);
}

BOOST_AUTO_TEST_CASE(the_bits_are_those_of_serial) {
  auto const f = logistic_objective();
  settings const s{.workers = 6, .steps = 60, .evaluations = 2};
  hierarchical const times(5, 20, 3);
  auto const check = [&](auto const& worker) {
    result const expected = minimize(f, s, times, worker, serial{});
    for (std::size_t const threads : {2u, 3u, 4u})
      BOOST_TEST((support::bits(minimize(f, s, times, worker, thread_pool{threads})) ==
                  support::bits(expected)));
    simulated sim(cluster{.costs = {.gradient_seconds = 1e-6,
                                    .latency_seconds = 1e-4,
                                    .bytes_per_second = 1e8}},
                  2);
    BOOST_TEST((support::bits(minimize(f, s, times, worker, sim)) == support::bits(expected)));
    // Ranks of two and four workers.
    std::vector<std::vector<std::uint64_t>> found(2);
    support::on_mailboxes(2, [&](support::post_office& office, std::size_t r) {
      on_ranks<support::mailbox> synchronizer({.threads = 1 + r}, office, r);
      found[r] = support::bits_without_bytes(minimize(f, s, times, worker, synchronizer));
    });
    for (auto const& each : found) BOOST_TEST((each == support::bits_without_bytes(expected)));
  };
  check(sgd{});
  check(linear_sgd{});
  check(svrg{});
}

BOOST_AUTO_TEST_CASE(a_run_that_was_cut_continues_with_the_same_bits) {
  settings const s{.workers = 4, .steps = 60, .evaluations = 11};
  support::survives_a_cut(logistic_objective(), s, hierarchical(2, 4, 2), linear_sgd{});
}

BOOST_AUTO_TEST_CASE(groups_that_two_ranks_share_are_refused) {
  auto const f = logistic_objective();
  std::vector<std::string> found(2);
  support::on_mailboxes(2, [&](support::post_office& office, std::size_t r) {
    on_ranks<support::mailbox> synchronizer({.threads = 1 + r}, office, r);
    found[r] = support::refused_field(f, {.workers = 6, .steps = 20}, hierarchical(5, 10, 2),
                                      linear_sgd{}, synchronizer);
  });
  for (auto const& each : found) BOOST_TEST(each == "hierarchical.groups");
}

BOOST_AUTO_TEST_CASE(what_it_cannot_do_is_refused_by_name) {
  auto const f = logistic_objective();
  settings const s{.workers = 4, .steps = 20};
  hierarchical const times(5, 10, 2);
  BOOST_TEST(support::refused_field(f, s, hierarchical(5, 10, 5), linear_sgd{}, serial{}) ==
             "hierarchical.groups");
  BOOST_TEST(support::refused_field(f, s, times, linear_sgd{}, asynchronous{}) == "synchronizer");
  BOOST_TEST(support::refused_field(f, s, times, linear_sgd{}, overlapped{}) == "synchronizer");
  BOOST_TEST(support::refused_field(f, s, times, linear_sgd{}, serial{}, coordinate_median{}) ==
             "averager");
  BOOST_TEST(support::refused_field(f, s, times, dane{}, serial{}) == "schedule");
  BOOST_TEST(support::refused_field(f, s, times, scaffnew{}, serial{}) == "schedule");
  BOOST_TEST(support::refused_field(f, s, times, fedac{}, serial{}) == "schedule");
}

BOOST_AUTO_TEST_CASE(gaps_that_do_not_fit_are_refused) {
  auto const field = [](std::uint64_t inside, std::uint64_t between, std::size_t groups) {
    return support::error_of<invalid_settings>([&] { hierarchical(inside, between, groups); }).field;
  };
  BOOST_TEST(field(0, 4, 1) == "hierarchical.inside");
  BOOST_TEST(field(4, 0, 1) == "hierarchical.between");
  BOOST_TEST(field(4, 6, 1) == "hierarchical.between");
  BOOST_TEST(field(4, 2, 1) == "hierarchical.between");
  BOOST_TEST(field(4, 8, 0) == "hierarchical.groups");
}
