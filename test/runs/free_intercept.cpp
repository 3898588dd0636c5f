// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE runs_free_intercept
#include "test/support/free_intercept.hpp"

#include "localsgd/data/csr_matrix.hpp"
#include "localsgd/loss/huber.hpp"
#include "localsgd/loss/logistic.hpp"
#include "localsgd/loss/squared.hpp"
#include "localsgd/loss/squared_hinge.hpp"
#include "localsgd/minimize.hpp"
#include "localsgd/objective/linear.hpp"
#include "localsgd/synchronizer/serial.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>
#include <vector>

/// @file
/// @brief Runs on models whose intercept is not regularised, against minima computed in long
/// double.

using namespace localsgd;
using support::intercept_problem;
using support::real;

namespace {

constexpr std::size_t n = 60, d = 4;

// Runs to three tolerances, with one worker and with five: the answers, and all that the runs
// claimed.
template <class F, class Model>
void check_runs(F const& f, Model const& model) {
  auto const best = model.minimiser();
  real const least = model.value(best);
  for (double const tolerance : {1e-3, 1e-7, 1e-11})
    for (std::size_t const workers : {1U, 5U}) {
      auto const r = minimize(f, {.workers = workers, .tolerance = tolerance}, serial{});
      BOOST_TEST((r.reason == stop_reason::tolerance_reached));
      BOOST_TEST(r.certificate <= tolerance);
      BOOST_TEST(r.certificate >= static_cast<double>(model.value(r.x) - least));
      // f(x) − f* ≥ ‖x − x*‖² times half the least curvature: far above 1e-7 here.
      double off = 0;
      for (std::size_t j = 0; j != best.size(); ++j)
        off += std::pow(r.x(j) - static_cast<double>(best[j]), 2);
      if (tolerance < 1e-10) BOOST_TEST(off <= 1e-4);
      double const rounding = 1e-13 * (1 + static_cast<double>(least));
      for (auto const& e : r.history)
        BOOST_TEST(e.certificate >= e.objective - static_cast<double>(least) - rounding);
    }
}

// Calls check_runs for strengths of the penalty from 100/n to 0.01/n, with and without weights.
template <class Matrix, class Loss, class Exact>
void check_every_run(Loss const& loss, Exact const& exact, bool classes) {
  intercept_problem const data(n, d, 11);
  auto const rows = support::in_layout<Matrix>(data.rows);
  auto const& y = classes ? data.labels : data.reals;
  for (double const strength : {100.0, 1.0, 0.01})
    for (bool const weighted : {false, true}) {
      double const lambda = strength / static_cast<double>(n);
      linear_options options{.intercept = weighted ? 0.5 : 1};
      std::span<double const> weights;
      if (weighted) options.weights = weights = data.weights;
      support::free_intercept_model<Exact> const model{&data.rows, y,      weights,
                                                       exact,      lambda, options.intercept};
      check_runs(linear_objective(rows, y, loss, l2{lambda}, options), model);
    }
}

}  // namespace

BOOST_AUTO_TEST_CASE(logistic_regression_ends_at_the_minimum) {
  check_every_run<dense_matrix<double>>(logistic{}, support::logistic_at, true);
}

BOOST_AUTO_TEST_CASE(least_squares_end_at_the_minimum) {
  check_every_run<csr_matrix<double>>(squared{}, support::squared_at, false);
}

BOOST_AUTO_TEST_CASE(a_squared_hinge_ends_at_the_minimum) {
  check_every_run<csr_matrix<double>>(squared_hinge{}, support::squared_hinge_at, true);
}

BOOST_AUTO_TEST_CASE(a_huber_loss_ends_at_the_minimum) {
  check_every_run<dense_matrix<double>>(huber{1}, support::huber_at, false);
}

BOOST_AUTO_TEST_CASE(a_shift_of_the_targets_moves_the_intercept_alone) {
  intercept_problem const data(n, d, 5);
  auto const rows = to_csr(data.rows);
  auto shifted = data.reals;
  for (double& y : shifted) y += 7;
  auto const answer = [&](std::vector<double> const& y) {
    linear_objective const f(rows, y, squared{}, l2{0.1}, {.intercept = 2});
    auto const r = minimize(f, {.tolerance = 1e-12}, serial{});
    BOOST_TEST((r.reason == stop_reason::tolerance_reached));
    return r.x;
  };
  auto const x = answer(data.reals), moved = answer(shifted);
  // (λ/2)‖x − x*‖² ≤ 1e-12 in each
  for (std::size_t j = 0; j != d; ++j) BOOST_TEST(std::abs(moved(j) - x(j)) <= 1e-5);
  BOOST_TEST(std::abs(moved(d) - x(d) - 3.5) <= 1e-5);
}

BOOST_AUTO_TEST_CASE(without_a_penalty_there_is_no_certificate_as_ever) {
  intercept_problem const data(n, d, 5);
  auto const rows = to_csr(data.rows);
  linear_objective const f(rows, data.reals, squared{}, l2{0}, {.intercept = 1});
  linear_objective const same(rows, data.reals, squared{}, l2{0},
                              {.intercept = 1, .regularize_intercept = true});
  auto const r = minimize(f, {.epochs = 5, .tolerance = 1e-3}, serial{});
  auto const other = minimize(same, {.epochs = 5, .tolerance = 1e-3}, serial{});
  BOOST_TEST((r.reason == stop_reason::steps_done));
  BOOST_TEST(std::isinf(r.certificate));
  for (std::size_t j = 0; j <= d; ++j) BOOST_TEST(r.x(j) == other.x(j));
}

BOOST_AUTO_TEST_CASE(a_run_that_ends_before_its_tolerance_has_a_certificate) {
  intercept_problem const data(n, d, 5);
  auto const rows = to_csr(data.rows);
  linear_objective const f(rows, data.reals, squared{}, l2{0.01}, {.intercept = 1});
  auto const r = minimize(f, {.epochs = 3, .tolerance = 1e-14}, serial{});
  BOOST_TEST(std::isfinite(r.certificate));
  auto const endless = minimize(f, {.tolerance = 1e-300}, serial{});
  BOOST_TEST((endless.reason == stop_reason::precision_reached));
  BOOST_TEST(endless.certificate <= 1e-12 * (1 + endless.objective));
}
