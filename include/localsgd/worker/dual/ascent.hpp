// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/certificate/fenchel_gap.hpp"
#include "localsgd/communicator/traffic.hpp"
#include "localsgd/core/index_range.hpp"
#include "localsgd/evaluation/full_gradient.hpp"
#include "localsgd/kernels/rows.hpp"
#include "localsgd/objective/linear_concept.hpp"
#include "localsgd/objective/sharded_concept.hpp"
#include "localsgd/settings.hpp"
#include "localsgd/worker/dual/ascent_pace.hpp"
#include "localsgd/worker/dual/dual_point.hpp"
#include "localsgd/worker/dual/gram_newton.hpp"
#include "localsgd/worker/newton/at_once.hpp"
#include "localsgd/worker/newton/descent.hpp"
#include "localsgd/worker/newton/hessian_work.hpp"

#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

/// @file
/// @brief Dual coordinate ascent before the first local steps.

namespace localsgd::detail {

/// @brief Objectives without a dual in which single samples can move.
template <Objective F>
class dual_ascent {
 public:
  dual_ascent() = default;
  dual_ascent(F const&, plan const&) noexcept {}
  static constexpr bool suits(F const&) noexcept { return false; }
  static constexpr bool begins(F const&, plan const&) noexcept { return false; }
  static constexpr bool goes_on() noexcept { return false; }
  static constexpr std::uint64_t gradients() noexcept { return 0; }
  template <class Context, class Slopes, class Moved>
  static constexpr bool advance(Context&, F const&, descending_anchor<typename F::scalar>, Slopes,
                                Moved const&) noexcept {
    return false;
  }
  template <class Archive>
  static void state(Archive&) noexcept {}
};

/// @brief Stochastic dual coordinate ascent \cite shalev2013sdca for f(x) = (1/n) Σ s_i φ(⟨a_i, x⟩
///        + o_i, y_i) + (λ/2)‖x‖².
///
/// The dual function D(θ) = −(1/n) Σ s_i (φ*(θ_i) − θ_i o_i) − (λ/2)‖x(θ)‖² is maximised over one
/// θ_i after the other (detail::dual_point), in a new random order in every epoch. f(x(θ)) − D(θ)
/// proves the result. With a free intercept, f is evaluated at the best one for the other
/// coordinates of x(θ), and D at θ balanced by detail::fenchel_gap, so φ needs a conjugate.
///
/// Where d is large and rows are short, the q_i are small and 3 to 10 epochs reach 10⁻⁶, each at
/// the cost of one of plain steps. Every process repeats all of it on all samples, on one thread,
/// so nothing is exchanged before the result is evaluated. After a warm_start θ begins as the
/// slopes there. Runs begin with it if newton_comes_later(): its first four epochs predict the rest.
///
/// Ill-conditioned data would take hundreds of epochs. If n is small, and less than d or d large,
/// detail::gram_newton then reaches the optimum in the unknowns s_i θ_i, as soon as its counted
/// work is less than that of the predicted epochs, and of 150; at once, if it is that of four.
/// Otherwise, if the epochs that seem left cost more than 30 iterations of newton_cg, local steps
/// and Newton steps, which use all threads, continue from the best point.
template <Objective F>
  requires(linear_with_ridge<F> && std::same_as<typename F::scalar, double>)
class dual_ascent<F> {
 public:
  dual_ascent() = default;
  dual_ascent(F const& f, plan const& p)
      : p_(&p), goes_on_(true), most_left_(search_in_epochs(f)), dual_(f, p) {
    bool const smaller = p.samples <= most_factored &&
                         (p.dimension > most_factored || p.samples < p.dimension);
    if (smaller && !has_free_intercept(f)) newton_epochs_ = gram_newton<F>::epochs(f);
  }

  /// @brief Whether runs begin with it: a function of sizes, the regularizer and the loss.
  static bool suits(F const& f) {
    double const each = entries_per_row(f.features()), n = static_cast<double>(f.samples());
    double const curvature = f.loss().curvature();
    return newton_comes_later(f, f.dimension(), f.samples(), each) && n * each <= most_entries &&
           ridge_of(f) > 0 && (has_fenchel_gap<F> || !has_free_intercept(f)) && curvature > 0 &&
           std::isfinite(curvature);
  }
  /// @brief Whether this run begins with it.
  static bool begins(F const& f, plan const& p) { return p.tolerance > 0 && suits(f); }
  bool goes_on() const noexcept { return goes_on_; }
  /// @brief Component gradients, beyond those of the run's own evaluations.
  std::uint64_t gradients() const noexcept { return gradients_; }

  /// @brief Collective, after the anchor has been recorded: makes a stage, if it is worth while:
  ///        epochs up to the predicted end of the run, at most four and then eight, or all Newton
  ///        steps. The anchor moves if f is lower at x(θ). @return Whether a stage was made
  /// @param slopes storage that evaluations fill
  /// @param moved  called by the leader when the anchor has moved, or was evaluated again
  template <class Context, class Moved>
  bool advance(Context& round, F const& f, descending_anchor<double> at, std::span<double> slopes,
               Moved const& moved) {
    auto& team = round.team();
    bool const leader = team.leads();
    if (team.broadcast(leader && is_worth_while(round.certified()) ? 1 : 0) == 0) {
      if (leader) end();
      team.barrier();  // it does not go on
      return false;
    }
    if (leader) {
      if (dual_.theta().empty()) {
        dual_.prepare(f);
        x_.resize(p_->dimension);
        if (p_->start != 0) dual_.start_at(f, at.point, x_);
      }
      stage_ = 0;
      by_newton_ ? make_newton_steps(f) : make_epochs(f, at.trial);
      gradients_ += stage_;
    }
    find_point(f, round.pass(), team, at.trial);
    round.spend(stage_);
    bool const lower = evaluate(round, f, at.trial, slopes, [&](full_gradient::value const& value) {
      finite_ = finite_ && std::isfinite(value.objective);
      if (finite_ && !by_newton_)
        round.consider_dual(at.trial, dual_.theta(), dual_.squared_slopes(f));
      if (!(value.objective < at.value.objective)) return false;
      at.value = value;
      at.point.swap(at.trial);
      return true;
    });
    if (!lower) evaluate(round, f, at.point, slopes, [](auto const&) { return true; });
    if (leader) moved();
    return true;
  }

  template <class Archive>
  void state(Archive& archive) {
    archive(gradients_);
  }

 private:
  // An epoch is a pass on one thread: more entries would leave too many cores idle.
  static constexpr double most_entries = 1 << 24;
  static constexpr double most_epochs = 150, few = 4, aim = 0.8;
  static constexpr int most_idle = 3;  // stages
  static constexpr double infinity = std::numeric_limits<double>::infinity();

  static pass_work work_of(F const& f) {
    auto const entries = static_cast<std::size_t>(entries_per_row(f.features()) + 0.5);
    return work_of_row(has_sparse_samples<F>, entries, f.dimension());
  }
  // The cost of conjugate gradients for all the run.
  static double search_in_epochs(F const& f) {
    constexpr double iterations = 30;
    pass_work const each = work_of(f);
    double const once = work_of_search(f.dimension()) / static_cast<double>(f.samples());
    return iterations * (each.gradient + once) / each.local_step;
  }

  std::uint64_t budget() const noexcept {
    double const made = static_cast<double>(pace_.epochs());
    return static_cast<std::uint64_t>(std::max(0.0, std::min(epochs_of(*p_), most_epochs) - made));
  }

  // Leader only, as what follows unless it says otherwise: whether there is another stage, and of
  // which kind. `certificate`: after the last stage.
  bool is_worth_while(double certificate) noexcept {
    if (by_newton_ || !finite_ || budget() == 0) return false;
    if (pace_.epochs() != 0) {
      idle_ = certificate < least_ ? 0 : idle_ + 1;
      pace_.learn(certificate);
    }
    least_ = std::min(least_, certificate);
    double left = 0;  // epochs
    if (newton_epochs_ <= few || idle_ == most_idle)
      left = infinity;
    else if (static_cast<double>(pace_.epochs()) >= few)
      left = pace_.epochs_to(p_->tolerance);
    by_newton_ = left > newton_epochs_ && newton_epochs_ <= most_epochs;
    return by_newton_ || left <= most_left_;
  }

  void end() noexcept {
    goes_on_ = false;
    dual_.clear();
    std::vector<double>().swap(x_);
  }

  void make_epochs(F const& f, std::span<double> x) {
    std::ranges::copy(x_, x.begin());
    std::uint64_t const most = pace_.epochs() == 0 ? static_cast<std::uint64_t>(few) : 8;
    for (std::uint64_t left = std::min(most, budget()); finite_ && left != 0; --left) {
      pace_.add(dual_.epoch(f, x, pace_.epochs()));
      finite_ = std::isfinite(pace_.gap());
      stage_ += p_->samples;
      if (pace_.gap() <= aim * p_->tolerance) return;
    }
  }

  // Their u_i is s_i θ_i.
  void make_newton_steps(F const& f) {
    std::span<double> const theta = dual_.theta();
    for (std::size_t i = 0; i != theta.size(); ++i) theta[i] *= f.scale(i);
    gram_newton<F> newton;
    newton.prepare(f, dual_.scale());
    newton(f, theta, aim * p_->tolerance);
    for (std::size_t i = 0; i != theta.size(); ++i)
      theta[i] = f.scale(i) > 0 ? theta[i] / f.scale(i) : 0;
    stage_ = static_cast<std::uint64_t>(newton_epochs_ * static_cast<double>(p_->samples));
  }

  // Collective: x ← x(θ), anew, since x has the rounding errors of all epochs.
  template <class T>
  void find_point(F const& f, full_gradient& pass, T& team, std::span<double> x) {
    team.barrier();  // θ is set
    pass.each_part(team, [&](index_range samples, std::span<double> sum) {
      dual_.add_point(f, samples, sum.first(p_->dimension));
    });
    count_sum(team, p_->dimension, p_->dimension);
    if (team.leads()) {
      dual_.take_point(pass.sum(), x);
      x_.assign(x.begin(), x.end());
      dual_.find_intercept(f, x);
    }
    team.barrier();  // x is set
  }

  // Collective: f at x, and the leader's answer to it.
  template <class Context, class Visit>
  bool evaluate(Context& round, F const& f, std::span<double const> x, std::span<double> slopes,
                Visit const& visit) {
    auto& team = round.team();
    auto const value = round.pass()(f, x, team, slopes);
    if (team.leads()) gradients_ += p_->samples;
    round.spend(samples_per_worker(*p_));
    return team.broadcast(team.leads() && visit(value) ? 1 : 0) != 0;
  }

  plan const* p_ = nullptr;
  bool goes_on_ = false;
  double newton_epochs_ = infinity;  // the work of gram_newton, in epochs
  double most_left_ = 0;             // epochs
  dual_point<F> dual_;
  std::vector<double> x_;  // x(θ), with the intercept from which the next epoch starts
  ascent_pace pace_;
  double least_ = infinity;  // certificate
  int idle_ = 0;             // stages since the last progress
  bool finite_ = true, by_newton_ = false;
  // Component gradients: all, and those of the last epochs.
  std::uint64_t gradients_ = 0, stage_ = 0;
};

}  // namespace localsgd::detail
