// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE data_columns
#include "localsgd/data/columns.hpp"

#include <boost/test/unit_test.hpp>
#include <cstddef>
#include <vector>

using namespace localsgd;

namespace {

// 0 2 0 1
// 0 0 0 0
// 3 0 0 4
csr_matrix<double> example() { return {4, {0, 2, 2, 4}, {1, 3, 0, 3}, {2, 1, 3, 4}}; }

}  // namespace

BOOST_AUTO_TEST_CASE(a_column_has_its_entries) {
  detail::matrix_columns<double> const columns(example());
  BOOST_TEST(columns.rows() == 3u);
  BOOST_TEST(columns.size() == 4u);
  BOOST_TEST(columns.nonzeros() == 4u);
  std::vector<double> const v{1, 10, 100};
  std::vector<double> const dots{300, 2, 0, 401};
  std::vector<std::size_t> const nonzeros{1, 1, 0, 2};
  for (std::size_t j = 0; j != 4; ++j) {
    BOOST_TEST(columns.dot(j, v.data()) == dots[j]);
    BOOST_TEST(columns.nonzeros(j) == nonzeros[j]);
  }
}

BOOST_AUTO_TEST_CASE(selected_columns_are_a_matrix) {
  detail::matrix_columns<double> const columns(example());
  std::vector<std::size_t> const which{0, 2, 3};
  auto const some = to_dense(columns.select(which));
  dense_matrix<double> const expected{{0, 0, 1}, {0, 0, 0}, {3, 0, 4}};
  BOOST_TEST((some == expected));
}

BOOST_AUTO_TEST_CASE(all_columns_are_the_matrix_and_none_an_empty_one) {
  detail::matrix_columns<double> const columns(example());
  std::vector<std::size_t> const all{0, 1, 2, 3};
  BOOST_TEST((to_dense(columns.select(all)) == to_dense(example())));
  auto const none = columns.select({});
  BOOST_TEST(none.rows() == 3u);
  BOOST_TEST(none.columns() == 0u);
}
