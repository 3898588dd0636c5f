// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/error.hpp"
#include "localsgd/iterate_weights/quadratic_weights.hpp"
#include "localsgd/settings.hpp"

#include <algorithm>
#include <concepts>
#include <cstdint>

/// @file
/// @brief The StepSize component, η_t, and rules that choose one.

namespace localsgd {

namespace detail {
template <class S>
concept has_step_size_at_t = requires(S const& s, std::uint64_t t) {
  { s(t) } -> std::same_as<double>;
};
template <class S>
concept has_shift = requires(S& s) { s.shift(); };
template <class S>
concept shift_if_any_is_const_and_returns_double =
    bool(!has_shift<S> || requires(S const& s) {
           { s.shift() } -> std::same_as<double>;
         });
template <class S>
concept has_at_delay = requires(S& s, std::uint64_t t, double delay) { s.at_delay(t, delay); };
/// @brief A StepSize with an `at_delay` member.
template <class S>
concept adapts_to_delays = requires(S const& s, std::uint64_t t, double delay) {
  { s.at_delay(t, delay) } -> std::same_as<double>;
};
template <class S>
concept at_delay_if_any_is_const_and_returns_double =
    bool(!has_at_delay<S> || adapts_to_delays<S>);
template <class R, class F>
concept has_choose = requires(R const& r, F const& f, plan const& p) { r.choose(f, p); };
}  // namespace detail

/// @brief η_t, the step size of local step t = 0, 1, …, which is the same on every worker.
///
/// | expression         | type     | meaning                                                     |
/// |--------------------|----------|-------------------------------------------------------------|
/// | `s(t)`             | `double` | η_t > 0; a step is x ← x − η_t g with g the *mean* gradient |
/// | `s.shift()`        | `double` | optional: the a ≥ 0 of the weights w_t = (a+t)² that go     |
/// |                    |          | with η_t; 1 if absent                                       |
/// | `s.at_delay(t, τ)` | `double` | optional: the step size ≥ 0 that the steps of a round,      |
/// |                    |          | starting at t, should have had if they arrive with a delay  |
/// |                    |          | τ ≥ 0 in an asynchronous run; s(t) if τ = 0. Their change   |
/// |                    |          | is scaled accordingly: see `delay_adaptive`                 |
///
/// Without explicit IterateWeights, runs use quadratic_weights{a}: see recommended_weights().
///
/// Requirements that the compiler cannot check: all members are pure, and `s(t)` is cheap, since it
/// is called at every local step.
template <class S>
concept StepSize = std::copy_constructible<S> && detail::has_step_size_at_t<S> &&
                   detail::shift_if_any_is_const_and_returns_double<S> &&
                   detail::at_delay_if_any_is_const_and_returns_double<S>;

/// @brief Chooses a StepSize from the objective and the plan, before the run: `r.choose(f, plan)`.
template <class R, class F>
concept StepSizeRule = std::copy_constructible<R> && detail::has_choose<R, F> &&
                       requires(R const& r, F const& f, plan const& p) {
                         { r.choose(f, p) } -> StepSize;
                       };

/// @brief The weights that go with a step size: quadratic_weights{a}, a = `s.shift()` or 1. a is at
///        most 10¹⁰⁰: above that, all weights are equal up to rounding.
/// @throws invalid_settings unless a ≥ 0
template <StepSize S>
quadratic_weights recommended_weights([[maybe_unused]] S const& s) {
  if constexpr (detail::has_shift<S const>) {
    double const shift = s.shift();
    detail::require(shift >= 0, "step_size.shift()", shift, ">= 0");
    return quadratic_weights{std::min(shift, 1e100)};
  } else {
    return quadratic_weights{1};
  }
}

}  // namespace localsgd
