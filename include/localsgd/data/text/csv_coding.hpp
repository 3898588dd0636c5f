// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/error.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// @file
/// @brief How the columns of a table become features.

namespace localsgd {

/// @brief A column of a table: one feature if it holds numbers, otherwise one for each category.
struct csv_column {
  std::string name;                      ///< As in the header.
  std::vector<std::string> categories;   ///< Distinct, in the order of features; empty = numbers.

  std::size_t features() const noexcept { return std::max<std::size_t>(1, categories.size()); }
  friend bool operator==(csv_column const&, csv_column const&) = default;
};

/// @brief The columns of a table and their features, which allow other tables with these columns to
///        be converted in the same way.
///
/// Features are in the order of `columns`: a number or, for each category, 1 if the field is that
/// category, else 0. A plain value: safe to read from several threads.
struct csv_coding {
  std::string target;                    ///< The column of the targets.
  std::vector<std::string> target_names; ///< The texts for targets 0, 1, …; empty for numbers.
  std::vector<csv_column> columns;       ///< All other columns; empty = no table.

  bool empty() const noexcept { return columns.empty(); }

  /// @brief d, the number of features.
  std::size_t features() const noexcept {
    std::size_t all = 0;
    for (auto const& each : columns) all += each.features();
    return all;
  }

  /// @brief The name of each feature: `width`, or `colour=red` for a category.
  std::vector<std::string> feature_names() const {
    std::vector<std::string> all;
    for (auto const& column : columns) {
      if (column.categories.empty()) all.push_back(column.name);
      for (auto const& category : column.categories) all.push_back(column.name + "=" + category);
    }
    return all;
  }

  /// @brief Checks that names are distinct, and so are the categories of each column.
  /// @throws invalid_data naming the member that repeats a name
  void validate() const {
    check_distinct("coding.target_names", target_names);
    std::vector<std::string> names{target};
    for (auto const& column : columns) {
      names.push_back(column.name);
      check_distinct("coding.columns", column.categories);
    }
    check_distinct("coding.columns", std::move(names));
  }

  friend bool operator==(csv_coding const&, csv_coding const&) = default;

 private:
  static void check_distinct(std::string_view member, std::vector<std::string> all) {
    std::ranges::sort(all);
    auto const twice = std::ranges::adjacent_find(all);
    if (twice != all.end())
      throw invalid_data(member, detail::printable(*twice) + " twice", "distinct names");
  }
};

}  // namespace localsgd
