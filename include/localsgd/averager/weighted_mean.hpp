// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/averager/concept.hpp"

#include <numeric>

/// @file
/// @brief The mean of the workers' iterates, weighted by the sizes of their shards.

namespace localsgd {

/// @brief x̄ = Σ_k (n_k/n) x_k, n_k the samples worker k can see.
///
/// With `sharded` samples the expected update then is that of f over all samples, whatever the
/// sizes of the shards; with the plain `mean` it would be that of the mean of the shards' means.
/// Equal shards make it the plain mean.
struct weighted_mean {
  static constexpr bool keeps_mean = true;

  /// @return n_k / Σ n, dimensionless.
  static double weight(std::size_t worker, std::span<std::size_t const> shard_sizes) noexcept {
    double const all = std::accumulate(shard_sizes.begin(), shard_sizes.end(), 0.0);
    return static_cast<double>(shard_sizes[worker]) / all;
  }
  static void start(std::size_t /*dimension*/) noexcept {}

  template <class Scalar>
  static void apply(std::size_t /*first*/, std::span<Scalar const> /*previous*/,
                    std::span<Scalar> /*mean*/) noexcept {}
};
static_assert(Averager<weighted_mean, double> && Averager<weighted_mean, float>);

}  // namespace localsgd
