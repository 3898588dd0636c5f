// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/cache_aligned.hpp"
#include "localsgd/core/compiler.hpp"
#include "localsgd/kernels/cholesky.hpp"
#include "localsgd/kernels/simd.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <span>

/// @file
/// @brief Anderson acceleration: estimates the fixed point of a map from its last few values.

namespace localsgd::detail {

/// @brief From pairs (x_i, T(x_i)) of a map T, an estimate of its fixed point: Σ c_i T(x_i) with
///        Σ c_i = 1 and the smallest residual Σ c_i (T(x_i) − x_i) \cite anderson1965iterative.
///
/// Keeps the last 5 pairs, ten vectors of length d in all. Not thread safe.
class extrapolation {
 public:

  /// @brief Discards all pairs.
  void clear() noexcept { size_ = 0; }

  /// @brief Adds the pair (start, end) and overwrites `out` with the estimate, or with `end`.
  /// @param steps > 0: residuals have weights 1/steps_j in their norm; empty: equal weights
  /// @param scale > 0: the pair that is added is (x, x + scale·(T(x) − x)). So changes in different
  ///              numbers of steps become those of one map, which has the same fixed point
  /// @return Whether `out` is an estimate. @pre all have length d
  template <class Scalar>
  LOCALSGD_ONE_COPY bool operator()(std::span<Scalar const> start, std::span<Scalar const> end,
                                    std::span<double const> steps, std::span<Scalar> out,
                                    double scale = 1) {
    std::copy_n(end.data(), end.size(), out.data());
    if (size_ == most) {  // the newest replaces the oldest
      for (std::size_t i = 1; i != most; ++i) {
        pairs_[i - 1].end.swap(pairs_[i].end);
        pairs_[i - 1].residual.swap(pairs_[i].residual);
      }
      --size_;
    }
    pair& last = pairs_[size_++];
    last.end.resize(end.size());
    last.residual.resize(end.size());
    for (std::size_t j = 0; j != end.size(); ++j) {
      last.residual[j] = scale * (static_cast<double>(end[j]) - static_cast<double>(start[j]));
      last.end[j] = scale == 1 ? static_cast<double>(end[j])
                               : static_cast<double>(start[j]) + last.residual[j];
    }
    if (size_ < 2) return false;
    small_system<most> s;
    add_up(steps, s);
    if (!s.solve(1e-6)) return false;
    // Steps of equal length, as where f is affine, seem to continue for ever.
    double reach = 0;
    for (std::size_t i = 0; i != s.size; ++i) reach += std::abs(s.b[i]);
    if (!(reach <= farthest)) return false;
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
  static constexpr double farthest = 1e8;  // in lengths of steps

  struct pair {
    aligned_vector<double> end, residual;
  };

  // The normal equations of the least-squares residual, from the last pair and those before it. If
  // there are few, the last one fills the other slots: one loop handles any number of pairs.
  LOCALSGD_ONE_COPY void add_up(std::span<double const> steps, small_system<most>& s) const {
    constexpr std::size_t n = most - 1;
    std::size_t const d = pairs_[0].residual.size();
    double const* residual[most];
    for (std::size_t i = 0; i != most; ++i)
      residual[i] = pairs_[std::min(i, size_ - 1)].residual.data();
    lanes b[n], a[n * (n + 1) / 2], difference[n];
    for (lanes& each : b) each = lanes(0.0);
    for (lanes& each : a) each = lanes(0.0);
    auto const add = [&](lanes const& step, auto const& at) {
      lanes const own = at(residual[n]);
      for (std::size_t i = 0; i != n; ++i) {
        difference[i] = at(residual[i]) - own;
        lanes const weighted = difference[i] / step;
        b[i] = multiply_add(weighted, own, b[i]);
        for (std::size_t k = 0; k <= i; ++k) {
          lanes& sum = a[i * (i + 1) / 2 + k];
          sum = multiply_add(weighted, difference[k], sum);
        }
      }
    };
    std::size_t j = 0;
    for (; j + lanes::size <= d; j += lanes::size)
      add(steps.empty() ? lanes(1.0) : load(steps.data() + j),
          [j](double const* v) { return load(v + j); });
    if (std::size_t const rest = d - j; rest != 0) {
      alignas(lanes) double last[lanes::size];
      for (double& each : last) each = 1.0;
      if (!steps.empty()) std::copy_n(steps.data() + j, rest, last);
      add(lanes::load_aligned(last),
          [j, rest](double const* v) { return load_first(v + j, rest); });
    }
    s.size = size_ - 1;
    for (std::size_t i = 0; i != s.size; ++i) {
      s.b[i] = -sum_of(b[i]);
      for (std::size_t k = 0; k <= i; ++k) s.a[i][k] = sum_of(a[i * (i + 1) / 2 + k]);
    }
  }

  std::size_t size_ = 0;
  std::array<pair, most> pairs_;
};

}  // namespace localsgd::detail
