// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/cache_aligned.hpp"
#include "localsgd/sampler/concept.hpp"
#include "localsgd/settings.hpp"
#include "localsgd/worker/concept.hpp"
#include "localsgd/worker/dane/anchor.hpp"
#include "localsgd/worker/dane/local_lbfgs.hpp"
#include "localsgd/worker/dane/local_newton.hpp"
#include "localsgd/worker/dane/surrogate.hpp"
#include "localsgd/worker/dane/visible_samples.hpp"
#include "localsgd/worker/newton/hessian_work.hpp"
#include "localsgd/worker/sequence_iterate.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

/// @file
/// @brief Few exchanges: between two of them every worker minimises its surrogate.

namespace localsgd {

/// @brief The sequence of one worker: at the first local step after the anchor has moved it solves
///        its surrogate; the other steps of the round change nothing. It has no average of
///        iterates: it writes x_k. Besides x it stores five vectors of length d; a solve allocates
///        its working memory.
template <Objective F, class Anchor>
class alignas(detail::cache_alignment) dane_sequence
    : public detail::vector_sequence<typename F::scalar> {
  using base = detail::vector_sequence<typename F::scalar>;

 public:
  using scalar = typename F::scalar;
  using anchor = Anchor;

  template <Sampler S>
  dane_sequence(F const& f, S const& sampler, plan const& p, std::size_t worker,
                Anchor const& shared)
      : base(p.dimension),
        f_(&f),
        anchor_(&shared),
        worker_(worker),
        alone_(p.workers == 1),
        surrogate_(f, samples_of(f, sampler, p, worker)) {}

  void assign(std::span<scalar const> x) noexcept {
    base::assign(x);
    moved_ = true;
  }

  void advance(std::uint64_t from, std::uint64_t to) {
    if (!moved_ || from == to) return;
    moved_ = false;
    if (surrogate_.samples() == 0) return;
    surrogate_.center(anchor_->point(), anchor_->gradient(), anchor_->proximity());
    std::vector<double> y(anchor_->point().begin(), anchor_->point().end());
    detail::local_work const work = solve(y);
    price_ = price_of(work);
    anchor_->note_work(worker_, price_);
    for (std::size_t j = 0; j != y.size(); ++j)
      if (!std::isfinite(y[j])) return;
    for (std::size_t j = 0; j != y.size(); ++j) base::x_[j] = static_cast<scalar>(y[j]);
  }

  template <class Archive>
  void state(Archive& archive) {
    base::state(archive);
    archive(moved_, price_);
    anchor_->note_work(worker_, price_);
  }

 private:
  static constexpr bool has_hessian = detail::has_row_hessian<F> && detail::differentiable<F>;
  static constexpr std::size_t most_coordinates = 1024;  // of a Hessian that is factored

  template <Sampler S>
  static std::vector<index_range> samples_of(F const& f, S const& sampler, plan const& p,
                                             std::size_t worker) {
    if constexpr (ShardedObjective<typename Anchor::objective>)
      return {{0, f.samples()}};
    else
      return detail::visible_samples(sampler, p, worker);
  }

  // A tenth of the gradient is sufficient for answers that are averaged; a single answer may be
  // exact.
  detail::local_work solve(std::vector<double>& y) {
    if constexpr (has_hessian)
      if (y.size() <= most_coordinates)
        return detail::minimise_by_newton(surrogate_, {alone_ ? 1e-9 : 0.1, 20}, y);
    return detail::minimise_by_lbfgs(surrogate_, {alone_ ? 1e-9 : 0.05, alone_ ? 500U : 60U}, y);
  }

  // In component gradients, including the pass that centres the surrogate.
  double price_of(detail::local_work const& work) {
    double const n = static_cast<double>(surrogate_.samples());
    if constexpr (has_hessian) {
      if (work.hessians != 0 && hessian_ == 0) {
        double gradient = 0, hessian = detail::work_of_system(base::x_.size(), 1);
        for (index_range const& each : surrogate_.ranges())
          for (std::size_t i = each.first; i != each.last; ++i) {
            auto const one = detail::work_of_sample(*f_, i, base::x_.size());
            gradient += one.gradient;
            hessian += one.hessian;
          }
        hessian_ = hessian / gradient;
      }
    }
    return n * (static_cast<double>(work.gradients + 1) +
                hessian_ * static_cast<double>(work.hessians));
  }

  F const* f_;
  anchor const* anchor_;
  std::size_t worker_;
  bool alone_, moved_ = true;
  double hessian_ = 0;  // the cost of a pass for ∇²f_k, in passes for ∇f_k
  double price_ = 0;    // of the last solve
  detail::surrogate<F> surrogate_;
};

/// @brief Local steps for few exchanges: between two of them worker k minimises f_k(x) + ⟨∇f(x̃) −
///        ∇f_k(x̃), x⟩ + (μ/2)‖x − x̃‖², f_k the mean over the samples it can see
///        \cite shamir2014communication, inexactly \cite reddi2016aide.
///
/// The answers are averaged, and the anchor x̃ moves to the minimum of f in the space of the
/// average and the last steps: detail::dane_anchor. On K random shards of n samples it takes about
/// log(1/ε) times a number that depends on the similarity of the shards, and little on the
/// condition number of f. An anchor takes two exchanges and about two messages of at most 90, or d,
/// numbers; μ is chosen automatically.
///
/// A round is one solve for any H: without settings::local_steps, H = n/K, so that an epoch is an
/// anchor. Linear models with an L2 penalty and softmax regression of up to 1024 coordinates are
/// solved by Newton's method, other objectives by L-BFGS, with gradients only. If all workers see
/// all samples they divide them: each takes blocks from all parts of the data. With `sharded`, and
/// with a sharded_objective, worker k uses its shard. result::gradients counts all passes, with
/// Hessians in units of gradients.
///
/// Not for a nonsmooth regularizer, nor for `asynchronous`. A StepSize, IterateWeights and
/// settings::batch_size have no effect here, and are rejected.
struct dane {
  /// @brief A round is one solve: see detail::solving_worker.
  static constexpr bool solves_in_rounds = true;

  template <Objective F, StepSize E>
  detail::dane_anchor<F, E> anchor(F const& f, E const& step_size, plan const& p) const {
    return {f, step_size, p};
  }
  /// @param f the objective of worker k: that of the anchor, or its shard k
  template <Objective F, Sampler S, StepSize E, class Anchor>
  dane_sequence<F, Anchor> bind(F const& f, S const& sampler, E const&, plan const& p,
                                std::size_t worker, Anchor const& shared) const {
    return {f, sampler, p, worker, shared};
  }
};

}  // namespace localsgd
