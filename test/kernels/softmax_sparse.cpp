// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE kernels_softmax_sparse
#include "localsgd/kernels/softmax_sparse.hpp"

#include <boost/test/unit_test.hpp>
#include <cstddef>
#include <span>
#include <vector>

#include "localsgd/data/csr_matrix.hpp"
#include "test/support/problems.hpp"

namespace {

namespace detail = localsgd::detail;
using sparse = localsgd::csr_matrix<double>;

detail::sparse_rows<sparse> rows_of(sparse const& a, std::span<std::size_t const> batch) {
  return {&a, a.columns(), batch};
}

}  // namespace

// Multiples of 1/64: sums of products are exact, so zeros that are not stored change nothing.
BOOST_AUTO_TEST_CASE(sparse_rows_give_the_bits_of_dense_ones) {
  for (std::size_t const classes : {1U, 2U, 3U, 5U, 6U, 11U})
    for (std::size_t const d : {1U, 2U, 9U, 64U}) {
      auto const plain = support::random_features<double>(6, d, 1, 0.4);
      auto const a = localsgd::to_csr(plain);
      std::vector<std::size_t> const batch{5, 0, 0, 3};  // unordered, and one of them twice
      auto const x = support::random_point(classes * d, 2);
      detail::dense_rows<double> const dense{plain.data(), d, batch};

      std::vector<double> scores(batch.size() * classes + 1, -7), expected = scores;
      detail::scores_of(rows_of(a, batch), x.data(), classes, scores.data());
      detail::scores_of(dense, x.data(), classes, expected.data());
      BOOST_TEST((scores == expected), classes << " classes, d = " << d);

      auto const slopes = support::random_point(batch.size() * classes, 3);
      std::vector<double> g(classes * d, support::not_a_number), h = g;
      double const squares =
          detail::add_gradient(rows_of(a, batch), slopes.data(),
                               detail::gradient_target<double>{x.data(), 0.5, g.data()}, classes);
      double const same = detail::add_gradient(
          dense, slopes.data(), detail::gradient_target<double>{x.data(), 0.5, h.data()}, classes);
      BOOST_TEST((g == h), classes << " classes, d = " << d);
      BOOST_TEST(squares == same);
    }
}

BOOST_AUTO_TEST_CASE(rows_without_entries_score_zero_and_leave_the_penalty) {
  sparse const a = localsgd::to_csr(localsgd::dense_matrix<double>{{0, 0, 0}, {1, 0, 2}});
  std::vector<std::size_t> const batch{0};
  std::vector<double> const x{1, 2, 3, 4, 5, 6}, slopes{7, 8};
  std::vector<double> scores(2, -1), g(6, -1);
  detail::scores_of(rows_of(a, batch), x.data(), 2, scores.data());
  BOOST_TEST((scores == std::vector<double>{0, 0}));
  double const squares = detail::add_gradient(
      rows_of(a, batch), slopes.data(), detail::gradient_target<double>{x.data(), 2, g.data()}, 2);
  BOOST_TEST((g == std::vector<double>{2, 4, 6, 8, 10, 12}));
  BOOST_TEST(squares == 91.0);
}

BOOST_AUTO_TEST_CASE(without_a_point_the_rows_are_added_to_what_is_there) {
  sparse const a = localsgd::to_csr(localsgd::dense_matrix<double>{{0, 0, 0}, {1, 0, 2}});
  std::vector<std::size_t> const batch{1, 1};
  std::vector<double> const slopes{1, 10, 2, 20};  // for two classes, per row
  std::vector<double> g{1, 1, 1, 1, 1, 1};
  detail::add_gradient(rows_of(a, batch), slopes.data(),
                       detail::gradient_target<double>{nullptr, 2, g.data()}, 2);
  BOOST_TEST((g == std::vector<double>{4, 1, 7, 31, 1, 61}));
}

BOOST_AUTO_TEST_CASE(a_batch_says_its_size_and_its_rows) {
  sparse const a = localsgd::to_csr(localsgd::dense_matrix<double>{{1, 0}, {0, 5}});
  std::vector<std::size_t> const batch{1};
  auto const rows = rows_of(a, batch);
  BOOST_TEST(rows.size() == 1U);
  BOOST_TEST(rows[0].indices[0] == 1U);
  BOOST_TEST(rows[0].values[0] == 5.0);
  BOOST_TEST(rows_of(a, {}).size() == 0U);
}
