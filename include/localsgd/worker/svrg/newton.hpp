// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/cache_aligned.hpp"
#include "localsgd/core/index_range.hpp"
#include "localsgd/evaluation/full_gradient.hpp"
#include "localsgd/kernels/packed_cholesky.hpp"
#include "localsgd/kernels/rows.hpp"
#include "localsgd/objective/linear_concept.hpp"
#include "localsgd/objective/sharded_concept.hpp"
#include "localsgd/settings.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <memory>
#include <span>
#include <utility>
#include <vector>

/// @file
/// @brief Newton's direction at an anchor, for models whose Hessian is cheap.

namespace localsgd::detail {

/// @brief φ''(z, y) from the slopes around z: what a Loss need not have. A kink counts by its share.
template <class L>
double second_derivative(L const& loss, double z, double y) {
  double const h = 6e-6 * (1 + std::abs(z));  // the cube root of the rounding of a slope
  return std::max(0.0, (loss.derivative(z + h, y) - loss.derivative(z - h, y)) / (2 * h));
}

/// @brief Objectives without rows have no direction.
template <Objective F>
class newton_direction {
 public:
  newton_direction() = default;
  newton_direction(F const&, plan const&) noexcept {}

  template <class T>
  static void prepare(F const&, full_gradient&, T&, plan const&) noexcept {}
  static constexpr bool exists() noexcept { return false; }
  static constexpr double epochs() noexcept { return 0; }
  static constexpr double gradients_per_sample() noexcept { return 0; }
  template <class T>
  static void curvature_at(F const&, std::span<typename F::scalar const>, T&) noexcept {}
  static bool solve(std::span<double const>, std::span<double>) noexcept { return false; }
  template <class Archive>
  static void state(Archive&) noexcept {}
};

/// @brief p = −∇²f(x)⁻¹∇f(x) of a linear model, by Cholesky: ∇²f = (1/n) Σ s_i φ''_i a_i a_iᵀ + λI.
///
/// Only where d ≤ 1024. The Hessian is summed by all threads in the order of the parts, so it has the
/// same bits on any number of them; the system is solved by who leads each process.
template <Objective F>
  requires linear_with_ridge<stepped_objective<F>>
class newton_direction<F> {
 public:
  using scalar = typename F::scalar;

  newton_direction() = default;
  newton_direction(F const& f, plan const& p)
      : d_(p.dimension), samples_(static_cast<double>(p.samples)), lambda_(ridge_of(f)), plan_(p) {
    plan_.dimension = packed_size(d_);
  }

  /// @brief Collective, once: what a direction costs.
  template <class T>
  void prepare(F const& f, full_gradient& pass, T& team, plan const&) {
    if (!exists()) return;
    pass.each_share(f, team, [&](auto const& share, index_range samples, std::span<double> sum,
                                 std::size_t) {
      for (std::size_t i = samples.first; i != samples.last; ++i) {
        auto const row = row_of(share.features(), i);
        std::size_t n = 0;
        if constexpr (sparse_row<decltype(row)>)
          n = row.indices.size();
        else
          n = row.size();
        sum[0] += static_cast<double>(n);
        sum[1] += cost_of_row(n);
      }
    });
    if (!team.leads()) return;
    double const entries = pass.totals()[0] + samples_, squares = pass.totals()[1];
    double const d = static_cast<double>(d_);
    // In scattered multiply-adds. A local step and its part of the anchor's pass take about four for
    // each entry; those of a factorisation run along rows.
    epochs_ = (squares + 2 * entries + d * d * d / 6 / along_rows) / (4 * entries);
    gradients_ = 1 + squares / (2 * entries);
  }

  bool exists() const noexcept { return d_ != 0 && d_ <= 1024 && lambda_ > 0; }
  /// @brief What a direction costs, in epochs of local steps. @pre prepare()
  double epochs() const noexcept { return epochs_; }

  /// @brief The multiply-adds of ∇²f over those of ∇f.
  double gradients_per_sample() const noexcept { return gradients_; }

  /// @brief Collective: computes ∇²f(x).
  template <class T>
  void curvature_at(F const& f, std::span<scalar const> x, T& team) {
    if (team.leads() && !hessian_) hessian_ = std::make_unique<full_gradient>(f, plan_);
    team.barrier();
    hessian_->each_share(f, team, [&](auto const& share, index_range samples, std::span<double> sum,
                                      std::size_t) { add_curvature(share, x, samples, sum); });
  }

  /// @brief Who leads: direction ← −∇²f(x)⁻¹∇f(x), from n·∇f(x).
  /// @return whether ∇²f(x) is positive definite, as far as rounding lets one see
  bool solve(std::span<double const> gradient_sum, std::span<double> direction) {
    factor_.assign(hessian_->sum().begin(), hessian_->sum().end());
    for (std::size_t j = 0; j != d_; ++j)
      factor_[packed_size(j) + j] += samples_ * lambda_;
    if (!factor_packed(factor_, d_)) return false;
    for (std::size_t j = 0; j != d_; ++j) direction[j] = -gradient_sum[j];
    solve_packed(factor_, direction);
    return true;
  }

  template <class Archive>
  void state(Archive& archive) {
    archive(epochs_, gradients_);
  }

 private:
  static constexpr double along_rows = 6;  // multiply-adds in the time of a scattered one

  bool is_full(std::size_t entries) const noexcept {
    return static_cast<double>(entries * entries) > static_cast<double>(d_ * d_) / along_rows;
  }
  double cost_of_row(std::size_t entries) const noexcept {
    return is_full(entries) ? static_cast<double>(d_ * d_) / 2 / along_rows
                            : static_cast<double>(entries * entries) / 2;
  }

  template <class G>
  void add_curvature(G const& f, std::span<scalar const> x, index_range samples,
                     std::span<double> sum) const {
    using row = decltype(row_of(f.features(), 0));
    double const intercept = f.intercept();
    std::size_t const last = d_ - 1;
    constexpr std::size_t together = 4;  // full rows: so many pass over the sum at once
    std::vector<double> full(together * d_);
    std::array<double, together> weights{};
    std::size_t gathered = 0;
    for (std::size_t i = samples.first; i != samples.last; ++i) {
      auto const a = row_of(f.features(), i);
      double z = dot(a, x.data());
      if (intercept != 0) z += intercept * static_cast<double>(x[last]);
      double const weight = f.scale(i) * second_derivative(f.loss(), z, f.target(i));
      if (weight == 0) continue;
      if constexpr (sparse_row<row>)
        if (!is_full(a.indices.size())) {
          add_sparse_row(a, weight, intercept, sum);
          continue;
        }
      std::span<double> const to = std::span(full).subspan(gathered * d_, d_);
      std::ranges::fill(to, 0.0);
      for_each_entry(a, [&](std::size_t j, double value) { to[j] = value; });
      if (intercept != 0) to[last] = intercept;
      weights[gathered] = weight;
      if (++gathered == together) {
        add_rows(full, weights, gathered, sum);
        gathered = 0;
      }
    }
    if (gathered != 0) add_rows(full, weights, gathered, sum);
  }
  template <class Row>
  void add_sparse_row(Row const& a, double weight, double intercept, std::span<double> sum) const {
    for (std::size_t k = 0; k != a.indices.size(); ++k) {
      double const c = weight * static_cast<double>(a.values[k]);
      double* const to = sum.data() + packed_size(a.indices[k]);
      for (std::size_t m = 0; m <= k; ++m)  // columns ascend
        to[a.indices[m]] += c * static_cast<double>(a.values[m]);
    }
    if (intercept == 0) return;
    double* const to = sum.data() + packed_size(d_ - 1);
    for (std::size_t k = 0; k != a.indices.size(); ++k)
      to[a.indices[k]] += weight * intercept * static_cast<double>(a.values[k]);
    to[d_ - 1] += weight * intercept * intercept;
  }
  void add_rows(std::vector<double> const& rows, std::array<double, 4> weights, std::size_t count,
                std::span<double> sum) const {
    for (std::size_t r = count; r != weights.size(); ++r) weights[r] = 0;
    double const* const a0 = rows.data();
    double const *const a1 = a0 + d_, *const a2 = a1 + d_, *const a3 = a2 + d_;
    constexpr std::size_t w = lanes::size;
    for (std::size_t i = 0; i != d_; ++i) {
      double* const to = sum.data() + packed_size(i);
      double const c0 = weights[0] * a0[i], c1 = weights[1] * a1[i], c2 = weights[2] * a2[i],
                   c3 = weights[3] * a3[i];
      lanes const l0(c0), l1(c1), l2(c2), l3(c3);
      std::size_t j = 0;
      for (; j + w <= i + 1; j += w) {
        lanes const first = multiply_add(l0, load(a0 + j), multiply_add(l1, load(a1 + j), load(to + j)));
        store(multiply_add(l2, load(a2 + j), multiply_add(l3, load(a3 + j), first)), to + j);
      }
      for (; j <= i; ++j) to[j] += (c0 * a0[j] + c1 * a1[j]) + (c2 * a2[j] + c3 * a3[j]);
    }
  }

  std::size_t d_ = 0;
  double samples_ = 0, lambda_ = 0, epochs_ = 0, gradients_ = 0;
  plan plan_;
  std::unique_ptr<full_gradient> hessian_;
  aligned_vector<double> factor_;
};

}  // namespace localsgd::detail
