// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/averager/mean.hpp"
#include "localsgd/averager/weighted_mean.hpp"
#include "localsgd/core/error.hpp"
#include "localsgd/certificate/fenchel_gap.hpp"
#include "localsgd/certificate/recession.hpp"
#include "localsgd/certificate/recomputed_dual.hpp"
#include "localsgd/certificate/scaled_dual.hpp"
#include "localsgd/objective/concept.hpp"
#include "localsgd/objective/sharded_concept.hpp"
#include "localsgd/run/components.hpp"
#include "localsgd/schedule/every.hpp"
#include "localsgd/settings.hpp"
#include "localsgd/worker/factored_sgd.hpp"
#include "localsgd/worker/linear_sgd.hpp"
#include "localsgd/worker/sgd.hpp"
#include "localsgd/worker/svrg/sgd_then_svrg.hpp"

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <type_traits>

/// @file
/// @brief The defaults of minimize() for omitted components and settings.

namespace localsgd::detail {

/// @brief The LocalWorker that makes plain steps on an objective: sparse ones if its rows may be
///        sparse.
template <Objective F>
auto plain_worker() {
  if constexpr (linear_with_ridge<F>)
    return linear_sgd{};
  else if constexpr (factored_with_ridge<F>)
    return factored_sgd{};
  else
    return sgd{};
}

/// @brief The default LocalWorker of an objective: plain steps, followed by variance-reduced ones
///        if `reduces`. With a separable nonsmooth regularizer, variance-reduced ones from
///        the start: plain steps on sparse rows would cost O(d).
/// @tparam NeverWaits whether the workers do not wait for each other, so that there are no anchors
template <Objective F, bool NeverWaits = false>
auto default_worker([[maybe_unused]] bool reduces) {
  if constexpr (linear_separable<stepped_objective<F>> && !NeverWaits)
    return svrg{};
  else
    return sgd_then_svrg<decltype(plain_worker<stepped_objective<F>>())>{reduces};
}

/// @brief The default Averager of an objective.
template <Objective F>
auto default_averager() {
  if constexpr (ShardedObjective<F>)
    return weighted_mean{};
  else
    return mean{};
}

/// @brief The anchor that the sequences of a worker share.
template <class W, class F, class E>
auto anchor_of(W const& worker, F const& f, E const& step_size, plan const& p) {
  if constexpr (has_const_anchor<W, F, E>)
    return worker.anchor(f, step_size, p);
  else
    return no_hook<typename F::scalar>{};
}

/// @brief A Synchronizer whose workers do not wait for each other, so that they never synchronise.
template <class S>
constexpr bool never_waits = [] {
  if constexpr (Synchronizer<S>)
    return bool{S::protocol::never_waits};
  else
    return false;
}();

/// @brief The default IterateWeights of a run: those that the worker recommends, otherwise those of
///        the step size.
template <class W, StepSize E>
auto default_weights([[maybe_unused]] W const& worker, E const& step_size) {
  if constexpr (requires { worker.recommended_weights(step_size); })
    return worker.recommended_weights(step_size);
  else
    return recommended_weights(step_size);
}

/// @brief Whether the sequences of a LocalWorker use the IterateWeights of the run for their
///        average.
template <class W, class F, class S, class E, class Weights, class Anchor>
constexpr bool takes_weights_of_run() {
  if constexpr (std::same_as<Anchor, no_hook<typename F::scalar>>)
    return takes_iterate_weights<W, F, S, E, Weights>;
  else
    return takes_iterate_weights<W, F, S, E, Weights, Anchor>;
}

/// @brief Whether minimize may choose the steps: neither a worker nor a step size is given, and the
///        workers wait for each other.
template <Objective F, class... Components>
constexpr bool leaves_steps_open = count_of<worker_kind, F, Components...> == 0 &&
                                   count_of<step_size_kind, F, Components...> == 0 &&
                                   (... && !never_waits<Components>);

/// @brief Whether f has a certificate although neither f nor r is strongly convex.
template <Objective F>
bool has_dual_certificate([[maybe_unused]] F const& f) {
  if constexpr (has_recomputed_dual<F>)
    return proximal<F> || (has_free_intercept(f) && penalty_convexity_of(f) > 0);
  else
    return has_scaled_dual<F>;
}

/// @brief Whether f is a linear model or softmax regression with a penalty of strength 0, or
///        without one.
template <Objective F>
bool lacks_penalty([[maybe_unused]] F const& f) {
  if constexpr (may_recede<F>)
    return ridge_of(f) == 0;
  else
    return false;
}

/// @brief Whether a tolerance makes minimize choose variance-reduced steps: it may choose the
///        steps, and there is a certificate, or no penalty. In that case the run ends when f no
///        longer decreases.
template <Objective F, class... Components>
bool may_reduce(F const& f) {
  return leaves_steps_open<F, Components...> &&
         (certifying_convexity(f) > 0 || has_dual_certificate(f) || lacks_penalty(f));
}

/// @brief Whether minimize chooses variance-reduced steps if only `epochs` limits the run: it may
///        choose the steps, the model is linear, possibly with μ = 0, and there are at least 8
///        epochs.
///
/// With 8 or more epochs they get at least as far as plain steps on the same number of gradients,
/// measured on forty data sets; with fewer, one or two anchors take too much of the budget. Other
/// objectives have no metric and need two gradients a step, so 10 epochs of plain steps get as far.
/// `steps` requests T plain steps. A Schedule other than `every` may have no sync times for the
/// anchors.
/// @param gap H as given by the caller, by a Schedule or the settings; 0 if it is not given
template <Objective F, class... Components>
bool reduces_within_epochs(F const& f, settings const& s, std::uint64_t gap) {
  constexpr bool regular = (... && (!Schedule<Components> || std::same_as<Components, every>));
  if (!leaves_steps_open<F, Components...> || !regular) return false;
  if (!linear_with_sparse_steps<stepped_objective<F>> || s.steps != 0 || !(s.epochs >= 8))
    return false;
  double const anchor = static_cast<double>(f.samples()) /
                        (static_cast<double>(s.workers) * static_cast<double>(s.batch_size));
  return anchor >= 4 && static_cast<double>(gap) <= anchor;
}

/// @brief A LocalWorker whose round is one solve, independent of the number of local steps: `dane`.
template <class W>
concept solving_worker = requires { requires W::solves_in_rounds; };

/// @brief The settings of a run with a solving_worker among its components: an epoch is a round,
///        and with a tolerance there may be as many as needed. Settings of other runs are returned
///        unchanged.
template <Objective F, class... Components>
settings settings_of_solves(F const& f, settings s) {
  if constexpr ((... || solving_worker<Components>)) {
    s.validate();
    std::size_t const each = s.workers * s.batch_size;
    if (s.local_steps == 0)
      s.local_steps = std::max<std::size_t>(1, (f.samples() + each - 1) / each);
    if (s.tolerance > 0 && s.steps == 0 && s.epochs == settings{}.epochs) s.epochs = patient_epochs;
  }
  return s;
}

/// @brief The longest gap up to H that divides the steps between anchors, rounded up: n/(Kb).
inline std::uint64_t gap_between_anchors(plan const& p, std::uint64_t local_steps) noexcept {
  std::uint64_t const each = p.workers * p.batch_size, period = (p.samples + each - 1) / each;
  std::uint64_t const rounds = (period + local_steps - 1) / local_steps;
  return (period + rounds - 1) / rounds;
}

/// @brief The settings with every 0 replaced by its default for this objective, validated against
///        it.
/// @param reduces Whether steps become variance-reduced. With a tolerance they may take as many
///                epochs as needed; without one, `epochs` includes the cost of their anchors.
template <Objective F>
plan make_plan(F const& f, settings s, bool reduces) {
  s.validate();
  plan p;
  p.samples = f.samples();
  p.dimension = f.dimension();
  p.scalar_bytes = sizeof(typename F::scalar);
  require(p.samples >= 1, "objective.samples()", p.samples, ">= 1");
  require(p.dimension >= 1, "objective.dimension()", p.dimension, ">= 1");
  require(s.batch_size <= p.samples, "batch_size", s.batch_size,
          "at most the number of samples,", p.samples);
  if constexpr (ShardedObjective<F>)
    require(s.workers == f.shards(), "workers", s.workers,
            "equal to the number of shards of the objective,", f.shards());
  p.workers = s.workers;
  p.batch_size = s.batch_size;
  if (reduces && !(s.tolerance > 0)) s.epochs /= 2;  // the other half is for the anchors
  settings ordinary = s;  // H is that of a run of ordinary length, for any actual length
  if (reduces) ordinary.epochs = std::min(s.epochs, settings{}.epochs);
  if (reduces && s.tolerance > 0 && s.steps == 0 && s.epochs == settings{}.epochs)
    s.epochs = patient_epochs;
  p.steps = steps_of(s, p.samples);
  p.seed = s.seed;
  p.tolerance = s.tolerance;
  p.evaluations = s.evaluations;
  double flops = static_cast<double>(p.dimension);
  if constexpr (knows_flops_per_sample<F>) p.flops_per_sample = flops = f.flops_per_sample();
  // Dense steps of factored_sgd pass over d numbers 4 times, those of sgd and rounds 10 times.
  if constexpr (factored_with_ridge<stepped_objective<F>>)
    if (flops >= static_cast<double>(p.dimension)) flops *= 0.4;
  p.local_steps = s.local_steps != 0 ? s.local_steps
                                     : default_local_steps(steps_of(ordinary, p.samples),
                                                           p.samples, p.workers, p.batch_size,
                                                           p.dimension, flops, reduces ? 1 : 8);
  if (reduces && !(s.tolerance > 0) && s.local_steps == 0)
    p.local_steps = gap_between_anchors(p, p.local_steps);
  return p;
}

/// @brief The number of threads for the workers of a run without an explicit synchronizer: one if
///        the run is too short to amortise starting and synchronising a second thread, otherwise
///        the minimum of the numbers of workers and cores. The bits of the result do not depend on
///        it.
///
/// A run is short if it has less than 2²² multiply-adds, three to seven milliseconds, which is what
/// waking an idle core can cost: b·(`flops_per_sample` + 13) for each of K·T local steps, and 4d·K
/// for each round. A run that ends by a tolerance counts as 16 epochs; with more than 1,024
/// features, if dual coordinate ascent begins, whose own epochs use one thread and often suffice,
/// as twelve evaluations. If the objective does not report the cost of a gradient, no run is short.
///
/// @param reduces as in make_plan()
/// @param ascends whether dual coordinate ascent begins and probably ends the run
/// @param cores   `cores()`: the number this process may use. Not called for a short run.
template <class Cores>
std::size_t default_threads(plan const& p, bool reduces, Cores const& cores,
                            bool ascends = false) {
  constexpr double short_run = 1 << 22, epochs_expected = 16, overhead = 13;
  double const k = static_cast<double>(p.workers), b = static_cast<double>(p.batch_size);
  double steps = static_cast<double>(p.steps);
  if (reduces && p.tolerance > 0)
    steps = std::min(steps, epochs_expected * static_cast<double>(p.samples) / (k * b));
  double const rounds = steps / static_cast<double>(std::max<std::uint64_t>(p.local_steps, 1));
  double const sample = p.flops_per_sample + overhead, round = 4 * static_cast<double>(p.dimension);
  double const work = ascends ? 12 * (static_cast<double>(p.samples) * sample + round)
                              : k * (steps * b * sample + rounds * round);
  if (p.flops_per_sample > 0 && work < short_run) return 1;
  return std::min<std::size_t>(p.workers, cores());
}

/// @brief Whether no step of a LocalWorker depends on the automatic step size.
template <class W, class F>
bool ignores_step_size([[maybe_unused]] W const& worker, [[maybe_unused]] F const& f,
                       [[maybe_unused]] plan const& p) {
  if constexpr (requires { worker.ignores_step_size(f, p); })
    return worker.ignores_step_size(f, p);
  else
    return false;
}

/// @param ignored whether no step depends on it
template <class F, class C>
auto resolve_step_size(F const& f, plan const& p, C const& component,
                       [[maybe_unused]] bool ignored = false) {
  if constexpr (StepSize<C>) {
    return component;
  } else {
    if constexpr (requires { C::unused(); })
      if (ignored) return C::unused();
    return component.choose(f, p);
  }
}

}  // namespace localsgd::detail
