// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/compiler.hpp"
#include "localsgd/kernels/extrapolation.hpp"
#include "localsgd/kernels/packed_cholesky.hpp"
#include "localsgd/worker/groups/diagonalize.hpp"
#include "localsgd/worker/groups/quadratic_with_norm.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <utility>
#include <vector>

/// @file
/// @brief Minimises a quadratic plus a sum of norms, group by group.

namespace localsgd::detail {

/// @brief Some coordinates, by their positions, and the factor of their norm.
struct penalized_group {
  std::vector<std::size_t> members;
  double strength = 0;
};

/// @brief Minimises ⟨g, p⟩ + ½⟨p, Hp⟩ + c Σ_G τ_G ‖x_G + p_G‖ over groups G that partition the
///        coordinates, by cyclic descent, exactly in each group.
///
/// Rotating a group does not change its norm, so every group is rotated to the eigenvectors of its
/// block of H, in which minimize_with_norm() solves it. Sweeps and extrapolations are those of
/// coordinate_descent_on. A sweep over groups of m coordinates costs m·d multiply-adds, the
/// rotations d² times the size of the groups, once. Not thread safe.
template <class = void>
class basic_group_descent {
 public:
  /// @brief Stores H, symmetric and positive semidefinite, given as a packed triangle.
  /// @param groups a partition of its positions
  void take(std::span<double const> triangle, std::vector<penalized_group> groups) {
    groups_ = std::move(groups);
    order_.clear();
    first_.assign(1, 0);
    for (penalized_group const& each : groups_) {
      order_.insert(order_.end(), each.members.begin(), each.members.end());
      first_.push_back(order_.size());
    }
    d_ = order_.size();
    h_.resize(d_ * d_);
    for (std::size_t i = 0; i != d_; ++i)
      for (std::size_t j = 0; j != d_; ++j) {
        auto const [low, high] = std::minmax(order_[i], order_[j]);
        h_[i * d_ + j] = triangle[packed_size(high) + low];
      }
    rotate_matrix();
  }

  /// @brief u ← x + p at the minimiser, starting at p = 0, with exact zeros.
  /// @param damping ν ≥ 0: uses H + νB instead of H, B its diagonal blocks
  /// @param weight  c
  /// @return ⟨g, p⟩ + ½⟨p, Hp⟩ + c Σ_G τ_G (‖u_G‖ − ‖x_G‖), without damping
  double operator()(std::span<double const> x, std::span<double const> g, double damping,
                    double weight, std::span<double> u) {
    begin(x, g, damping, weight);
    std::copy(x.begin(), x.end(), u.begin());
    if (!(largest_ > 0)) return 0;
    descend();
    for (std::size_t group = 0; group != groups_.size(); ++group) {
      std::size_t const first = first_[group], size = first_[group + 1] - first;
      if (std::equal(u_.begin() + signed_of(first), u_.begin() + signed_of(first + size),
                     x_.begin() + signed_of(first)))
        continue;
      double const* const q = rotations_.data() + places_[group];
      for (std::size_t i = 0; i != size; ++i) {
        double sum = 0;
        for (std::size_t k = 0; k != size; ++k) sum += q[i * size + k] * u_[first + k];
        u[order_[first + i]] = sum;
      }
    }
    return change();
  }

 private:
  static constexpr double exact = 1e-20;  // as in dense_quadratic
  static constexpr std::size_t period = 5, patience = 20;

  static std::ptrdiff_t signed_of(std::size_t i) noexcept {
    return static_cast<std::ptrdiff_t>(i);
  }

  // H ← QᵀHQ, Q block diagonal.
  void rotate_matrix() {
    rotations_.clear();
    places_.clear();
    std::vector<double> block;
    for (std::size_t group = 0; group != groups_.size(); ++group) {
      std::size_t const first = first_[group], size = first_[group + 1] - first;
      places_.push_back(rotations_.size());
      rotations_.resize(rotations_.size() + size * size);
      block.resize(size * size);
      for (std::size_t i = 0; i != size; ++i)
        for (std::size_t j = 0; j != size; ++j)
          block[i * size + j] = h_[(first + i) * d_ + first + j];
      diagonalize(block, std::span(rotations_).last(size * size), size);
    }
    for (int side = 0; side != 2; ++side) {  // (QᵀH)ᵀ = HQ
      rotate_rows();
      for (std::size_t i = 0; i != d_; ++i)
        for (std::size_t j = 0; j != i; ++j) std::swap(h_[i * d_ + j], h_[j * d_ + i]);
    }
    largest_ = 0;
    for (std::size_t j = 0; j != d_; ++j) largest_ = std::max(largest_, h_[j * d_ + j]);
  }
  LOCALSGD_ONE_COPY void rotate_rows() {
    std::vector<double> rows;
    for (std::size_t group = 0; group != groups_.size(); ++group) {
      std::size_t const first = first_[group], size = first_[group + 1] - first;
      if (size == 1) continue;
      double const* const q = rotations_.data() + places_[group];
      rows.assign(size * d_, 0.0);
      for (std::size_t k = 0; k != size; ++k)
        for (std::size_t i = 0; i != size; ++i) {
          double const factor = q[i * size + k];
          double const* LOCALSGD_RESTRICT const from = h_.data() + (first + i) * d_;
          double* LOCALSGD_RESTRICT const to = rows.data() + k * d_;
          for (std::size_t j = 0; j != d_; ++j) to[j] += factor * from[j];
        }
      std::copy(rows.begin(), rows.end(), h_.begin() + signed_of(first * d_));
    }
  }
  // to ← Qᵀ from, in the order of the groups.
  void rotate(std::span<double const> from, std::vector<double>& to) const {
    to.assign(d_, 0.0);
    for (std::size_t group = 0; group != groups_.size(); ++group) {
      std::size_t const first = first_[group], size = first_[group + 1] - first;
      double const* const q = rotations_.data() + places_[group];
      for (std::size_t i = 0; i != size; ++i)
        for (std::size_t k = 0; k != size; ++k)
          to[first + k] += q[i * size + k] * from[order_[first + i]];
    }
  }

  void begin(std::span<double const> x, std::span<double const> g, double damping, double weight) {
    rotate(x, x_);
    rotate(g, g_);
    u_ = x_;
    slope_ = g_;
    damping_ = damping;
    weight_ = weight;
  }

  // Minimises in a group. Returns Σ h_j δ_j² over the changes δ.
  LOCALSGD_ONE_COPY double update(std::size_t group) {
    std::size_t const first = first_[group], size = first_[group + 1] - first;
    double const least = 1e-14 * largest_;  // threshold for a direction without curvature
    curvature_.resize(size), b_.resize(size), v_.resize(size);
    for (std::size_t k = 0; k != size; ++k) {
      std::size_t const j = first + k;
      double const h = std::max(h_[j * d_ + j], least);
      curvature_[k] = h * (1 + damping_);
      b_[k] = curvature_[k] * u_[j] - slope_[j] - damping_ * h * (u_[j] - x_[j]);
    }
    minimize_with_norm(curvature_, b_, weight_ * groups_[group].strength, v_);
    double sum = 0;
    for (std::size_t k = 0; k != size; ++k) {
      double const change = v_[k] - u_[first + k];
      if (change == 0 || !std::isfinite(change)) continue;
      move(first + k, change);
      u_[first + k] = v_[k];
      sum += curvature_[k] * change * change;
    }
    return sum;
  }
  LOCALSGD_ONE_COPY void move(std::size_t j, double change) noexcept {
    double const* LOCALSGD_RESTRICT const row = h_.data() + j * d_;
    double* LOCALSGD_RESTRICT const to = slope_.data();
    for (std::size_t i = 0; i != d_; ++i) to[i] += change * row[i];
  }

  // A difference of two norms would round away the last steps, which a certificate needs.
  double change() const {
    double sum = 0;
    for (std::size_t group = 0; group != groups_.size(); ++group) {
      double squares = 0, squares_before = 0, rise = 0;
      for (std::size_t j = first_[group]; j != first_[group + 1]; ++j) {
        double const p = u_[j] - x_[j];
        sum += p * (g_[j] + slope_[j]) / 2;
        squares += u_[j] * u_[j];
        squares_before += x_[j] * x_[j];
        rise += p * (u_[j] + x_[j]);
      }
      if (rise == 0) continue;
      double const norms = std::sqrt(squares) + std::sqrt(squares_before);
      sum += weight_ * groups_[group].strength * rise / norms;
    }
    return sum;
  }

  // The model with the penalty, and with the damping.
  double value() const {
    double sum = 0;
    for (std::size_t group = 0; group != groups_.size(); ++group) {
      double squares = 0;
      for (std::size_t j = first_[group]; j != first_[group + 1]; ++j) {
        double const p = u_[j] - x_[j];
        sum += p * (g_[j] + slope_[j] + damping_ * h_[j * d_ + j] * p) / 2;
        squares += u_[j] * u_[j];
      }
      sum += weight_ * groups_[group].strength * std::sqrt(squares);
    }
    return sum;
  }

  void descend() {
    std::vector<std::size_t> moving;
    double most = 0;
    std::size_t budget = std::min(400 * d_ + 100000, 2000 * d_);  // in coordinates
    while (budget > d_) {
      moving.clear();
      std::size_t size = 0;
      double sum = 0;
      for (std::size_t group = 0; group != groups_.size(); ++group) {
        double const moved = update(group);
        sum += moved;
        if (!(moved > 0)) continue;
        moving.push_back(group);
        size += first_[group + 1] - first_[group];
      }
      budget -= d_;
      most = std::max(most, sum);
      if (!(sum > exact * most)) return;
      history_.clear();
      size = std::max(std::min<std::size_t>(d_, 8), size);
      for (std::size_t made = 1; budget > 2 * size; ++made) {
        budget -= size;
        before_ = u_;
        double moved = 0;
        for (std::size_t const group : moving) moved += update(group);
        if (!(moved > exact * most)) break;
        if (made > patience - period && extrapolate(made % period == 0, moving)) budget -= size;
      }
    }
  }

  // Returns whether it made another sweep.
  bool extrapolate(bool due, std::vector<std::size_t> const& moving) {
    estimate_.resize(d_);
    bool const estimated = history_(std::span<double const>(before_), std::span<double const>(u_),
                                    {}, std::span<double>(estimate_));
    if (!due) return false;
    history_.clear();
    if (!estimated) return false;
    double const now = value();
    before_ = u_;
    slope_before_ = slope_;
    for (std::size_t const group : moving)
      for (std::size_t j = first_[group]; j != first_[group + 1]; ++j) {
        move(j, estimate_[j] - u_[j]);
        u_[j] = estimate_[j];
      }
    for (std::size_t const group : moving) update(group);
    if (value() < now) return true;
    u_.swap(before_);
    slope_.swap(slope_before_);
    return true;
  }

  std::size_t d_ = 0;
  double largest_ = 0, damping_ = 0, weight_ = 1;
  std::vector<penalized_group> groups_;
  std::vector<std::size_t> order_, first_, places_;  // of the groups: positions, and rotations
  std::vector<double> h_, rotations_;
  std::vector<double> x_, g_, u_, slope_;  // rotated
  std::vector<double> before_, slope_before_, estimate_, curvature_, b_, v_;
  extrapolation history_;
};
using group_descent = basic_group_descent<>;  // a template: compiled only where it is used

}  // namespace localsgd::detail
