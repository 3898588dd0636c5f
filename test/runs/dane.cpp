// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE runs_dane
#include "localsgd/localsgd.hpp"

#include "test/support/data.hpp"
#include "test/support/runs.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <span>
#include <string>
#include <utility>
#include <vector>

// dane{} where shards are tiny, points are float, rows are long; and on real data.

using namespace localsgd;
using support::problem;

namespace {

void never_rises(auto const& r) {
  for (std::size_t i = 1; i < r.history.size(); ++i)
    BOOST_TEST(r.history[i].objective <= r.history[i - 1].objective * (1 + 1e-6));
}

/// Exchanges until f − f* ≤ 1e-4, 1e-6 and 1e-8 of logistic regression, λ = 1/n, K random or sorted shards.
std::vector<std::size_t> exchanges(std::string const& name, std::size_t workers, bool sorted,
                                   double best) {
  auto const& data = support::libsvm(name);
  std::size_t const n = data.targets.size();
  std::vector<std::size_t> order(n);
  std::iota(order.begin(), order.end(), std::size_t{0});
  if (sorted)
    std::ranges::stable_sort(order, {}, [&](std::size_t i) { return data.targets.data()[i]; });
  else
    for (std::size_t i = n; i > 1; --i)
      std::swap(order[i - 1], order[random_words(3, random_stream::noise, 9, i)[0] % i]);
  auto const rows = select_rows(data.features, order);
  std::vector<double> labels(n);
  for (std::size_t i = 0; i != n; ++i) labels[i] = data.targets.data()[order[i]];
  linear_objective const f(rows, labels, logistic{}, l2{1 / static_cast<double>(n)});
  result const r = minimize(f, {.workers = workers, .tolerance = 1e-9}, dane{}, sharded{});
  std::vector<std::size_t> found;
  for (double const accuracy : {1e-4, 1e-6, 1e-8}) {
    auto const first = std::ranges::find_if(
        r.history, [&](evaluation const& e) { return e.objective - best <= accuracy; });
    BOOST_REQUIRE((first != r.history.end()));
    found.push_back(first->exchanges);
  }
  return found;
}

void is_at_most(std::vector<std::size_t> const& found, std::vector<std::size_t> const& most) {
  for (std::size_t i = 0; i != found.size(); ++i) BOOST_TEST(found[i] <= most[i]);
}

}  // namespace

BOOST_AUTO_TEST_CASE(shards_with_fewer_samples_than_coordinates_are_no_obstacle) {
  problem const data(300, 40, 0.5);
  linear_objective const f(data.sparse, data.labels, logistic{}, l2{1.0 / 300});
  double const best = minimize(f, {.tolerance = 1e-12}).objective;
  for (std::size_t const workers : {30u, 300u, 1000u}) {
    result const r = minimize(f, {.workers = workers, .tolerance = 1e-8}, dane{}, serial{});
    BOOST_TEST((r.reason == stop_reason::tolerance_reached));
    BOOST_TEST(r.objective - best <= 1e-8);
    never_rises(r);
  }
}

BOOST_AUTO_TEST_CASE(points_of_float_are_solved) {
  problem const data(300, 12);
  linear_objective const f(data.dense_float, data.labels, logistic{}, l2{0.01}, {}, iterate_type<float>{});
  linear_objective const exact(data.dense_float, data.labels, logistic{}, l2{0.01});
  double const best = minimize(exact, {.tolerance = 1e-12}).objective;
  result const r = minimize(f, {.workers = 4, .epochs = 8}, dane{}, sharded{}, serial{});
  BOOST_TEST(r.objective - best < 1e-5);
  never_rises(r);
}

BOOST_AUTO_TEST_CASE(more_coordinates_than_a_hessian_may_have_are_solved_by_lbfgs) {
  problem const data(400, 1500, 0.02);
  linear_objective const f(data.sparse, data.labels, logistic{}, l2{0.01});
  result const r = minimize(f, {.workers = 4, .tolerance = 1e-7}, dane{}, sharded{}, serial{});
  BOOST_TEST((r.reason == stop_reason::tolerance_reached));
  BOOST_TEST(r.rounds < 40u);
  never_rises(r);
}

BOOST_AUTO_TEST_CASE(offsets_weights_and_other_losses_are_solved) {
  problem const data(300, 12);
  std::vector<double> offset(300), weights(300);
  for (std::size_t i = 0; i != 300; ++i) {
    offset[i] = 0.1 * data.reals[i];
    weights[i] = 1 + static_cast<double>(i % 3);
  }
  linear_objective const f(data.dense, data.labels, squared_hinge{}, l2{0.01},
                           {.intercept = 1, .weights = weights, .offset = offset});
  double const best = minimize(f, {.tolerance = 1e-10}).objective;
  result const r = minimize(f, {.workers = 4, .epochs = 30}, dane{}, sharded{}, serial{});
  BOOST_TEST(r.objective - best <= 1e-8);
  never_rises(r);
}

BOOST_AUTO_TEST_CASE(averages_that_travel_arrive) {
  problem const data(300, 12);
  linear_objective const f(data.dense, data.labels, logistic{}, l2{0.01});
  result const r = minimize(f, {.workers = 4, .tolerance = 1e-8}, dane{}, sharded{}, overlapped{});
  BOOST_TEST((r.reason == stop_reason::tolerance_reached));
  never_rises(r);
}

BOOST_AUTO_TEST_CASE(a9a_takes_few_exchanges, *support::needs("a9a")) {
  double const best = 0.32337958246484744;
  is_at_most(exchanges("a9a", 8, false, best), {4, 8, 14});
  is_at_most(exchanges("a9a", 64, false, best), {14, 20, 26});
  is_at_most(exchanges("a9a", 8, true, best), {8, 16, 28});
}

BOOST_AUTO_TEST_CASE(w8a_takes_few_exchanges, *support::needs("w8a")) {
  double const best = 0.12618068651051342;
  is_at_most(exchanges("w8a", 8, false, best), {12, 20, 24});
  is_at_most(exchanges("w8a", 8, true, best), {24, 40, 48});
}
