// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE data_views_dense_view
#include "localsgd/data/views/dense_view.hpp"

#include "localsgd/kernels/rows.hpp"
#include "localsgd/loss/logistic.hpp"
#include "localsgd/objective/linear.hpp"
#include "localsgd/regularizer/l2.hpp"

#include <array>
#include <boost/test/unit_test.hpp>
#include <cstddef>
#include <limits>
#include <span>
#include <type_traits>
#include <vector>

#include "test/support/problems.hpp"

namespace {

using namespace localsgd;

}  // namespace

BOOST_AUTO_TEST_CASE(rows_are_read_where_they_are) {
  std::vector<float> const numbers{1, 0, 2, 0, 3, 0};
  dense_view<float> const a(numbers, 2, 3);
  BOOST_TEST(a.data() == numbers.data());
  BOOST_TEST(a.size() == 6u);
  BOOST_TEST(detail::row_count(a) == 2u);
  BOOST_TEST(detail::column_count(a) == 3u);
  BOOST_TEST(detail::row_of(a, 1).data() == numbers.data() + 3);
}

BOOST_AUTO_TEST_CASE(an_objective_over_a_view_has_the_bits_of_one_over_a_matrix) {
  dense_matrix<double> const owned{{1, 2, 3}, {-1, 0.5, 4}, {0, -2, 1}};
  dense_view<double> const view(detail::span_of(owned), 3, 3);
  std::vector<double> const y{1, -1, 1};
  linear_objective const f(owned, y, logistic{}, l2{0.1});
  linear_objective const g(view, y, logistic{}, l2{0.1});
  std::vector<double> const x{0.3, -0.7, 0.1};
  std::array<std::size_t, 3> const all{0, 1, 2};
  std::vector<double> at_f(3), at_g(3);
  BOOST_TEST(f.gradient(x, all, at_f) == g.gradient(x, all, at_g));
  BOOST_TEST(at_f == at_g);
}

BOOST_AUTO_TEST_CASE(the_number_of_values_must_be_that_of_the_matrix) {
  std::vector<double> const numbers(6);
  auto const error_of = [&](std::size_t rows, std::size_t columns) {
    return support::error_of<invalid_data>(
        [&] { (void)dense_view<double>(numbers, rows, columns); });
  };
  BOOST_TEST(error_of(2, 4).found == "6 numbers");
  BOOST_TEST(error_of(2, 4).expected == "2 rows of 4");
  BOOST_TEST(error_of(0, 3).file == "values");
  // rows·columns is 2^64 + 6, which is 6 as std::size_t.
  std::size_t const many = std::numeric_limits<std::size_t>::max() / 2 + 4;
  BOOST_TEST(error_of(many, 2).file == "values");
}

BOOST_AUTO_TEST_CASE(a_temporary_that_owns_its_numbers_is_refused) {
  using std::is_constructible_v, std::size_t;
  static_assert(!is_constructible_v<dense_view<double>, std::vector<double>, size_t, size_t>);
  static_assert(is_constructible_v<dense_view<double>, std::vector<double>&, size_t, size_t>);
  static_assert(is_constructible_v<dense_view<double>, std::span<double>, size_t, size_t>);
}

BOOST_AUTO_TEST_CASE(an_empty_view_has_no_rows) {
  BOOST_TEST(dense_view<double>().shape(0) == 0u);
  BOOST_TEST(dense_view<double>({}, 0, 3).shape(1) == 3u);
  BOOST_TEST(dense_view<double>({}, 3, 0).shape(0) == 3u);
}
