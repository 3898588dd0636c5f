// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/error.hpp"

#include <concepts>
#include <cstddef>
#include <span>
#include <string>
#include <type_traits>

/// @file
/// @brief Dense samples in memory that belongs to another owner.

namespace localsgd {

namespace detail {
/// @brief Whether the elements of a range outlive the argument, which is an lvalue or a span.
template <class Range>
inline constexpr bool is_borrowed = std::is_lvalue_reference_v<Range>;
template <class Element, std::size_t N>
inline constexpr bool is_borrowed<std::span<Element, N>> = true;
}  // namespace detail

/// @brief n samples with d features, row-major, one sample per row, in memory that the view does
///        not own: a NumPy array, a row-major Eigen matrix, a `std::vector`, a mapped file.
///
/// Objectives and predictions accept it like a `dense_matrix` and do not copy the numbers. The
/// memory must outlive the view and its copies, and must not change while it is in use. Rows are
/// contiguous, without gaps. Any number of threads may read a view concurrently. Copies are cheap.
/// ~~~{.cpp}
/// std::vector<double> const numbers = …;                  // n·d of them
/// dense_view<double> const features(numbers, n, d);
/// linear_objective const f(features, targets, logistic{}, l2{1e-4});
/// ~~~
/// @tparam Value `float` or `double`
template <class Value>
class dense_view {
  static_assert(std::same_as<Value, float> || std::same_as<Value, double>,
                "the features of a dense_view are float or double");

 public:
  using value_type = Value;

  /// @brief A view without rows or columns.
  dense_view() = default;

  /// @param values n·d numbers, row by row
  /// @throws invalid_data unless there are rows·columns values
  dense_view(std::span<Value const> values, std::size_t rows, std::size_t columns)
      : data_(values.data()), shape_{rows, columns} {
    bool const fits = columns == 0 || rows <= values.size() / columns;
    if (!fits || values.size() != rows * columns)
      throw invalid_data("values", std::to_string(values.size()) + " numbers",
                         std::to_string(rows) + " rows of " + std::to_string(columns));
  }

  /// The values are borrowed: a temporary would be destroyed before the first use.
  template <class Range>
    requires(!detail::is_borrowed<Range>)
  dense_view(Range&&, std::size_t, std::size_t) = delete;

  /// @brief The first number of the first row.
  [[nodiscard]] Value const* data() const noexcept { return data_; }
  /// @brief rows·columns.
  [[nodiscard]] std::size_t size() const noexcept { return shape_[0] * shape_[1]; }
  /// @brief The number of rows (0) or of columns (1).
  /// @pre axis < 2
  [[nodiscard]] std::size_t shape(std::size_t axis) const noexcept { return shape_[axis]; }

 private:
  Value const* data_ = nullptr;
  std::size_t shape_[2] = {0, 0};
};

}  // namespace localsgd
