// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE worker_dane_dane
#include "localsgd/worker/dane/dane.hpp"

#include "localsgd/synchronizer/basic_ranks.hpp"
#include "test/support/mailbox_communicator.hpp"
#include "test/support/runs.hpp"
#include "test/support/temporary_path.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

// What dane{} promises of whole runs: what it costs, that f falls, and who it depends on.

using namespace localsgd;
using support::problem;

namespace {

constexpr std::size_t n = 400, d = 12;

problem const& data() {
  static problem const p(n, d, 0.6);
  return p;
}
auto logistic_objective() {
  return linear_objective(data().sparse, data().labels, logistic{}, l2{1.0 / n});
}

void never_rises(auto const& r) {
  for (std::size_t i = 1; i < r.history.size(); ++i)
    BOOST_TEST(r.history[i].objective <= r.history[i - 1].objective * (1 + 1e-14));
}

/// The rows of a problem twice: two shards that are equal.
struct twice {
  dense_matrix<double> rows;
  std::vector<double> targets;
  twice() : rows({2 * n, d}), targets(2 * n) {
    for (std::size_t i = 0; i != 2 * n; ++i) {
      targets[i] = data().reals[i % n];
      for (std::size_t j = 0; j != d; ++j) rows(i, j) = data().dense(i % n, j);
    }
  }
};

auto field_is(std::string const& name) {
  return [name](invalid_settings const& e) { return e.field == name; };
}

}  // namespace

BOOST_AUTO_TEST_CASE(an_anchor_costs_two_exchanges) {
  auto const f = logistic_objective();
  result const r = minimize(f, {.workers = 5, .tolerance = 1e-9}, dane{}, sharded{}, serial{});
  BOOST_TEST((r.reason == stop_reason::tolerance_reached));
  for (evaluation const& e : r.history) BOOST_TEST(e.exchanges == 2 * e.rounds);
  BOOST_TEST(r.exchanges == 2 * r.rounds);
}

BOOST_AUTO_TEST_CASE(an_epoch_is_an_anchor) {
  auto const f = logistic_objective();
  result const r = minimize(f, {.workers = 5, .epochs = 4}, dane{}, sharded{}, serial{});
  BOOST_TEST(r.rounds == 4u);
}

BOOST_AUTO_TEST_CASE(f_never_rises_and_the_certificate_is_no_lie) {
  auto const f = logistic_objective();
  double const best = minimize(f, {.tolerance = 1e-13}, serial{}).objective;
  for (std::size_t const workers : {1u, 2u, 5u, 40u}) {
    result const r = minimize(f, {.workers = workers, .tolerance = 1e-10}, dane{}, sharded{}, serial{});
    never_rises(r);
    BOOST_TEST(r.objective - best <= 1e-10);
    for (evaluation const& e : r.history) BOOST_TEST(e.objective - best <= e.certificate + 1e-15);
  }
}

BOOST_AUTO_TEST_CASE(equal_shards_of_a_quadratic_take_one_round) {
  twice const both;
  linear_objective const f(both.rows, both.targets, squared{}, l2{0.01});
  result const r = minimize(f, {.workers = 2, .tolerance = 1e-10}, dane{}, sharded{}, serial{});
  BOOST_TEST((r.reason == stop_reason::tolerance_reached));
  BOOST_TEST(r.rounds == 1u);
}

BOOST_AUTO_TEST_CASE(one_worker_needs_one_round) {
  auto const f = logistic_objective();
  result const r = minimize(f, {.workers = 1, .tolerance = 1e-10}, dane{}, serial{});
  BOOST_TEST((r.reason == stop_reason::tolerance_reached));
  BOOST_TEST(r.rounds == 1u);
}

BOOST_AUTO_TEST_CASE(the_bits_are_those_of_serial) {
  auto const f = logistic_objective();
  settings const s{.workers = 6, .tolerance = 1e-10};
  auto const expected = support::bits(minimize(f, s, dane{}, sharded{}, serial{}));
  for (std::size_t const threads : {2u, 3u})
    BOOST_TEST(support::bits(minimize(f, s, dane{}, sharded{}, thread_pool{threads})) == expected);
  simulated sim(cluster{.costs = {.gradient_seconds = 1e-6,
                                  .latency_seconds = 1e-4,
                                  .bytes_per_second = 1e8}},
                2);
  BOOST_TEST(support::bits(minimize(f, s, dane{}, sharded{}, sim)) == expected);
}

BOOST_AUTO_TEST_CASE(any_number_of_ranks_has_the_bits_of_serial) {
  auto const f = logistic_objective();
  settings const s{.workers = 5, .tolerance = 1e-10};
  auto const expected = support::bits_without_bytes(minimize(f, s, dane{}, sharded{}, serial{}));
  for (std::size_t const ranks : {2u, 3u}) {
    std::vector<std::vector<std::uint64_t>> found(ranks);
    support::on_mailboxes(ranks, [&](support::post_office& office, std::size_t r) {
      on_ranks<support::mailbox> synchronizer({.threads = 1 + r % 2}, office, r);
      found[r] = support::bits_without_bytes(minimize(f, s, dane{}, sharded{}, synchronizer));
    });
    for (auto const& each : found) BOOST_TEST((each == expected));
  }
}

BOOST_AUTO_TEST_CASE(workers_that_see_all_samples_divide_them) {
  auto const f = logistic_objective();
  result const r = minimize(f, {.workers = 4, .tolerance = 1e-10}, dane{}, serial{});
  BOOST_TEST((r.reason == stop_reason::tolerance_reached));
  BOOST_TEST(r.rounds < 20u);
  never_rises(r);
}

BOOST_AUTO_TEST_CASE(shards_of_one_label_each_are_solved) {
  std::vector<std::size_t> order(n);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, {}, [](std::size_t i) { return data().labels[i]; });
  auto const rows = select_rows(data().sparse, order);
  std::vector<double> labels;
  for (std::size_t const i : order) labels.push_back(data().labels[i]);
  linear_objective const f(rows, labels, logistic{}, l2{1.0 / n});
  result const r = minimize(f, {.workers = 8, .tolerance = 1e-9}, dane{}, sharded{}, serial{});
  BOOST_TEST((r.reason == stop_reason::tolerance_reached));
  BOOST_TEST(r.rounds < 40u);
  never_rises(r);
}

BOOST_AUTO_TEST_CASE(a_sharded_objective_of_uneven_shards_has_the_same_minimum) {
  auto const whole = logistic_objective();
  double const best = minimize(whole, {.tolerance = 1e-12}, serial{}).objective;
  std::vector<std::size_t> const ends{0, 37, 150, 400};
  std::vector<csr_matrix<float>> rows;
  std::vector<std::vector<double>> labels;
  for (std::size_t k = 0; k != 3; ++k) {
    std::vector<std::size_t> own(ends[k + 1] - ends[k]);
    std::iota(own.begin(), own.end(), ends[k]);
    rows.push_back(select_rows(data().sparse, own));
    labels.emplace_back(data().labels.begin() + static_cast<std::ptrdiff_t>(ends[k]),
                        data().labels.begin() + static_cast<std::ptrdiff_t>(ends[k + 1]));
  }
  serial ranks;
  sharded_objective const f(ranks, 3, [&](std::size_t k) {
    return linear_objective(rows[k], labels[k], logistic{}, l2{1.0 / n});
  });
  result const r = minimize(f, {.workers = 3, .tolerance = 1e-9}, dane{}, ranks);
  BOOST_TEST((r.reason == stop_reason::tolerance_reached));
  BOOST_TEST(r.objective - best <= 1e-9);
  BOOST_TEST(r.exchanges == 2 * r.rounds);
}

BOOST_AUTO_TEST_CASE(a_free_intercept_and_softmax_regression_are_solved) {
  linear_objective const f(data().sparse, data().labels, logistic{}, l2{0.01}, {.intercept = 1});
  result const r = minimize(f, {.workers = 4, .tolerance = 1e-8}, dane{}, sharded{}, serial{});
  BOOST_TEST((r.reason == stop_reason::tolerance_reached));
  BOOST_TEST(r.rounds < 30u);
  softmax_objective const many(data().dense, data().classes, 3, l2{0.01});
  result const q = minimize(many, {.workers = 4, .tolerance = 1e-8}, dane{}, sharded{}, serial{});
  BOOST_TEST((q.reason == stop_reason::tolerance_reached));
  BOOST_TEST(q.rounds < 30u);
  never_rises(q);
}

BOOST_AUTO_TEST_CASE(gradients_alone_are_enough) {
  support::custom const f{&data().dense, &data().reals};
  result const r = minimize(f, {.workers = 4, .epochs = 15}, dane{}, sharded{}, serial{});
  result const exact = minimize(
      linear_objective(data().dense, data().reals, squared{}, l2{1e-12}), {.tolerance = 1e-10}, serial{});
  BOOST_TEST(r.objective - exact.objective <= 1e-9);
  never_rises(r);
}

BOOST_AUTO_TEST_CASE(a_warm_start_begins_with_its_gradient) {
  auto const f = logistic_objective();
  settings const s{.workers = 4, .tolerance = 1e-10};
  result const r = minimize(f, s, dane{}, sharded{}, serial{});
  result const again = minimize(f, s, dane{}, sharded{}, serial{}, warm_start(r.x));
  BOOST_TEST(again.rounds == 0u);
  BOOST_TEST(again.exchanges == 1u);
}

BOOST_AUTO_TEST_CASE(a_run_that_was_cut_goes_on_with_the_same_bits) {
  auto const f = logistic_objective();
  settings const s{.workers = 4, .epochs = 6, .evaluations = 6};
  auto const expected = support::bits_without_bytes(minimize(f, s, dane{}, sharded{}, serial{}));
  for (std::uint64_t cut = 1; cut != 4; ++cut) {
    support::temporary_path const path;
    std::stop_source source;
    support::stops_after observer{&source, cut};
    result const part = minimize(f, s, dane{}, sharded{}, serial{}, observer,
                                 checkpoint(path(), {.seconds = 0, .stop = source.get_token()}));
    BOOST_TEST((part.reason == stop_reason::interrupted));
    result const whole = minimize(f, s, dane{}, sharded{}, thread_pool{2},
                                  checkpoint(path(), {.seconds = 0}));
    BOOST_TEST(support::bits_without_bytes(whole) == expected);
  }
}

BOOST_AUTO_TEST_CASE(what_it_cannot_do_is_refused_by_name) {
  linear_objective const kinks(data().sparse, data().labels, logistic{}, l1{0.01});
  BOOST_CHECK_EXCEPTION(minimize(kinks, {.workers = 2}, dane{}, serial{}), invalid_settings,
                        field_is("regularizer"));
  auto const f = logistic_objective();
  BOOST_CHECK_EXCEPTION(minimize(f, {.workers = 2}, dane{}, constant_step{0.1}, serial{}),
                        invalid_settings, field_is("step_size"));
  BOOST_CHECK_EXCEPTION(minimize(f, {.workers = 2, .batch_size = 4}, dane{}, serial{}),
                        invalid_settings, field_is("batch_size"));
  BOOST_CHECK_EXCEPTION(minimize(f, {.workers = 2}, dane{}, asynchronous{}), invalid_settings,
                        field_is("synchronizer"));
}
