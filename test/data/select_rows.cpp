// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE data_select_rows
#include "localsgd/data/select_rows.hpp"

#include <array>
#include <boost/test/unit_test.hpp>
#include <cstddef>
#include <span>
#include <vector>

#include "test/support/problems.hpp"

namespace {

using namespace localsgd;

}  // namespace

BOOST_AUTO_TEST_CASE(rows_are_copied_in_the_order_asked_for_and_as_often) {
  dense_matrix<float> const a{{1, 0, 2}, {0, 0, 0}, {0, 3, 0}};
  std::vector<std::size_t> const samples{2, 0, 1, 2};
  dense_matrix<float> const expected{{0, 3, 0}, {1, 0, 2}, {0, 0, 0}, {0, 3, 0}};
  BOOST_TEST((select_rows(a, samples) == expected));

  auto const sparse = select_rows(to_csr(a), samples);
  BOOST_TEST((to_dense(sparse) == expected));
  BOOST_TEST(sparse.columns() == 3u);
  BOOST_TEST(sparse.nonzeros() == 4u);
  BOOST_TEST(sparse.row(2).values.empty());
}

BOOST_AUTO_TEST_CASE(the_selected_rows_outlive_the_matrix) {
  csr_matrix<double> selected;
  {
    dense_matrix<double> const a{{1, 2}, {3, 4}};
    std::vector<std::size_t> const samples{1};
    selected = select_rows(to_csr(a), samples);
  }
  BOOST_TEST(selected.row(0).values[0] == 3);
  BOOST_TEST(selected.row(0).indices[1] == 1u);
}

BOOST_AUTO_TEST_CASE(no_rows_can_be_selected) {
  dense_matrix<double> const a{{1, 2}, {3, 4}};
  BOOST_TEST(select_rows(a, {}).shape(0) == 0u);
  BOOST_TEST(select_rows(to_csr(a), {}).rows() == 0u);
  BOOST_TEST(select_rows(to_csr(a), {}).columns() == 2u);
}

BOOST_AUTO_TEST_CASE(an_index_beyond_the_rows_is_refused) {
  dense_matrix<double> const a{{1, 2}, {3, 4}};
  std::vector<std::size_t> const samples{0, 2};
  auto const check = [&](auto const& matrix) {
    auto const e = support::error_of<invalid_data>([&] { (void)select_rows(matrix, samples); });
    BOOST_TEST(e.file == "samples[1]");
    BOOST_TEST(e.found == "2");
  };
  check(a);
  check(to_csr(a));
}
