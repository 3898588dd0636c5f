// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <concepts>
#include <cstdint>

/// @file
/// @brief The Schedule component: the sync times.

namespace localsgd {

namespace detail {
template <class S>
concept has_const_next_sync_time = requires(S const& s, std::uint64_t t) {
  { s.next(t) } -> std::same_as<std::uint64_t>;
};
}  // namespace detail

/// @brief The set I_T of sync times: when the workers' iterates are averaged.
///
/// | expression  | type            | meaning                                             |
/// |-------------|-----------------|-----------------------------------------------------|
/// | `s.next(t)` | `std::uint64_t` | the smallest sync time above t; t is 0 or one of them |
///
/// The average is made after local step t when t+1 ∈ I_T, so `every{1}` is mini-batch SGD. T, the
/// number of local steps, always is a sync time: a `next` beyond it counts as T.
///
/// What no compiler can check:
/// - pure: every member asks for itself and must get the same answer;
/// - `next(t) > t`. Anything else ends the run with `invalid_settings`.
template <class S>
concept Schedule = std::copy_constructible<S> && detail::has_const_next_sync_time<S>;

}  // namespace localsgd
