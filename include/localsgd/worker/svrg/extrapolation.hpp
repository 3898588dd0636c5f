// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/cache_aligned.hpp"
#include "localsgd/kernels/cholesky.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>

/// @file
/// @brief Anderson acceleration: the fixed point of a map, guessed from its last few values.

namespace localsgd::detail {

/// @brief From pairs (x_i, T(x_i)) of a map T, an estimate of its fixed point: Σ c_i T(x_i) with
///        Σ c_i = 1, where residuals Σ c_i (T(x_i) − x_i) are least \cite anderson1965iterative.
///
/// Keeps the last 5 pairs, ten vectors of length d in all. Not thread safe.
class extrapolation {
 public:

  /// @brief Forgets all pairs.
  void clear() noexcept { size_ = 0; }

  /// @brief Adds the pair (start, end) and overwrites `out` with the estimate, or with `end`.
  /// @param weight `weight(j)` > 0 of coordinate j in the norm of the residuals
  /// @return Whether `out` is an estimate. @pre all have length d
  template <class Scalar, class Weight>
  bool operator()(std::span<Scalar const> start, std::span<Scalar const> end, Weight const& weight,
                  std::span<Scalar> out) {
    std::ranges::copy(end, out.begin());
    if (size_ == most) {  // the newest replaces the oldest
      std::rotate(pairs_.begin(), pairs_.begin() + 1, pairs_.end());
      --size_;
    }
    pair& last = pairs_[size_++];
    last.end.resize(end.size());
    last.residual.resize(end.size());
    for (std::size_t j = 0; j != end.size(); ++j) {
      last.end[j] = static_cast<double>(end[j]);
      last.residual[j] = static_cast<double>(end[j]) - static_cast<double>(start[j]);
    }
    if (size_ < 2) return false;

    small_system<most> s;
    s.size = size_ - 1;
    for (std::size_t j = 0; j != end.size(); ++j) {
      double const w = weight(j), own = last.residual[j];
      for (std::size_t i = 0; i != s.size; ++i) {
        double const difference = w * (pairs_[i].residual[j] - own);
        s.b[i] -= difference * own;
        for (std::size_t k = 0; k <= i; ++k)
          s.a[i][k] += difference * (pairs_[k].residual[j] - own);
      }
    }
    if (!s.solve(1e-6)) return false;
    for (std::size_t j = 0; j != end.size(); ++j) {
      double at = last.end[j];
      for (std::size_t i = 0; i != s.size; ++i) at += s.b[i] * (pairs_[i].end[j] - last.end[j]);
      out[j] = static_cast<Scalar>(at);
    }
    return true;
  }

  template <class Archive>
  void state(Archive& archive) {
    archive(size_);
    for (pair& each : pairs_) archive(each.end, each.residual);
  }

 private:
  static constexpr std::size_t most = 5;

  struct pair {
    aligned_vector<double> end, residual;
  };
  std::size_t size_ = 0;
  std::array<pair, most> pairs_;
};

}  // namespace localsgd::detail
