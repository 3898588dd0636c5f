// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/evaluation/full_gradient.hpp"
#include "localsgd/kernels/lbfgs_matrix.hpp"
#include "localsgd/objective/linear_concept.hpp"
#include "localsgd/objective/regularized.hpp"
#include "localsgd/objective/sharded_concept.hpp"
#include "localsgd/settings.hpp"
#include "localsgd/worker/newton/descending_anchor.hpp"
#include "localsgd/worker/newton/hessian.hpp"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

/// @file
/// @brief L-BFGS steps before the first Hessian.

namespace localsgd::detail {

/// @brief L-BFGS directions \cite nocedal2006numerical from an anchor of a linear model with a ridge,
///        for as long as they are worth more than Hessians.
///
/// Far from the minimum the second-order model often holds for a short distance only, and a step that
/// costs two gradients, with its line search, brings nearly as much as one that costs a hundred. These
/// steps continue while a bound on f − f* falls by a factor of 4 per half of the cost of a Hessian.
/// They are not tried if a Hessian is as cheap as a dozen of them, or if φ'' is 0 at most samples: where
/// samples enter the active part of a squared hinge, gradients of the last steps say little.
template <Objective F>
class quasi_newton {
 public:
  using scalar = typename F::scalar;
  static constexpr bool exists = linear_with_sparse_steps<stepped_objective<F>> &&
                                 has_row_hessian<stepped_objective<F>> &&
                                 !proximal<stepped_objective<F>>;

  quasi_newton() = default;
  explicit quasi_newton(plan const& p) noexcept : p_(&p) {}

  /// @brief Leader only: forgets the steps from an earlier anchor.
  void begin() { inverse_ = lbfgs_matrix(most_pairs), diagonal_.clear(), last_.clear(), spent_ = 0; }
  /// @brief Leader only: there are no more steps in this run.
  void end() noexcept { over_ = true; }

  /// @brief Collective: if another step pays off, at.trial ← at.point plus its direction.
  /// @param gradient n·∇f at the point, on the leader, like the next two
  /// @param bound    of f(x) − f*
  /// @param price    of a Hessian in gradients, or 0 if no step is wanted
  template <class Context>
  bool try_step(Context& round, F const& f, descending_anchor<scalar> at,
                std::span<double const> gradient, double bound, double price) {
    auto& team = round.team();
    bool const leader = team.leads();
    if (team.broadcast(leader && pays(bound, price) ? 1 : 0) == 0) return false;
    if (team.broadcast(leader && diagonal_.empty() ? 1 : 0) != 0) {
      measure(f, at.point, round.pass(), team);
      round.spend(samples_per_worker(*p_));
      if (team.broadcast(leader && over_ ? 1 : 0) != 0) return false;
    }
    if (leader) at.try_step(direction(at.point, gradient));
    return true;
  }

  /// @brief Component gradients, without those of the line searches.
  std::uint64_t gradients() const noexcept { return gradients_; }

  template <class Archive>
  void state(Archive& archive) {
    archive(over_, gradients_);
  }

 private:
  static constexpr std::size_t most_pairs = 30;
  static constexpr double least_price = 24, least_fall = 4;

  bool pays(double bound, double price) noexcept {
    if (over_ || !(price >= least_price)) return false;
    if (spent_ >= price / 2) {
      over_ = !(std::isfinite(bound) && least_fall * bound <= bound_);
      spent_ = 0;
    }
    if (spent_ == 0) bound_ = bound;
    return !over_;
  }

  // Collective: the diagonal of n∇²f(x), from which the directions start.
  template <class T>
  void measure(F const& f, std::span<scalar const> x, full_gradient& pass, T& team) {
    double const flat = measure_hessian_diagonal(f, x, 1, pass, team, diagonal_);
    count_sum(team, x.size() + 1, x.size());
    if (!team.leads()) return;
    over_ = 2 * flat > static_cast<double>(f.samples());
    for (double& each : diagonal_)
      if (!std::isnormal(each)) each = 1;  // the gradient is 0 there
    spent_ += 1;
    gradients_ += f.samples();
  }

  // Leader only.
  std::span<double const> direction(std::span<scalar const> x, std::span<double const> gradient) {
    std::size_t const d = x.size();
    if (!last_.empty()) {
      std::vector<double> step(d), change(d);
      for (std::size_t j = 0; j != d; ++j) {
        step[j] = static_cast<double>(x[j]) - last_[j];
        change[j] = gradient[j] - last_gradient_[j];
      }
      inverse_.add(std::move(step), std::move(change));
    }
    last_.assign(x.begin(), x.end());
    last_gradient_.assign(gradient.begin(), gradient.end());
    direction_.resize(d);
    for (std::size_t j = 0; j != d; ++j) direction_[j] = -gradient[j];
    inverse_.apply(diagonal_, direction_);
    spent_ += 2;
    return direction_;
  }

  plan const* p_ = nullptr;
  lbfgs_matrix inverse_{most_pairs};
  std::vector<double> diagonal_, last_, last_gradient_, direction_;
  double bound_ = 0, spent_ = 0;  // since the last decision, in gradients
  bool over_ = false;
  std::uint64_t gradients_ = 0;
};

}  // namespace localsgd::detail
