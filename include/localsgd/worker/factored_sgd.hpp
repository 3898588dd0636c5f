// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/cache_aligned.hpp"
#include "localsgd/core/compiler.hpp"
#include "localsgd/iterate_weights/concept.hpp"
#include "localsgd/iterate_weights/quadratic_weights.hpp"
#include "localsgd/objective/factored_concept.hpp"
#include "localsgd/sampler/concept.hpp"
#include "localsgd/sampler/sample_stream.hpp"
#include "localsgd/step_size/concept.hpp"
#include "localsgd/worker/concept.hpp"
#include "localsgd/worker/iterate_average.hpp"
#include "localsgd/worker/scaled_iterate.hpp"
#include "localsgd/worker/sequence_iterate.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

/// @file
/// @brief SGD on objectives whose gradients are outer products: steps form no gradient.

namespace localsgd {

/// @brief The sequence of one worker: x = s·v and Σ_t w_t x_t = u + β·v, as in
///        detail::scaled_iterate. Three vectors of length d: v, u and x.
///
/// A step adds its outer products to v immediately. The updates of u are deferred: those of several
/// steps are added together, so that u, often larger than a cache, is read and written once for all
/// of them.
template <detail::factored_with_ridge F, Sampler S, StepSize E, IterateWeights W>
class alignas(detail::cache_alignment) factored_sgd_sequence
    : public detail::written_sequence<typename F::scalar, detail::scaled_iterate<false>> {
  using iterate = detail::scaled_iterate<false>;
  using base = detail::written_sequence<typename F::scalar, iterate>;

 public:
  using scalar = typename F::scalar;

  factored_sgd_sequence(F const& f, S const& sampler, E const& step_size, W const& weights,
                        plan const& p, std::size_t worker)
      : base(iterate(p.dimension)),
        f_(&f),
        step_size_(&step_size),
        iterate_weights_(weights),
        samples_(sampler, p, worker),
        most_(std::max(p.batch_size,
                       std::clamp<std::size_t>(most_slopes / f.outputs(), 1, most_samples))),
        slopes_(most_ * f.outputs()),
        kept_(detail::free_coordinates(f)),
        owed_(most_) {}

  LOCALSGD_ONE_COPY void advance(std::uint64_t from, std::uint64_t to) {
    samples_.rewind(from, to);
    double const lambda = f_->regularizer().ridge_strength();
    for (std::uint64_t t = from; t != to; ++t) {
      base::weigh(iterate_weights_.weight(t));
      auto const batch = samples_.next();
      auto const upcoming = samples_.upcoming();
      step(batch, upcoming.empty() ? batch.back() : upcoming.front(), (*step_size_)(t), lambda);
    }
    pay();
  }

 private:
  using base::iterate_;
  // Limits of the deferred updates: slopes that fit the L1 cache, rows that fit the L2 cache.
  static constexpr std::size_t most_slopes = 2048, most_samples = 32;

  // x ← (1 − ηλ)x − (η/b) Σ_B s_i a_iᵀ, with 1 instead of 1 − ηλ for free intercepts, all s_i at
  // the same x; `soon` is the sample after the batch
  void step(std::span<std::size_t const> batch, std::size_t soon, double eta, double lambda) {
    double const factor = 1 - eta * lambda;
    if (owes_ + batch.size() > most_ || iterate_.folds_at(factor)) pay();
    auto const slopes = std::span(slopes_).subspan(owes_ * f_->outputs(),
                                                   batch.size() * f_->outputs());
    f_->slopes(iterate_.v(), iterate_.scale(), batch, soon, slopes);
    shrink(factor);
    double const c = -eta / (static_cast<double>(batch.size()) * iterate_.scale());
    for (double& slope : slopes) slope *= c;
    f_->add_rows(batch, std::span<double const>(slopes), iterate_.v());
    for (double& slope : slopes) slope *= -iterate_.beta();
    std::copy(batch.begin(), batch.end(), owed_.begin() + static_cast<std::ptrdiff_t>(owes_));
    owes_ += batch.size();
  }

  // x ← factor·x, except for free intercepts.
  void shrink(double factor) {
    std::size_t const first = iterate_.size() - kept_.size();
    for (std::size_t c = 0; c != kept_.size(); ++c)
      kept_[c] = iterate_.scale() * iterate_.v(first + c);
    iterate_.shrink(factor);
    for (std::size_t c = 0; c != kept_.size(); ++c)
      iterate_.move(first + c, kept_[c] / iterate_.scale());
  }

  // The bits do not depend on when this is called, as long as it is before u is folded or read.
  void pay() {
    if (owes_ == 0) return;
    f_->add_rows(std::span<std::size_t const>(owed_).first(owes_),
                 std::span<double const>(slopes_).first(owes_ * f_->outputs()), iterate_.u());
    owes_ = 0;
  }

  F const* f_;
  E const* step_size_;
  W iterate_weights_;
  detail::sample_stream<S> samples_;
  std::size_t most_, owes_ = 0;         // number of samples
  detail::aligned_vector<double> slopes_;   // slopes of the samples with deferred updates of u
  std::vector<double> kept_;                // free intercepts
  detail::aligned_vector<std::size_t> owed_;
};

/// @brief x_{t+1}^k = x_t^k − η_t ∇f_B(x_t^k) for objectives whose gradients are outer products,
///        such as softmax regression: the steps of `sgd` \cite stich2019local up to rounding, in
///        half of the time.
///
/// Sparse rows cost C times their nonzeros; the cost of the penalty and the weighted average is
/// negligible.
struct factored_sgd {
  template <detail::factored_with_ridge F, Sampler S, StepSize E, IterateWeights W>
  factored_sgd_sequence<F, S, E, W> bind(F const& f, S const& sampler, E const& step_size,
                                         W const& weights, plan const& p,
                                         std::size_t worker) const {
    return {f, sampler, step_size, weights, p, worker};
  }
  /// @brief Uses the weights that belong to the step size.
  template <detail::factored_with_ridge F, Sampler S, StepSize E>
  auto bind(F const& f, S const& sampler, E const& step_size,
            plan const& p, std::size_t worker) const {
    return bind(f, sampler, step_size, recommended_weights(step_size), p, worker);
  }
};

}  // namespace localsgd
