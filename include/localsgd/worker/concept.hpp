// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/settings.hpp"

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>

/// @file
/// @brief The LocalWorker component: how x_k advances through local steps.

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
template <class W, class F, class Sampler, class StepSize>
concept has_const_bind = requires(W const& w, F const& f, Sampler const& sampler,
                                  StepSize const& step_size, plan const& p, std::size_t worker) {
  w.bind(f, sampler, step_size, p, worker);
};

}  // namespace detail

/// @brief One worker's own sequence x_0^k, x_1^k, …, and the weighted average along it.
///
/// | expression            | type                | meaning                                        |
/// |-----------------------|---------------------|------------------------------------------------|
/// | `q.assign(x)`         | `void`              | x_k ← x, without a trace in the average        |
/// | `q.advance(from, to)` | `void`              | local steps t = from, …, to−1; before each,    |
/// |                       |                     | x_t^k enters the average with w_t = (a+t)²     |
/// | `q.local()`           | `std::span<scalar>` | x_k as a vector; may be overwritten,           |
/// |                       |                     | if `assign` follows                            |
/// | `q.average(out)`      | `void`              | out ← Σ_t w_t x_t^k / Σ_t w_t over the steps   |
/// |                       |                     | made; x_k where there were none                |
///
/// What no compiler can check:
/// - one sequence is used by one thread at a time, different sequences by several at once; they
///   share the objective, the sampler and the step size, all of them constant;
/// - the steps depend on (x, t, k) only, and two stretches t → s → u are the stretch t → u bit for
///   bit unless `assign` came between;
/// - inside `advance`: no lock, no allocation; nothing is thrown but what the user's code throws;
/// - numbers that overflow are passed on: divergence is the run's business.
template <class Q, class Scalar = double>
concept LocalSequence = detail::has_advance<Q> && detail::has_local<Q, Scalar> &&
                        detail::has_assign<Q, Scalar> && detail::has_const_average<Q, Scalar>;

/// @brief Makes the sequence of worker k, x_0^k = 0: `w.bind(f, sampler, step_size, plan, k)`.
///
/// The objective, the sampler and the step size are borrowed: they outlive the sequence.
template <class W, class F, class Sampler, class StepSize>
concept LocalWorker =
    std::copy_constructible<W> && detail::has_const_bind<W, F, Sampler, StepSize> &&
    requires(W const& w, F const& f, Sampler const& sampler, StepSize const& step_size,
             plan const& p, std::size_t worker) {
      { w.bind(f, sampler, step_size, p, worker) } -> LocalSequence<typename F::scalar>;
    };

}  // namespace localsgd
