// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/index_range.hpp"
#include "localsgd/core/random.hpp"
#include "localsgd/kernels/enclosed_zero.hpp"
#include "localsgd/kernels/rows.hpp"
#include "localsgd/objective/linear_concept.hpp"
#include "localsgd/objective/regularized.hpp"
#include "localsgd/settings.hpp"
#include "localsgd/worker/dual/proximal_slope.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

/// @file
/// @brief Steps of single dual variables of a linear model.

namespace localsgd::detail {

/// @brief θ, one number for each sample of a linear model with an L2 penalty, and the point that it
///        determines: x(θ) = −(1/(λn)) Σ s_i θ_i a_i.
///
/// A step maximises the dual function over one θ_i: with q_i = s_i‖a_i‖²/(λn) and z_i = ⟨a_i, x⟩ +
/// o_i, θ_i ← φ'(z*) where z* + q_i φ'(z*) = z_i + q_i θ_i \cite shalev2013sdca . It needs only φ',
/// leaves θ_i in the domain of φ*, and touches only the nonzeros of a row.
///
/// A free intercept b, with the value c in all rows, demands that Σ s_i θ_i = 0. In the augmented
/// Lagrangian of this condition \cite hestenes1969multiplier b is penalised, like a feature whose
/// c²/(λ'n) is the mean of ‖a_i‖²/(λn), around a center; after an epoch, which ends at b, b is the
/// center and moves on from there by −(c/(λ'n)) Σ s_i θ_i.
///
/// Used by one thread; add_point() by several.
template <linear_with_ridge F>
class dual_point {
 public:
  dual_point() = default;
  dual_point(F const& f, plan const& p)
      : p_(&p),
        free_(has_free_intercept(f)),
        scale_(1 / (ridge_of(f) * static_cast<double>(p.samples))) {}

  /// @brief 1/(λn).
  double scale() const noexcept { return scale_; }
  std::span<double> theta() noexcept { return theta_; }
  std::span<double const> theta() const noexcept { return theta_; }

  /// @brief Once: θ ← 0, and measures the rows.
  void prepare(F const& f) {
    double const square = f.intercept() * f.intercept();
    double sum = 0;
    q_.resize(p_->samples);
    for (std::size_t i = 0; i != q_.size(); ++i)
      sum += q_[i] = scale_ * squared_norm_of(row_of(f.features(), i));
    intercept_scale_ = free_ ? sum / (square * static_cast<double>(p_->samples)) : scale_;
    for (std::size_t i = 0; i != q_.size(); ++i)
      q_[i] = f.scale(i) * (q_[i] + intercept_scale_ * square);
    theta_.resize(p_->samples);
  }

  /// @brief θ ← the slopes at a point, and x ← x(θ), with the intercept of the point if it is free.
  void start_at(F const& f, std::span<double const> point, std::span<double> x) {
    std::vector<double> z(p_->samples), sum(x.size());
    write_predictions(f, point, {0, z.size()}, z.data());
    for (std::size_t i = 0; i != z.size(); ++i)
      theta_[i] = f.scale(i) > 0 ? f.loss().derivative(z[i], f.target(i)) : 0;
    add_point(f, {0, z.size()}, sum);
    x.back() = point.back();
    take_point(sum, x);
  }

  /// @brief A step of every θ_i, in a random order: a function of (seed, number).
  /// @param x x(θ), before and after, with b
  /// @return Σ s_i q_i (the change of θ_i)²/n
  double epoch(F const& f, std::span<double> x, std::uint64_t number) {
    constexpr std::size_t block = 64, ahead = 4;
    std::array<std::size_t, block> order{};
    std::size_t const n = p_->samples;
    random_permutation const place(n, p_->seed, p_->lane, number);
    double moved = 0;
    for (std::size_t first = 0; first < n; first += block) {
      std::size_t const count = std::min(block, n - first);
      for (std::size_t j = 0; j != count; ++j) order[j] = place(first + j);
      for (std::size_t j = 0; j != count; ++j) {
        if (j + ahead < count) prefetch_row(f.features(), order[j + ahead]);
        moved += step(f, order[j], x);
      }
    }
    if (free_) move_center(f, x);
    return moved / static_cast<double>(n);
  }

  /// @brief Adds −Σ s_i θ_i a_i over some samples to `sum`: λn x(θ). A free intercept is left out.
  void add_point(F const& f, index_range samples, std::span<double> sum) const {
    for (std::size_t i = samples.first; i != samples.last; ++i) {
      double const slope = -f.scale(i) * theta_[i];
      if (slope == 0) continue;
      add_scaled(slope, row_of(f.features(), i), sum.data());
      if (f.intercept() != 0 && !free_) sum.back() += slope * f.intercept();
    }
  }
  /// @brief x ← what add_point() has summed over all samples, with b as it is in x.
  void take_point(std::span<double const> sum, std::span<double> x) const noexcept {
    for (std::size_t j = 0; j != x.size() - (free_ ? 1 : 0); ++j) x[j] = scale_ * sum[j];
  }

  /// @brief The free intercept of x ← the best one for the other coordinates.
  void find_intercept(F const& f, std::span<double> x) const {
    if (!free_) return;
    constexpr int most = 30;
    std::vector<double> z(p_->samples);
    write_predictions(f, std::span<double const>(x), {0, z.size()}, z.data());
    double const c = f.intercept();
    double size = 0;
    auto const slope_at = [&](double move) {
      double sum = 0;
      size = 0;
      for (std::size_t i = 0; i != z.size(); ++i) {
        double const slope = f.scale(i) * f.loss().derivative(z[i] + c * move, f.target(i));
        sum += slope;
        size += std::abs(slope);
      }
      return sum * c;
    };
    double const bend = c * c * f.loss().curvature() * static_cast<double>(z.size());
    double const move = near_zero(slope_at(0), bend, most, slope_at, [&](double, double left) {
      return !(std::abs(left) > 1e-13 * std::abs(c) * size);
    });
    if (std::isfinite(move)) x.back() += move;
  }

  /// @brief (1/n) Σ s_i θ_i².
  double squared_slopes(F const& f) const noexcept {
    double sum = 0;
    for (std::size_t i = 0; i != theta_.size(); ++i) sum += f.scale(i) * theta_[i] * theta_[i];
    return sum / static_cast<double>(p_->samples);
  }

  /// @brief Releases the memory.
  void clear() noexcept {
    for (auto* const each : {&theta_, &q_}) std::vector<double>().swap(*each);
  }

 private:
  double step(F const& f, std::size_t i, std::span<double> x) {
    double const share = f.scale(i);
    if (share == 0) return 0;
    double const z = prediction_of(f, i, std::span<double const>(x)), before = theta_[i];
    double const now = proximal_slope(f.loss(), f.target(i), q_[i], z + q_[i] * before, z);
    if (now == before) return 0;
    theta_[i] = now;
    double const change = -share * (now - before);
    add_scaled(scale_ * change, row_of(f.features(), i), x.data());
    if (f.intercept() != 0) x.back() += intercept_scale_ * change * f.intercept();
    return share * q_[i] * (now - before) * (now - before);
  }

  void move_center(F const& f, std::span<double> x) const noexcept {
    double sum = 0;
    for (std::size_t i = 0; i != theta_.size(); ++i) sum += f.scale(i) * theta_[i];
    x.back() -= intercept_scale_ * f.intercept() * sum;
  }

  plan const* p_ = nullptr;
  bool free_ = false;                           // the intercept
  double scale_ = 0, intercept_scale_ = 0;      // 1/(λn) and 1/(λ'n)
  std::vector<double> theta_, q_;
};

}  // namespace localsgd::detail
