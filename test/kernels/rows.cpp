// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE kernels_rows
#include "localsgd/kernels/rows.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <tuple>
#include <utility>
#include <vector>

#include "test/support/problems.hpp"

namespace {

using namespace localsgd::detail;
using support::layouts;
using dense = localsgd::dense_matrix<double>;

// Every length of a tail after whole vectors.
constexpr std::size_t lengths[] = {1, 2, 3, 7, 8, 9, 31, 64, 100};

// A matrix with neither kind of rows.
struct no_rows {
  std::size_t rows() const;
};

}  // namespace

BOOST_AUTO_TEST_CASE(matrices_of_both_kinds_are_told_from_all_else) {
  using sparse = localsgd::csr_matrix<float>;
  static_assert(feature_matrix<dense> && feature_matrix<sparse>);
  static_assert(has_sparse_rows<sparse> && !has_sparse_rows<dense>);
  static_assert(is_row_major_2d<dense> && !is_row_major_2d<sparse>);
  static_assert(!feature_matrix<no_rows> && !feature_matrix<int>);
  static_assert(sparse_row<decltype(row_of(std::declval<sparse const&>(), 0))>);
  static_assert(!sparse_row<decltype(row_of(std::declval<dense const&>(), 0))>);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_matrix_says_its_shape, Matrix, layouts) {
  auto const a = support::features<Matrix>(5, 3, 1);
  BOOST_TEST(row_count(a) == 5U);
  BOOST_TEST(column_count(a) == 3U);
}

BOOST_AUTO_TEST_CASE(the_work_of_a_row_is_what_is_stored_of_it) {
  dense const a{{1, 0, 0, 0}, {0, 2, 3, 0}};
  BOOST_TEST(entries_per_row(a) == 4.0);
  BOOST_TEST(entries_per_row(localsgd::to_csr(a)) == 1.5);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(products_with_rows_are_those_of_their_definition, Matrix, layouts) {
  using value = typename Matrix::value_type;
  for (std::size_t const d : lengths) {
    auto const plain = support::random_features<value>(4, d, 1, 0.6);
    auto const a = support::in_layout<Matrix>(plain);
    auto const x = support::random_point(d, 2);
    auto const narrow = support::random_point<float>(d, 2);  // multiples of 1/64: the arithmetic is exact
    for (std::size_t i = 0; i != 4; ++i) {
      double product = 0, square = 0;
      for (std::size_t j = 0; j != d; ++j) {
        product += static_cast<double>(plain(i, j)) * x[j];
        square += static_cast<double>(plain(i, j)) * static_cast<double>(plain(i, j));
      }
      auto const row = row_of(a, i);
      BOOST_TEST(dot(row, x.data()) == product);
      BOOST_TEST(dot(row, narrow.data()) == product);
      BOOST_TEST(squared_norm_of(row) == square);
    }
  }
}

BOOST_AUTO_TEST_CASE_TEMPLATE(adding_a_row_changes_its_coordinates_and_no_others, Matrix, layouts) {
  using value = typename Matrix::value_type;
  for (std::size_t const d : lengths) {
    auto const plain = support::random_features<value>(2, d, 3, 0.6);
    auto const a = support::in_layout<Matrix>(plain);
    std::vector<double> y = support::random_point(d + 1, 4), expected = y;
    for (std::size_t j = 0; j != d; ++j) expected[j] += 0.5 * static_cast<double>(plain(1, j));
    add_scaled(0.5, row_of(a, 1), y.data());
    BOOST_TEST((y == expected));
    std::vector<float> z(d + 1, 1), wanted = z;
    for (std::size_t j = 0; j != d; ++j) wanted[j] -= static_cast<float>(plain(0, j));
    add_scaled(-1, row_of(a, 0), z.data());
    BOOST_TEST((z == wanted));
  }
}

BOOST_AUTO_TEST_CASE_TEMPLATE(entries_come_in_the_order_of_their_columns, Matrix, layouts) {
  auto const plain = support::random_features<typename Matrix::value_type>(1, 20, 5, 0.5);
  auto const a = support::in_layout<Matrix>(plain);
  std::size_t next = 0, seen = 0;
  double sum = 0, expected = 0;
  for_each_entry(row_of(a, 0), [&](std::size_t j, double value) {
    BOOST_TEST(j >= next);
    BOOST_TEST(value == static_cast<double>(plain(0, j)));
    next = j + 1;
    ++seen;
    sum += value;
  });
  for (auto const e : plain) expected += static_cast<double>(e);
  BOOST_TEST(sum == expected);
  if constexpr (!has_sparse_rows<Matrix>) BOOST_TEST(seen == 20U);
}

BOOST_AUTO_TEST_CASE(a_row_without_entries_is_zero) {
  auto const a = localsgd::to_csr(dense{{0, 0}, {0, 1}});
  auto const row = row_of(a, 0);
  std::vector<double> x{support::not_a_number, support::infinity};  // not read
  BOOST_TEST(dot(row, x.data()) == 0.0);
  BOOST_TEST(squared_norm_of(row) == 0.0);
  add_scaled(support::infinity, row, x.data());
  BOOST_TEST(x[1] == support::infinity);
  for_each_entry(row, [](std::size_t, double) { BOOST_ERROR("an entry"); });
  prefetch_row(a, 0);
  prefetch_row(a, 1);
}

BOOST_AUTO_TEST_CASE(numbers_that_are_not_finite_go_through) {
  dense const a{{1, 2}};
  std::vector<double> const x{support::not_a_number, 1};
  BOOST_TEST(std::isnan(dot(row_of(a, 0), x.data())));
  BOOST_TEST(std::isnan(dot(row_of(localsgd::to_csr(a), 0), x.data())));
  prefetch_row(a, 0);
  prefetch_all(std::span<double const>(x));
  prefetch_all(std::span<double const>());
}
