// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/cache_aligned.hpp"
#include "localsgd/core/compiler.hpp"
#include "localsgd/core/index_range.hpp"
#include "localsgd/certificate/dual_model.hpp"
#include "localsgd/certificate/dual_rounding.hpp"
#include "localsgd/certificate/dual_rows.hpp"
#include "localsgd/kernels/cholesky.hpp"
#include "localsgd/kernels/rows.hpp"
#include "localsgd/loss/concept.hpp"
#include "localsgd/loss/dual_value.hpp"
#include "localsgd/objective/linear_concept.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <span>
#include <type_traits>
#include <utility>

/// @file
/// @brief A tighter bound on f(x) − f* for linear models, from the slopes of recent evaluations.

namespace localsgd::detail {

/// @brief A linear model with an L2 penalty: its dual can be computed for any loss.
template <class F>
concept has_dual = linear_with_ridge<F>;

/// @brief The results of an evaluation of a linear model at a point.
struct linear_point {
  std::span<double const> x;         ///< d
  std::span<double const> gradient;  ///< ∇f(x), including the penalty: d
  std::span<double const> slopes;    ///< ∂φ/∂z(z_i, y_i) from which the gradient was computed, without s_i: n
  double squared_slopes = 0;         ///< (1/n) Σ s_i (∂φ/∂z(z_i, y_i))²
};

/// @brief Dual points of f(x) = (1/n) Σ s_i φ(⟨a_i, x⟩ + o_i, y_i) + (λ/2)‖x‖² by extrapolation.
///
/// With h(θ) = (1/n) Σ s_i θ_i a_i, every θ in the domain of φ* bounds the optimum: f* ≥ D(θ) =
/// −(1/n) Σ s_i (φ*(θ_i, y_i) − θ_i o_i) − ‖h(θ)‖²/(2λ). At the slopes θ̃ of a point x this gives
/// f(x) − D(θ̃) = ‖∇f(x)‖²/(2λ): θ̃ may be poor for a good x if the gradient is dominated by noise.
/// A better point is
///
///     θ(c) = θ̃ + Σ_k c_k (θ_k − θ̃),
///
/// an affine combination with the slopes θ_k of the last evaluations x_k (Massias, Gramfort and
/// Salmon, Celer: a fast solver for the lasso with dual extrapolation, ICML 2018). With
/// Δ_k = h(θ_k) − h(θ̃) its gap is, to second order in θ(c) − θ̃,
///
///     q(c) = ‖∇f(x) + Σ c_k Δ_k‖²/(2λ) + ½ Σ_jk c_j c_k ⟨x_j − x, Δ_k⟩,
///
/// and its minimisation requires no pass over the data. The bound is then computed, not predicted,
/// at θ(c) projected into the domain: one pass over the slopes, and one over the rows of the
/// projected slopes. A loss without a conjugate takes longer: numeric_conjugate() computes φ* from
/// slopes, at the z_i of x, which requires a pass over all rows.
///
/// At a point x, propose() is called by one thread, add_dual() by any thread for its part of the
/// samples, and bound() and add() by one thread. The last 4 evaluations are kept, 2d + n numbers
/// each: without them the certificate would lag far behind the point if there are many samples.
template <has_dual F>
class dual_extrapolation {
 public:
  static constexpr std::size_t most = dual_model::most;  // evaluations

  /// @param f     the linear model; outlives this
  /// @param terms the largest number of consecutive additions in f(x), in a coordinate of ∇f(x) and
  ///              in the sums for bound(): samples in a part + parts; n is safe
  dual_extrapolation(F const& f, std::size_t terms)
      : f_(&f),
        terms_(static_cast<double>(terms)) {}

  /// @brief Stores an evaluation, replacing the oldest. The first calls allocate.
  LOCALSGD_ONE_COPY void add(linear_point const& at) {
    if (!considered_) {
      if (size_ != most) ++size_;
      std::rotate(past_.begin(), past_.begin() + static_cast<std::ptrdiff_t>(size_ - 1),
                  past_.begin() + static_cast<std::ptrdiff_t>(size_));
    }
    considered_ = false;
    memory& newest = past_[0];
    newest.x.assign(at.x.begin(), at.x.end());
    newest.slopes.assign(at.slopes.begin(), at.slopes.end());
    newest.h.resize(at.x.size());
    for (std::size_t j = 0; j != at.x.size(); ++j) newest.h[j] = data_gradient(at, j);
    newest.of = lengths_of(at);
  }

  /// @brief Stores dual variables from elsewhere until the next add(): they are what propose() chooses.
  ///        They are not the slopes at any point, as q would need. @param at x = −h(θ)/λ, ∇f := 0
  void consider(linear_point const& at) {
    add(at);
    considered_ = true;
  }

  /// @brief Chooses c for a point, and keeps it for add_dual() and bound().
  /// @return min_c q(c) ≥ 0, an estimate of bound(); 0 for a considered θ. Infinity, with c = 0, if
  ///         nothing can be gained: no stored evaluation, λ = 0, or numbers that are not finite.
  LOCALSGD_ONE_COPY double propose(linear_point const& at) {
    used_ = 0;
    c_.fill(0);
    if (considered_) {
      used_ = 1;
      c_[0] = 1;
      at_ = at;
      return 0;
    }
    if (size_ != 0 && std::ranges::equal(past_[0].x, at.x)) {  // its second evaluation adds nothing
      std::rotate(past_.begin(), past_.begin() + 1, past_.begin() + static_cast<std::ptrdiff_t>(size_));
      --size_;
    }
    double const lambda = ridge_of(*f_);
    if (!(lambda > 0)) return infinity;
    dual_model const q = model_at(at);
    double predicted = infinity;
    // Slopes of old evaluations can make q nonconvex; then fewer are used.
    for (std::size_t count = size_; count != 0 && used_ == 0; --count)
      predicted = minimise(q, count);
    at_ = at;
    return predicted;
  }

  /// @brief c of the last proposal, starting with the newest evaluation.
  std::span<double const> coefficients() const noexcept { return {c_.data(), used_}; }

  /// @brief Adds Σ s_i (φ*(θ_i, y_i) − θ_i o_i) over some samples to the element of `sum` after its
  ///        first d, where θ_i is the point of the domain nearest to θ_i(c); adds Σ s_i (θ_i − θ_i(c))
  ///        a_i to the first d. Safe to call from several threads.
  /// @param slopes θ̃ at the point of the last proposal, unchanged since then: n
  /// @pre sum has length d+2
  LOCALSGD_ONE_COPY void add_dual(index_range samples, std::span<double const> slopes,
                                  std::span<double> sum) const {
    auto const& loss = f_->loss();
    double const intercept = f_->intercept();
    auto const offsets = offsets_of(*f_);
    double conjugates = 0, moved_intercept = 0;
    for (std::size_t i = samples.first; i != samples.last; ++i) {
      double const own = slopes[i], y = f_->target(i), share = f_->scale(i);
      double theta = own;
      for (std::size_t k = 0; k != used_; ++k) theta += c_[k] * (past_[k].slopes[i] - own);
      double z = 0;
      if constexpr (!closed_form) z = prediction_of(*f_, i, at_.x);
      auto const [inside, conjugate] = dual_value_at(loss, theta, y, z);
      conjugates += share * (offsets.empty() ? conjugate : conjugate - inside * offsets[i]);
      if constexpr (!closed_form) conjugates += share * sign_margin(terms_, conjugate, loss.value(z, y));
      if (inside == theta) continue;
      double const moved = share * (inside - theta);
      add_scaled(moved, row_of(f_->features(), i), sum.data());
      moved_intercept += moved;
    }
    sum[sum.size() - 2] += conjugates;
    if (intercept != 0) sum[sum.size() - 3] += intercept * moved_intercept;
  }

  /// @brief A bound on f(x) − f* at the point of the last proposal, unchanged since then: f(x) −
  ///        D(θ(c)), rounded up by dual_rounding.
  /// @param objective  f(x)
  /// @param conjugates the total that add_dual() calls add to the element after the first d;
  ///                   `moved`: to the first d
  /// @return ≥ 0; infinity if nothing was proposed, or the numbers are not finite.
  LOCALSGD_ONE_COPY double bound(double objective, double conjugates,
                                 std::span<double const> moved) {
    if (at_.x.empty() || !(ridge_of(*f_) > 0)) return infinity;
    if (!(rows_.norm >= 0)) rows_ = dual_rows::of(*f_);
    combine();
    double const n = static_cast<double>(f_->samples()), lambda = ridge_of(*f_);
    constexpr std::size_t block = 256;  // a short chain of additions within a block, and one over blocks
    double squares = 0;
    for (std::size_t first = 0; first < h_.size(); first += block) {
      double some = 0;
      for (std::size_t j = first; j != std::min(first + block, h_.size()); ++j) {
        double const h = h_[j] + moved[j] / n;
        some += h * h;
      }
      squares += some;
    }
    for (std::size_t j = 0; squares < 0x1p-900 && j != h_.size(); ++j)
      h_[j] += moved[j] / n;
    squares = above_underflow(squares, std::span<double const>(h_));
    double const gap = objective + conjugates / n + squares / (2 * lambda);

    double const chain =
        terms_ + rows_.longest + static_cast<double>(h_.size() / block + block + 64);
    dual_lengths const own = lengths_of(at_);
    dual_rounding off{.chain = chain, .lambda = lambda, .at = own, .all = own};
    for (std::size_t k = 0; k != used_; ++k) {
      off.all.slopes += std::abs(c_[k]) * (past_[k].of.slopes + own.slopes);
      off.all.x += std::abs(c_[k]) * (past_[k].of.x + own.x);
    }
    double const margin = off.of_gap(*f_, rows_, objective, gap, squares);
    double const result = std::max(gap, 0.0) + margin;
    return std::isfinite(result) ? result : infinity;
  }
  std::span<double> slopes(std::size_t k) noexcept { return past_[k].slopes; }  ///< n, or empty if not set

  template <class Archive>
  void state(Archive& archive) {
    archive(size_, considered_);
    for (memory& each : past_) archive(each.x, each.h, each.slopes, each.of);
  }

 private:
  static constexpr double infinity = std::numeric_limits<double>::infinity();
  static constexpr bool closed_form =
      knows_conjugate<std::remove_cvref_t<decltype(std::declval<F const&>().loss())>>;

  struct memory {
    aligned_vector<double> x, h, slopes;
    dual_lengths of;
  };
  // h_ ← h(θ(c))
  void combine() {
    h_.resize(at_.x.size());
    for (std::size_t j = 0; j != h_.size(); ++j) {
      double const own = data_gradient(at_, j);
      h_[j] = own;
      for (std::size_t k = 0; k != used_; ++k) h_[j] += c_[k] * (past_[k].h[j] - own);
    }
  }

  double data_gradient(linear_point const& at, std::size_t j) const noexcept {
    return at.gradient[j] - ridge_of(*f_) * at.x[j];
  }

  dual_lengths lengths_of(linear_point const& at) const {
    double const of_offset = offsets_of(*f_).empty() ? 0 : 1;
    return {std::sqrt(at.squared_slopes), std::sqrt(squared_norm_above(at.x) + of_offset)};
  }

  dual_model model_at(linear_point const& at) const {
    std::array<dual_direction, most> all{};
    for (std::size_t k = 0; k != size_; ++k) all[k] = {past_[k].x.data(), past_[k].h.data()};
    double const lambda = ridge_of(*f_);
    switch (size_) {
      case 1: return dual_model_of<1>(at.x, at.gradient, lambda, all);
      case 2: return dual_model_of<2>(at.x, at.gradient, lambda, all);
      case 3: return dual_model_of<3>(at.x, at.gradient, lambda, all);
      case most: return dual_model_of<most>(at.x, at.gradient, lambda, all);
      default: return {};
    }
  }

  // Over the newest `count` coefficients. Each is scaled by its own curvature: that of an old
  // evaluation is larger by orders of magnitude, and the ridge applies to all of them.
  double minimise(dual_model const& q, std::size_t count) {
    std::array<double, most> scale{};
    small_system<most> system;
    system.size = count;
    for (std::size_t k = 0; k != count; ++k) {
      if (!(q.a[k][k] > 0)) return infinity;
      scale[k] = 1 / std::sqrt(q.a[k][k]);
      system.b[k] = -q.b[k] * scale[k];
      for (std::size_t i = 0; i <= k; ++i) system.a[k][i] = q.a[k][i] * scale[k] * scale[i];
    }
    if (!system.solve(1e-6)) return infinity;
    double predicted = q.constant;
    for (std::size_t k = 0; k != count; ++k) c_[k] = system.b[k] * scale[k];
    for (std::size_t k = 0; k != count; ++k) {
      predicted += q.b[k] * c_[k];
      for (std::size_t i = 0; i != count; ++i) predicted += q.a[k][i] * c_[k] * c_[i] / 2;
    }
    if (!std::isfinite(predicted)) {
      c_.fill(0);
      return infinity;
    }
    used_ = count;
    return std::max(predicted, 0.0);
  }

  F const* f_;
  double terms_;
  std::size_t size_ = 0, used_ = 0;
  bool considered_ = false;        // past_[0]
  std::array<memory, most> past_;  // the newest first
  std::array<double, most> c_{};
  aligned_vector<double> h_;  // h(θ(c)) before projection into the domain
  linear_point at_;       // of the last proposal
  dual_rows rows_;  // measured when a bound is first requested
};

}  // namespace localsgd::detail
