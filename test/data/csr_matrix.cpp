// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE data_csr_matrix
#include "localsgd/data/csr_matrix.hpp"

#include <array>
#include <boost/test/unit_test.hpp>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <random>
#include <span>
#include <stdexcept>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>


namespace {

using localsgd::csr_matrix;
using localsgd::invalid_data;
using localsgd::vector;
using starts = vector<std::size_t>;
using indices = vector<std::uint32_t>;
using value_types = std::tuple<float, double>;

// Checks that building the matrix fails, and why.
invalid_data error_of(std::size_t columns, starts s, indices i, vector<float> v) {
  try {
    csr_matrix<float>(columns, std::move(s), std::move(i), std::move(v));
  } catch (invalid_data const& e) {
    return e;
  }
  throw std::logic_error("the matrix was accepted");
}

void check(invalid_data const& e, std::string const& argument, std::string const& found,
           std::string const& expected) {
  BOOST_TEST(e.file == argument);
  BOOST_TEST(e.found == found);
  BOOST_TEST(e.expected == expected);
  BOOST_TEST(e.line == 0U);
  BOOST_TEST(e.column == 0U);
}

float const not_a_number = std::numeric_limits<float>::quiet_NaN();
float const infinity = std::numeric_limits<float>::infinity();

}  // namespace

BOOST_AUTO_TEST_CASE_TEMPLATE(a_default_matrix_has_no_rows_and_no_columns, Value, value_types) {
  csr_matrix<Value> const empty;
  BOOST_TEST(empty.rows() == 0U);
  BOOST_TEST(empty.columns() == 0U);
  BOOST_TEST(empty.nonzeros() == 0U);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(rows_lie_between_row_starts, Value, value_types) {
  // 0 5 0 6
  // 0 0 0 0
  // 7 0 0 0
  csr_matrix<Value> const a(4, starts{0, 2, 2, 3}, indices{1, 3, 0}, vector<Value>{5, 6, 7});
  BOOST_TEST(a.rows() == 3U);
  BOOST_TEST(a.columns() == 4U);
  BOOST_TEST(a.nonzeros() == 3U);

  std::vector<std::vector<std::uint32_t>> const expected_indices{{1, 3}, {}, {0}};
  std::vector<std::vector<Value>> const expected_values{{5, 6}, {}, {7}};
  for (std::size_t i = 0; i != 3; ++i) {
    auto const row = a.row(i);
    BOOST_TEST(std::vector(row.indices.begin(), row.indices.end()) == expected_indices[i],
               boost::test_tools::per_element());
    BOOST_TEST(std::vector(row.values.begin(), row.values.end()) == expected_values[i],
               boost::test_tools::per_element());
  }
}

BOOST_AUTO_TEST_CASE(a_row_is_read_without_checks_and_cannot_throw) {
  static_assert(noexcept(std::declval<csr_matrix<> const&>().row(0)));
  static_assert(
      std::is_same_v<decltype(csr_matrix<>().row(0).indices), std::span<std::uint32_t const>>);
  static_assert(std::is_same_v<decltype(csr_matrix<>().row(0).values), std::span<float const>>);
  BOOST_TEST(noexcept(std::declval<csr_matrix<> const&>().row(0)));
}

BOOST_AUTO_TEST_CASE(a_copy_and_a_moved_matrix_hold_the_same_entries) {
  csr_matrix<float> a(9, starts{0, 1}, indices{8}, vector<float>{2.5F});
  csr_matrix<float> const copy = a;
  csr_matrix<float> const moved = std::move(a);
  for (auto const* m : {&copy, &moved}) {
    BOOST_TEST(m->rows() == 1U);
    BOOST_TEST(m->columns() == 9U);
    BOOST_TEST(m->row(0).indices[0] == 8U);
    BOOST_TEST(m->row(0).values[0] == 2.5F);
  }
}

BOOST_AUTO_TEST_CASE(copies_share_the_entries_and_rows_live_as_long_as_any_of_them) {
  auto a = std::make_optional<csr_matrix<float>>(9, starts{0, 1}, indices{8}, vector<float>{2.5F});
  auto const row = a->row(0);
  csr_matrix<float> const copy = *a;
  BOOST_TEST(copy.row(0).values.data() == row.values.data());
  BOOST_TEST(copy.row(0).indices.data() == row.indices.data());
  a.reset();
  BOOST_TEST(row.indices[0] == 8U);
  BOOST_TEST(row.values[0] == 2.5F);

  // The target of an assignment releases only its own entries.
  csr_matrix<float> other(1, starts{0, 1}, indices{0}, vector<float>{7});
  csr_matrix<float> const kept = other;
  other = copy;
  BOOST_TEST(other.row(0).values[0] == 2.5F);
  BOOST_TEST(kept.row(0).values[0] == 7.0F);
  other = csr_matrix<float>();
  BOOST_TEST(other.rows() == 0U);
}

BOOST_AUTO_TEST_CASE(a_view_holds_on_to_the_owner_of_its_memory) {
  struct memory {
    std::vector<std::size_t> row_starts{0, 1, 3};
    std::vector<std::uint32_t> indices{4, 0, 2};
    std::vector<double> values{1, 2, 3};
  };
  auto own = std::make_shared<memory>();
  std::weak_ptr<memory> const watch = own;
  auto view = std::make_optional(localsgd::detail::csr_access::view<double>(
      5, own->row_starts, own->indices, own->values, own));
  BOOST_TEST(view->row(1).values.data() == own->values.data() + 1);  // no copy
  own.reset();
  auto copy = std::make_optional(*view);
  view.reset();
  BOOST_TEST(!watch.expired());
  BOOST_TEST(copy->rows() == 2U);
  BOOST_TEST(copy->nonzeros() == 3U);
  BOOST_TEST(copy->row(1).indices[1] == 2U);
  BOOST_TEST(copy->row(1).values[1] == 3.0);
  copy.reset();
  BOOST_TEST(watch.expired());
}

BOOST_AUTO_TEST_CASE(only_the_library_makes_a_matrix_that_is_not_checked) {
  using entries = std::span<std::uint32_t const>;
  static_assert(
      !std::is_constructible_v<csr_matrix<float>, std::size_t, std::span<std::size_t const>,
                               entries, std::span<float const>>);
  static_assert(
      !std::is_constructible_v<csr_matrix<float>, std::size_t, std::span<std::size_t const>,
                               entries, std::span<float const>, std::shared_ptr<void const>>);
  static_assert(
      std::is_constructible_v<csr_matrix<float>, std::size_t, starts, indices, vector<float>>);
  BOOST_CHECK_THROW(csr_matrix<float>(1, starts{0, 1}, indices{1}, vector<float>{1}), invalid_data);
}

BOOST_AUTO_TEST_CASE(the_quick_check_finds_every_single_mistake_in_a_large_matrix) {
  // Rows of 0 … 6 entries, more than one stretch of the fast check.
  std::vector<std::size_t> s{0};
  std::vector<std::uint32_t> j;
  for (std::size_t i = 0; i != 2000; ++i) {
    for (std::uint32_t k = 0; k != i % 7; ++k)
      j.push_back(10 * k + static_cast<std::uint32_t>(i % 3));
    s.push_back(j.size());
  }
  BOOST_TEST(j.size() > 4096U);
  std::vector<float> const v(j.size(), 1.0F);
  auto const build = [&](std::vector<std::uint32_t> const& with, std::vector<float> const& values) {
    return csr_matrix<float>(
        53, localsgd::detail::to_vector<std::size_t>(std::span<std::size_t const>(s)),
        localsgd::detail::to_vector<std::uint32_t>(std::span<std::uint32_t const>(with)),
        localsgd::detail::to_vector<float>(std::span<float const>(values)));
  };
  BOOST_TEST(build(j, v).nonzeros() == j.size());  // the largest index is 10·5 + 2 = 52
  std::size_t accepted = 0;
  auto const refused = [&](auto const& call, std::string const& argument) {
    try {
      call();
      ++accepted;
    } catch (invalid_data const& e) {
      if (e.file != argument) ++accepted;
    }
  };
  for (std::size_t i = 0; i < 2000; i += 13)
    for (std::size_t k = s[i]; k != s[i + 1]; ++k) {
      std::string const at = "[" + std::to_string(k) + "]";
      auto bad = j;
      bad[k] = 53;
      refused([&] { build(bad, v); }, "indices" + at);
      if (k != s[i]) {
        bad[k] = bad[k - 1];
        refused([&] { build(bad, v); }, "indices" + at);
      }
      auto values = v;
      values[k] = k % 2 == 0 ? not_a_number : -infinity;
      refused([&] { build(j, values); }, "values" + at);
    }
  BOOST_TEST(accepted == 0U);
}

BOOST_AUTO_TEST_CASE(stored_zeros_are_entries) {
  csr_matrix<float> const a(2, starts{0, 2}, indices{0, 1}, vector<float>{0.0F, 1.0F});
  BOOST_TEST(a.nonzeros() == 2U);
  BOOST_TEST(a.row(0).values[0] == 0.0F);
}

BOOST_AUTO_TEST_CASE(the_last_column_of_32_bits_can_be_used) {
  csr_matrix<float> const a(std::size_t{1} << 32U, starts{0, 1}, indices{0xffffffffU},
                            vector<float>{1.0F});
  BOOST_TEST(a.row(0).indices[0] == 0xffffffffU);
}

BOOST_AUTO_TEST_CASE(row_starts_must_not_be_empty) {
  check(error_of(3, starts(std::array<std::size_t, 1>{0}), {}, {}), "row_starts", "no elements",
        "rows + 1 elements");
}

BOOST_AUTO_TEST_CASE(row_starts_must_begin_at_0) {
  check(error_of(3, starts{1, 2}, indices{0, 1}, {1, 1}), "row_starts[0]", "1", "0");
}

BOOST_AUTO_TEST_CASE(row_starts_must_ascend) {
  check(error_of(3, starts{0, 2, 1, 2}, indices{0, 1}, {1, 1}), "row_starts[2]", "1",
        "at least 2, because row_starts must not decrease");
  // A start beyond the values is rejected before anything is read there.
  check(error_of(3, starts{0, 900, 2}, indices{0, 1}, {1, 1}), "row_starts[2]", "2",
        "at least 900, because row_starts must not decrease");
}

BOOST_AUTO_TEST_CASE(row_starts_must_end_at_the_number_of_values) {
  check(error_of(3, starts{0, 1}, indices{0, 1}, {1, 1}), "row_starts[1]", "1",
        "2, the number of values");
  check(error_of(3, starts{0, 3}, indices{0, 1}, {1, 1}), "row_starts[1]", "3",
        "2, the number of values");
}

BOOST_AUTO_TEST_CASE(there_must_be_one_index_for_each_value) {
  check(error_of(3, starts{0, 2}, indices{0}, {1, 1}), "indices", "1 elements",
        "2 elements, one for each value");
}

BOOST_AUTO_TEST_CASE(indices_must_be_below_the_number_of_columns) {
  check(error_of(3, starts{0, 1, 2}, indices{2, 3}, {1, 1}), "indices[1]", "3",
        "below 3, the number of columns");
}

BOOST_AUTO_TEST_CASE(indices_of_a_row_must_be_sorted_and_unique) {
  check(error_of(10, starts{0, 1, 3}, indices{4, 9, 5}, {1, 1, 1}), "indices[2]", "5",
        "above 9, because the indices of a row must increase");
  check(error_of(10, starts{0, 1, 3}, indices{4, 9, 9}, {1, 1, 1}), "indices[2]", "9",
        "above 9, because the indices of a row must increase");
  // Between rows, indices may decrease.
  csr_matrix<float> const a(10, starts{0, 1, 2}, indices{9, 0}, vector<float>{1, 1});
  BOOST_TEST(a.rows() == 2U);
}

BOOST_AUTO_TEST_CASE(values_must_be_finite) {
  check(error_of(3, starts{0, 2}, indices{0, 1}, {1, not_a_number}), "values[1]", "nan",
        "a finite number");
  check(error_of(3, starts{0, 2}, indices{0, 1}, {-infinity, 1}), "values[0]", "-inf",
        "a finite number");
}

BOOST_AUTO_TEST_CASE_TEMPLATE(to_csr_stores_exactly_the_nonzeros, Value, value_types) {
  localsgd::dense_matrix<Value> const dense{{0, 5, 0, 6}, {0, 0, 0, 0}, {7, 0, 0, 0}};
  auto const a = localsgd::to_csr(dense);
  static_assert(std::is_same_v<decltype(a), csr_matrix<Value> const>);
  BOOST_TEST(a.columns() == 4U);
  BOOST_TEST(a.nonzeros() == 3U);
  BOOST_TEST(a.row(0).indices[1] == 3U);
  BOOST_TEST(a.row(0).values[1] == Value{6});
  BOOST_TEST(a.row(1).indices.empty());
  BOOST_TEST(a.row(2).values[0] == Value{7});
}

BOOST_AUTO_TEST_CASE_TEMPLATE(dense_to_sparse_and_back_changes_nothing, Value, value_types) {
  std::mt19937_64 random(1);
  for (std::size_t const columns : {1U, 2U, 17U}) {
    for (std::size_t const rows : {1U, 3U, 40U}) {
      localsgd::dense_matrix<Value> dense(std::array<std::size_t, 2>{rows, columns});
      for (Value& x : dense) x = static_cast<Value>(static_cast<int>(random() % 5) - 2);
      BOOST_TEST((localsgd::to_dense(localsgd::to_csr(dense)) == dense));
    }
  }
}

BOOST_AUTO_TEST_CASE(to_csr_refuses_what_is_not_finite) {
  localsgd::dense_matrix<float> const dense{{0.0F, 1.0F, not_a_number}};
  BOOST_CHECK_THROW(localsgd::to_csr(dense), invalid_data);
}
