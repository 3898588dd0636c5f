// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE worker_svrg_steps
#include "localsgd/worker/svrg/steps.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstddef>
#include <span>
#include <tuple>
#include <vector>

#include "localsgd/checkpoint/archive.hpp"
#include "localsgd/loss/logistic.hpp"
#include "localsgd/loss/squared.hpp"
#include "localsgd/objective/linear.hpp"
#include "localsgd/objective/quadratic.hpp"
#include "test/support/teams.hpp"
#include "test/support/problems.hpp"

namespace {

using localsgd::l2;
using localsgd::linear_objective;
using localsgd::linear_options;
using localsgd::logistic;
using localsgd::plan;
using localsgd::quadratic;
using localsgd::squared;
using localsgd::detail::averaging_gain;
using localsgd::detail::full_gradient;
using localsgd::detail::state_reader;
using localsgd::detail::state_writer;
using localsgd::detail::svrg_steps;

constexpr std::size_t n = 40, d = 5;
using dense = localsgd::dense_matrix<double>;
using sparse = localsgd::csr_matrix<double>;
using both = std::tuple<dense, sparse>;

// The table of f after one look at the data, if `automatic`, and at a full gradient n·(1, 2, …).
template <class F>
svrg_steps<F> table_of(F const& f, plan const& p, double step, bool automatic, double factor = 1,
                       std::vector<double> sum = {}) {
  svrg_steps<F> table(f, p, step, automatic);
  full_gradient pass(p);
  support::with_team(p.workers, 1, [&](auto& team) { table.prepare(f, pass, team, p); });
  bool const given = !sum.empty();
  sum.resize(p.dimension);
  for (std::size_t j = 0; !given && j != sum.size(); ++j) sum[j] = static_cast<double>((j + 1) * f.samples());
  table.choose(sum, static_cast<double>(f.samples()));
  table.take(sum, static_cast<double>(f.samples()), factor);
  return table;
}
template <class Table>
std::vector<double> etas(Table const& t, std::size_t of) {
  std::vector<double> all(of);
  for (std::size_t j = 0; j != of; ++j) all[j] = t.table()[t.eta_at(j)];
  return all;
}

auto const to_rounding = boost::test_tools::tolerance(1e-13);

}  // namespace

BOOST_AUTO_TEST_CASE_TEMPLATE(a_given_step_size_is_that_of_all_coordinates, Matrix, both) {
  auto const a = support::features<Matrix>(n, d, 0.5);
  auto const y = support::random_signs(n, 1);
  linear_objective const f(a, y, logistic{}, l2{0});
  auto const p = support::make_plan(n, d, 4, 1);
  auto const t = table_of(f, p, 0.5, false, 0.5);
  for (std::size_t j = 0; j != d; ++j) {
    BOOST_TEST(t.table()[t.eta_at(j)] == 0.25);
    BOOST_TEST(t.table()[t.common_step_at(j)] == 0.25 * static_cast<double>(j + 1));  // η·∇f(x̃)_j
  }
  BOOST_TEST(t.relative().empty());
  BOOST_TEST(t.sparse == localsgd::detail::has_sparse_rows<Matrix>);
  BOOST_TEST(t.slopes().all().size() == n);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(no_step_is_longer_than_the_penalty_allows, Matrix, both) {
  auto const a = support::features<Matrix>(n, d, 0.5);
  auto const y = support::random_signs(n, 1);
  linear_objective const f(a, y, logistic{}, l2{2});
  // An anchor lasts for m = n/(Kb) = 5 steps: at most 1/(λm) = 1/10.
  auto const t = table_of(f, support::make_plan(n, d, 4, 2), 1e9, false);
  for (double const eta : etas(t, d)) BOOST_TEST(eta == 0.1, to_rounding);
  // One for 4 times as many steps: 1/(4λm).
  auto const p = support::make_plan(n, d, 4, 2);
  svrg_steps<decltype(f)> longer(f, p, 1e9, false, 4);
  longer.take(std::vector<double>(d), n, 1);
  for (double const eta : etas(longer, d)) BOOST_TEST(eta == 0.025, to_rounding);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(automatic_steps_do_not_depend_on_the_units_of_a_feature, Matrix,
                              both) {
  // Units far apart in both, so that neither keeps them.
  dense plain = support::random_features<double>(n, d, 1, 0.6);
  for (std::size_t i = 0; i != n; ++i)
    for (std::size_t j = 0; j != d; ++j) plain(i, j) *= std::exp2(5.0 * static_cast<double>(j));
  auto const y = support::random_signs(n, 1);
  auto const p = support::make_plan(n, d, 4, 1);
  dense scaled = plain;
  for (std::size_t i = 0; i != n; ++i) scaled(i, 2) *= 1024;
  auto const a = support::in_layout<Matrix>(plain), b = support::in_layout<Matrix>(scaled);
  linear_objective const f(a, y, logistic{}, l2{0}), g(b, y, logistic{}, l2{0});
  std::vector<double> sum(d);  // a slope has the units of its feature
  for (std::size_t j = 0; j != d; ++j) sum[j] = std::exp2(5.0 * static_cast<double>(j));
  std::vector<double> longer = sum;
  longer[2] *= 1024;
  auto const before = etas(table_of(f, p, 1, true, 1, sum), d),
             after = etas(table_of(g, p, 1, true, 1, longer), d);
  for (std::size_t j = 0; j != d; ++j)
    BOOST_TEST(after[j] == (j == 2 ? before[j] / (1024.0 * 1024.0) : before[j]), to_rounding);
}

BOOST_AUTO_TEST_CASE(rare_features_take_longer_steps) {
  // Values of 1: feature 0 in all rows, feature 1 in one of 16. q_1/q_0 = (1/16)^(1/4) = 1/2.
  dense a(std::array<std::size_t, 2>{16, 2});
  for (std::size_t i = 0; i != 16; ++i) {
    a(i, 0) = 1;
    a(i, 1) = i == 3 ? 1 : 0;
  }
  auto const y = support::random_signs(16, 1);
  linear_objective const f(a, y, logistic{}, l2{0});
  // f falls along feature 1 alone, and its rate decides.
  auto const t = table_of(f, support::make_plan(16, 2, 1, 1), 1, true, 1, {0, 1});
  BOOST_TEST(t.table()[t.eta_at(1)] == 2 * t.table()[t.eta_at(0)], to_rounding);
  BOOST_TEST(t.relative()[1] == 2 * t.relative()[0], to_rounding);
}

BOOST_AUTO_TEST_CASE(rows_of_length_one_keep_their_units) {
  // Each row has one feature of value 1/2 and one of √3/2, which are rare. Dividing by
  // the mean squares would give rows the curvature 2 in place of 1, and η_j h_j·m is above 1 anyway.
  std::size_t const rows = 4096;
  dense a(std::array<std::size_t, 2>{rows, 32});
  a.fill(0);
  for (std::size_t i = 0; i != rows; ++i) {
    a(i, i % 16) = 0.5;
    a(i, 16 + i % 16) = std::sqrt(0.75);
  }
  auto const y = support::random_signs(rows, 1);
  linear_objective const f(a, y, squared{}, l2{0});
  auto const t = table_of(f, support::make_plan(rows, 32, 2, 1), 1, true);
  for (double const eta : etas(t, 32)) BOOST_TEST(eta == 1.0, to_rounding);
}

BOOST_AUTO_TEST_CASE(the_automatic_step_of_equal_rows_is_1_over_their_curvature) {
  // One feature of value 3 in all rows: q = 9, so every row has curvature 1·9/9 = 1; K = 2: a gain
  // of 1. η = 1/(1·9).
  dense a(std::array<std::size_t, 2>{8, 1});
  a.fill(3);
  std::vector<double> const y(8, 1.0);
  linear_objective const f(a, y, squared{}, l2{0});
  auto const t = table_of(f, support::make_plan(8, 1, 2, 1), 1, true);
  BOOST_TEST(t.table()[t.eta_at(0)] == 1.0 / 9, to_rounding);
  // Slopes of least squares are not bounded: more workers do not lengthen the steps.
  auto const many = table_of(f, support::make_plan(8, 1, 8, 1), 1, true);
  BOOST_TEST(many.table()[many.eta_at(0)] == 1.0 / 9, to_rounding);
}

BOOST_AUTO_TEST_CASE(features_without_a_value_have_finite_steps) {
  for (bool const all : {false, true}) {
    dense a(std::array<std::size_t, 2>{4, 2});
    a.fill(0);
    if (!all) a(1, 0) = 2;
    auto const y = support::random_signs(4, 1);
    linear_objective const f(a, y, logistic{}, l2{0},
                             linear_options{.intercept = 0.5, .regularize_intercept = true});
    for (double const eta : etas(table_of(f, support::make_plan(4, 3, 2, 1), 1, true), 3)) {
      BOOST_TEST(std::isfinite(eta));
      BOOST_TEST(eta > 0);
    }
  }
}

BOOST_AUTO_TEST_CASE(a_table_that_waits_is_the_same_in_the_end) {
  auto const a = support::features<sparse>(n, d, 0.5);
  auto const y = support::random_signs(n, 1);
  linear_objective const f(a, y, logistic{}, l2{0.1});
  auto const p = support::make_plan(n, d, 4, 1);
  std::vector<double> const first(d, 40.0), second(d, 80.0);
  auto now = table_of(f, p, 1, true, 1, first);
  now.take(second, n, 0.5);
  decltype(now) later(f, p, 1, true);
  full_gradient pass(p);
  later.postpone();
  later.choose(first, n);
  later.take(first, n, 1);
  later.take(second, n, 0.5);
  BOOST_TEST(later.postponed());
  support::with_team(p.workers, 1, [&](auto& team) { later.catch_up(f, pass, team, p); });
  BOOST_TEST(!later.postponed());
  BOOST_TEST((etas(later, d) == etas(now, d)));
}

BOOST_AUTO_TEST_CASE(a_table_goes_through_a_checkpoint) {
  auto const a = support::features<sparse>(n, d, 0.5);
  auto const y = support::random_signs(n, 1);
  linear_objective const f(a, y, logistic{}, l2{0.1});
  auto const p = support::make_plan(n, d, 4, 1);
  auto t = table_of(f, p, 1, true);
  state_writer out;
  out(t);
  decltype(t) other(f, p, 1, true);
  state_reader in(out.bytes);
  in(other);
  BOOST_TEST(in.left() == 0U);
  BOOST_TEST((etas(other, d) == etas(t, d)));
  // And it goes on from there.
  std::vector<double> const sum(d, 80.0);
  t.take(sum, n, 0.25);
  other.take(sum, n, 0.25);
  for (std::size_t j = 0; j != 2 * d; ++j) BOOST_TEST(other.table()[j] == t.table()[j]);
}
