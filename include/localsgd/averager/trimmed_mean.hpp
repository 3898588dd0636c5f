// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/averager/combine_ordered.hpp"
#include "localsgd/averager/concept.hpp"
#include "localsgd/core/compiler.hpp"
#include "localsgd/core/error.hpp"

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>

/// @file
/// @brief A mean without the extreme values.

namespace localsgd {

/// @brief Each coordinate of the consensus is the mean over the K workers, excluding the
///        m = ⌊fraction·K⌋ smallest and the m largest values \cite yin2018byzantine .
///
/// Up to m workers, whatever they send, cannot move it outside the range of the others. With m = 0
/// it is the plain mean, up to rounding. It uses more workers than `coordinate_median`, so the
/// result is less noisy; it is biased for the same reason. The weighted average of all iterates
/// still weights all workers equally. All points must be in one place, so `averaging::fast`,
/// `asynchronous` and compressors are not supported. Costs K log K comparisons per coordinate.
/// Convergence is proved for shards of independent samples and one gradient step per round; with
/// local steps, no theorem covers the convex case.
struct trimmed_mean {
  double fraction = 0.2;  ///< In [0, 0.5), dimensionless: the fraction removed at each end.

  template <class Scalar>
  class bound : public memoryless_average<Scalar> {
   public:
    static constexpr bool keeps_mean = false;

    bound(std::size_t workers, std::size_t trimmed) noexcept
        : workers_(workers), trimmed_(trimmed) {}
    double weight(std::size_t) const noexcept { return 1.0 / static_cast<double>(workers_); }

    LOCALSGD_ONE_COPY void combine(std::span<std::span<Scalar> const> rows, std::size_t first,
                                   std::size_t last, std::span<Scalar> out) const {
      Scalar const share = Scalar{1} / static_cast<Scalar>(rows.size() - 2 * trimmed_);
      detail::combine_ordered(rows, first, last, out, [&](std::span<Scalar> values) {
        std::sort(values.begin(), values.end());  // a summation order fixed by the values
        Scalar const base = values[trimmed_];
        Scalar sum = 0;
        for (std::size_t k = trimmed_ + 1; k != values.size() - trimmed_; ++k)
          sum += share * (values[k] - base);
        return base + sum;
      });
    }

   private:
    std::size_t workers_, trimmed_;
  };

  /// @throws invalid_settings
  template <class Scalar>
  bound<Scalar> bind(plan const& /*p*/, std::span<std::size_t const> shard_sizes) const {
    detail::require(fraction >= 0 && fraction < 0.5, "trimmed_mean.fraction", fraction,
                    "in [0, 0.5); for the limit at 0.5 use coordinate_median");
    std::size_t const workers = shard_sizes.size();
    // 0.29·100 is 29, although the floating-point product is slightly smaller.
    auto const trimmed =
        static_cast<std::size_t>(fraction * static_cast<double>(workers) * (1 + 1e-12));
    return {workers, std::min(trimmed, workers == 0 ? 0 : (workers - 1) / 2)};
  }
  std::string identity() const {
    return "trimmed_mean{fraction = " + detail::shown(fraction) + "}";
  }
};
static_assert(Averager<trimmed_mean, double> && Averager<trimmed_mean, float>);

}  // namespace localsgd
