// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/synchronizer/own_points.hpp"
#include "localsgd/synchronizer/concept.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

/// @file
/// @brief Averages that travel while the next local steps are made: what each worker does meanwhile.

namespace localsgd::detail {

/// @brief Where a member's workers go on from while their average is under way.
///
/// After round r worker k goes on from x̄_{r−1} + Δ_k, Δ_k its own change in round r; the mean of
/// these points, x̄_r = x̄_{r−1} + Σ w_k Δ_k, is known to it one round later. Whoever is the only
/// worker goes on from its own iterate: `alone`. For one thread.
class overlap {
 public:
  /// @brief A round ends, after t steps of each worker.
  void end_round(std::uint64_t t) noexcept {
    longest_ = std::max(longest_, t - std::exchange(before_, t));
  }

  /// @brief Moves the points of my workers on. While `average()` is called x.local[k] is the point of
  ///        my worker k, and afterwards again what it has lent.
  /// @param mean x̄_{r−1}, of length d
  /// @return what `average` returns: whether all numbers are finite, as far as is known
  template <class Scalar, class Average>
  bool move_on(iterates<Scalar>& x, index_range mine, std::span<Scalar const> mean, bool alone,
               Average const& average) {
    auto& from = points_.of<Scalar>();
    if (from.empty()) from.assign(mine.size(), own_vector<Scalar>(mean.begin(), mean.end()));
    std::vector<std::span<Scalar>> lent;
    for (std::size_t k = mine.first; k != mine.last; ++k) {
      auto& point = from[k - mine.first];
      std::span<Scalar> const now = x.local[k];
      for (std::size_t i = 0; i != point.size(); ++i)
        point[i] = alone ? now[i] : mean[i] + (now[i] - point[i]);
      lent.push_back(now);
      x.local[k] = point;
    }
    bool const finite = average();
    for (std::size_t k = mine.first; k != mine.last; ++k) x.local[k] = lent[k - mine.first];
    return finite;
  }

  /// @brief The point of my worker number i, from 0; `start` before the first move.
  template <class Scalar>
  std::span<Scalar const> point(std::size_t i, std::span<Scalar const> start) noexcept {
    auto const& from = points_.of<Scalar>();
    if (from.empty()) return start;
    return from[i];
  }

  /// @brief All of them go on from there.
  template <class Scalar>
  void resume(std::span<Scalar const> from) {
    for (auto& point : points_.of<Scalar>()) point.assign(from.begin(), from.end());
  }

  /// @brief The steps of the longest round: so old is what a worker knows of the others.
  std::uint64_t delay(bool alone) const noexcept { return alone ? 0 : longest_; }

 private:
  own_points points_;
  std::uint64_t before_ = 0, longest_ = 0;
};

}  // namespace localsgd::detail
