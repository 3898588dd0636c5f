// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE data_used_columns
#include "localsgd/data/used_columns.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

using namespace localsgd;

namespace {

/// Row i has an entry in each column of rows[i], the number of the entry.
csr_matrix<float> matrix_of(std::vector<std::vector<std::uint32_t>> const& rows,
                            std::size_t columns) {
  std::vector<std::size_t> starts{0};
  std::vector<std::uint32_t> indices;
  std::vector<float> values;
  for (auto const& row : rows) {
    for (std::uint32_t const j : row) {
      indices.push_back(j);
      values.push_back(static_cast<float>(values.size()));
    }
    starts.push_back(values.size());
  }
  return {columns, detail::to_vector<std::size_t>(std::span<std::size_t const>(starts)),
          detail::to_vector<std::uint32_t>(std::span<std::uint32_t const>(indices)),
          detail::to_vector<float>(std::span<float const>(values))};
}

/// Every third column of 20,001 from 0 to 17,997: once, and every second of these twice.
csr_matrix<float> every_third_column() {
  std::vector<std::vector<std::uint32_t>> rows(4);  // the last one is empty
  for (std::uint32_t j = 0; j != 6000; ++j) {
    rows[j % 3 == 0 ? 0 : 1].push_back(3 * j);
    if (j % 2 == 1) rows[2].push_back(3 * j);
  }
  return matrix_of(rows, 20001);
}

using entries = std::vector<std::pair<std::uint32_t, float>>;

}  // namespace

BOOST_AUTO_TEST_CASE(the_matrix_has_the_same_entries_in_other_columns) {
  auto const all = every_third_column();
  auto const used = detail::without_empty_columns(all);
  BOOST_REQUIRE(used.has_value());
  BOOST_TEST(used->matrix.columns() == 6000u);
  BOOST_TEST(used->original.size() == 6000u);
  BOOST_REQUIRE(used->matrix.rows() == all.rows());
  for (std::size_t i = 0; i != all.rows(); ++i) {
    auto const before = all.row(i), after = used->matrix.row(i);
    entries expected, found;
    for (std::size_t k = 0; k != before.indices.size(); ++k)
      expected.emplace_back(before.indices[k], before.values[k]);
    for (std::size_t k = 0; k != after.indices.size(); ++k)
      found.emplace_back(used->original[after.indices[k]], after.values[k]);
    std::sort(found.begin(), found.end());
    BOOST_TEST((found == expected));
  }
}

BOOST_AUTO_TEST_CASE(the_matrix_keeps_the_rules_of_a_matrix) {
  auto const used = detail::without_empty_columns(every_third_column());
  BOOST_CHECK_NO_THROW(detail::csr_access::check(used->matrix));
}

BOOST_AUTO_TEST_CASE(the_entries_outlive_the_matrix_they_come_from) {
  auto all = every_third_column();
  auto const used = detail::without_empty_columns(all);
  all = csr_matrix<float>();
  BOOST_TEST(used->matrix.row(0).values[0] == 1.0f);  // of column 9, the first frequent one
  BOOST_TEST(used->matrix.rows() == 4u);
}

BOOST_AUTO_TEST_CASE(frequent_columns_come_first) {
  auto const used = detail::without_empty_columns(every_third_column());
  // 6,000 columns do not fit into the cache. Those that occur twice are the odd multiples of 3.
  for (std::uint32_t j = 0; j != 3000; ++j) {
    BOOST_TEST(used->original[j] == 3 * (2 * j + 1));
    BOOST_TEST(used->original[3000 + j] == 3 * (2 * j));
  }
}

BOOST_AUTO_TEST_CASE(columns_that_all_fit_into_the_cache_keep_their_order) {
  auto const used = detail::without_empty_columns(matrix_of({{5, 8000, 8001}, {8001}}, 10000));
  BOOST_REQUIRE(used.has_value());
  std::vector<std::uint32_t> const expected{5, 8000, 8001};
  BOOST_TEST(used->original == expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_count_that_at_most_so_many_columns_reach) {
  std::vector<std::uint32_t> const count{0, 5, 1, 3, 0, 3, 2};
  BOOST_TEST(detail::count_of_frequent(count, 5) == 1u);  // all that are not empty
  BOOST_TEST(detail::count_of_frequent(count, 4) == 2u);
  BOOST_TEST(detail::count_of_frequent(count, 3) == 3u);
  BOOST_TEST(detail::count_of_frequent(count, 2) == 4u);  // 3 is reached by three columns
  BOOST_TEST(detail::count_of_frequent(count, 1) == 4u);
}

BOOST_AUTO_TEST_CASE(nothing_is_copied_where_it_does_not_pay_off) {
  std::vector<std::uint32_t> three_quarters, all_but_one_more;
  for (std::uint32_t j = 0; j != 9000; ++j)
    if (j % 4 != 0) three_quarters.push_back(j);
  all_but_one_more = three_quarters;
  all_but_one_more.insert(all_but_one_more.begin(), 0);
  BOOST_TEST(detail::without_empty_columns(matrix_of({three_quarters}, 9000)).has_value());
  BOOST_TEST(!detail::without_empty_columns(matrix_of({all_but_one_more}, 9000)).has_value());

  BOOST_TEST(detail::without_empty_columns(matrix_of({{1}}, 8193)).has_value());
  BOOST_TEST(!detail::without_empty_columns(matrix_of({{1}}, 8192)).has_value());  // short vectors
  BOOST_TEST(!detail::without_empty_columns(matrix_of({{}}, 9000)).has_value());  // no column is left

  std::vector<std::uint32_t> few(100);  // 8,900 empty columns
  for (std::uint32_t j = 0; j != few.size(); ++j) few[j] = j;
  BOOST_TEST(detail::without_empty_columns(
                 matrix_of(std::vector<std::vector<std::uint32_t>>(2848, few), 9000)).has_value());
  BOOST_TEST(!detail::without_empty_columns(  // more than 32 entries for each of them
                  matrix_of(std::vector<std::vector<std::uint32_t>>(2849, few), 9000)).has_value());
}
