// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>

/// @file
/// @brief The Schedule component: the sync times.

namespace localsgd {

/// @brief The data that a schedule may use: the last evaluation and the last gap. They are equal on
///        all threads, and in every run with the same settings, so they include no times.
struct progress {
  std::uint64_t steps = 0;        ///< Local steps at the evaluation: t if it has just been made.
  std::uint64_t local_steps = 0;  ///< The gap between the last two sync times; 0 at the start.
  double objective = 0;           ///< f at the evaluation, finite: evaluation::objective.
  double first_objective = 0;     ///< f(x_0), finite.
  double drift = 0;               ///< (1/K) Σ_k ‖x_k − x̄‖² just before the evaluated average.
};

namespace detail {

template <class S>
concept has_const_next_sync_time = requires(S const& s, std::uint64_t t) {
  { s.next(t) } -> std::same_as<std::uint64_t>;
};

// Optional members. A member with a wrong signature is an error; it is not ignored.
template <class S>
concept looks_at_progress = requires(S const& s, std::uint64_t t, progress const& seen) {
  { s.next(t, seen) } -> std::same_as<std::uint64_t>;
};
template <class S>
concept next_with_progress_is_const_and_returns_a_sync_time =
    bool(looks_at_progress<S> || !requires(S& s, std::uint64_t t, progress seen) { s.next(t, seen); });

template <class S>
concept says_whether_it_needs_evaluations = requires {
  { S::needs_evaluations } -> std::convertible_to<bool>;
};

/// @brief A schedule that averages within groups of workers between its sync times.
template <class S>
concept averages_in_groups = requires(S const& s, std::uint64_t t) {
  { s.next_inside(t) } -> std::same_as<std::uint64_t>;
  { s.groups() } -> std::same_as<std::size_t>;
};

/// @brief Whether a schedule depends on intermediate evaluations.
template <class S>
constexpr bool needs_evaluations() {
  if constexpr (says_whether_it_needs_evaluations<S>)
    return S::needs_evaluations;
  else
    return false;
}

}  // namespace detail

/// @brief The set I_T of sync times: when the workers' iterates are averaged.
///
/// | expression  | type            | meaning                                             |
/// |-------------|-----------------|-----------------------------------------------------|
/// | `s.next(t)` | `std::uint64_t` | the smallest sync time above t; t is 0 or one of them |
///
/// The average is computed after local step t if t+1 ∈ I_T, so `every{1}` is mini-batch SGD. T, the
/// number of local steps, is always a sync time: a `next` beyond it counts as T.
///
/// Optional, for a schedule that depends on the progress of the run:
///
/// | expression             | type            | meaning                                         |
/// |------------------------|-----------------|-------------------------------------------------|
/// | `s.next(t, seen)`      | `std::uint64_t` | the same, given the progress; this is what a    |
/// |                        |                 | run calls; a plan shows `s.next(0)`             |
/// | `S::needs_evaluations` | `bool`          | whether runs with neither a tolerance nor       |
/// |                        |                 | `settings::evaluations` are rejected            |
///
/// Optional, for a schedule that averages within groups of workers between two sync times, such as
/// `hierarchical`:
///
/// | expression         | type            | meaning                                             |
/// |--------------------|-----------------|-----------------------------------------------------|
/// | `s.next_inside(t)` | `std::uint64_t` | the smallest time above t after which groups average |
/// | `s.groups()`       | `std::size_t`   | the number of groups                                |
/// | `s.identity()`     | text            | its name and parameters, compared across ranks and  |
/// |                    |                 | with checkpoints                                    |
///
/// Requirements that the compiler cannot check:
/// - pure: every thread calls it and must get the same answer;
/// - `next(t) > t`. Anything else ends the run with `invalid_settings`.
template <class S>
concept Schedule = std::copy_constructible<S> && detail::has_const_next_sync_time<S> &&
                   detail::next_with_progress_is_const_and_returns_a_sync_time<S>;

}  // namespace localsgd
