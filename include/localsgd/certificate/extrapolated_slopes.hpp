// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/cache_aligned.hpp"
#include "localsgd/core/compiler.hpp"
#include "localsgd/core/index_range.hpp"
#include "localsgd/certificate/dual_extrapolation.hpp"
#include "localsgd/certificate/scaled_dual.hpp"
#include "localsgd/evaluation/full_gradient.hpp"
#include "localsgd/kernels/cholesky.hpp"
#include "localsgd/kernels/rows.hpp"
#include "localsgd/objective/linear_concept.hpp"
#include "localsgd/objective/regularized.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <span>
#include <vector>

/// @file
/// @brief A better dual point for nonsmooth regularizers, from recent evaluations.

namespace localsgd::detail {

/// @brief θ(c) = θ̃ + Σ_k c_k (θ_k − θ̃), with the slopes θ̃ of a point x and those of the last
///        evaluations, for scaled_dual.
///
/// The gap at θ̃ is larger than F(x) − F* because θ̃ must be scaled into the domain of r*: that
/// costs as much as the domain is missed by, while F(x) − F* is about the square of it. So c
/// minimises the sum of squares of
///
///     e_j(c) = s_j + Σ_k c_k (g_kj − g_j),
///
/// over the coordinates with x_j ≠ 0 or s_j ≠ 0, where s is the subgradient of F at x of least norm
/// and g, g_k are the gradients of the losses. If e(c) = 0 there, θ(c) satisfies the optimality
/// conditions of these coordinates, as the dual optimum does \cite massias2018celer . θ(c) is
/// projected into the domain of φ*, and scaled_dual computes the bound there.
///
/// At a point x, propose() is called by one thread, write() by all of them, and add() by one. The
/// last 5 evaluations are kept, d + n numbers each.
template <has_scaled_dual F>
class extrapolated_slopes {
 public:
  static constexpr std::size_t most = 5;

  explicit extrapolated_slopes(F const& f) : f_(&f) {}

  /// @brief Collective: the least of `bound` and that at θ(c), and stores the evaluation. θ(c) is
  ///        tried if `promises(estimate, bound)`; the leader receives the result.
  /// @param off see scaled_dual
  template <class T, class Promises>
  double improve(T& team, full_gradient& pass, scaled_dual<F>& dual, linear_point const& at,
                 double objective, double off, double bound, Promises const& promises) {
    bool const leader = team.leads();
    bool worth = false;
    if (leader && std::isfinite(bound) && promises(0.0, bound)) {
      double const left = propose(at.x, at.gradient);
      worth = left < 1 && amplification() < 100 && promises(left * bound, bound);
    }
    if (team.broadcast(worth ? 1 : 0) != 0) {
      write(team, pass, at.gradient, at.slopes);
      bound = std::min(
          bound, dual.bound(team, pass, objective, gradient(), slopes(), off, amplification()));
    }
    if (leader) add(at.gradient, at.slopes);
    return bound;
  }

  /// @brief Stores an evaluation, replacing the oldest.
  /// @param gradient that of the losses: d
  /// @param slopes   n
  void add(std::span<double const> gradient, std::span<double const> slopes) {
    if (size_ != most) ++size_;
    std::rotate(past_.begin(), past_.begin() + static_cast<std::ptrdiff_t>(size_ - 1),
                past_.begin() + static_cast<std::ptrdiff_t>(size_));
    past_[0].gradient.assign(gradient.begin(), gradient.end());
    past_[0].slopes.assign(slopes.begin(), slopes.end());
  }

  /// @brief Chooses c for a point.
  /// @return ‖e(c)‖/‖e(0)‖, about the part of the bound at θ̃ that remains; 1 if nothing can be
  ///        gained
  LOCALSGD_ONE_COPY double propose(std::span<double const> x, std::span<double const> gradient) {
    used_ = 0;
    if (size_ == 0) return 1;
    double const n = static_cast<double>(f_->samples());
    std::vector<double> sum(gradient.begin(), gradient.end());
    for (double& each : sum) each *= n;
    auto const e = least_subgradient(*f_, x, std::span<double const>(sum), n);
    std::array<std::array<double, most>, most> a{};
    std::array<double, most> b{};
    double before = 0;
    for (std::size_t j = 0; j != e.size(); ++j) {
      if (x[j] == 0 && e[j] == 0) continue;
      std::array<double, most> change{};
      for (std::size_t k = 0; k != size_; ++k) change[k] = past_[k].gradient[j] - gradient[j];
      before += e[j] * e[j];
      for (std::size_t k = 0; k != size_; ++k) {
        b[k] += change[k] * e[j];
        for (std::size_t i = 0; i <= k; ++i) a[k][i] += change[k] * change[i];
      }
    }
    for (std::size_t count = size_; count != 0; --count)
      if (double const left = minimise(a, b, before, count); left < 1) return left;
    return 1;
  }

  /// @brief By how much errors of the slopes and gradients are amplified at most: 1 + 2 Σ|c_k|.
  double amplification() const noexcept {
    double sum = 1;
    for (std::size_t k = 0; k != used_; ++k) sum += 2 * std::abs(c_[k]);
    return sum;
  }

  /// @brief Collective: computes θ(c) of the last proposal and its gradient (1/n) Σ s_i θ_i a_i, on
  ///        the leader. The sums of `pass` are preserved.
  /// @param gradient, slopes those at x; unchanged since the proposal
  template <class T>
  void write(T& team, full_gradient& pass, std::span<double const> gradient,
             std::span<double const> slopes) {
    if (team.leads()) {
      combined_.resize(gradient.size());
      for (std::size_t j = 0; j != gradient.size(); ++j) {
        double sum = gradient[j];
        for (std::size_t k = 0; k != used_; ++k)
          sum += c_[k] * (past_[k].gradient[j] - gradient[j]);
        combined_[j] = sum;
      }
      theta_.resize(slopes.size());
    }
    team.barrier();  // c and the storage are set
    pass.keeping_sums(team, [&] {
      pass.each_part(team, [&](index_range samples, std::span<double> sum) {
        combine(samples, slopes, sum);
      });
      if (!team.leads()) return;
      double const n = static_cast<double>(f_->samples());
      for (std::size_t j = 0; j != combined_.size(); ++j) combined_[j] += pass.sum()[j] / n;
    });
  }
  std::span<double const> gradient() const noexcept { return combined_; }
  std::span<double const> slopes() const noexcept { return theta_; }
  /// @brief Of an evaluation: n, or empty.
  std::span<double> slopes(std::size_t k) noexcept { return past_[k].slopes; }

  template <class Archive>
  void state(Archive& archive) {
    archive(size_);
    for (evaluation_of& each : past_) archive(each.gradient, each.slopes);
  }

 private:
  struct evaluation_of {
    aligned_vector<double> gradient, slopes;
  };

  // Over the newest `count` coefficients, each scaled by its own curvature.
  double minimise(std::array<std::array<double, most>, most> const& a,
                  std::array<double, most> const& b, double before, std::size_t count) {
    std::array<double, most> scale{};
    small_system<most> system;
    system.size = count;
    for (std::size_t k = 0; k != count; ++k) {
      if (!(a[k][k] > 0)) return 1;
      scale[k] = 1 / std::sqrt(a[k][k]);
      system.b[k] = -b[k] * scale[k];
      for (std::size_t i = 0; i <= k; ++i) system.a[k][i] = a[k][i] * scale[k] * scale[i];
    }
    if (!system.solve(1e-10)) return 1;
    double left = before;
    for (std::size_t k = 0; k != count; ++k) c_[k] = system.b[k] * scale[k];
    for (std::size_t k = 0; k != count; ++k) {
      left += 2 * b[k] * c_[k];
      for (std::size_t i = 0; i != count; ++i)
        left += a[std::max(i, k)][std::min(i, k)] * c_[k] * c_[i];
    }
    if (!std::isfinite(left) || !(before > 0)) return 1;
    used_ = count;
    return std::sqrt(std::max(left, 0.0) / before);
  }

  // theta_ ← θ(c), nearest points of the domain of φ*; the change of the gradient by that is added
  // to sum.
  LOCALSGD_ONE_COPY void combine(index_range samples, std::span<double const> slopes,
                                 std::span<double> sum) {
    double const intercept = f_->intercept();
    double moved_intercept = 0;
    for (std::size_t i = samples.first; i != samples.last; ++i) {
      double const own = slopes[i];
      double theta = own;
      for (std::size_t k = 0; k != used_; ++k) theta += c_[k] * (past_[k].slopes[i] - own);
      double const inside = f_->loss().project_to_dual_domain(theta, f_->target(i));
      theta_[i] = inside;
      if (inside == theta) continue;
      double const moved = f_->scale(i) * (inside - theta);
      add_scaled(moved, row_of(f_->features(), i), sum.data());
      moved_intercept += moved;
    }
    if (intercept != 0) sum[sum.size() - 3] += intercept * moved_intercept;
  }

  F const* f_;
  std::size_t size_ = 0, used_ = 0;
  std::array<evaluation_of, most> past_;  // the newest first
  std::array<double, most> c_{};
  std::vector<double> combined_, theta_;
};

}  // namespace localsgd::detail
