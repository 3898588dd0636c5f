// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/settings.hpp"

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>

/// @file
/// @brief The Sampler component: which samples worker k uses at step t.

namespace localsgd {

namespace detail {
template <class S>
concept has_const_draw = requires(S const& s, plan const& p, std::size_t worker,
                                  std::uint64_t step, std::span<std::size_t> out) {
  { s.draw(p, worker, step, out) } -> std::same_as<void>;
};
template <class S>
concept has_const_shard_size = requires(S const& s, plan const& p, std::size_t worker) {
  { s.shard_size(p, worker) } -> std::same_as<std::size_t>;
};
}  // namespace detail

/// @brief Which b samples worker k uses at step t: a pure function of (seed, k, t).
///
/// | expression                        | type          | meaning                                 |
/// |-----------------------------------|---------------|-----------------------------------------|
/// | `s.draw(plan, worker, step, out)` | `void`        | overwrites `out`, whose length is m·b,  |
/// |                                   |               | with the samples of the m steps `step`, |
/// |                                   |               | `step`+1, …, b for each in turn         |
/// | `s.shard_size(plan, worker)`      | `std::size_t` | how many different samples the worker   |
/// |                                   |               | can draw; n if it sees all of them      |
///
/// Requirements that the compiler cannot check:
/// - pure: the same arguments give the same samples, on any thread and in any order, and one call
///   for m steps gives the same samples as m calls for single steps;
/// - every index is below `plan.samples`; several threads may call it concurrently;
/// - it neither allocates nor locks, since it is called during the local steps.
template <class S>
concept Sampler = std::copy_constructible<S> && detail::has_const_draw<S> &&
                  detail::has_const_shard_size<S>;

}  // namespace localsgd
