// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/evaluation/full_gradient.hpp"

#include <concepts>
#include <cstdint>
#include <span>

/// @file
/// @brief The actions of a LocalWorker at sync times, between two rounds.

namespace localsgd {

namespace detail {
template <class H>
concept knows_when_it_evaluates = requires(H const& h, std::uint64_t t) {
  { h.evaluates() } -> std::same_as<bool>;
  { h.looks_at(t) } -> std::same_as<bool>;
  { h.evaluates_at(t) } -> std::same_as<bool>;
  { h.evaluated_at(t) } -> std::same_as<bool>;
};
template <class H>
concept tells_what_it_found = requires(H const& h) {
  { h.value() } -> std::same_as<full_gradient::value>;
  { h.slopes() } -> std::same_as<std::span<double const>>;
  { h.holds_answer() } -> std::same_as<bool>;
  h.point();
  { h.stalled() } -> std::same_as<bool>;
};
template <class H>
concept counts_its_gradients = requires(H const& h, std::uint64_t t) {
  { h.gradients_per_sample() } -> std::same_as<std::uint64_t>;
  { h.extra_gradients(t) } -> std::same_as<std::uint64_t>;
};
}  // namespace detail

/// @brief The shared state of the sequences of a run, and the operation on all of them at sync
///        times. One example is the anchor of variance-reduced steps (detail::svrg_anchor).
///
/// `w.anchor(f, step_size, plan)` of a LocalWorker creates it, one in every process; `w.bind(f,
/// sampler, step_size, plan, k, hook)` creates the sequence of worker k that reads it.
///
/// | expression                 | meaning                                                         |
/// |----------------------------|-----------------------------------------------------------------|
/// | `h.before_round(context)`  | collective, at the start and at every sync time                 |
/// | `h.evaluates()`            | whether it will ever evaluate f at a point to which it moves    |
/// |                            | all workers                                                     |
/// | `h.looks_at(t)`            | whether it will read the consensus after t steps                |
/// | `h.evaluates_at(t)`        | whether it evaluates after t steps, or has just done so         |
/// | `h.evaluated_at(t)`        | whether all points are at its last evaluation, after t steps    |
/// | `h.value()`, `h.slopes()`  | f there, and ∂φ/∂z of all samples of a linear model, or none    |
/// | `h.holds_answer()`,        | whether `h.point()` with the value `h.value()` may be a better  |
/// | `h.point()`                | answer than the consensus                                       |
/// | `h.stalled()`              | whether f and ‖∇f‖ have stopped falling                         |
/// | `h.gradients_per_sample()` | component gradients per sample of a step                        |
/// | `h.extra_gradients(t)`     | component gradients beyond K·b·t, after t steps                 |
/// | `h.state(archive)`         | passes its state to `archive(parts…)`                           |
/// | `h.before_steps(context)`  | optional: collective, after the evaluation at the start or at a |
/// |                            | sync time, if the run continues. Returns whether it has moved   |
/// |                            | all workers, which are then evaluated once more                 |
/// | `h.work_of(k)`             | optional: the component gradients of worker k in the last       |
/// |                            | round, where they do not follow from its steps                  |
/// | `h.expects(H, change)`     | optional: whether the change of every worker in H local steps   |
/// |                            | is about the same; if so, writes it to `change`, d numbers,     |
/// |                            | equal on all ranks. A Compressor sends only the difference      |
///
/// The context is one thread's view of the run:
///
/// | expression                 | meaning                                                         |
/// |----------------------------|-----------------------------------------------------------------|
/// | `c.team()`                 | the threads of the run: detail::Team                            |
/// | `c.steps()`                | t, local steps made by each worker                              |
/// | `c.finite()`               | whether the last round was finite                               |
/// | `c.consensus()`            | collective: the consensus, equal on all ranks                   |
/// | `c.average(out)`           | collective: x̂, the weighted average of all iterates             |
/// | `c.workers()`              | the sequences of this process, by the number of their worker    |
/// | `c.averager()`             | the AverageState of the run                                     |
/// | `c.pass()`                 | evaluates f and its gradient: detail::full_gradient             |
/// | `c.certificate(x, v, s)`   | collective, right after c.pass() gave v and the slopes s at x:  |
/// |                            | a bound on f(x) − f*; the leader receives it                    |
/// | `c.certified()`            | leader only: the bound at the last evaluation of the run        |
/// | `c.consider_dual(x, θ, s)` | leader only: the next bound considers the dual variables θ of   |
/// |                            | all samples; x = x(θ), s their weighted mean square             |
/// | `c.place_at(x)`            | collective: the consensus is x. The workers are elsewhere until |
/// |                            | move_to()                                                       |
/// | `c.move_to(x, restart)`    | collective: all workers continue from x; with `restart` as if   |
/// |                            | all their iterates had been x. The averager and the encoders    |
/// |                            | are notified                                                    |
/// | `c.spend(gradients)`       | after a sum: records that each worker has computed this many    |
/// |                            | component gradients for it: for runs in virtual time            |
///
/// Between two collective calls, the leader of a process (`team().leads()`) changes the hook, from
/// values that are equal on all ranks; the other threads read it.
template <class H>
concept RoundHook = detail::knows_when_it_evaluates<H> && detail::tells_what_it_found<H> &&
                    detail::counts_its_gradients<H>;

namespace detail {

/// @brief h.before_steps(context), if it exists.
template <RoundHook H, class Context>
bool moves_before_steps(H& h, Context& context) {
  if constexpr (requires { h.before_steps(context); })
    return h.before_steps(context);
  else
    return false;
}

/// @brief Plain workers share no state.
template <class Scalar>
struct no_hook {
  static constexpr bool evaluates() noexcept { return false; }
  static constexpr bool looks_at(std::uint64_t) noexcept { return false; }
  static constexpr bool evaluates_at(std::uint64_t) noexcept { return false; }
  static constexpr bool evaluated_at(std::uint64_t) noexcept { return false; }
  static constexpr full_gradient::value value() noexcept { return {}; }
  static constexpr std::span<double const> slopes() noexcept { return {}; }
  static constexpr bool holds_answer() noexcept { return false; }
  static constexpr std::span<Scalar const> point() noexcept { return {}; }
  static constexpr bool stalled() noexcept { return false; }
  static constexpr std::uint64_t gradients_per_sample() noexcept { return 1; }
  static constexpr std::uint64_t extra_gradients(std::uint64_t) noexcept { return 0; }
  template <class Archive>
  static constexpr void state(Archive&) noexcept {}
  template <class Context>
  static constexpr void before_round(Context&) noexcept {}
};
static_assert(RoundHook<no_hook<double>>);

}  // namespace detail

}  // namespace localsgd
