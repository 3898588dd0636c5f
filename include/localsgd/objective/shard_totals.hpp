// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/objective/concept.hpp"

#include <algorithm>
#include <concepts>

/// @file
/// @brief Totals over the samples of all shards that each shard needs.

namespace localsgd::detail {

/// @brief An objective with weights, whose sum can be set to that over more samples than its own.
template <class F>
concept has_mean_weight = requires(F& f, F const& constant, double mean) {
  { constant.mean_weight() } -> std::same_as<double>;
  f.set_mean_weight(mean);
};

/// @brief An objective whose loss depends on the largest target, which can be set from outside.
template <class F>
concept has_largest_target = requires(F& f, F const& constant, double largest) {
  { constant.largest_target() } -> std::same_as<double>;
  f.set_largest_target(largest);
};

/// @brief The number of samples, the sum of their weights, and their largest target.
struct shard_totals {
  double samples = 0, weights = 0;
  double largest_target = 0;  ///< If the loss depends on it, else 0.

  template <has_mean_weight F>
  static shard_totals of(F const& f) {
    shard_totals own;
    own.samples = static_cast<double>(f.samples());
    own.weights = own.samples * f.mean_weight();
    if constexpr (has_largest_target<F>) own.largest_target = f.largest_target();
    return own;
  }
  void add(shard_totals const& other) noexcept {
    samples += other.samples;
    weights += other.weights;
    largest_target = std::max(largest_target, other.largest_target);
  }
  /// @brief Sets the totals over all samples in a shard.
  template <has_mean_weight F>
  void apply_to(F& f) const {
    f.set_mean_weight(weights / samples);
    if constexpr (has_largest_target<F>) f.set_largest_target(largest_target);
  }
};

}  // namespace localsgd::detail
