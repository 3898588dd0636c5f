// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/communicator/traffic.hpp"
#include "localsgd/core/index_range.hpp"
#include "localsgd/core/random.hpp"
#include "localsgd/certificate/fenchel_gap.hpp"
#include "localsgd/evaluation/full_gradient.hpp"
#include "localsgd/kernels/krylov/conjugate_gradients.hpp"
#include "localsgd/objective/concept.hpp"
#include "localsgd/objective/regularized.hpp"
#include "localsgd/objective/sharded_concept.hpp"
#include "localsgd/settings.hpp"
#include "localsgd/worker/decay_rate.hpp"
#include "localsgd/worker/newton/hessian.hpp"
#include "localsgd/worker/newton/hessian_work.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numeric>
#include <span>
#include <vector>

/// @file
/// @brief The Newton direction by conjugate gradients, from full gradients only.

namespace localsgd::detail {

/// @brief Objectives without a Hessian whose full gradients have full precision.
template <class F>
concept has_gradients_only = differentiable<stepped_objective<F>> &&
                             (!has_row_hessian<stepped_objective<F>>) &&
                             std::same_as<typename F::scalar, double>;

/// @brief p ≈ −∇²f(x)⁻¹∇f(x) by conjugate_gradients, with ∇²f(x)q ≈ (∇f(x + εq) − ∇f(x))/ε: a full
///        gradient for each iteration.
///
/// If the diagonal of ∇²f(x) can be computed from rows, it is the diagonal D of the preconditioner;
/// but with more coordinates than the largest rank of the Hessian of the losses, where ∇²f(x) has
/// the eigenvalue λ many times and its diagonal would turn it into many different ones, ten times
/// their mean is added to the elements, so that only those far above it differ, such as those of
/// frequent words.
///
/// With gradients only, D_j = μ + κ·(1/n) Σ_i (∂f_i/∂x_j)² at x = 0. For a linear model this is the
/// mean square of feature j, up to a factor, so the units of features do not matter. κ is chosen
/// such that D matches ∇²f(0) along a random direction. D is measured once, with the first
/// direction, in three passes over the samples.
///
/// The iterations end when dual_smoothing proves half of the tolerance for the second-order model.
/// For least squares they go on until it proves 0.8 of the tolerance, in the next direction a
/// quarter of that, and so on; the difference of gradients is exact for any ε. If they may cost only
/// so much, they are given up as soon as the fall of its bounds predicts that this is not enough.
///
/// Full gradients have the same bits on any number of threads and ranks, and so has p. Requires μ
/// or, with a free intercept, that of the regularizer: otherwise no tolerance can be proved.
template <Objective F>
class newton_cg {
 public:
  newton_cg() = default;
  newton_cg(F const& f, plan const& p)
      : p_(p),
        d_(p.dimension),
        mu_(certifying_convexity(f)),
        exact_(one_step_is_exact(f)),
        search_(p.dimension, most_pairs(p)) {}

  bool exists() const noexcept { return d_ != 0 && mu_ > 0 && std::isfinite(mu_); }
  /// @brief The expected number of iterations of a direction.
  static constexpr double expected_iterations() noexcept { return 12; }
  /// @brief The number of full gradients of the last direction.
  double gradients_per_sample() const noexcept { return passes_; }
  /// @brief Whether the last direction was given up.
  bool gave_up() const noexcept { return gave_up_; }
  /// @brief The number of sums over all workers of the last direction: each took a pass.
  std::size_t sums() const noexcept { return static_cast<std::size_t>(passes_); }

  /// @brief Leader only: stores f(x) and ∇f(x). @param pass its last evaluation was that of f at x
  void keep_gradient(full_gradient const& pass) {
    value_ = pass.last() / samples();
    pass.write(samples(), gradient_);
  }

  /// @brief Leader only: f(x) − D at the best known dual point, for the next direction.
  void keep_gap(double gap) noexcept { gap_ = gap; }
  /// @brief Leader only: s for which the slopes of x + s prove the goal at x + p, or empty.
  std::span<double const> dual_point() const noexcept { return search_.dual_point(); }

  /// @brief Collective: computes the direction. @pre keep_gradient() @param most_gradients the most
  ///        full gradients that the leader wants to spend, to within one
  template <class T>
  void curvature_at(F const& f, std::span<double const> x, full_gradient& pass, T& team,
                    double most_gradients = std::numeric_limits<double>::infinity()) {
    bool const leader = team.leads();
    if (leader) {
      passes_ = 0;
      probe_.assign(d_, 0.0);
    }
    if constexpr (has_row_hessian<stepped_objective<F>>)
      measure_rows(f, x, pass, team);
    else
      measure_gradients(f, pass, team);
    if (leader) {
      search_.begin(gradient_, goal(f));
      gave_up_ = false;
    }
    falls seen{decay_rate(least_fall), decay_rate(least_fall)};
    while (team.broadcast(leader && goes_on(most_gradients, seen) ? 1 : 0) != 0) {
      if (leader) probe(x);
      team.barrier();  // the probe is set
      pass(f, std::span<double const>(probe_), team);
      if (leader) iterate(pass.sum());
    }
  }

  /// @brief Leader only: the direction, damped by ν: see conjugate_gradients::solve().
  double solve(double damping, std::span<double> direction) const {
    return search_.solve(damping, direction);
  }

  template <class Archive>
  void state(Archive& archive) {
    archive(search_, unit_, aim_);
  }

 private:
  static constexpr double shift = 1e-5, frequent = 10, least_fall = 1e-3;
  static constexpr std::uint64_t least_iterations = 4;

  // As many as take twice the time of a gradient, and at most 2²⁰ numbers, or 200.
  static std::size_t most_pairs(plan const& p) noexcept {
    double const d = static_cast<double>(p.dimension);
    double const entries = p.flops_per_sample > 0 ? p.flops_per_sample : d;
    double const each = work_of_row(has_sparse_samples<stepped_objective<F>>,
                                    static_cast<std::size_t>(entries + 0.5), p.dimension).gradient;
    double const pairs = std::min(static_cast<double>(p.samples) * each / 2, 0x1p20) / d;
    return static_cast<std::size_t>(std::clamp(pairs, 2.0, 200.0));
  }

  // Of the two bounds of a direction: the computed one, and that of the known dual point.
  using falls = std::array<decay_rate, 2>;

  // Leader only, once before each iteration.
  bool goes_on(double most_gradients, falls& seen) noexcept {
    if (!search_.goes_on()) return false;
    gave_up_ = !(passes_ < most_gradients);
    if (!exact_ || !(search_.goal() > 0) || !std::isfinite(most_gradients)) return !gave_up_;
    double const bounds[] = {search_.bounds().computed(), search_.bounds().known()};
    double left = std::numeric_limits<double>::infinity();
    for (std::size_t k = 0; k != seen.size(); ++k) {
      if (!std::isfinite(bounds[k])) continue;  // no dual point is known
      seen[k].add(bounds[k]);
      left = std::min(left, seen[k].steps(bounds[k], search_.goal()));
    }
    if (seen[0].count() > least_iterations && passes_ + left > most_gradients) gave_up_ = true;
    return !gave_up_;
  }

  double samples() const noexcept { return static_cast<double>(p_.samples); }

  conjugate_gradients::duality_goal goal([[maybe_unused]] F const& f) noexcept {
    double free = 0;
    if constexpr (LinearObjective<F>)
      if (has_free_intercept(f)) free = 1 / (f.intercept() * f.intercept() * f.loss().curvature());
    double const aim = (exact_ ? aim_ : 0.5) * p_.tolerance;
    if (exact_) aim_ /= 4;
    return {aim, exact_, {penalized_coordinates(f), 1 / mu_, free}, gap_};
  }

  // Collective: D at x, for a linear model or softmax regression.
  template <class T>
  void measure_rows(F const& f, std::span<double const> x, full_gradient& pass, T& team) {
    std::vector<double>& scale = search_.scale();
    measure_hessian_diagonal(f, x, samples(), pass, team, scale);
    count_sum(team, d_, d_);
    if (!team.leads()) return;
    double const lambda = ridge_of(f);
    for (double& each : scale)
      if (!std::isnormal(each)) each = lambda;
    std::size_t const penalized = penalized_coordinates(f);
    if (penalized > rank_bound(f)) level_out(std::span(scale).first(penalized));
    unit_ = (exact_ ? 1 : shift) * std::sqrt(std::isnormal(value_) ? std::abs(value_) : 1);
    passes_ += 1;
  }

  // The largest rank that the Hessian of the losses can have.
  std::size_t rank_bound([[maybe_unused]] F const& f) const noexcept {
    if constexpr (requires { f.outputs(); })
      return p_.samples * f.outputs();
    else
      return p_.samples;
  }
  static void level_out(std::span<double> scale) {
    double const sum = std::accumulate(scale.begin(), scale.end(), 0.0);
    double const mean = sum / static_cast<double>(scale.size());
    if (!std::isnormal(mean)) return;
    for (double& each : scale) each += frequent * mean;
  }

  // Collective, once: D for an objective that provides only gradients.
  template <class T>
  void measure_gradients(F const& f, full_gradient& pass, T& team) {
    bool const leader = team.leads();
    if (team.broadcast(leader && search_.scale().empty() ? 1 : 0) == 0) return;
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
      pass.write(seen, search_.scale());
      if (!std::isnormal(loss)) loss = 1;
      sign.resize(d_);
    }
    team.barrier();  // the sums have been read
    std::vector<double>& scale = search_.scale();
    pass(f, std::span<double const>(probe_), team);
    if (leader) {
      pass.write(1, at_zero);
      for (std::size_t j = 0; j != d_; ++j) {
        bool const up = (random_words(0, random_stream::estimate, 1, j)[0] & 1U) != 0;
        sign[j] = scale[j] > 0 ? (up ? 1 : -1) / std::sqrt(scale[j]) : 0;
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
      fits += sign[j] * sign[j] * scale[j];
    }
    double factor = bend / fits;
    if (!std::isnormal(factor) || factor < 0) factor = 1;
    for (std::size_t j = 0; j != d_; ++j) scale[j] = factor * scale[j] + mu_;
    unit_ = shift * loss * std::sqrt(factor);
    passes_ += 3;
  }

  // x + εq, such that ε√⟨q, Dq⟩ = unit_.
  void probe(std::span<double const> x) {
    epsilon_ = unit_ / search_.search_length();
    for (std::size_t j = 0; j != d_; ++j) probe_[j] = x[j] + epsilon_ * search_.search()[j];
  }

  void iterate(std::span<double const> sum) {
    passes_ += 1;
    for (std::size_t j = 0; j != d_; ++j)
      probe_[j] = (sum[j] / samples() - gradient_[j]) / epsilon_;  // ∇²f(x) q
    search_.iterate(probe_);
  }

  plan p_;
  std::size_t d_ = 0;
  double mu_ = 0;
  bool exact_ = false;  // the second-order model
  double aim_ = 0.8;    // of the tolerance; lower if that was not low enough for the certificate
  double gap_ = std::numeric_limits<double>::infinity();
  bool gave_up_ = false;
  conjugate_gradients search_;
  double unit_ = 0;
  double passes_ = 0;
  double value_ = 0;
  std::vector<double> gradient_, probe_;  // on the leader, during a direction
  double epsilon_ = 0;
};

}  // namespace localsgd::detail
