// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/error.hpp"
#include "localsgd/objective/concept.hpp"
#include "localsgd/objective/estimate.hpp"
#include "localsgd/step_size/automatic_step.hpp"
#include "localsgd/step_size/concept.hpp"

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>

/// @file
/// @brief Step sizes for asynchronous runs that shrink with the delay.

namespace localsgd {

/// @brief The StepSize that `delay_adaptive` creates: η_t, or min{η_t, c/(Lτ)} at a delay τ.
template <StepSize Base>
class delay_adaptive_step {
 public:
  /// @param limit c/L > 0
  delay_adaptive_step(Base base, double limit) : base_(std::move(base)), limit_(limit) {}

  double operator()(std::uint64_t t) const { return base_(t); }
  double shift() const
    requires detail::has_shift<Base const>
  {
    return base_.shift();
  }
  double at_delay(std::uint64_t t, double delay) const {
    double const eta = base_(t);
    return delay > 0 ? std::min(eta, limit_ / delay) : eta;
  }

 private:
  Base base_;
  double limit_;
};

namespace detail {
/// @brief L of f: its `smoothness()`; or the L of its `stable_step`, which is 1/(4L) for batches of
///        all samples; or an estimate.
template <Objective F>
double smoothness_of_steps(F const& f, [[maybe_unused]] plan const& p) {
  if constexpr (knows_smoothness<F>)
    return f.smoothness();
  else if constexpr (knows_stable_step_of_workers<F>)
    return 1 / (4 * f.stable_step(p.samples, p.workers));
  else if constexpr (knows_stable_step<F>)
    return 1 / (4 * f.stable_step(p.samples));
  else
    return estimate_curvature(f).smoothness;
}
}  // namespace detail

/// @brief A StepSizeRule for asynchronous runs: a contribution that arrives with a delay τ counts
///        as if its steps had had the size min{η_t, c/(Lτ)}.
///
/// η_t is that of `base`, a StepSize or a rule for one. A worker reads the aggregate X, makes the
/// local steps of a round with η_t, and adds w_k s (x_k − what it read) to X, where s = min{1,
/// c/(Lτη_t)} and t is the first of these steps. τ is known only when the contribution arrives: it
/// is the number of local steps that the other workers have added to X in the meantime, divided by
/// K. If all workers are equally fast, τ = H(K−1)/K; it is larger for a worker that is slower than
/// the others, and for all workers while messages are slow. A delay of 0 changes nothing, not even
/// by rounding.
///
/// For H = 1 this is asynchronous SGD with delay-adaptive steps \cite koloskova2022sharper
/// \cite mishchenko2022asynchronous . In their notation a gradient has the step size η_t/K and the
/// delay Kτ, with the same product. Theorem: for smooth f, convex or not, with noise of bounded
/// variance and samples that all workers see, the rate depends on the number of workers, not on the
/// largest delay. No theorem is known for H > 1.
///
/// It is a safeguard, not an acceleration. Measured (`benchmark/family`, eight shards, one worker
/// ten times slower than the others, the best η, H and b of a grid): on random shards of a9a and
/// w8a it needs 5460 and 711 exchanges to reach 10⁻³, the same steps without it 4716 and 688; on a
/// quadratic with κ = 100 and noise both need 7; on heterogeneous shards neither reaches 10⁻³, and
/// with it the samples of slow workers count even less.
///
/// With synchronous synchronizers the delay is 0, and the run is that of `base`. Overlapped
/// synchronizers, whose averages arrive a round late, and `svrg` and `dane`, which need all workers
/// at each anchor, are rejected.
///
/// @tparam Base a StepSize or a StepSizeRule, such as automatic_step
template <class Base>
class delay_adaptive {
 public:
  /// @param base       η_t
  /// @param factor     c, finite and ≥ 0; 0 = H, the local steps of the first round: with η_t =
  ///                   1/(4L), contributions that are more than four rounds late are reduced
  /// @param smoothness L, finite and ≥ 0; 0 = that of the objective, estimated if unknown
  /// @throws invalid_settings
  explicit delay_adaptive(Base base, double factor = 0, double smoothness = 0)
      : base_(std::move(base)), factor_(factor), smoothness_(smoothness) {
    detail::require_nonnegative("delay_adaptive.factor", factor);
    detail::require_nonnegative("delay_adaptive.smoothness", smoothness);
  }

  template <Objective F>
    requires(StepSize<Base> || StepSizeRule<Base, F>)
  auto choose(F const& f, plan const& p) const {
    double const l = smoothness_ > 0 ? smoothness_ : detail::smoothness_of_steps(f, p);
    detail::require_nonnegative("smoothness", l);
    double const c = factor_ > 0 ? factor_ : static_cast<double>(p.local_steps);
    if constexpr (StepSize<Base>)
      return delay_adaptive_step(base_, c / l);
    else
      return delay_adaptive_step(base_.choose(f, p), c / l);
  }

  /// @brief Its own parameters; those of the base are identified by its first and last step.
  std::string identity() const {
    return "delay_adaptive{factor = " + detail::shown(factor_) +
           ", smoothness = " + detail::shown(smoothness_) + "}";
  }

 private:
  Base base_;
  double factor_, smoothness_;
};
static_assert(StepSize<delay_adaptive_step<automatic_step::chosen>>);

}  // namespace localsgd
