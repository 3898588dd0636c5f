// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE kernels_rank_update
#include "localsgd/kernels/rank_update.hpp"

#include <boost/test/unit_test.hpp>
#include <algorithm>
#include <cstddef>
#include <vector>

using localsgd::detail::packed_size;
using localsgd::detail::rank_update;

BOOST_AUTO_TEST_CASE(outer_products_are_added_to_the_lower_half_of_a_block) {
  for (std::size_t const m : {1U, 3U, 4U, 8U, 17U, 32U, 37U})
    for (std::size_t const count : {0U, 1U, 5U, 32U}) {
      rank_update rows(m);
      for (std::size_t r = 0; r != count; ++r) {
        auto const row = rows.next();
        for (std::size_t j = 0; j != m; ++j) row[j] = static_cast<double>(r + j);
        rows.push(static_cast<double>(r) - 2);
      }
      BOOST_TEST(rows.size() == count);
      BOOST_TEST(rows.full() == (count == 32));
      std::size_t const at = m + 2, left = 1;
      std::vector<double> triangle(packed_size(at + m), 1.0), expected = triangle;
      for (std::size_t i = 0; i != m; ++i)
        for (std::size_t j = 0; j <= i; ++j)
          for (std::size_t r = 0; r != count; ++r)  // all are small integers, so sums are exact
            expected[packed_size(at + i) + left + j] +=
                (static_cast<double>(r) - 2) * static_cast<double>((r + i) * (r + j));
      rows.add_to(triangle, at, left);
      BOOST_TEST((triangle == expected));
    }
}

BOOST_AUTO_TEST_CASE(weights_may_change_between_two_sums_of_the_same_rows) {
  rank_update rows(2);
  auto const row = rows.next();
  row[0] = 3;
  row[1] = 5;
  rows.push(1);
  std::vector<double> triangle(packed_size(2));
  rows.add_to(triangle, 0, 0);
  rows.weights[0] = -2;
  rows.add_to(triangle, 0, 0);
  BOOST_TEST((triangle == std::vector<double>{-9, -15, -25}));
}

BOOST_AUTO_TEST_CASE(the_next_row_is_zero_after_a_clear) {
  rank_update rows(5);
  std::ranges::fill(rows.next(), 7.0);
  rows.push(1);
  rows.clear();
  BOOST_TEST(rows.size() == 0U);
  for (double const value : rows.next()) BOOST_TEST(value == 0.0);
}
