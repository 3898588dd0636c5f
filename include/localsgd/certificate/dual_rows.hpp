// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/kernels/rows.hpp"
#include "localsgd/loss/concept.hpp"
#include "localsgd/objective/linear_concept.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <type_traits>

/// @file
/// @brief Quantities of the samples that the rounding bounds of a dual gap require.

namespace localsgd::detail {

/// @brief Measured in one pass over the samples of a linear model.
struct dual_rows {
  /// @brief √((1/n) Σ s_i‖a_i‖²), with intercept and offset in a_i; < 0: not measured.
  double norm = -1;
  double longest = 0;  ///< the largest number of entries in a row
  double depth = 0;    ///< (1/n) Σ s_i max(0, φ*(0, y_i)), φ*(0, y) = −min φ, if the loss has φ*

  template <LinearObjective F>
  static dual_rows of(F const& f) {
    using loss = std::remove_cvref_t<decltype(f.loss())>;
    double const n = static_cast<double>(f.samples()), constant = f.intercept();
    double sum = 0, depth = 0;
    std::size_t longest = 0;
    for (std::size_t i = 0; i != f.samples(); ++i) {
      auto const row = row_of(f.features(), i);
      double const offset = with_offset(f, i, 0);
      sum += f.scale(i) * (squared_norm_of(row) + constant * constant + offset * offset);
      if constexpr (sparse_row<decltype(row)>)
        longest = std::max<std::size_t>(longest, row.indices.size());
      else
        longest = row.size();
      if constexpr (knows_conjugate<loss>) {
        double const y = f.target(i), nearest = f.loss().project_to_dual_domain(0, y);
        depth += f.scale(i) * std::max(0.0, f.loss().conjugate(nearest, y));
      }
    }
    return {std::sqrt(sum / n), static_cast<double>(longest), depth / n};
  }
};

}  // namespace localsgd::detail
