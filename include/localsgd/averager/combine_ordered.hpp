// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <limits>
#include <span>
#include <vector>

/// @file
/// @brief Averages that depend on the order of the values of a coordinate.

namespace localsgd::detail {

/// @brief out_i ← `of_values(values)` for first ≤ i < last, where `values` holds coordinate i of
///        all rows and may be reordered. If a value is not finite, it cannot be ordered: out_i
///        becomes NaN, which ends the round. @param out as long as the rows
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
    out[i] =
        finite ? of_values(std::span<Scalar>(values)) : std::numeric_limits<Scalar>::quiet_NaN();
  }
}

}  // namespace localsgd::detail
