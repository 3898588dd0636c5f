// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/iterate_weights/concept.hpp"
#include "localsgd/iterate_weights/quadratic_weights.hpp"
#include "localsgd/settings.hpp"

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

/// @file
/// @brief The LocalWorker component: how local steps advance x_k.

namespace localsgd {

namespace detail {

template <class Q>
concept has_advance = requires(Q& q, std::uint64_t from, std::uint64_t to) {
  { q.advance(from, to) } -> std::same_as<void>;
};
template <class Q, class Scalar>
concept has_local = requires(Q& q) {
  { q.local() } -> std::same_as<std::span<Scalar>>;
};
template <class Q, class Scalar>
concept has_assign = requires(Q& q, std::span<Scalar const> x) {
  { q.assign(x) } -> std::same_as<void>;
};
template <class Q, class Scalar>
concept has_const_average = requires(Q const& q, std::span<Scalar> out) {
  { q.average(out) } -> std::same_as<void>;
};
template <class W, class F, class Sampler, class StepSize, class Weights, class... Anchor>
concept takes_iterate_weights =
    requires(W const& w, F const& f, Sampler const& sampler, StepSize const& step_size,
             Weights const& weights, plan const& p, std::size_t worker, Anchor const&... anchor) {
      w.bind(f, sampler, step_size, weights, p, worker, anchor...);
    };
template <class W, class F, class Sampler, class StepSize, class Weights, class... Anchor>
concept has_const_bind =
    bool(takes_iterate_weights<W, F, Sampler, StepSize, Weights, Anchor...> ||
         requires(W const& w, F const& f, Sampler const& sampler, StepSize const& step_size,
                  plan const& p, std::size_t worker, Anchor const&... anchor) {
           w.bind(f, sampler, step_size, p, worker, anchor...);
         });

/// @brief The sequence of worker k, with the iterate weights if the LocalWorker accepts them.
template <class W, class F, class Sampler, class StepSize, class Weights, class... Anchor>
  requires takes_iterate_weights<W, F, Sampler, StepSize, Weights, Anchor...>
auto bind_sequence(W const& w, F const& f, Sampler const& sampler, StepSize const& step_size,
                   Weights const& weights, plan const& p, std::size_t worker,
                   Anchor const&... anchor)
    -> decltype(w.bind(f, sampler, step_size, weights, p, worker, anchor...)) {
  return w.bind(f, sampler, step_size, weights, p, worker, anchor...);
}
template <class W, class F, class Sampler, class StepSize, class Weights, class... Anchor>
  requires(!takes_iterate_weights<W, F, Sampler, StepSize, Weights, Anchor...>)
auto bind_sequence(W const& w, F const& f, Sampler const& sampler, StepSize const& step_size,
                   Weights const&, plan const& p, std::size_t worker, Anchor const&... anchor)
    -> decltype(w.bind(f, sampler, step_size, p, worker, anchor...)) {
  return w.bind(f, sampler, step_size, p, worker, anchor...);
}

/// @brief A LocalWorker whose sequences must all continue from the weighted mean of their points
///        after every round, and from nothing else: `W::needs_exact_means` is its name.
template <class W>
concept exact_mean_worker = requires {
  { W::needs_exact_means } -> std::convertible_to<std::string_view>;
};

/// @brief A component that describes its parameters: see run_identity.
template <class C>
concept describes_itself = requires(C const& c) {
  { c.identity() } -> std::convertible_to<std::string>;
};

template <class W, class F, class StepSize>
concept has_const_anchor = requires(W const& w, F const& f, StepSize const& step_size,
                                    plan const& p) { w.anchor(f, step_size, p); };

/// @brief A sequence that reports the coordinates its last stretch touched, and whose point is x =
///        s·v with an s that is equal on all workers. Coordinates that no worker touched are equal
///        without an exchange.
///
/// | expression                          | meaning                                                |
/// |-------------------------------------|--------------------------------------------------------|
/// | `q.touches_few()`                   | whether to exchange this way; equal on all workers     |
/// | `q.for_each_touched(f, l, visit)`   | calls `visit(j)` for the touched j, f ≤ j < l, each    |
/// |                                     | once or more                                           |
/// | `q.coordinate(j)`                   | v_j                                                    |
/// | `q.move(j, v)`                      | v_j ← v; the average does not change                   |
template <class Q>
concept TouchingSequence = requires(Q& q, Q const& c, std::size_t j, void (*visit)(std::size_t)) {
  { c.touches_few() } -> std::same_as<bool>;
  c.for_each_touched(j, j, visit);
  { c.coordinate(j) } -> std::same_as<double>;
  q.move(j, 0.0);
};

}  // namespace detail

/// @brief The sequence x_0^k, x_1^k, … of one worker, and its weighted average.
///
/// | expression            | type                | meaning                                        |
/// |-----------------------|---------------------|------------------------------------------------|
/// | `q.assign(x)`         | `void`              | x_k ← x; the average does not change           |
/// | `q.advance(from, to)` | `void`              | local steps t = from, …, to−1; before each,    |
/// |                       |                     | x_t^k enters the average with the weight w_t   |
/// | `q.local()`           | `std::span<scalar>` | x_k as a vector                                |
/// | `q.average(out)`      | `void`              | out ← Σ_t w_t x_t^k / Σ_t w_t over the steps   |
/// |                       |                     | made; x_k if there were none                   |
///
/// Optional:
///
/// | expression            | type                | meaning                                        |
/// |-----------------------|---------------------|------------------------------------------------|
/// | `q.scratch()`         | `std::span<scalar>` | d scalars that may be overwritten at any time  |
/// |                       |                     | between two calls; local() is recomputed       |
/// |                       |                     | afterwards. Otherwise evaluations allocate     |
/// | `q.restart(x, t)`     | `void`              | as if all t iterates so far had been x. Called |
/// |                       |                     | by round hooks that undo steps                 |
/// | `q.state(archive)`    | `void`              | passes all its variables to `archive(parts…)`: |
/// |                       |                     | required for runs with a checkpoint            |
///
/// detail::TouchingSequence makes the cost of rounds proportional to the coordinates touched.
///
/// Semantic requirements:
/// - one sequence is used by one thread at a time, different sequences by several threads
///   concurrently; they share the objective, the sampler and the step size, all of them constant;
/// - the steps depend on (x, t, k) only, and two stretches t → s → u are the stretch t → u bit for
///   bit unless `assign` was called in between;
/// - `advance` does not lock or allocate, and throws only what user code throws;
/// - numbers that overflow are passed on: the run handles divergence.
template <class Q, class Scalar = double>
concept LocalSequence = detail::has_advance<Q> && detail::has_local<Q, Scalar> &&
                        detail::has_assign<Q, Scalar> && detail::has_const_average<Q, Scalar>;

/// @brief Creates the sequence of worker k, x_0^k = 0.
///
/// | expression                                        | meaning                                  |
/// |---------------------------------------------------|------------------------------------------|
/// | `w.bind(f, sampler, step_size, weights, plan, k)` | the sequence; `weights` is an            |
/// |                                                   | IterateWeights: w_t of its average       |
/// | `w.bind(f, sampler, step_size, plan, k)`          | instead of the first: for a LocalWorker  |
/// |                                                   | that defines w_t itself; a run with it   |
/// |                                                   | accepts no IterateWeights                |
/// | `w.recommended_weights(step_size)`                | optional: the IterateWeights of a run    |
/// |                                                   | without explicit ones, instead of        |
/// |                                                   | recommended_weights(step_size)           |
/// | `W::needs_exact_means`                            | optional: its name. Runs in which        |
/// |                                                   | workers may continue from points other   |
/// |                                                   | than the mean are refused: late means,   |
/// |                                                   | Compressors, other Averagers, and        |
/// |                                                   | nonsmooth regularizers          |
/// | `W::solves_in_rounds`                             | optional: true if a round is one solve,  |
/// |                                                   | so that `epochs` counts rounds           |
/// | `w.ignores_step_size(f, plan)`                    | optional: whether a run uses no step     |
/// |                                                   | size; then the automatic one is not      |
/// |                                                   | measured                                 |
/// | `w.identity()`                                    | optional: its name and parameters as     |
/// |                                                   | text, compared across ranks and with     |
/// |                                                   | checkpoints                              |
///
/// The sequence refers to the objective, the sampler, the step size and the plan, which must
/// outlive it. The weights are copied.
template <class W, class F, class Sampler, class StepSize, class Weights = quadratic_weights>
concept LocalWorker =
    std::copy_constructible<W> && detail::has_const_bind<W, F, Sampler, StepSize, Weights> &&
    requires(W const& w, F const& f, Sampler const& sampler, StepSize const& step_size,
             Weights const& weights, plan const& p, std::size_t worker) {
      {
        detail::bind_sequence(w, f, sampler, step_size, weights, p, worker)
      } -> LocalSequence<typename F::scalar>;
    };

/// @brief A LocalWorker whose sequences share an *anchor*, which moves at sync times only:
///        `w.anchor(f, step_size, plan)` creates it, and `w.bind(f, sampler, step_size, weights,
///        plan, k, anchor)` creates the sequence of worker k that reads it; or `bind` without
///        `weights`, as above.
///
/// The anchor is a \ref localsgd::RoundHook "RoundHook".
template <class W, class F, class Sampler, class StepSize, class Weights = quadratic_weights>
concept AnchoredWorker =
    std::copy_constructible<W> && detail::has_const_anchor<W, F, StepSize> &&
    requires(W const& w, F const& f, Sampler const& sampler, StepSize const& step_size,
             Weights const& weights, plan const& p, std::size_t worker) {
      {
        detail::bind_sequence(w, f, sampler, step_size, weights, p, worker,
                              w.anchor(f, step_size, p))
      } -> LocalSequence<typename F::scalar>;
    };

}  // namespace localsgd
