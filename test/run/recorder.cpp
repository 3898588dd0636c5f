// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE run_recorder
#include "localsgd/run/recorder.hpp"

#include "test/support/runs.hpp"

#include <boost/test/unit_test.hpp>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <set>
#include <span>
#include <vector>

using namespace localsgd;
using support::problem;

BOOST_AUTO_TEST_CASE(distances_are_sums_in_double) {
  std::vector<float> const x{3, 0, 1}, y{0, 4, 1};
  BOOST_TEST(detail::squared_distance(std::span(x), std::span(y)) == 25);
}

BOOST_AUTO_TEST_CASE(evaluations_come_at_the_first_sync_times_after_even_parts_of_the_run) {
  problem const data(50, 4);
  support::custom const f{&data.dense, &data.reals};
  auto const steps = [&](std::uint64_t h) {
    std::vector<std::uint64_t> all;
    auto const r = minimize(f, {.workers = 2, .local_steps = h, .steps = 100, .evaluations = 4},
                            serial{}, constant_step{0.01});
    for (auto const& e : r.history) all.push_back(e.steps);
    return all;
  };
  using list = std::vector<std::uint64_t>;
  BOOST_TEST((steps(1) == list{0, 20, 40, 60, 80, 100}));
  BOOST_TEST((steps(30) == list{0, 30, 60, 90, 100}));
  BOOST_TEST((steps(1000) == list{0, 100}));
}

BOOST_AUTO_TEST_CASE(with_a_tolerance_evaluations_come_every_epoch_and_then_when_the_steps_have_grown_by_a_fifth) {
  problem const data(20, 4);
  support::custom const f{&data.dense, &data.reals};
  auto const r = minimize(f, {.workers = 2, .local_steps = 1, .steps = 120, .tolerance = 1e-300},
                          serial{}, constant_step{1e-9});
  std::vector<std::uint64_t> all;
  for (auto const& e : r.history) all.push_back(e.steps);
  // An epoch takes 10 steps, a fifth of 50 as many; later 60 · 1.2, 72 · 1.2 = 86.4, 87 · 1.2 = 104.4, ...
  BOOST_TEST((all == std::vector<std::uint64_t>{0, 10, 20, 30, 40, 50, 60, 72, 87, 105, 120}));
}

BOOST_AUTO_TEST_CASE(evaluations_do_not_change_the_run) {
  problem const data(100, 8, 0.4);
  linear_objective const sparse(data.sparse, data.labels, logistic{}, l2{0.01});
  linear_objective const dense(data.dense, data.labels, logistic{}, l2{0.01});
  auto const same = [](auto const& f, auto... worker) {
    settings s{.workers = 4, .local_steps = 3, .steps = 60};
    auto const without = minimize(f, s, worker...);
    s.evaluations = 7;
    auto const with = minimize(f, s, worker...);
    BOOST_TEST(with.history.size() == 9u);
    BOOST_TEST(std::ranges::equal(with.last, without.last));
    BOOST_TEST(std::ranges::equal(with.average, without.average));
  };
  same(sparse), same(dense), same(dense, sgd{});
}

BOOST_AUTO_TEST_CASE(history_has_the_start_the_end_and_what_was_asked_for) {
  problem const data(100, 8);
  linear_objective const f(data.dense, data.labels, logistic{}, l2{0.01});
  result const r =
      minimize(f, {.workers = 2, .local_steps = 4, .steps = 100, .evaluations = 4});
  BOOST_REQUIRE(r.history.size() == 6u);
  for (std::size_t i = 0; i != 6; ++i) {
    BOOST_TEST(r.history[i].steps == 20 * i);
    BOOST_TEST(r.history[i].rounds == 5 * i);
    BOOST_TEST(r.history[i].gradients == 40 * i);
  }
  BOOST_TEST(r.history.front().objective == std::log(2.0), boost::test_tools::tolerance(1e-14));
  BOOST_TEST(r.history.front().drift == 0);
  BOOST_TEST(r.history.back().objective == r.objective);
  BOOST_TEST(r.history.back().certificate == r.certificate);
  BOOST_TEST(r.history[3].drift > 0);
}

BOOST_AUTO_TEST_CASE(x_is_the_better_of_the_average_and_the_last_point) {
  problem const data(100, 5);
  linear_objective const f(data.dense, data.labels, logistic{}, l2{0.05});
  std::vector<std::size_t> all(100);
  for (std::size_t i = 0; i != 100; ++i) all[i] = i;
  std::vector<double> g(5);
  auto const value = [&](auto const& x) {
    return f.gradient(std::span<double const>(x.data(), x.size()), all, g);
  };
  std::set<bool> seen;
  for (double const eta : {0.01, 3.0}) {  // too small a step: the last is best; too large: the average
    result const r = minimize(f, {.workers = 2, .local_steps = 4, .steps = 200}, constant_step{eta});
    bool const average = value(r.average) <= value(r.last);
    seen.insert(average);
    BOOST_TEST(std::ranges::equal(r.x, average ? r.average : r.last));
    BOOST_TEST(r.objective == value(r.x), boost::test_tools::tolerance(1e-13));
  }
  BOOST_TEST(seen.size() == 2u);
}

namespace {
// f(x) = 2^60 + x²/2, which is 2^60 in double for every |x| < 8: all values are equal as computed.
struct flat {
  using scalar = double;
  static std::size_t dimension() { return 1; }
  static std::size_t samples() { return 4; }
  static double strong_convexity() { return 1; }
  double gradient(std::span<double const> x, std::span<std::size_t const>, std::span<double> g) const {
    g[0] = x[0];
    return 0x1p60 + x[0] * x[0] / 2;
  }
};
}  // namespace

BOOST_AUTO_TEST_CASE(of_two_points_with_equal_values_the_bound_belongs_to_the_answer) {
  // x_t = 2^-t: the average has the larger bound x²/2.
  std::vector<double> const start{1};
  result const r = minimize(flat{}, {.workers = 1, .local_steps = 1, .steps = 8}, sgd{}, serial{},
                            constant_step{0.5}, warm_start(start));
  BOOST_TEST(r.last[0] == 0x1p-8);
  BOOST_TEST(r.average[0] > r.last[0]);
  BOOST_TEST(r.x[0] == r.last[0]);
  BOOST_TEST(r.certificate >= r.x[0] * r.x[0] / 2);
}

BOOST_AUTO_TEST_CASE(a_gradient_whose_square_underflows_is_not_zero) {
  // With a = 2^-500, y = 2^-100 and λ = 2^-1010 the gradient at 0 is -2^-600, and
  // f(0) − f* = (y²/2)/(1 + λ/a²) = 2^-201/(1 + 2^-10).
  dense_matrix<double> const rows{{0x1p-500}};
  std::vector<double> const targets{0x1p-100};
  linear_objective const f(rows, targets, squared{}, l2{0x1p-1010});
  result const r = minimize(f, {.workers = 1, .epochs = 0}, serial{});
  BOOST_TEST(r.x[0] == 0);
  BOOST_TEST(r.certificate >= 0x1p-201 / (1 + 0x1p-10));
}
