// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/averager/concept.hpp"

#include <cstddef>
#include <numeric>
#include <span>
#include <string>
#include <vector>

/// @file
/// @brief The mean of the workers' iterates, weighted by the sizes of their shards.

namespace localsgd {

/// @brief x̄ = Σ_k (n_k/n) x_k, where n_k is the number of samples that worker k can see.
///
/// With `sharded` samples of any shard sizes, the expected update is that of f over all samples;
/// with the plain `mean` it would be that of the unweighted mean of the shards' objectives. If all
/// shards have the same size, it is the plain mean.
struct weighted_mean {
  template <class Scalar>
  struct bound : memoryless_average<Scalar> {
    std::vector<std::size_t> sizes;
    double all;

    explicit bound(std::span<std::size_t const> shard_sizes)
        : sizes(shard_sizes.begin(), shard_sizes.end()),
          all(std::accumulate(shard_sizes.begin(), shard_sizes.end(), 0.0)) {}
    /// @return n_k / Σ n, dimensionless.
    double weight(std::size_t worker) const noexcept {
      return static_cast<double>(sizes[worker]) / all;
    }
  };

  template <class Scalar>
  bound<Scalar> bind(plan const& /*p*/, std::span<std::size_t const> shard_sizes) const {
    return bound<Scalar>(shard_sizes);
  }
  static std::string identity() { return "weighted_mean"; }
};
static_assert(Averager<weighted_mean, double> && Averager<weighted_mean, float>);

}  // namespace localsgd
