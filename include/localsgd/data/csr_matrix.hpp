// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/error.hpp"
#include "localsgd/core/tensor.hpp"
#include "localsgd/fwd.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

/// @file
/// @brief Sparse samples: a matrix in compressed sparse row (CSR) form, one sample per row.

namespace localsgd {

namespace detail {
struct csr_access;
}

/// @brief n samples with d features, of which only the stored entries may differ from zero.
///
/// Row i holds the entries row_starts[i] … row_starts[i+1] − 1 of `indices` and `values`:
/// \f$ a_i = \sum_j \mathrm{values}_j\, e_{\mathrm{indices}_j} \f$, with indices counted from 0.
/// A row may be empty, and a stored value may be zero.
///
/// The matrix is immutable, so any number of threads may read it concurrently, and copies share the
/// entries: copying is cheap, and rows stay valid as long as the matrix or any copy of it exists.
/// A moved-from matrix may only be assigned to or destroyed.
///
/// @tparam Value `float` or `double`; features may be `float` while iterates are `double`.
template <class Value>  // float, by fwd.hpp
class csr_matrix {
  static_assert(std::same_as<Value, float> || std::same_as<Value, double>,
                "csr_matrix<Value>: Value must be float or double");

 public:
  using value_type = Value;
  using index_type = std::uint32_t;

  /// @brief The stored entries of one row, by ascending index; valid as long as any copy of the
  ///        matrix exists.
  struct row_view {
    std::span<index_type const> indices;  ///< Sorted, unique, each below columns().
    std::span<Value const> values;        ///< As many as indices, all finite.
  };

  /// @brief A matrix without rows or columns.
  csr_matrix() = default;

  /// @brief A matrix of row_starts.size() − 1 rows, fully checked in O(rows + nonzeros).
  ///
  /// @param columns    d; every index is below it.
  /// @param row_starts rows + 1 ascending offsets, from 0 to the number of values.
  /// @param indices    The column of each value, from 0; sorted and unique within a row.
  /// @param values     Finite numbers.
  /// @throws invalid_data naming the argument and the element that violates a rule.
  csr_matrix(std::size_t columns, vector<std::size_t> row_starts, vector<index_type> indices,
             vector<Value> values)
      : columns_(columns) {
    struct arrays {
      vector<std::size_t> row_starts;
      vector<index_type> indices;
      vector<Value> values;
    };
    auto const own = std::make_shared<arrays>(
        arrays{std::move(row_starts), std::move(indices), std::move(values)});
    row_starts_ = detail::span_of(std::as_const(own->row_starts));
    indices_ = detail::span_of(std::as_const(own->indices));
    values_ = detail::span_of(std::as_const(own->values));
    owner_ = own;
    check();
  }

  [[nodiscard]] std::size_t rows() const noexcept { return row_starts_.size() - 1; }
  [[nodiscard]] std::size_t columns() const noexcept { return columns_; }

  /// @brief The number of stored entries, including stored zeros.
  [[nodiscard]] std::size_t nonzeros() const noexcept { return values_.size(); }

  /// @brief The entries of row i. Unchecked, for use in the innermost loop.
  /// @pre i < rows()
  [[nodiscard]] row_view row(std::size_t i) const noexcept {
    std::size_t const first = row_starts_.data()[i];
    std::size_t const count = row_starts_.data()[i + 1] - first;
    return {{indices_.data() + first, count}, {values_.data() + first, count}};
  }

 private:
  friend detail::csr_access;
  static constexpr std::size_t no_rows[1] = {0};

  static std::string element(std::string_view array, std::size_t i) {
    return std::string(array) + "[" + std::to_string(i) + "]";
  }

  void check() const {
    check_row_starts();
    if (indices_.size() == values_.size() && is_fine()) return;
    check_indices();
    check_values();
  }

  /// @brief Checks the rules of check_indices and check_values, in loops that compilers vectorise.
  /// @pre check_row_starts passed, and there is one index for each value.
  [[nodiscard]] bool is_fine() const noexcept {
    // Indices increase except between rows: if the number of decreases equals the number of
    // decreases at starts of rows, every row is sorted, and its last index is its largest.
    std::size_t const n = indices_.size();
    std::size_t falls = 0;
    for (std::size_t j = 1; j < n;) {
      std::size_t const end = std::min(n, j + (std::size_t{1} << 12U));
      std::uint32_t some = 0;  // as wide as an index
      for (; j != end; ++j) some += indices_[j] <= indices_[j - 1] ? 1U : 0U;
      falls += some;
    }
    std::size_t outside = 0;
    for (std::size_t i = 0; i != rows(); ++i) {
      std::size_t const first = row_starts_[i], last = row_starts_[i + 1];
      if (first == last) continue;
      if (first != 0 && indices_[first] <= indices_[first - 1]) --falls;
      if (indices_[last - 1] >= columns_) ++outside;
    }
    using bits = std::conditional_t<sizeof(Value) == 4, std::uint32_t, std::uint64_t>;
    constexpr bits exponent = std::bit_cast<bits>(std::numeric_limits<Value>::infinity());
    bits infinite = 0;
    for (Value const x : values_) infinite |= bits{(std::bit_cast<bits>(x) & exponent) == exponent};
    return falls == 0 && outside == 0 && infinite == 0;
  }

  void check_row_starts() const {
    auto const starts = row_starts_;
    if (starts.empty()) throw invalid_data("row_starts", "no elements", "rows + 1 elements");
    if (starts[0] != 0) throw invalid_data("row_starts[0]", std::to_string(starts[0]), "0");
    for (std::size_t i = 1; i != starts.size(); ++i) {
      if (starts[i] < starts[i - 1])
        throw invalid_data(
            element("row_starts", i), std::to_string(starts[i]),
            "at least " + std::to_string(starts[i - 1]) + ", because row_starts must not decrease");
    }
    if (starts.back() != values_.size())
      throw invalid_data(element("row_starts", starts.size() - 1), std::to_string(starts.back()),
                         std::to_string(values_.size()) + ", the number of values");
  }

  void check_indices() const {
    if (indices_.size() != values_.size())
      throw invalid_data("indices", std::to_string(indices_.size()) + " elements",
                         std::to_string(values_.size()) + " elements, one for each value");
    auto const starts = row_starts_;
    auto const indices = indices_;
    for (std::size_t i = 0; i != rows(); ++i) {
      for (std::size_t j = starts[i]; j != starts[i + 1]; ++j) {
        if (indices[j] >= columns_)
          throw invalid_data(element("indices", j), std::to_string(indices[j]),
                             "below " + std::to_string(columns_) + ", the number of columns");
        if (j != starts[i] && indices[j] <= indices[j - 1])
          throw invalid_data(element("indices", j), std::to_string(indices[j]),
                             "above " + std::to_string(indices[j - 1]) +
                                 ", because the indices of a row must increase");
      }
    }
  }

  void check_values() const {
    for (std::size_t j = 0; j != values_.size(); ++j) {
      if (!std::isfinite(values_[j]))
        throw invalid_data(element("values", j), detail::shown(values_[j]), "a finite number");
    }
  }

  std::size_t columns_ = 0;
  std::span<std::size_t const> row_starts_ = no_rows;
  std::span<index_type const> indices_;
  std::span<Value const> values_;
  std::shared_ptr<void const> owner_;  ///< Owns the memory behind the spans.
};

namespace detail {

/// @brief For the library's readers: matrices over memory of any owner, without checking again.
struct csr_access {
  /// @pre The arrays satisfy the rules of the checking constructor and live as long as `owner`.
  template <class Value>
  static csr_matrix<Value> view(std::size_t columns, std::span<std::size_t const> row_starts,
                                std::span<std::uint32_t const> indices,
                                std::span<Value const> values,
                                std::shared_ptr<void const> owner) {  // NOLINT: it is moved
    csr_matrix<Value> m;
    m.columns_ = columns;
    m.row_starts_ = row_starts;
    m.indices_ = indices;
    m.values_ = values;
    m.owner_ = std::move(owner);
    return m;
  }
  /// @throws invalid_data like the checking constructor.
  template <class Value>
  static void check(csr_matrix<Value> const& m) {
    m.check();
  }
  template <class Value>
  static std::span<std::size_t const> row_starts(csr_matrix<Value> const& m) noexcept {
    return m.row_starts_;
  }
  template <class Value>
  static std::span<std::uint32_t const> indices(csr_matrix<Value> const& m) noexcept {
    return m.indices_;
  }
  template <class Value>
  static std::span<Value const> values(csr_matrix<Value> const& m) noexcept {
    return m.values_;
  }
};

}  // namespace detail

/// @brief The same matrix, storing only its nonzero entries.
/// @throws invalid_data if an entry is not finite, or if a nonzero is in column 2^32 or later.
template <class Value>
csr_matrix<Value> to_csr(dense_matrix<Value> const& dense) {
  using index_type = typename csr_matrix<Value>::index_type;
  std::size_t const rows = dense.shape(0);
  std::size_t const columns = dense.shape(1);
  auto const all = detail::span_of(dense);
  if (columns > std::size_t{1} << 32U)
    throw invalid_data("dense", std::to_string(columns) + " columns", "at most 2^32 columns");

  std::vector<std::size_t> row_starts{0};
  std::vector<index_type> indices;
  std::vector<Value> values;
  for (std::size_t i = 0; i != rows; ++i) {
    for (std::size_t j = 0; j != columns; ++j) {
      if (all[i * columns + j] == Value{0}) continue;
      indices.push_back(static_cast<index_type>(j));
      values.push_back(all[i * columns + j]);
    }
    row_starts.push_back(values.size());
  }
  return {columns, detail::to_vector<std::size_t>(std::span<std::size_t const>(row_starts)),
          detail::to_vector<index_type>(std::span<index_type const>(indices)),
          detail::to_vector<Value>(std::span<Value const>(values))};
}

/// @brief The same matrix, storing every entry.
template <class Value>
dense_matrix<Value> to_dense(csr_matrix<Value> const& sparse) {
  dense_matrix<Value> dense(std::array<std::size_t, 2>{sparse.rows(), sparse.columns()}, Value{0});
  for (std::size_t i = 0; i != sparse.rows(); ++i) {
    auto const row = sparse.row(i);
    for (std::size_t j = 0; j != row.indices.size(); ++j)
      dense.data()[i * sparse.columns() + row.indices[j]] = row.values[j];
  }
  return dense;
}

}  // namespace localsgd
