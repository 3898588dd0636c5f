// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/averager/concept.hpp"

/// @file
/// @brief The plain mean of the workers' iterates.

namespace localsgd {

/// @brief x̄ = (1/K) Σ_k x_k: the average of Algorithm 1 \cite stich2019local.
struct mean {
  static constexpr bool keeps_mean = true;

  /// @return 1/K, dimensionless.
  static double weight(std::size_t /*worker*/,
                       std::span<std::size_t const> shard_sizes) noexcept {
    return 1.0 / static_cast<double>(shard_sizes.size());
  }
  static void start(std::size_t /*dimension*/) noexcept {}

  template <class Scalar>
  static void apply(std::size_t /*first*/, std::span<Scalar const> /*previous*/,
                    std::span<Scalar> /*mean*/) noexcept {}
};
static_assert(Averager<mean, double> && Averager<mean, float>);

}  // namespace localsgd
