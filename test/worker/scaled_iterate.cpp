// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE worker_scaled_iterate
#include "localsgd/worker/scaled_iterate.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstddef>
#include <span>
#include <tuple>
#include <vector>

#include "test/support/problems.hpp"

namespace {

using localsgd::csr_matrix;
using localsgd::dense_matrix;
using localsgd::detail::scaled_iterate;

using layouts =
    std::tuple<dense_matrix<float>, dense_matrix<double>, csr_matrix<float>, csr_matrix<double>>;
template <class Matrix>
constexpr bool is_sparse = localsgd::detail::has_sparse_rows<Matrix>;

constexpr std::size_t n = 30, d = 13;

// x and A = Σ w_t x_t by their definitions, in more than double precision.
struct reference {
  std::vector<long double> x = std::vector<long double>(d), sum = std::vector<long double>(d);
  long double weights = 0;

  void weigh(double w) {
    weights += static_cast<long double>(w);
    for (std::size_t j = 0; j != d; ++j) sum[j] += static_cast<long double>(w) * x[j];
  }
  void step(double factor, double c, dense_matrix<double> const& a, std::size_t i) {
    for (std::size_t j = 0; j != d; ++j)
      x[j] = static_cast<long double>(factor) * x[j] + static_cast<long double>(c * a(i, j));
  }
  std::vector<double> average() const {
    std::vector<double> out(d);
    for (std::size_t j = 0; j != d; ++j) out[j] = static_cast<double>(sum[j] / weights);
    return out;
  }
};

template <class Matrix>
Matrix features() {
  using value = typename Matrix::value_type;
  return support::in_layout<Matrix>(support::random_features<value>(n, d, 1, 0.4));
}

template <class Matrix>
struct worst_errors {
  double of_x = 0, of_average = 0;

  // `factors` are used in turn.
  worst_errors(std::vector<double> const& factors, std::size_t steps) {
    auto const a = features<Matrix>();
    auto const dense = features<dense_matrix<double>>();
    scaled_iterate<is_sparse<Matrix>> lazy(d);
    reference book;
    support::numbers random(5);
    for (std::size_t t = 0; t != steps; ++t) {
      double const w = static_cast<double>((t + 1) * (t + 1)), factor = factors[t % factors.size()];
      lazy.weigh(w);
      book.weigh(w);
      double const c =  // x neither grows nor vanishes
          random.on_grid() * std::max(1 - std::abs(factor), 1e-3);
      std::size_t const i = random.below(n);
      lazy.shrink(factor);
      lazy.add(c / lazy.scale(), localsgd::detail::row_of(a, i));
      book.step(factor, c, dense, i);
      if (t % 11 != 10) continue;
      std::vector<double> out(d);
      lazy.write(std::span(out));
      of_x = std::max(of_x, support::relative_distance(out, book.x));
      lazy.write_average(static_cast<double>(book.weights), std::span(out));
      of_average = std::max(of_average, support::relative_distance(out, book.average()));
    }
  }
};

}  // namespace

BOOST_AUTO_TEST_CASE_TEMPLATE(long_sequences_follow_the_definition, Matrix, layouts) {
  for (std::vector<double> const& factors :
       std::vector<std::vector<double>>{{1.0},              // no penalty
                                        {0.995},            // the scale falls to e^-30, slowly
                                        {0.9, 0.99},        // and fast
                                        {0.5},              //
                                        {0.9, -0.5},        // steps beyond zero
                                        {0.9, 0.0, 0.7},    // steps onto zero
                                        {1e-5, 0.9, 0.99},  // out of range at once
                                        {1.5, 0.6, 1e6, 1e-6}}) {
    worst_errors<Matrix> const worst(factors, 6000);
    BOOST_TEST_CONTEXT("factors from " << factors[0]) {
      // 6000 roundings of 1e-16, times the factor 1e3 by which scaled numbers may cancel.
      BOOST_TEST(worst.of_x <= 1e-12);
      BOOST_TEST(worst.of_average <= 1e-12);
    }
  }
}

BOOST_AUTO_TEST_CASE_TEMPLATE(products_with_rows_are_those_of_x_once_scaled, Matrix, layouts) {
  auto const a = features<Matrix>();
  scaled_iterate<is_sparse<Matrix>> lazy(d);
  auto const x = support::random_point(d, 3);
  lazy.assign(std::span<double const>(x));
  lazy.shrink(0.25);
  BOOST_TEST(lazy.size() == d);
  BOOST_TEST(lazy.scale() == 0.25);
  for (std::size_t i = 0; i != n; ++i) {
    auto const row = localsgd::detail::row_of(a, i);
    // All numbers are on the grid, so all sums are exact.
    BOOST_TEST(lazy.scale() * lazy.dot(row) == 0.25 * localsgd::detail::dot(row, x.data()));
  }
  for (std::size_t j = 0; j != d; ++j) BOOST_TEST(lazy.v(j) == x[j]);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_single_coordinate_can_be_changed, Matrix, layouts) {
  scaled_iterate<is_sparse<Matrix>> lazy(3);
  std::vector<double> out(3);
  lazy.assign(std::span<double const>(std::vector<double>{1, 2, 3}));
  lazy.weigh(1);
  lazy.shrink(0.5);
  lazy.add_at(8, 2);  // x = (0.5, 1, 5.5)
  lazy.weigh(3);
  lazy.write(std::span(out));
  BOOST_TEST((out == std::vector<double>{0.5, 1, 5.5}));
  lazy.write_average(4, std::span(out));
  BOOST_TEST((out == std::vector<double>{2.5 / 4, 5.0 / 4, 19.5 / 4}));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(all_coordinates_but_one_can_be_shrunk, Matrix, layouts) {
  for (double const factor : {0.5, 0.0, -0.25}) {  // all is exact
    scaled_iterate<is_sparse<Matrix>> lazy(3);
    std::vector<double> out(3);
    lazy.assign(std::span<double const>(std::vector<double>{1, 2, 3}));
    lazy.weigh(1);
    lazy.shrink_all_but(2, factor);
    lazy.weigh(3);
    lazy.write(std::span(out));
    BOOST_TEST((out == std::vector<double>{factor, 2 * factor, 3}));
    lazy.write_average(4, std::span(out));
    BOOST_TEST((out == std::vector<double>{(1 + 3 * factor) / 4, (2 + 6 * factor) / 4, 3}));
  }
}

BOOST_AUTO_TEST_CASE_TEMPLATE(an_assignment_keeps_the_average, Matrix, layouts) {
  scaled_iterate<is_sparse<Matrix>> lazy(2);
  std::vector<double> out(2);
  lazy.assign(std::span<double const>(std::vector<double>{1, 2}));
  lazy.weigh(1);
  lazy.shrink(0.5);
  lazy.assign(std::span<double const>(std::vector<double>{1e9, -1e9}));
  BOOST_TEST(lazy.scale() == 1);
  lazy.write_average(1, std::span(out));
  BOOST_TEST((out == std::vector<double>{1, 2}));
  lazy.assign(std::span<double const>(std::vector<double>{4, 0}));
  lazy.weigh(3);
  lazy.write_average(4, std::span(out));
  BOOST_TEST((out == std::vector<double>{13.0 / 4, 0.5}));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(the_scale_never_is_zero, Matrix, layouts) {
  scaled_iterate<is_sparse<Matrix>> lazy(2);
  lazy.assign(std::span<double const>(std::vector<double>{1, 2}));
  lazy.shrink(0);
  BOOST_TEST(lazy.scale() == 1);
  std::vector<double> out(2);
  lazy.write(std::span(out));
  BOOST_TEST((out == std::vector<double>{0, 0}));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(numbers_that_are_not_finite_are_passed_on, Matrix, layouts) {
  for (double const bad : {support::not_a_number, support::infinity}) {
    scaled_iterate<is_sparse<Matrix>> lazy(2);
    lazy.assign(std::span<double const>(std::vector<double>{1, 2}));
    lazy.shrink(bad);
    std::vector<double> out(2);
    lazy.write(std::span(out));
    BOOST_TEST((!std::isfinite(out[0]) && !std::isfinite(out[1])));
  }
}
