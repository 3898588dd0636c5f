// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/index_range.hpp"
#include "localsgd/core/random.hpp"
#include "localsgd/evaluation/balanced_dual.hpp"
#include "localsgd/evaluation/full_gradient.hpp"
#include "localsgd/kernels/rows.hpp"
#include "localsgd/kernels/simd.hpp"
#include "localsgd/objective/concept.hpp"
#include "localsgd/objective/regularized.hpp"
#include "localsgd/objective/sharded_concept.hpp"
#include "localsgd/settings.hpp"
#include "localsgd/worker/svrg/hessian.hpp"
#include "localsgd/worker/svrg/newton.hpp"

#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <span>
#include <vector>

/// @file
/// @brief Newton's direction of an objective of which only gradients are known.

namespace localsgd::detail {

/// @brief Objectives whose full gradients are known to all digits, but not their Hessian.
template <class F>
concept has_gradients_only = differentiable<stepped_objective<F>> &&
                             (!has_row_hessian<stepped_objective<F>>) &&
                             std::same_as<typename F::scalar, double>;

/// @brief p ≈ −∇²f(x)⁻¹∇f(x) by conjugate gradients \cite nocedal2006numerical, with
///        ∇²f(x)q ≈ (∇f(x + εq) − ∇f(x))/ε: a full gradient for each iteration.
///
/// The preconditioner P begins with D⁻¹, D_j = μ + κ·(1/n) Σ_i (∂f_i/∂x_j)² at x = 0: of a linear model that is the mean
/// square of feature j, up to a factor, so the units of features do not matter. κ is such that D fits
/// ∇²f(0) along a random direction. Measured once, with the first direction, for three passes over the
/// samples. From then on P is the BFGS matrix of D⁻¹ and the pairs (q, ∇²f q) of earlier directions, which
/// the next Hessians resemble \cite morales2000automatic. All searches of a direction are kept conjugate
/// to each other, not only to the last. Iterations end where the residual, in the norm of P, has fallen by
/// a factor of 10, where the curvature is not positive, or after 200 at most, fewer in many dimensions.
///
/// Full gradients have the same bits on any number of threads and ranks, and so has p. Only where μ, or
/// with a free intercept that of the regularizer, is known: elsewhere nothing proves a tolerance.
template <Objective F>
  requires has_gradients_only<F>
class newton_direction<F> {
 public:
  newton_direction() = default;
  newton_direction(F const& f, plan const& p)
      : p_(p), d_(p.dimension), mu_(certifying_convexity(f)) {}

  template <class T>
  static void prepare(F const&, full_gradient&, T&) noexcept {}
  bool exists() const noexcept { return d_ != 0 && mu_ > 0 && std::isfinite(mu_); }
  /// @brief What a direction costs, in epochs of local steps and their anchors: three gradients each.
  static constexpr double epochs() noexcept { return expected_iterations / 3; }
  /// @brief How many full gradients the last direction took.
  double gradients_per_sample() const noexcept { return passes_; }

  /// @brief Collective: computes the direction. @pre `pass` has evaluated f at x last
  template <class T>
  void curvature_at(F const& f, std::span<double const> x, full_gradient& pass, T& team) {
    bool const leader = team.leads();
    if (leader) {
      passes_ = 0;
      pass.write(samples(), gradient_);
    }
    measure(f, pass, team);
    if (leader) begin();
    while (team.broadcast(leader && goes_on() ? 1 : 0) != 0) {
      if (leader) probe(x);
      team.barrier();  // the probe is there
      pass(f, std::span<double const>(probe_), team);
      if (leader) iterate(pass.sum());
    }
  }

  /// @brief Who leads: the direction, damped by ν: each search's share of it is divided by 1 + νs, with
  ///        s = ⟨q, Dq⟩/⟨q, ∇²f q⟩. That solves (∇²f(x) + νD)p = −∇f(x) where the searches are conjugate
  ///        in D, too, and nearly so elsewhere.
  /// @return what the model of second order says that f falls by; 0 where there is no direction
  double solve(F const&, double damping, std::span<double> direction) const {
    std::fill_n(direction.data(), d_, 0.0);
    double fall = 0;
    for (std::size_t i = 0; i != lengths_.size(); ++i) {
      std::size_t const at = known_ + i;
      double length = lengths_[i];
      if (damping > 0) length /= 1 + damping * scaled_square(searches_.data() + at * d_) / curvatures_[at];
      add_scaled(length, searches_.data() + at * d_, direction.data(), d_);
      fall += curvatures_[at] * length * (lengths_[i] - length / 2);
    }
    return fall;
  }

  template <class Archive>
  void state(Archive& archive) {
    archive(scale_, unit_, searches_, images_, curvatures_);
  }

 private:
  static constexpr double expected_iterations = 12, reduction = 0.1, shift = 1e-5;

  double samples() const noexcept { return static_cast<double>(p_.samples); }

  // Collective, once: scale_ ← D, unit_ ← the change of f that a probe makes, over the length of q.
  template <class T>
  void measure(F const& f, full_gradient& pass, T& team) {
    bool const leader = team.leads();
    if (team.broadcast(leader && scale_.empty() ? 1 : 0) == 0) return;
    if (leader) probe_.assign(d_, 0.0);
    team.barrier();
    std::size_t const stride = std::max<std::size_t>(1, p_.samples >> 17U);
    pass.each_share(f, team, [&](auto const& share, index_range samples, std::span<double> sum,
                                 std::size_t) {
      std::vector<double> g(d_);
      for (std::size_t i = samples.first; i < samples.last; i += stride) {
        sum[d_] += share.gradient(std::span<double const>(probe_), std::span(&i, 1), g);
        sum[d_ + 1] += 1;
        for (std::size_t j = 0; j != d_; ++j) sum[j] += g[j] * g[j];
      }
    });
    double loss = 0;
    std::vector<double> sign, at_zero;
    if (leader) {
      double const seen = pass.totals()[d_ + 1];
      loss = std::abs(pass.last() / seen);
      pass.write(seen, scale_);
      if (!std::isnormal(loss)) loss = 1;
      sign.resize(d_);
    }
    team.barrier();  // the sums are read
    pass(f, std::span<double const>(probe_), team);
    if (leader) {
      pass.write(1, at_zero);
      for (std::size_t j = 0; j != d_; ++j) {
        bool const up = (random_words(0, random_stream::estimate, 1, j)[0] & 1U) != 0;
        sign[j] = scale_[j] > 0 ? (up ? 1 : -1) / std::sqrt(scale_[j]) : 0;
      }
      unit_ = shift * loss / std::sqrt(static_cast<double>(d_));
      for (std::size_t j = 0; j != d_; ++j) probe_[j] = unit_ * sign[j];
    }
    team.barrier();
    pass(f, std::span<double const>(probe_), team);
    if (!leader) return;
    double bend = 0, fits = 0;
    for (std::size_t j = 0; j != d_; ++j) {
      bend += sign[j] * (pass.sum()[j] - at_zero[j]) / samples() / unit_;
      fits += sign[j] * sign[j] * scale_[j];
    }
    double factor = bend / fits;
    if (!std::isnormal(factor) || factor < 0) factor = 1;
    for (std::size_t j = 0; j != d_; ++j) scale_[j] = factor * scale_[j] + mu_;
    unit_ = shift * loss * std::sqrt(factor);
    passes_ += 3;
  }

  void begin() {
    std::size_t const kept = std::min(curvatures_.size(), most_pairs());
    forget(searches_, kept * d_);
    forget(images_, kept * d_);
    forget(curvatures_, kept);
    known_ = kept;
    lengths_.clear();
    residual_.resize(d_);
    search_.assign(d_, 0.0);
    probe_.resize(d_);
    for (std::size_t j = 0; j != d_; ++j) residual_[j] = -gradient_[j];
    ended_ = false;
    turn();
    first_ = left_;
  }

  bool goes_on() const noexcept {
    return !ended_ && left_ > 0 && lengths_.size() != most_pairs() &&
           left_ > reduction * reduction * first_;
  }

  // q ← Pr, made conjugate to the searches of this direction; left_ ← ⟨r, Pr⟩.
  void turn() {
    std::copy_n(residual_.data(), d_, search_.data());
    std::vector<double> share(known_);
    for (std::size_t i = known_; i-- != 0;) {
      share[i] = product(searches_, i, search_) / curvatures_[i];
      add(-share[i], images_, i);
    }
    for (std::size_t j = 0; j != d_; ++j) search_[j] /= scale_[j];
    for (std::size_t i = 0; i != known_; ++i)
      add(share[i] - product(images_, i, search_) / curvatures_[i], searches_, i);
    left_ = dot(residual_.data(), search_.data(), d_);
    for (std::size_t i = known_; i != curvatures_.size(); ++i)
      add(-product(images_, i, search_) / curvatures_[i], searches_, i);
  }

  void probe(std::span<double const> x) {
    epsilon_ = unit_ / std::sqrt(scaled_square(search_.data()));
    for (std::size_t j = 0; j != d_; ++j) probe_[j] = x[j] + epsilon_ * search_[j];
  }

  void iterate(std::span<double const> sum) {
    passes_ += 1;
    for (std::size_t j = 0; j != d_; ++j)
      probe_[j] = (sum[j] / samples() - gradient_[j]) / epsilon_;  // ∇²f(x) q
    double const bend = dot(search_.data(), probe_.data(), d_);
    double const length = dot(residual_.data(), search_.data(), d_) / bend;
    if (!(bend > 0) || !std::isfinite(bend) || !std::isfinite(length)) {
      ended_ = true;
      return;
    }
    for (std::size_t j = 0; j != d_; ++j) residual_[j] -= length * probe_[j];
    lengths_.push_back(length);
    append(searches_, search_);
    append(images_, probe_);
    curvatures_.push_back(bend);
    turn();
  }

  // Of earlier directions, and iterations of a new one: 2²⁰ numbers, or 8.
  std::size_t most_pairs() const noexcept {
    return std::clamp<std::size_t>((std::size_t{1} << 20U) / d_, 8, 200);
  }
  static void forget(std::vector<double>& oldest_first, std::size_t left) {
    std::size_t const forgotten = oldest_first.size() - left;
    if (forgotten != 0)
      for (std::size_t i = 0; i != left; ++i) oldest_first[i] = oldest_first[forgotten + i];
    oldest_first.resize(left);
  }
  static void append(std::vector<double>& all, std::vector<double> const& v) {
    std::size_t const before = all.size();
    all.resize(before + v.size());
    std::copy_n(v.data(), v.size(), all.data() + before);
  }
  double scaled_square(double const* q) const noexcept {  // ⟨q, Dq⟩
    double square = 0;
    for (std::size_t j = 0; j != d_; ++j) square += scale_[j] * q[j] * q[j];
    return square;
  }
  double product(std::vector<double> const& all, std::size_t i,
                 std::vector<double> const& v) const noexcept {
    return dot(all.data() + i * d_, v.data(), d_);
  }
  void add(double factor, std::vector<double> const& all, std::size_t i) noexcept {
    add_scaled(factor, all.data() + i * d_, search_.data(), d_);
  }

  plan p_;
  std::size_t d_ = 0;
  double mu_ = 0;
  std::vector<double> scale_;  // D, once measured
  double unit_ = 0;
  double passes_ = 0;

  // Pairs q_i and ∇²f q_i, the oldest first, with ⟨q_i, ∇²f q_i⟩; the first known_ are in P.
  std::vector<double> searches_, images_, curvatures_;
  std::size_t known_ = 0;

  // Of who leads, during a direction.
  std::vector<double> gradient_, residual_, search_, probe_, lengths_;
  double first_ = 0, left_ = 0, epsilon_ = 0;
  bool ended_ = false;
};

}  // namespace localsgd::detail
