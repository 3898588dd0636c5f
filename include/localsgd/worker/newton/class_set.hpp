// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/worker/newton/working_set.hpp"

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <utility>
#include <vector>

/// @file
/// @brief The coordinates that a proximal Newton step on softmax regression moves.

namespace localsgd::detail {

/// @brief The order of x: a row of features for each class, then the intercepts, if any.
struct class_layout {
  std::size_t classes = 1, columns = 0;  ///< columns without the intercept
  double constant = 0;                   ///< the value of the intercept, or 0

  template <class F>
  static class_layout of(F const& f) noexcept {
    class_layout out;
    if constexpr (requires { { f.outputs() } -> std::same_as<std::size_t>; })
      out.classes = f.outputs();
    else
      out.classes = f.classes();
    if constexpr (requires { { f.intercept() } -> std::same_as<double>; })
      out.constant = f.intercept();
    out.columns = f.dimension() / out.classes - (out.constant != 0 ? 1 : 0);
    return out;
  }

  std::size_t class_of(std::size_t j) const noexcept {
    return j < classes * columns ? j / columns : j - classes * columns;
  }
  /// @brief The feature of coordinate j; `columns` for an intercept.
  std::size_t column_of(std::size_t j) const noexcept {
    return j < classes * columns ? j % columns : columns;
  }
  /// @brief The inverse of the two.
  std::size_t coordinate(std::size_t of_class, std::size_t column) const noexcept {
    return column < columns ? of_class * columns + column : classes * columns + of_class;
  }
};

/// @brief A working_set in the order of classes: the coordinates of a class are consecutive, its
///        intercept is the last one.
template <class = void>
class basic_class_set : public working_set {
 public:
  /// @brief As working_set::choose(). @param layout that of x
  template <class Scalar>
  bool choose(std::span<Scalar const> x, std::span<Scalar const> subgradient, std::size_t penalized,
              class_layout layout) {
    if (!working_set::choose(x, subgradient, penalized)) return false;
    arrange_by_classes(layout);
    return true;
  }
  /// @brief As working_set::take(). @param layout that of x
  void take(std::vector<std::size_t> coordinates, std::size_t d, class_layout layout) {
    working_set::take(std::move(coordinates), d);
    arrange_by_classes(layout);
  }

  class_layout const& layout() const noexcept { return layout_; }
  std::size_t classes() const noexcept { return layout_.classes; }
  /// @brief The coordinates of class c are those from first(c) to first(c + 1) − 1.
  std::size_t first(std::size_t c) const noexcept { return first_[c]; }
  std::size_t size_of(std::size_t c) const noexcept { return first_[c + 1] - first_[c]; }
  std::size_t class_of(std::size_t k) const noexcept { return layout_.class_of((*this)[k]); }

  /// @brief The features that any class uses, in ascending order; an intercept is the last one.
  std::span<std::size_t const> columns() const noexcept { return columns_; }
  bool uses(std::size_t column) const noexcept { return used_[column] != none; }
  /// @brief The position of a feature among columns(), if any class uses it.
  std::uint32_t place_of_column(std::size_t column) const noexcept { return used_[column]; }
  /// @brief The position of the feature of coordinate k.
  std::uint32_t column_of(std::size_t k) const noexcept {
    return used_[layout_.column_of((*this)[k])];
  }

 private:
  static constexpr std::uint32_t none = std::numeric_limits<std::uint32_t>::max();

  void arrange_by_classes(class_layout layout) {
    layout_ = layout;
    auto const key = [&](std::size_t j) {
      return layout.class_of(j) * (layout.columns + 1) + layout.column_of(j);
    };
    arrange([&](std::size_t a, std::size_t b) { return key(a) < key(b); });
    first_.assign(layout.classes + 1, 0);
    used_.assign(layout.columns + 1, none);
    for (std::size_t k = 0; k != size(); ++k) {
      ++first_[layout.class_of((*this)[k]) + 1];
      used_[layout.column_of((*this)[k])] = 0;
    }
    for (std::size_t c = 0; c != layout.classes; ++c) first_[c + 1] += first_[c];
    columns_.clear();
    for (std::size_t j = 0; j != used_.size(); ++j)
      if (used_[j] != none) {
        used_[j] = static_cast<std::uint32_t>(columns_.size());
        columns_.push_back(j);
      }
  }

  class_layout layout_;
  std::vector<std::size_t> first_, columns_;
  std::vector<std::uint32_t> used_;
};
using class_set = basic_class_set<>;  // a template: compiled only where it is used

}  // namespace localsgd::detail
