// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/averager/combine_ordered.hpp"
#include "localsgd/averager/concept.hpp"
#include "localsgd/core/compiler.hpp"

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>

/// @file
/// @brief A robust average.

namespace localsgd {

/// @brief Each coordinate of the consensus is the median over the K workers; for even K, the mean
///        of the two middle values \cite yin2018byzantine .
///
/// Fewer than half of the workers, whatever they send, cannot move it outside the range of the
/// others. The price is bias: if the distribution of the workers' points is skewed, the median
/// differs from their mean, and runs converge to a point near the minimum but not to the minimum.
/// Use it for shards that may be corrupted, not for speed. The weighted average of all iterates
/// still weights all workers equally. All points must be in one place, so `averaging::fast`,
/// `asynchronous` and compressors are not supported. Costs K log K comparisons per coordinate.
struct coordinate_median {
  template <class Scalar>
  struct bound : memoryless_average<Scalar> {
    static constexpr bool keeps_mean = false;
    std::size_t workers;

    explicit bound(std::size_t k) noexcept : workers(k) {}
    double weight(std::size_t) const noexcept { return 1.0 / static_cast<double>(workers); }

    LOCALSGD_ONE_COPY void combine(std::span<std::span<Scalar> const> rows, std::size_t first,
                                   std::size_t last, std::span<Scalar> out) const {
      auto const middle = static_cast<std::ptrdiff_t>(rows.size() / 2);
      detail::combine_ordered(rows, first, last, out, [&](std::span<Scalar> values) {
        auto const at_middle = values.begin() + middle;
        std::nth_element(values.begin(), at_middle, values.end());
        Scalar const upper = *at_middle;
        if (values.size() % 2 == 1) return upper;
        Scalar const lower = *std::max_element(values.begin(), at_middle);
        return lower + (upper - lower) / 2;
      });
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
