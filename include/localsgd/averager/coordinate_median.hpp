// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/averager/concept.hpp"
#include "localsgd/core/compiler.hpp"

#include <algorithm>
#include <cstddef>
#include <limits>
#include <span>
#include <string>
#include <vector>

/// @file
/// @brief A robust average.

namespace localsgd {

/// @brief Each coordinate of the consensus is the median over the K workers; for even K, the mean
///        of the two middle values \cite yin2018byzantine .
///
/// Fewer than half of the workers, whatever they send, cannot move it outside the range of the
/// others. The price is bias: if the distribution of the workers' points is skewed, the median
/// differs from their mean, and runs converge close to the minimum but not to it. Use it for shards
/// that may be corrupted, not for speed. The weighted average of all iterates keeps its equal
/// weights. It needs all points in one place and does not support `averaging::fast`, `asynchronous`
/// or a compressor. K log K comparisons per coordinate.
struct coordinate_median {
  template <class Scalar>
  struct bound : memoryless_average<Scalar> {
    static constexpr bool keeps_mean = false;
    std::size_t workers;

    explicit bound(std::size_t k) noexcept : workers(k) {}
    double weight(std::size_t) const noexcept { return 1.0 / static_cast<double>(workers); }

    LOCALSGD_ONE_COPY void combine(std::span<std::span<Scalar> const> rows, std::size_t first,
                                   std::size_t last, std::span<Scalar> out) const {
      std::vector<Scalar> values(rows.size());
      std::size_t const middle = rows.size() / 2;
      auto const at = [&](std::size_t i) { return values.begin() + static_cast<std::ptrdiff_t>(i); };
      for (std::size_t i = first; i != last; ++i) {
        bool finite = true;
        for (std::size_t k = 0; k != rows.size(); ++k) {
          values[k] = rows[k][i];
          finite = finite && values[k] - values[k] == 0;
        }
        if (!finite) {  // not ordered; a point that is not finite ends the round
          out[i] = std::numeric_limits<Scalar>::quiet_NaN();
          continue;
        }
        std::nth_element(values.begin(), at(middle), values.end());
        Scalar const upper = values[middle];
        if (rows.size() % 2 == 1) {
          out[i] = upper;
        } else {
          Scalar const lower = *std::max_element(values.begin(), at(middle));
          out[i] = lower + (upper - lower) / 2;
        }
      }
    }
  };

  template <class Scalar>
  bound<Scalar> bind(plan const& /*p*/, std::span<std::size_t const> shard_sizes) const noexcept {
    return bound<Scalar>(shard_sizes.size());
  }
  static std::string identity() { return "coordinate_median"; }
};
static_assert(Averager<coordinate_median, double> && Averager<coordinate_median, float>);

}  // namespace localsgd
