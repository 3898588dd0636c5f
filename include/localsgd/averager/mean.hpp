// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/averager/concept.hpp"

#include <cstddef>
#include <span>
#include <string>

/// @file
/// @brief The plain mean of the workers' iterates.

namespace localsgd {

/// @brief x̄ = (1/K) Σ_k x_k: the average of Algorithm 1 \cite stich2019local.
struct mean {
  template <class Scalar>
  struct bound : memoryless_average<Scalar> {
    std::size_t workers;

    explicit bound(std::size_t k) noexcept : workers(k) {}
    /// @return 1/K, dimensionless.
    double weight(std::size_t /*worker*/) const noexcept {
      return 1.0 / static_cast<double>(workers);
    }
  };

  template <class Scalar>
  bound<Scalar> bind(plan const& /*p*/, std::span<std::size_t const> shard_sizes) const noexcept {
    return bound<Scalar>(shard_sizes.size());
  }
  static std::string identity() { return "mean"; }
};
static_assert(Averager<mean, double> && Averager<mean, float>);

}  // namespace localsgd
