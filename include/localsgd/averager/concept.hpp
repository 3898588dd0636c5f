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
/// @brief The Averager component: how K points become one, and the server update that follows.

namespace localsgd {

/// @brief The round whose average is about to be taken.
struct round_info {
  std::uint64_t round = 0;        ///< The number of this round, from 0.
  std::uint64_t steps = 0;        ///< t, the local steps of each worker at its end.
  std::uint64_t local_steps = 0;  ///< H, the local steps of this round.
  double step_size = 0;           ///< η of its first local step, unless it is variance-reduced.
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
/// @brief Whether S computes the consensus from all K points instead of their weighted mean.
template <class S, class Scalar>
concept combines_rows = requires(S const& s, std::span<std::span<Scalar> const> rows,
                                 std::size_t first, std::size_t last, std::span<Scalar> out) {
  { s.combine(rows, first, last, out) } -> std::same_as<void>;
};

}  // namespace detail

/// @brief The state of an Averager in one run: its weights and its memory between rounds.
///
/// | expression                       | meaning                                                   |
/// |----------------------------------|-----------------------------------------------------------|
/// | `s.weight(k)`                    | w_k ≥ 0 of worker k; the K weights sum to one             |
/// | `S::keeps_mean`                  | whether the consensus is the unmodified weighted mean     |
/// | `s.begin_round(info)`            | once per round, on one thread: computes the numbers that  |
/// |                                  | all coordinates need                                      |
/// | `s.apply(first, previous, mean)` | turns x̄ into the new consensus, in place, for the         |
/// |                                  | coordinates `first`, `first`+1, …                         |
/// | `s.commit()`, `s.rollback()`     | on one thread: the round was accepted, or was discarded   |
/// |                                  | because a number was not finite                           |
/// | `s.reset(x)`                     | on one thread: the consensus was set to x by something    |
/// |                                  | other than an average: an anchor or a warm start. After a |
/// |                                  | checkpoint is read, `state` restores the memory instead   |
/// | `s.state(archive)`               | passes its entire memory to `archive(parts…)`, which      |
/// |                                  | writes it to a checkpoint or reads it back                |
/// | `s.combine(rows, first, last,    | optional, replaces the weighted mean: computes out[i] for |
/// |   out)`                          | first ≤ i < last from all K rows at i; K = rows.size().   |
/// |                                  | It keeps no memory. `apply` is called afterwards          |
///
/// `previous` (`std::span<scalar const>`) is the last consensus; `mean` (`std::span<scalar>`) holds
/// x̄ and receives the new consensus. x̄ − previous is the pseudo-gradient of an outer optimiser.
///
/// The compiler cannot check the following requirements:
/// - Several threads call `apply` and `combine` concurrently for disjoint ranges. Both act on each
///   coordinate separately: the result must not depend on how [0, d) is split.
/// - Changes to the memory made by `apply` take effect at `commit`. After `rollback` the state is
///   the same as before `begin_round`. Neither throws: other threads already use the consensus.
/// - With several ranks, each process has its own state and applies it to all coordinates, so that
///   all states are equal. It may combine only some of the coordinates.
template <class S, class Scalar = double>
concept AverageState =
    detail::has_const_weight<S> && detail::says_whether_it_keeps_the_mean<S> &&
    detail::has_begin_round<S> && detail::has_apply_to_a_range<S, Scalar> &&
    detail::has_commit_and_rollback<S> && detail::has_reset<S, Scalar> &&
    detail::has_state_of_a_checkpoint<S>;

/// @brief How K points become the consensus: x̄ = Σ_k w_k x_k, and the server update that follows.
///
/// | expression                    | meaning                                                    |
/// |-------------------------------|------------------------------------------------------------|
/// | `a.bind<Scalar>(plan, sizes)` | the AverageState of a run; `sizes[k]` is the number of     |
/// |                               | samples that worker k can see. Throws invalid_settings if  |
/// |                               | a parameter is out of range                                |
/// | `a.identity()`                | its name and parameters as text, compared across ranks and |
/// |                               | with checkpoints                                           |
template <class A, class Scalar = double>
concept Averager =
    std::copy_constructible<A> && detail::has_const_identity<A> &&
    detail::binds_an_average<A, Scalar> &&
    requires(A const& a, plan const& p, std::span<std::size_t const> sizes) {
      { a.template bind<Scalar>(p, sizes) } -> AverageState<Scalar>;
    };

/// @brief A base class for AverageStates that keep the mean and have no memory.
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
