// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE worker_svrg_iterate
#include "localsgd/worker/svrg/iterate.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <tuple>
#include <vector>

#include "test/support/problems.hpp"
#include "test/support/step_table.hpp"

namespace {

using localsgd::detail::row_of;
using localsgd::detail::variance_reduced_iterate;
using layouts = support::layouts;

// 21 columns: vectors of any width leave some over. One more coordinate for an intercept.
constexpr std::size_t n = 30, columns = 21, d = columns + 1;

// The drift h and the step sizes η.
template <class Matrix>
using steps_for = support::step_table<localsgd::detail::has_sparse_rows<Matrix>, d>;
template <class Matrix>
using iterate_for = variance_reduced_iterate<steps_for<Matrix>>;

// x and A = Σ w_t x_t by their definitions, in more than double precision.
struct reference {
  using real = long double;
  std::vector<real> x = std::vector<real>(d), sum = std::vector<real>(d);
  real weights = 0;
  std::vector<double> h, eta;

  void weigh(double w) {
    weights += static_cast<real>(w);
    for (std::size_t j = 0; j != d; ++j) sum[j] += static_cast<real>(w) * x[j];
  }
  void make_common_step() {
    for (std::size_t j = 0; j != d; ++j) x[j] -= static_cast<real>(h[j]);
  }
  void add_at(double c, std::size_t j) { x[j] += static_cast<real>(c) * static_cast<real>(eta[j]); }
  void add(double c, localsgd::dense_matrix<double> const& a, std::size_t i) {
    for (std::size_t j = 0; j != columns; ++j) add_at(c * a(i, j), j);
  }
  double dot(localsgd::dense_matrix<double> const& a, std::size_t i) const {
    real product = 0;
    for (std::size_t j = 0; j != columns; ++j) product += static_cast<real>(a(i, j)) * x[j];
    return static_cast<double>(product);
  }
  void assign(std::vector<double> const& from) { std::ranges::copy(from, x.begin()); }
  void restart(double all, std::vector<double> const& average) {
    assign(average);
    weights = static_cast<real>(all);
    for (std::size_t j = 0; j != d; ++j) sum[j] = weights * x[j];
  }
  std::vector<double> point() const {
    std::vector<double> out(d);
    for (std::size_t j = 0; j != d; ++j) out[j] = static_cast<double>(x[j]);
    return out;
  }
  std::vector<double> average() const {
    std::vector<double> out(d);
    for (std::size_t j = 0; j != d; ++j) out[j] = static_cast<double>(sum[j] / weights);
    return out;
  }
};

template <class Matrix>
Matrix features() {
  return support::features<Matrix>(n, columns, 0.4);
}

// An iterate with h and η at random, and the reference with the same.
template <class Matrix>
struct pair_of {
  steps_for<Matrix> steps;
  iterate_for<Matrix> lazy{steps, d};
  reference book;
  support::numbers random{5};

  pair_of() { take(0.01); }

  void take(double size) {  // at the start, or after an assign
    book.h.clear(), book.eta.clear();
    for (std::size_t j = 0; j != d; ++j) {
      book.h.push_back(size * random.between(-1, 1));
      book.eta.push_back(random.between(0.01, 1));
    }
    steps.take(book.h, book.eta);
  }
  std::vector<double> point() const {
    std::vector<double> out(d);
    lazy.write(std::span(out));
    return out;
  }
  std::vector<double> average() const {
    std::vector<double> out(d);
    lazy.write_average(static_cast<double>(book.weights), std::span(out));
    return out;
  }
  void assign(std::vector<double> const& from) {
    lazy.assign(std::span<double const>(from));
    book.assign(from);
  }
  void check(double tolerance) const {
    BOOST_TEST(support::relative_distance(point(), book.x) <= tolerance);
    BOOST_TEST(support::relative_distance(average(), book.average()) <= tolerance);
  }
};

}  // namespace

BOOST_AUTO_TEST_CASE_TEMPLATE(it_starts_at_zero, Matrix, layouts) {
  pair_of<Matrix> const both;
  BOOST_TEST(both.lazy.size() == d);
  BOOST_TEST((both.point() == std::vector<double>(d)));
  for (std::size_t j = 0; j != d; ++j) BOOST_TEST(both.lazy.x(j) == 0);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(long_sequences_follow_the_definition, Matrix, layouts) {
  auto const a = features<Matrix>();
  auto const dense = features<localsgd::dense_matrix<double>>();
  pair_of<Matrix> both;
  for (std::size_t t = 0; t != 4000; ++t) {
    double const w = std::pow(static_cast<double>(t + 1), 2);
    both.lazy.weigh(w), both.book.weigh(w);
    std::size_t const i = both.random.below(n);
    double const z = both.lazy.dot(row_of(a, i));
    BOOST_TEST(std::abs(z - both.book.dot(dense, i)) <= 1e-11 * (1 + support::norm(both.book.x)));
    both.lazy.make_common_step(), both.book.make_common_step();
    double const c = 0.1 * both.random.on_grid();
    both.lazy.add(c, row_of(a, i)), both.book.add(c, dense, i);
    both.lazy.add_at(c / 2, columns), both.book.add_at(c / 2, columns);
    if (t % 97 == 96) both.check(1e-12);
    if (t % 400 != 399) continue;
    both.assign(support::random_point(d, t));  // a round ends, and sometimes the anchor moves
    both.check(1e-12);
    if (t % 800 == 799) both.take(0.02);
    both.check(1e-12);
    if (t != 1999) continue;
    auto const from = support::random_point(d, 3);
    both.lazy.restart(1e9, std::span<double const>(from));
    both.book.restart(1e9, from);
    both.check(1e-15);
  }
}

BOOST_AUTO_TEST_CASE_TEMPLATE(on_the_grid_all_is_exact, Matrix, layouts) {
  // All numbers are multiples of 1/64 with few digits, so nothing is rounded.
  auto const a = features<Matrix>();
  auto const dense = features<localsgd::dense_matrix<double>>();
  pair_of<Matrix> both;
  for (double& e : both.book.h) e = both.random.on_grid();
  both.book.eta.assign(d, 0.5);
  both.steps.take(both.book.h, both.book.eta);
  both.assign(support::random_point(d, 1));
  for (std::size_t t = 0; t != 40; ++t) {
    double const w = static_cast<double>(t + 1), c = both.random.on_grid();
    both.lazy.weigh(w), both.book.weigh(w);
    for (std::size_t i = 0; i != n; ++i)
      BOOST_TEST(both.lazy.dot(row_of(a, i)) == both.book.dot(dense, i));
    both.lazy.make_common_step(), both.book.make_common_step();
    both.lazy.add(c, row_of(a, t % n)), both.book.add(c, dense, t % n);
    both.lazy.add_at(c, t % d), both.book.add_at(c, t % d);
    BOOST_TEST((both.point() == both.book.point()));
    BOOST_TEST((both.average() == both.book.average()));
    for (std::size_t j = 0; j != d; ++j) BOOST_TEST(both.lazy.x(j) == both.book.point()[j]);
  }
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_drift_enters_the_average_from_the_next_step_on, Matrix, layouts) {
  pair_of<Matrix> both;
  both.book.h.assign(d, 1), both.book.eta.assign(d, 1);
  both.steps.take(both.book.h, both.book.eta);
  both.assign(std::vector<double>(d, 8));
  both.lazy.weigh(1);  // 8
  both.lazy.make_common_step();
  both.lazy.weigh(2);  // 7
  both.lazy.make_common_step();
  both.lazy.add_at(4, 0);  // 10 there, 6 elsewhere
  both.lazy.weigh(1);
  std::vector<double> out(d);
  both.lazy.write_average(4, std::span(out));
  BOOST_TEST(out[0] == (8 + 14 + 10) / 4.0);
  BOOST_TEST(out[1] == (8 + 14 + 6) / 4.0);
  BOOST_TEST(out[columns] == (8 + 14 + 6) / 4.0);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(an_assignment_keeps_the_average, Matrix, layouts) {
  pair_of<Matrix> both;
  both.assign(std::vector<double>(d, 2));
  both.lazy.weigh(1), both.book.weigh(1);
  both.lazy.make_common_step();
  both.assign(std::vector<double>(d, 1e9));
  both.take(100);  // the anchor moves: what was averaged stays
  std::vector<double> out(d);
  both.lazy.write_average(1, std::span(out));
  for (double const e : out) BOOST_TEST(e == 2, boost::test_tools::tolerance(1e-15));
  both.assign(std::vector<double>(d, 4));
  both.lazy.weigh(3);
  both.lazy.write_average(4, std::span(out));
  for (double const e : out) BOOST_TEST(e == 3.5, boost::test_tools::tolerance(1e-15));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_restart_forgets_everything, Matrix, layouts) {
  pair_of<Matrix> both;
  both.assign(std::vector<double>(d, 3e10));
  both.lazy.weigh(7);
  both.lazy.make_common_step();
  auto const from = support::random_point(d, 3);
  both.lazy.restart(5, std::span<double const>(from));
  BOOST_TEST((both.point() == from));
  std::vector<double> out(d);
  both.lazy.write_average(5, std::span(out));
  BOOST_TEST((out == from));  // on the grid: exact
  both.lazy.weigh(3);
  both.lazy.write_average(8, std::span(out));
  BOOST_TEST((out == from));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(points_of_float_are_widened_and_rounded, Matrix, layouts) {
  pair_of<Matrix> both;
  auto const from = support::random_point<float>(d, 3);
  std::vector<float> out(d);
  both.lazy.assign(std::span<float const>(from));
  both.lazy.write(std::span(out));
  BOOST_TEST((out == from));
  both.lazy.weigh(1);
  both.lazy.make_common_step();
  both.lazy.write(std::span(out));
  for (std::size_t j = 0; j != d; ++j)
    BOOST_TEST(out[j] == static_cast<float>(static_cast<double>(from[j]) - both.book.h[j]));
  both.lazy.write_average(1, std::span(out));
  BOOST_TEST((out == from));
  both.lazy.restart(2, std::span<float const>(from));
  both.lazy.write_average(2, std::span(out));
  BOOST_TEST((out == from));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(an_empty_row_changes_nothing, Matrix, layouts) {
  auto const a = support::in_layout<Matrix>(
      localsgd::dense_matrix<typename Matrix::value_type>({1, columns}, 0));
  pair_of<Matrix> both;
  auto const from = support::random_point(d, 3);
  both.assign(from);
  BOOST_TEST(both.lazy.dot(row_of(a, 0)) == 0);
  both.lazy.add(5, row_of(a, 0));
  BOOST_TEST((both.point() == from));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(numbers_that_are_not_finite_are_passed_on, Matrix, layouts) {
  auto const a = features<Matrix>();
  for (double const bad : {support::not_a_number, support::infinity}) {
    pair_of<Matrix> both;
    both.lazy.add_at(bad, 3);
    for (std::size_t j = 0; j != d; ++j) BOOST_TEST(std::isfinite(both.lazy.x(j)) == (j != 3));
    auto const dense = features<localsgd::dense_matrix<double>>();
    for (std::size_t i = 0; i != n; ++i)
      if (dense(i, 3) != 0) BOOST_TEST(!std::isfinite(both.lazy.dot(row_of(a, i))));
  }
}
