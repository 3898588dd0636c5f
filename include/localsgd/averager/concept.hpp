// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/component.hpp"
#include "localsgd/settings.hpp"

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>

/// @file
/// @brief The Averager component: how K points become one, and what the server makes of it.

namespace localsgd {

/// @brief The round whose average is about to be taken.
struct round_info {
  std::uint64_t round = 0;        ///< Number of this round, from 0.
  std::uint64_t steps = 0;        ///< t, local steps of each worker at its end.
  std::uint64_t local_steps = 0;  ///< H, local steps in it.
  double step_size = 0;           ///< η of its first local step; variance-reduced steps choose their own.
};

namespace detail {

template <class S>
concept has_const_weight = requires(S const& s, std::size_t worker) {
  { s.weight(worker) } -> std::same_as<double>;
};
template <class S>
concept has_begin_round = requires(S& s, round_info const& info) {
  { s.begin_round(info) } -> std::same_as<void>;
};
template <class S>
concept says_whether_it_keeps_the_mean = requires {
  { S::keeps_mean } -> std::convertible_to<bool>;
};
template <class S, class Scalar>
concept has_apply_to_a_range = requires(S& s, std::size_t first, std::span<Scalar const> previous,
                                        std::span<Scalar> mean) {
  { s.apply(first, previous, mean) } -> std::same_as<void>;
};
template <class S>
concept has_commit_and_rollback = requires(S& s) {
  { s.commit() } -> std::same_as<void>;
  { s.rollback() } -> std::same_as<void>;
};
template <class S, class Scalar>
concept has_reset = requires(S& s, std::span<Scalar const> x) {
  { s.reset(x) } -> std::same_as<void>;
};
template <class A, class Scalar>
concept binds_an_average = requires(A const& a, plan const& p, std::span<std::size_t const> sizes) {
  a.template bind<Scalar>(p, sizes);
};
/// @brief Whether it makes the consensus of all K points, in place of their weighted mean.
template <class S, class Scalar>
concept combines_rows = requires(S const& s, std::span<std::span<Scalar> const> rows,
                                 std::size_t first, std::size_t last, std::span<Scalar> out) {
  { s.combine(rows, first, last, out) } -> std::same_as<void>;
};

}  // namespace detail

/// @brief What an Averager is in one run: its weights, and what it remembers between rounds.
///
/// | expression                       | meaning                                                   |
/// |----------------------------------|-----------------------------------------------------------|
/// | `s.weight(k)`                    | w_k ≥ 0 of worker k; the K weights sum to one             |
/// | `S::keeps_mean`                  | whether the consensus is the weighted mean as it is       |
/// | `s.begin_round(info)`            | once in every round, on one thread: the place for numbers |
/// |                                  | that all coordinates need                                 |
/// | `s.apply(first, previous, mean)` | turns x̄ into the new consensus, in place, for the         |
/// |                                  | coordinates `first`, `first`+1, …                         |
/// | `s.commit()`, `s.rollback()`     | on one thread: the round was accepted, or a number was    |
/// |                                  | not finite and it never was                               |
/// | `s.reset(x)`                     | on one thread: the consensus became x by other means than |
/// |                                  | an average: an anchor or a warm start. A checkpoint       |
/// |                                  | restores the state as well, by the next one               |
/// | `s.state(archive)`               | passes all it remembers to `archive(parts…)`, to write it |
/// |                                  | to a checkpoint or to read it back                        |
/// | `s.combine(rows, first, last,    | optional, in place of the weighted mean: out[i] for       |
/// |   out)`                          | first ≤ i < last from all K rows at i; K = rows.size().   |
/// |                                  | Has no memory. `apply` follows                            |
///
/// `previous` (`std::span<scalar const>`) is the last consensus, `mean` (`std::span<scalar>`) holds
/// x̄ and receives the new one: x̄ − previous is the pseudo-gradient of an outer optimiser.
///
/// What no compiler can check:
/// - `apply` and `combine` are called for disjoint ranges by several threads at once, and work
///   coordinate by coordinate: how [0, d) is split must not change the result;
/// - what `apply` remembers counts only after `commit`: after `rollback` everything is as before
///   `begin_round`;
/// - on many ranks each process has a state of its own and applies it to all coordinates, so that
///   all states are equal; it may combine a part of them only.
template <class S, class Scalar = double>
concept AverageState =
    detail::has_const_weight<S> && detail::says_whether_it_keeps_the_mean<S> &&
    detail::has_begin_round<S> && detail::has_apply_to_a_range<S, Scalar> &&
    detail::has_commit_and_rollback<S> && detail::has_reset<S, Scalar> &&
    detail::has_state_of_a_checkpoint<S>;

/// @brief How K points become the consensus: x̄ = Σ_k w_k x_k, and what the server makes of it.
///
/// | expression                     | meaning                                                     |
/// |--------------------------------|-------------------------------------------------------------|
/// | `a.bind<Scalar>(plan, sizes)`  | the AverageState of a run; `sizes[k]`: the samples worker k |
/// |                                | can see. Throws invalid_settings where a parameter is out   |
/// |                                | of range                                                    |
/// | `a.identity()`                 | its name and parameters as text: ranks and checkpoints      |
/// |                                | compare it                                                  |
template <class A, class Scalar = double>
concept Averager =
    std::copy_constructible<A> && detail::has_const_identity<A> &&
    detail::binds_an_average<A, Scalar> &&
    requires(A const& a, plan const& p, std::span<std::size_t const> sizes) {
      { a.template bind<Scalar>(p, sizes) } -> AverageState<Scalar>;
    };

/// @brief A base for AverageStates: remembers nothing, keeps the mean.
template <class Scalar>
struct memoryless_average {
  static constexpr bool keeps_mean = true;
  static void begin_round(round_info const&) noexcept {}
  static void apply(std::size_t, std::span<Scalar const>, std::span<Scalar>) noexcept {}
  static void commit() noexcept {}
  static void rollback() noexcept {}
  static void reset(std::span<Scalar const>) noexcept {}
  template <class Archive>
  static void state(Archive&) noexcept {}
};

}  // namespace localsgd
