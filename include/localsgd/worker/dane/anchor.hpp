// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/communicator/traffic.hpp"
#include "localsgd/core/cache_aligned.hpp"
#include "localsgd/core/error.hpp"
#include "localsgd/core/index_range.hpp"
#include "localsgd/evaluation/full_gradient.hpp"
#include "localsgd/kernels/simd.hpp"
#include "localsgd/objective/linear_concept.hpp"
#include "localsgd/objective/regularized.hpp"
#include "localsgd/objective/sharded_concept.hpp"
#include "localsgd/settings.hpp"
#include "localsgd/step_size/automatic_step.hpp"
#include "localsgd/step_size/concept.hpp"
#include "localsgd/worker/anchor_progress.hpp"
#include "localsgd/worker/dane/subspace_search.hpp"
#include "localsgd/worker/newton/descent.hpp"
#include "localsgd/worker/round_hook.hpp"
#include "localsgd/worker/svrg/slope_table.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <type_traits>
#include <vector>

/// @file
/// @brief The anchor of `dane`: combines the workers' answers.

namespace localsgd::detail {

/// @brief x̃ with f(x̃) and ∇f(x̃), from which all workers solve their surrogates. It moves at
///        every sync time: a RoundHook.
///
/// With the consensus x̄ of the answers, x̃ ← x̃ + Σ α_i v_i, where v_0 = x̄ − x̃, the others are
/// the last 7 to 15 steps of the anchor, more for larger d, and α minimises f
/// (detail::subspace_search). Therefore f never rises, for any answers, and near the minimum the
/// anchors converge like preconditioned conjugate gradients, with the mean of the workers' inverse
/// Hessians as the preconditioner. An average and a gradient are two exchanges. No gradient is
/// computed at the start: the first answers, the minimisers of the f_k themselves, do not need it,
/// unless there is a warm start.
///
/// The proximity μ of the surrogates is 0 until the search takes less than a twentieth of v_0,
/// which indicates that the answers are inaccurate. Then it grows by factors of 4, and shrinks
/// again once the search takes a fifth.
template <Objective F, StepSize E>
class dane_anchor {
 public:
  using scalar = typename F::scalar;
  using objective = F;

  /// @throws invalid_settings for components that have no effect on `dane`, or objectives that it
  ///   cannot minimise
  dane_anchor(F const& f, E const&, plan const& p)
      : f_(&f),
        p_(&p),
        next_(p.start == 0 ? begin::without_gradient : begin::with_gradient),
        point_(p.dimension),
        trial_(p.dimension),
        slopes_(f),
        search_(f, p),
        work_(p.workers) {
    if constexpr (proximal<stepped_objective<F>>)
      require(false, "regularizer", regularizer_name(f),
              "differentiable with dane, such as l2; for other regularizers use svrg");
    require(std::same_as<E, automatic_step::chosen>, "step_size", "given",
            "omitted with dane, whose local solves choose their own steps");
    require(p.batch_size == 1, "batch_size", p.batch_size,
            "1 with dane, whose local solves use all samples of a worker");
  }

  std::span<scalar const> point() const noexcept { return point_; }
  /// @brief ∇f(x̃), or empty if it is not known yet.
  std::span<double const> gradient() const noexcept { return gradient_; }
  double proximity() const noexcept { return proximity_; }  ///< μ
  /// @brief Worker k: records the component gradients of its solve. Each worker writes its own
  ///        element.
  void note_work(std::size_t worker, double gradients) const noexcept { work_[worker] = gradients; }

  // The interface of a round hook: see localsgd::RoundHook.
  static constexpr bool evaluates() noexcept { return true; }
  bool looks_at(std::uint64_t t) const noexcept { return t != seen_at_; }
  bool evaluates_at(std::uint64_t t) const noexcept {
    return t > 0 || next_ != begin::without_gradient;
  }
  bool evaluated_at(std::uint64_t t) const noexcept { return known() && t == seen_at_; }
  full_gradient::value value() const noexcept { return value_; }
  std::span<double const> slopes() const noexcept { return slopes_.all(); }
  bool holds_answer() const noexcept { return known(); }
  bool stalled() const noexcept { return progress_.idle >= patience; }
  static constexpr std::uint64_t gradients_per_sample() noexcept { return 1; }
  double work_of(std::size_t worker) const noexcept { return work_[worker]; }
  /// All computed gradients minus the K·b·t of ordinary steps, modulo 2⁶⁴: the sum of both is
  /// correct.
  std::uint64_t extra_gradients(std::uint64_t t) const noexcept {
    return static_cast<std::uint64_t>(gradients_) - p_->workers * p_->batch_size * t;
  }

  /// @brief Collective, at every sync time: the anchor moves, and all workers with it.
  template <class Context>
  void before_round(Context& round) {
    auto& team = round.team();
    std::uint64_t const t = round.steps();
    if (!round.finite() || !looks_at(t)) return;
    std::span<scalar const> const consensus = round.consensus();
    bool const leader = team.leads();
    begin const now = next_;
    team.barrier();  // all threads have read the state of the run
    if (now == begin::done) {
      if (leader) set_direction(consensus);
      team.barrier();
      search_(
          *f_, point(), {steps_.data(), kept_ + 1}, team,
          [&](double passes) {
            double const work = passes * static_cast<double>(p_->samples);
            round.spend(static_cast<std::uint64_t>(work) / p_->workers);
          },
          [&](std::size_t part) { return work_travels() ? work_[part] : 0; });
      if (leader) set_trial();
      count_work(team);
    } else if (leader) {
      std::ranges::copy(consensus, point_.begin());
      std::ranges::copy(consensus, trial_.begin());
      next_ = begin::done;
    }
    if (now != begin::without_gradient) evaluate(round, now);
    if (leader) seen_at_ = t;
    team.barrier();  // the anchor is set
    round.move_to(point(), false);
  }

  template <class Archive>
  void state(Archive& archive) {
    archive(next_, seen_at_, point_, gradient_, value_, progress_.reference, progress_.idle,
            proximity_, gradients_, kept_);
    for (auto& each : steps_) archive(each);
  }

 private:
  enum class begin { without_gradient, with_gradient, done };
  static constexpr int patience = 4;

  static auto regularizer_name(F const& f) {
    if constexpr (requires { f.regularizer().identity(); })
      return f.regularizer().identity();
    else
      return "without a gradient";
  }
  bool known() const noexcept { return !gradient_.empty(); }

  template <class Context>
  void evaluate(Context& round, begin now) {
    auto& team = round.team();
    team.barrier();  // the trial is set
    auto const found =
        round.pass()(*f_, std::span<scalar const>(trial_), team, slopes_.to_fill());
    int accepted = 0;
    if (team.leads()) {
      accepted =
          !known() || found.objective <= value_.objective + rounding_of(value_.objective) ? 1 : 0;
      if (accepted != 0) accept(found, round.pass());
      if (now == begin::done) adapt(accepted != 0);
    }
    round.spend(samples_per_worker(*p_));
    if (team.broadcast_here(accepted) != 0) return;  // equal on all ranks
    round.pass()(*f_, point(), team, slopes_.to_fill());  // certificates refer to the last pass
  }

  // Whether the message of the search has brought Σ work_k: the thread of part k carries worker k.
  bool work_travels() const noexcept { return search_.parts() == work_.size(); }

  // Collective: adds up what all workers have recorded, and the cost of the search.
  template <class T>
  void count_work(T& team) {
    if (!work_travels())
      uncounted(team, [&] {
        team.all_gather(std::span(work_), [&](std::size_t thread) {
          return even_split(work_.size(), team.threads(), thread);
        });
      });
    if (!team.leads()) return;
    gradients_ += search_.passes() * static_cast<double>(p_->samples);
    if (work_travels())
      gradients_ += search_.carried();
    else
      for (double const each : work_) gradients_ += each;
  }

  // Leader only, from here on.
  void set_direction(std::span<scalar const> consensus) {
    steps_[0].resize(point_.size());
    for (std::size_t j = 0; j != point_.size(); ++j)
      steps_[0][j] = static_cast<double>(consensus[j]) - static_cast<double>(point_[j]);
  }

  // steps_[0] ← Σ α_i v_i, trial ← x̃ + steps_[0].
  void set_trial() {
    auto const alpha = search_.found().best();
    first_share_ = alpha[0];
    direction_ = squared_norm(std::span<double const>(steps_[0]));
    for (double& each : steps_[0]) each *= alpha[0];
    for (std::size_t i = 1; i != alpha.size(); ++i)
      add_scaled(alpha[i], steps_[i].data(), steps_[0].data(), point_.size());
    for (std::size_t j = 0; j != point_.size(); ++j)
      trial_[j] = static_cast<scalar>(static_cast<double>(point_[j]) + steps_[0][j]);
  }

  void accept(full_gradient::value const& found, full_gradient const& pass) {
    progress_.note(found, !known());
    value_ = found;
    gradients_ += static_cast<double>(p_->samples);
    pass.write(static_cast<double>(p_->samples), gradient_);
    point_.swap(trial_);
  }

  void adapt(bool accepted) {
    if (!accepted) ++progress_.idle;
    bool const moved = accepted && search_.found().drop() > 0;
    if (moved) {  // the step becomes the first of the stored ones
      auto const end = steps_.begin() + static_cast<std::ptrdiff_t>(
                                            subspace_newton::dimensions_for(point_.size()));
      kept_ = std::min(kept_ + 1, static_cast<std::size_t>(end - steps_.begin()) - 1);
      std::rotate(steps_.begin(), end - 1, end);
    } else {
      kept_ = 0;
    }
    double const lambda = penalty_convexity_of(*f_);
    double unit = (lambda > 0 ? lambda : 1e-3 * search_.found().curvature() / direction_) / 8;
    if (!std::isnormal(unit) || unit < 0) return;
    if (!(first_share_ >= 0.05))
      proximity_ = 4 * std::max(proximity_, unit);
    else if (first_share_ > 0.2)
      proximity_ = proximity_ > unit ? proximity_ / 4 : 0;
  }

  using table =
      std::conditional_t<LinearObjective<stepped_objective<F>>, slope_table<F>, no_slopes>;

  F const* f_;
  plan const* p_;
  begin next_;
  std::uint64_t seen_at_ = std::numeric_limits<std::uint64_t>::max();
  aligned_vector<scalar> point_, trial_;
  std::vector<double> gradient_;
  table slopes_;
  subspace_search<F> search_;
  std::array<std::vector<double>, subspace_newton::most> steps_;  // v_0, and the last steps
  std::size_t kept_ = 0;
  full_gradient::value value_{std::numeric_limits<double>::quiet_NaN(), 0, 0};
  anchor_progress progress_;
  double proximity_ = 0, first_share_ = 1, direction_ = 0, gradients_ = 0;
  mutable std::vector<double> work_;  // of each worker's last solve, in component gradients
};

}  // namespace localsgd::detail
