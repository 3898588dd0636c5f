// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/communicator/traffic.hpp"
#include "localsgd/core/cache_aligned.hpp"
#include "localsgd/core/index_range.hpp"
#include "localsgd/evaluation/full_gradient.hpp"
#include "localsgd/kernels/packed_cholesky.hpp"
#include "localsgd/objective/sharded_concept.hpp"
#include "localsgd/settings.hpp"
#include "localsgd/worker/newton/hessian.hpp"
#include "localsgd/worker/newton/hessian_work.hpp"
#include "localsgd/worker/newton/newton_cg.hpp"

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <limits>
#include <memory>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

/// @file
/// @brief The Newton direction at an anchor.

namespace localsgd::detail {

/// @brief Objectives without a Hessian have no direction.
template <Objective F>
class newton_direction {
 public:
  newton_direction() = default;
  newton_direction(F const&, plan const&) noexcept {}

  template <class T>
  static void prepare(F const&, full_gradient&, T&) noexcept {}
  static constexpr bool exists() noexcept { return false; }
  static constexpr double epochs() noexcept { return 0; }
  static constexpr double share_of_price() noexcept { return 1; }
  static constexpr double gradients_per_sample() noexcept { return 0; }
  static constexpr std::size_t sums() noexcept { return 0; }
  template <class T>
  static void curvature_at(F const&, std::span<typename F::scalar const>, full_gradient&,
                           T&) noexcept {}
  static double solve(F const&, double, std::span<double>) noexcept { return 0; }
  template <class Archive>
  static void state(Archive&) noexcept {}
};

/// @brief p ≈ −∇²f(x)⁻¹∇f(x) if only gradients are available: see newton_cg.
template <Objective F>
  requires has_gradients_only<F>
class newton_direction<F> {
 public:
  newton_direction() = default;
  newton_direction(F const& f, plan const& p) : search_(f, p) {}

  template <class T>
  static void prepare(F const&, full_gradient&, T&) noexcept {}
  bool exists() const noexcept { return search_.exists(); }
  /// @brief The cost in epochs of local steps with their anchors: three gradients each.
  static constexpr double epochs() noexcept { return newton_cg<F>::expected_iterations() / 3; }
  static constexpr double share_of_price() noexcept { return 0.125; }
  double gradients_per_sample() const noexcept { return search_.gradients_per_sample(); }
  std::size_t sums() const noexcept { return search_.sums(); }

  void keep_gradient(full_gradient const& pass) { search_.keep_gradient(pass); }
  void keep_gap(double gap) noexcept { search_.keep_gap(gap); }
  std::span<double const> dual_point() const noexcept { return search_.dual_point(); }
  template <class T>
  void curvature_at(F const& f, std::span<double const> x, full_gradient& pass, T& team) {
    search_.curvature_at(f, x, pass, team);
  }
  double solve(F const&, double damping, std::span<double> direction) const {
    return search_.solve(damping, direction);
  }
  template <class Archive>
  void state(Archive& archive) {
    archive(search_);
  }

 private:
  newton_cg<F> search_;
};

/// @brief p = −∇²f(x)⁻¹∇f(x) for a linear model or softmax regression: by newton_cg or, if d ≤
///        1024, by Cholesky factorization.
///
/// All threads sum the Hessian in the order of the parts, so it has the same bits on any number of
/// threads; the leader of each process solves the system. Conjugate gradients come first if half a
/// typical search costs less than the Hessian: on well-conditioned data, and to a low accuracy,
/// they suffice. If d ≤ 1024, they end when they have cost as much as one Hessian, or half of it if
/// one step is exact, or when that is predicted: then the system is ill-conditioned, and
/// factorization makes up for it.
template <Objective F>
  requires(has_row_hessian<stepped_objective<F>> && !proximal<stepped_objective<F>>)
class newton_direction<F> {
 public:
  using scalar = typename F::scalar;

  newton_direction() = default;
  newton_direction(F const& f, plan const& p)
      : d_(p.dimension),
        samples_(static_cast<double>(p.samples)),
        lambda_(ridge_of(f)),
        penalized_(penalized_coordinates(f)),
        plan_(p) {
    plan_.dimension = packed_size(d_);
    plan_.flops_per_sample = 0;  // those of a Hessian differ
    if constexpr (can_search) search_ = newton_cg<F>(f, p);
  }

  /// @brief Collective, once: computes the cost of a direction.
  template <class T>
  void prepare(F const& f, full_gradient& pass, T& team) {
    if (!exists()) return;
    pass.each_share(f, team, [&](auto const& share, index_range samples, std::span<double> sum,
                                 std::size_t) {
      for (std::size_t i = samples.first; i != samples.last; ++i) {
        pass_work const work = work_of_sample(share, i, d_);
        sum[0] += work.local_step;
        sum[1] += work.gradient;
        sum[2] += work.hessian;
      }
    });
    if (!team.leads()) return;
    double const steps = pass.totals()[0], gradient = pass.totals()[1], hessian = pass.totals()[2];
    double const iteration = gradient + work_of_search(d_);
    epochs_ = epochs_of_search_ = newton_cg<F>::expected_iterations() * iteration / steps;
    if (d_ > most_factored) return;
    double const once = work_of_system(d_, hessian_parts(f));
    epochs_ = (hessian + gradient + once) / steps;
    gradients_ = (hessian + once) / gradient;
    most_searched_ = (hessian + once) / iteration / (one_step_is_exact(f) ? 2 : 1);
  }

  bool exists() const noexcept { return d_ != 0 && (d_ <= most_factored || may_search()); }
  /// @brief Leader only: the cost of a factorized Hessian in gradients, or 0 if there is none.
  double price_of_hessian() const noexcept { return d_ <= most_factored ? gradients_ : 0; }
  /// @brief Leader only: n·∇f(x), if d ≤ 1024. @pre keep_gradient()
  std::span<double const> gradient() const noexcept { return gradient_; }
  /// @brief Leader only: the cost of a direction, in epochs of local steps. @pre prepare()
  double epochs() const noexcept { return searches() ? epochs_of_search_ : epochs_; }
  /// @brief Leader only: the cost that local steps must reach before the first Newton step, as a
  ///        fraction of the cost of all steps. If directions are computed iteratively, local steps
  ///        are often as good.
  double share_of_price() const noexcept { return searches() ? 1 : 0.125; }

  /// @brief The work of a direction divided by that of ∇f.
  double gradients_per_sample() const noexcept {
    if constexpr (can_search)
      if (searched_) return search_.gradients_per_sample();
    return gradients_;
  }
  /// @brief The number of sums over all workers of the last direction.
  std::size_t sums() const noexcept {
    if constexpr (can_search)
      if (searched_) return search_.sums();
    return 1;
  }

  /// @brief Leader only: φ'' of a linear model is its mean over [z − width, z + width] from the
  ///        next Hessian on.
  void widen(double width) noexcept { width_ = width; }

  /// @brief Leader only: stores f(x) and ∇f(x). @param pass its last evaluation was that of f at x
  void keep_gradient(full_gradient const& pass) {
    if constexpr (can_search)
      if (may_search()) search_.keep_gradient(pass);
    if (d_ <= most_factored) gradient_.assign(pass.sum().begin(), pass.sum().end());
  }

  /// @brief Leader only: see newton_cg.
  void keep_gap(double gap) noexcept {
    if constexpr (can_search) search_.keep_gap(gap);
  }
  std::span<double const> dual_point() const noexcept {
    if constexpr (can_search)
      if (searched_) return search_.dual_point();
    return {};
  }

  /// @brief Collective: computes ∇²f(x), or the direction. @pre keep_gradient()
  template <class T>
  void curvature_at(F const& f, std::span<scalar const> x, full_gradient& pass, T& team) {
    if constexpr (can_search) {
      if (team.leads()) searched_ = searches();
      team.barrier();
      if (searched_) {
        search_.curvature_at(f, x, pass, team, most_searched_ - iterations_);
        if (team.leads())
          iterations_ = search_.gave_up() ? most_searched_
                                          : iterations_ + search_.gradients_per_sample();
        return;
      }
    }
    if (team.leads() && !hessian_) hessian_ = std::make_unique<full_gradient>(f, plan_);
    team.barrier();
    hessian_->each_share(f, team, [&](auto const& share, index_range samples, std::span<double> sum,
                                      std::size_t) {
      if constexpr (linear_with_sparse_steps<stepped_objective<F>>)
        add_hessian(share, x, samples, sum, width_);
      else
        add_hessian(share, x, samples, sum);
    });
    count_sum(team, packed_size(d_), d_);
  }

  /// @brief Leader only: direction ← p = −(H + νD)⁻¹∇f(x), H = ∇²f(x), D its diagonal.
  /// @param damping ν ≥ 0
  /// @return the decrease of f that the model f(x) + ⟨∇f(x), p⟩ + ½⟨p, Hp⟩ predicts; not above 0 if
  ///         H is not positive definite to within rounding
  double solve(F const&, double damping, std::span<double> direction) {
    if constexpr (can_search)
      if (searched_) return search_.solve(damping, direction);
    factor_.assign(hessian_->sum().begin(), hessian_->sum().end());
    // Without a penalty H may be singular; ∇f is orthogonal to its null space.
    if (!(lambda_ > 0)) damping = std::max(damping, 1e-10);
    for (std::size_t j = 0; j != d_; ++j) {
      double& diagonal = factor_[packed_size(j) + j];
      diagonal += samples_ * lambda_at(j);
      diagonal += damping * diagonal;
      if (diagonal == 0) diagonal = 1;  // so is the gradient
    }
    fix_common_shift();
    if (!factor_packed(factor_, d_)) return 0;
    for (std::size_t j = 0; j != d_; ++j) direction[j] = -gradient_[j];
    solve_packed(factor_, direction);
    double fall = 0;  // 2n times the decrease; ⟨p, Hp⟩ = −⟨∇f, p⟩ − ν⟨p, Dp⟩
    for (std::size_t j = 0; j != d_; ++j) {
      double const curvature = hessian_->sum()[packed_size(j) + j] + samples_ * lambda_at(j);
      fall += direction[j] * (damping * curvature * direction[j] - gradient_[j]);
    }
    return fall / (2 * samples_);
  }

  template <class Archive>
  void state(Archive& archive) {
    archive(epochs_, epochs_of_search_, gradients_, most_searched_, iterations_);
    if constexpr (can_search) archive(search_);
  }

 private:
  static constexpr bool can_search = std::same_as<scalar, double>;

  bool may_search() const noexcept {
    if constexpr (can_search) return search_.exists();
    return false;
  }
  // Leader only: whether the next direction is that of newton_cg. With a width it must be
  // factorized: the gradients are those of the loss itself.
  bool searches() const noexcept {
    if (!may_search() || d_ > most_factored) return may_search();
    return width_ == 0 && iterations_ < most_searched_ &&
           newton_cg<F>::expected_iterations() / 2 < most_searched_;
  }

  // Adding the same number to all free intercepts of softmax regression changes nothing, so H is
  // singular in that direction. ∇f is orthogonal to it, and so is p when κ11ᵀ is added for any κ >
  // 0.
  void fix_common_shift() noexcept {
    if (d_ < penalized_ + 2) return;
    double trace = 0;
    for (std::size_t j = penalized_; j != d_; ++j) trace += factor_[packed_size(j) + j];
    for (std::size_t j = penalized_; j != d_; ++j)
      for (std::size_t k = penalized_; k <= j; ++k)
        factor_[packed_size(j) + k] += trace / static_cast<double>(d_ - penalized_);
  }

  // λ, for the coordinates that the penalty includes.
  double lambda_at(std::size_t j) const noexcept { return j < penalized_ ? lambda_ : 0; }

  // The number of sums that full_gradient computes for ∇²f. Only the cost depends on it, so it need
  // not be exact.
  std::size_t hessian_parts(F const&) const noexcept {
    if constexpr (ShardedObjective<F>) return plan_.workers;
    return std::min(plan_.workers,
                    std::max<std::size_t>(2, (std::size_t{1} << 19) / plan_.dimension));
  }

  std::size_t d_ = 0;
  double samples_ = 0, lambda_ = 0, width_ = 0;
  double epochs_ = 0, epochs_of_search_ = 0;  // the cost of a direction
  double gradients_ = 0;                      // that of a Hessian, in gradients
  double iterations_ = 0, most_searched_ = std::numeric_limits<double>::infinity();  // of newton_cg
  bool searched_ = false;                     // whether the last direction is that of newton_cg
  std::size_t penalized_ = 0;  // number of coordinates
  plan plan_;
  std::conditional_t<can_search, newton_cg<F>, char> search_{};
  std::unique_ptr<full_gradient> hessian_;
  std::vector<double> gradient_;  // n·∇f(x)
  aligned_vector<double> factor_;
};

}  // namespace localsgd::detail
