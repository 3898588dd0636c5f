// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE worker_newton_class_columns
#include "localsgd/worker/newton/class_columns.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "localsgd/kernels/packed_cholesky.hpp"
#include "localsgd/regularizer/interval_penalty.hpp"
#include "test/support/problems.hpp"

namespace {

using localsgd::detail::class_column_descent;
using localsgd::detail::class_column_quadratic;
using localsgd::detail::coordinate_descent;
using localsgd::detail::packed_size;
using place = class_column_quadratic::place;
using vector = std::vector<double>;

constexpr std::size_t n = 30, classes = 3, columns = 4;

struct sample {
  vector a, p;
  double scale;
};
// Probabilities that sum to 1, about half of the features 0, and a sample with weight 0.
std::vector<sample> samples() {
  support::numbers random(4);
  std::vector<sample> all;
  for (std::size_t i = 0; i != n; ++i) {
    sample s{vector(columns), vector(classes), i == 3 ? 0 : random.between(0.5, 2)};
    for (double& each : s.a) each = random.below(2) == 0 ? 0 : random.on_grid();
    double sum = 0;
    for (double& each : s.p) sum += each = random.between(0.1, 1);
    for (double& each : s.p) each /= sum;
    all.push_back(s);
  }
  return all;
}
// Not all columns of all classes, in an order of their own.
std::vector<place> places() { return {{0, 0}, {0, 2}, {1, 1}, {1, 2}, {2, 3}, {2, 0}, {1, 3}}; }

double entry(std::vector<sample> const& all, place k, place m) {
  double sum = 0;
  for (sample const& s : all) {
    double const pk = s.p[k.of_class], pm = s.p[m.of_class];
    double const same = k.of_class == m.of_class ? pk : 0;
    sum += s.scale * (same - pk * pm) * s.a[k.column] * s.a[m.column];
  }
  return sum;
}
void write(std::vector<sample> const& all, class_column_quadratic& to) {
  to.clear(places(), classes, columns);
  for (sample const& s : all) {
    for (std::size_t j = 0; j != columns; ++j)
      if (s.a[j] != 0) to.push(static_cast<std::uint32_t>(j), s.a[j]);
    to.end_row(s.scale, s.p);
  }
  to.finish();
}

}  // namespace

BOOST_AUTO_TEST_CASE(its_slopes_are_those_of_the_matrix) {
  auto const all = samples();
  auto const at = places();
  class_column_quadratic quadratic;
  for (int again = 0; again != 2; ++again) {  // one object serves several matrices
    write(all, quadratic);
    BOOST_REQUIRE(quadratic.size() == at.size());
    vector g(at.size()), v(at.size());
    for (std::size_t k = 0; k != g.size(); ++k) g[k] = static_cast<double>(k) - 2;
    quadratic.start(g);
    auto const check = [&] {
      for (std::size_t k = 0; k != at.size(); ++k) {
        double expected = g[k];
        for (std::size_t m = 0; m != at.size(); ++m) expected += entry(all, at[k], at[m]) * v[m];
        BOOST_TEST(std::abs(quadratic.slope(k) - expected) < 1e-11);
      }
    };
    check();
    for (std::size_t k = 0; k != at.size(); ++k)
      BOOST_TEST(quadratic.diagonal(k) == entry(all, at[k], at[k]),
                 boost::test_tools::tolerance(1e-13));
    for (std::size_t k = 0; k != at.size(); ++k) {
      v[k] = 0.5 - 0.25 * static_cast<double>(k % 4);
      quadratic.move(k, v[k]);
    }
    check();
    quadratic.keep();
    quadratic.move(2, 10);
    quadratic.undo();
    check();
  }
}

BOOST_AUTO_TEST_CASE(its_minimum_is_that_of_the_matrix) {
  auto const all = samples();
  auto const at = places();
  std::size_t const m = at.size();
  class_column_descent by_columns;
  write(all, by_columns);
  vector triangle(packed_size(m)), x(m), g(m), one(m), other(m);
  for (std::size_t k = 0; k != m; ++k) {
    for (std::size_t j = 0; j <= k; ++j) triangle[packed_size(k) + j] = entry(all, at[k], at[j]);
    x[k] = k % 2 == 0 ? 0 : 0.3;
    g[k] = 3 * std::cos(static_cast<double>(k));
  }
  coordinate_descent by_matrix;
  by_matrix.take(triangle, m);
  localsgd::detail::interval_penalty const r{.l1 = 1};
  auto const prox = [&](std::size_t, double v, double step) { return r.prox(step)(v); };
  auto const penalty = [&](std::span<double const> u) {
    double sum = 0;
    for (double const each : u) sum += r.value(each);
    return sum;
  };
  double const fall = by_columns(prox, penalty, x, g, 0, 1, one);
  // By columns the descent ends with steps of 1e-7 of the first one: class_column_quadratic::exact.
  double const expected = by_matrix(prox, penalty, x, g, 0, 1, other);
  BOOST_TEST(fall == expected, boost::test_tools::tolerance(1e-7));
  std::size_t zeros = 0;
  for (std::size_t k = 0; k != m; ++k) {
    BOOST_TEST(std::abs(one[k] - other[k]) < 1e-6);
    BOOST_TEST((one[k] == 0) == (other[k] == 0));
    zeros += one[k] == 0 ? 1 : 0;
  }
  BOOST_TEST((zeros > 0 && zeros < m));
}
