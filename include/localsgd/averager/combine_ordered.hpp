// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <limits>
#include <span>
#include <vector>

/// @file
/// @brief Averages of a coordinate that depend on the order of its values.

namespace localsgd::detail {

/// @brief out_i ← `of_values(values)` for first ≤ i < last, values the coordinate i of all rows, which
///        `of_values` may reorder. A value that is not finite has no place in an order: then out_i is
///        NaN, which ends the round. @param out as long as the rows
template <class Scalar, class Of>
void combine_ordered(std::span<std::span<Scalar> const> rows, std::size_t first, std::size_t last,
                     std::span<Scalar> out, Of const& of_values) {
  std::vector<Scalar> values(rows.size());
  for (std::size_t i = first; i != last; ++i) {
    bool finite = true;
    for (std::size_t k = 0; k != rows.size(); ++k) {
      values[k] = rows[k][i];
      finite = finite && values[k] - values[k] == 0;
    }
    out[i] = finite ? of_values(std::span<Scalar>(values)) : std::numeric_limits<Scalar>::quiet_NaN();
  }
}

}  // namespace localsgd::detail
