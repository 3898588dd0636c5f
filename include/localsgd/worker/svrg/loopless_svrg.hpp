// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/error.hpp"
#include "localsgd/worker/svrg/renewal.hpp"
#include "localsgd/worker/svrg/svrg.hpp"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>

/// @file
/// @brief Variance-reduced local steps whose anchors are renewed at random times.

namespace localsgd {

/// @brief The steps of `svrg`, with an anchor that is renewed at random: after each local step with
///        probability q, at the next sync time.
///
/// Loopless SVRG \cite kovalev2020loopless in its local form \cite gorbunov2021local : x_k ← x_k −
/// η(∇f_B(x_k) − ∇f_B(x̃) + ∇f(x̃)); x̃ ← x̄ at a sync time t if the coin has shown heads after one
/// of the steps since the last anchor. With H steps in each round, a round ends with a new anchor
/// with probability 1 − (1−q)^H, independently of the others. The coin is a function of
/// (settings::seed, t): all workers and ranks know it without communication, and the bits are the
/// same on all of them. With q = 1 every sync time renews the anchor.
///
/// Theorem: for convex and L-smooth f_i and μ > 0, with constant steps of order 1/(LH) in all
/// coordinates and every x̄ accepted, E‖x − x*‖² falls linearly, also if the workers see different
/// samples.
///
/// The theorem does not cover what `svrg` adds, and this worker, too: an anchor that raises f is
/// rejected, anchors are extrapolated, coordinates of linear models have steps of their own, and
/// with a tolerance and `automatic_step` anchors may take Newton steps (detail::svrg_anchor). The
/// first anchor is the start and the last one is at T. Gradients and exchanges are counted, and
/// components are refused, as for `svrg`.
///
/// Measured (`benchmark/family`, eight shards, a tolerance), exchanges and epochs to 10⁻⁶, and
/// those of `svrg`: on a9a and w8a sorted by label 554, 41 (758, 59) and 1463, 62 (2299, 96); on
/// random shards 550, 39 (474, 36) and 1160, 49 (937, 41); on a quadratic with κ = 100 and noise
/// 57, 9.6 (17, 4.1). The gain comes from Newton steps, which begin earlier with more frequent
/// anchors: without a tolerance, and so without them, it takes 36 epochs on random and 62 on sorted
/// shards of a9a, where `svrg` takes 24 and 36. Randomness itself gains nothing, and some gaps are
/// too long.
struct loopless_svrg {
  /// q, in (0, 1]. Unset: min{1, 2Kb/n}, an anchor about every n/2 gradients: some gaps are long.
  std::optional<double> probability = {};

  /// @throws invalid_settings
  template <Objective F, StepSize E>
  detail::svrg_anchor<F, E> anchor(F const& f, E const& step_size, plan const& p) const {
    if (probability)
      detail::require(*probability > 0 && *probability <= 1, "loopless_svrg.probability",
                      *probability, "in (0, 1]");
    double const usual = 2 * static_cast<double>(p.workers * p.batch_size) /
                         static_cast<double>(std::max<std::size_t>(p.samples, 1));
    double const q = probability ? *probability : std::min(1.0, usual);
    return {f, step_size, p, detail::svrg_start::at_once, detail::anchor_renewal(p, q)};
  }
  /// @param f the objective of worker k: that of the anchor, or its shard k
  template <Objective F, Sampler S, StepSize E, IterateWeights W, class Anchor>
  svrg_sequence<F, S, W, Anchor> bind(F const& f, S const& sampler, E const& step_size,
                                      W const& weights, plan const& p, std::size_t worker,
                                      Anchor const& shared) const {
    return svrg{}.bind(f, sampler, step_size, weights, p, worker, shared);
  }
  /// @brief w_t = (1+t)², as for `svrg`.
  template <StepSize E>
  quadratic_weights recommended_weights(E const& step_size) const {
    return svrg{}.recommended_weights(step_size);
  }
  std::string identity() const {
    return "loopless_svrg{probability = " +
           (probability ? detail::shown(*probability) : std::string("unset")) + "}";
  }
};

}  // namespace localsgd
