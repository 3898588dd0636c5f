// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/cache_aligned.hpp"
#include "localsgd/core/compiler.hpp"
#include "localsgd/kernels/extrapolation.hpp"
#include "localsgd/kernels/packed_cholesky.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <vector>

/// @file
/// @brief Minimises a quadratic plus a separable regularizer, coordinate by coordinate.

namespace localsgd::detail {

/// @brief Minimises ⟨g, p⟩ + ½⟨p, Hp⟩ + c Σ_j r_j(x_j + p_j) by cyclic coordinate descent, exactly in
///        each coordinate.
///
/// Sweeps visit the coordinates that moved in the last full sweep until these settle, then all
/// coordinates, as in \cite friedman2010regularization. If twenty partial sweeps are not enough, p
/// is extrapolated every five (detail::extrapolation), as in \cite bertrand2021anderson ; an
/// extrapolation that does not lower the sum is undone. If H is nearly singular, as with features
/// that add up to a constant, plain sweeps would take thousands. A sweep of m coordinates costs m·d
/// multiply-adds. Not thread safe.
class coordinate_descent {
 public:
  /// @brief Stores H, symmetric and positive semidefinite, given as a packed triangle of d rows.
  void take(std::span<double const> triangle, std::size_t d) {
    d_ = d;
    h_.resize(d * d);
    for (std::size_t i = 0; i != d; ++i)
      for (std::size_t j = 0; j <= i; ++j)
        h_[i * d + j] = h_[j * d + i] = triangle[packed_size(i) + j];
  }
  double diagonal(std::size_t j) const noexcept { return h_[j * d_ + j]; }

  /// @brief u ← x + p at the minimiser, starting at p = 0. u_j is a value returned by `prox`, so
  ///        that zeros and bounds are exact.
  /// @param prox       `prox(j, v, step)`: argmin_u r_j(u) + (u − v)²/(2 step)
  /// @param penalty    `penalty(u)`: c Σ_j r_j(u_j)
  /// @param damping    ν ≥ 0: uses H + ν diag H instead of H
  /// @param weight     c
  /// @return ⟨g, p⟩ + ½⟨p, Hp⟩, without damping
  template <class Prox, class Penalty>
  double operator()(Prox const& prox, Penalty const& penalty, std::span<double const> x,
                    std::span<double const> g, double damping, double weight, std::span<double> u) {
    std::copy(x.begin(), x.end(), u.begin());
    slope_.assign(g.begin(), g.end());
    std::vector<std::size_t> all(d_), moving;
    double largest = 0;
    for (std::size_t j = 0; j != d_; ++j) {
      all[j] = j;
      largest = std::max(largest, diagonal(j));
    }
    if (!(largest > 0)) return 0;
    estimate_.resize(d_);
    double const least = 1e-14 * largest;  // threshold for a coordinate without curvature
    auto const sweep = [&](std::vector<std::size_t> const& coordinates, auto const& moved) {
      double sum = 0;
      for (std::size_t const j : coordinates) {
        double const h = std::max(diagonal(j), least) * (1 + damping), now = u[j];
        double const slope = slope_[j] + damping * diagonal(j) * (now - x[j]);
        double const next = prox(j, now - slope / h, weight / h), change = next - now;
        if (change == 0 || !std::isfinite(change)) continue;
        move(j, change, u);
        u[j] = next;
        sum += h * change * change;
        moved(j);
      }
      return sum;
    };
    auto const model = [&] {  // includes the damping
      double value = 0;
      for (std::size_t j = 0; j != d_; ++j) {
        double const p = u[j] - x[j];
        value += p * (g[j] + slope_[j] + damping * diagonal(j) * p) / 2;
      }
      return value;
    };
    double most = 0;
    // In coordinates, at most 2000 sweeps; afterwards the direction is used as it is.
    std::size_t budget = std::min(400 * d_ + 100000, 2000 * d_);
    while (budget > d_) {
      moving.clear();
      double const sum = sweep(all, [&](std::size_t j) { moving.push_back(j); });
      budget -= d_;
      most = std::max(most, sum);
      if (!(sum > exact * most)) break;
      history_.clear();
      std::size_t const overhead = std::min<std::size_t>(d_, 8);  // of a sweep, in coordinates
      for (int made = 1; budget > 2 * moving.size() + overhead; ++made) {
        budget -= std::max(overhead, moving.size());
        start_.assign(u.begin(), u.end());
        double const moved = sweep(moving, [](std::size_t) {});
        if (!(moved > exact * most)) break;
        if (made <= patience - period) continue;
        bool const estimated = history_(std::span<double const>(start_), std::span<double const>(u),
                                        {}, std::span<double>(estimate_));
        if (made % period != 0) continue;
        history_.clear();
        if (!estimated) continue;
        budget -= moving.size();
        double const value = model() + penalty(std::span<double const>(u));
        start_.assign(u.begin(), u.end());
        slope_before_ = slope_;
        for (std::size_t const j : moving) move(j, estimate_[j] - u[j], u);
        sweep(moving, [](std::size_t) {});
        if (model() + penalty(std::span<double const>(u)) < value) continue;
        std::copy(start_.begin(), start_.end(), u.begin());
        slope_.swap(slope_before_);
      }
    }
    double value = 0;
    for (std::size_t j = 0; j != d_; ++j) value += (u[j] - x[j]) * (g[j] + slope_[j]) / 2;
    return value;
  }

 private:
  static constexpr double exact = 1e-20;  // of the largest Σ h_j δ_j² of a sweep
  static constexpr int period = 5;        // sweeps between two extrapolations
  static constexpr int patience = 20;     // before the first one: usually fewer suffice

  // u_j ← u_j + change, and updates the slopes.
  void move(std::size_t j, double change, std::span<double> u) noexcept {
    u[j] += change;
    double const* LOCALSGD_RESTRICT const row = h_.data() + j * d_;
    double* LOCALSGD_RESTRICT const to = slope_.data();
    for (std::size_t i = 0; i != d_; ++i) to[i] += change * row[i];
  }

  std::size_t d_ = 0;
  aligned_vector<double> h_, slope_, slope_before_;
  std::vector<double> start_, estimate_;
  extrapolation history_;
};

}  // namespace localsgd::detail
