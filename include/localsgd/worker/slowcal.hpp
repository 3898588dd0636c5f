// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/cache_aligned.hpp"
#include "localsgd/core/compiler.hpp"
#include "localsgd/objective/concept.hpp"
#include "localsgd/sampler/concept.hpp"
#include "localsgd/sampler/sample_stream.hpp"
#include "localsgd/settings.hpp"
#include "localsgd/step_size/concept.hpp"
#include "localsgd/worker/concept.hpp"
#include "localsgd/worker/second_average.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

/// @file
/// @brief Local steps whose gradients are taken at slowly moving points.

namespace localsgd {

/// @brief The sequence of one worker: x is its query point, and w its second vector. Four vectors
///        of length d.
template <Objective F, Sampler S, StepSize E>
class alignas(detail::cache_alignment) slowcal_sequence
    : public detail::paired_sequence<typename F::scalar> {
  using base = detail::paired_sequence<typename F::scalar>;

 public:
  using scalar = typename F::scalar;

  slowcal_sequence(F const& f, S const& sampler, E const& step_size, plan const& p,
                   std::size_t worker)
      : base(p.dimension), f_(&f), step_size_(&step_size), samples_(sampler, p, worker) {}

  LOCALSGD_ONE_COPY void advance(std::uint64_t from, std::uint64_t to) {
    if (from == to) return;
    base::moved_ = true;
    samples_.rewind(from, to);
    for (std::uint64_t t = from; t != to; ++t) {
      f_->gradient(std::span<scalar const>(base::x_), samples_.next(), std::span<scalar>(base::g_));
      double const weight = static_cast<double>(t) + 1;
      scalar const step = static_cast<scalar>(weight * (*step_size_)(t));
      scalar const share = static_cast<scalar>(2 / (weight + 2));  // (t+2) of 1 + … + (t+2)
      scalar* LOCALSGD_RESTRICT const x = base::x_.data();
      scalar* LOCALSGD_RESTRICT const w = base::second_.data();
      scalar const* LOCALSGD_RESTRICT const g = base::g_.data();
      for (std::size_t i = 0; i != base::x_.size(); ++i) {
        w[i] -= step * g[i];
        x[i] += share * (w[i] - x[i]);
      }
    }
  }

 private:
  F const* f_;
  E const* step_size_;
  detail::sample_stream<S> samples_;
};

/// @brief Local steps with slow query points, SLowcal-SGD \cite dahan2024slowcal : worker k has two
///        points, x and w, and step t = 0, 1, … is
///        w ← w − η_t (t+1) ∇f_B(x), x ← x + 2/(t+3) (w − x).
///
/// So x is the average of all w up to now with the weights α_t = t + 1. It moves less and less in
/// one step, so that the workers drift less between two averages than with `sgd`. The workers
/// average x and w: two exchanges a round. x is the answer; it has no other average of iterates, so
/// IterateWeights are not accepted.
///
/// Theorem: for convex and smooth objectives, shards that may differ, and a constant η that shrinks
/// with T (at most of order 1/(LT), and smaller with noise), it needs fewer rounds than mini-batch
/// and Local SGD. No convex proof covers other step sizes. Constant step sizes that do not shrink
/// with T make it behave as an accelerated method on full gradients, amplify noise, and diverge on
/// shards that differ.
///
/// Measured (`benchmark/family`, eight shards, the best parameters of a grid): on random shards of
/// a9a and w8a 42 and 108 exchanges to 10⁻³, where `sgd` needs 621 and 569, but 13 and 14 epochs
/// instead of 3 and 4; on quadratics without noise whose shards differ 44 and 72 for κ = 100 and
/// 10⁴, where `sgd` needs 79 and 390. On all of these it is never ahead of `svrg` or `dane` in
/// exchanges.
///
/// Not for `asynchronous` or `overlapped` synchronizers, averagers other than `mean` and
/// `weighted_mean`, Compressors, or nonsmooth regularizers: these are refused.
struct slowcal {
  /// @brief See detail::exact_mean_worker.
  static constexpr std::string_view needs_exact_means = "slowcal";

  template <Objective F, StepSize E>
  detail::second_average<typename F::scalar> anchor(F const&, E const&, plan const& p) const {
    return detail::second_average<typename F::scalar>(p);
  }
  /// @param f the objective of worker k: that of all samples, or its shard k
  template <Objective F, Sampler S, StepSize E>
  slowcal_sequence<F, S, E> bind(F const& f, S const& sampler, E const& step_size, plan const& p,
                                 std::size_t worker,
                                 detail::second_average<typename F::scalar> const&) const {
    return {f, sampler, step_size, p, worker};
  }
};

}  // namespace localsgd
