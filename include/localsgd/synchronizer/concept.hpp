// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/cache_aligned.hpp"
#include "localsgd/core/index_range.hpp"

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

/// @file
/// @brief The Synchronizer component: who carries the workers and how they come together.

namespace localsgd {

/// @brief The points of a run that all members of a team can see.
template <class Scalar>
struct iterates {
  /// x_k of every worker: what `local()` returned. Written by the member that owns the worker.
  std::vector<std::span<Scalar>> local;
  std::vector<double> weights;  ///< w_k of the average; they sum to one.

  /// The consensus and the room for the next one; which is which changes with every round.
  std::array<detail::own_vector<Scalar>, 2> consensus;

  /// @brief K vectors of length d, all 0, averaged with these weights.
  iterates(std::vector<double> average_weights, std::size_t dimension)
      : local(average_weights.size()), weights(std::move(average_weights)) {
    for (auto& point : consensus) point.resize(dimension);
  }
};

namespace detail {

// What the concepts below call a team with: the least that models Averager, and a program.
struct any_averager {
  static constexpr bool keeps_mean = true;
  static double weight(std::size_t, std::span<std::size_t const>);
  static void start(std::size_t);
  template <class Scalar>
  static void apply(std::size_t, std::span<Scalar const>, std::span<Scalar>);
};
struct any_program {
  template <class Team>
  void operator()(Team&) const;
};

template <class T>
concept knows_its_place = requires(T const& team) {
  { team.member() } -> std::same_as<std::size_t>;
  { team.members() } -> std::same_as<std::size_t>;
  { team.workers() } -> std::same_as<index_range>;
};
template <class T, class Scalar>
concept has_exchange = requires(T& team, iterates<Scalar>& x, any_averager& averager,
                                std::uint64_t t) {
  { team.exchange(x, averager, t) } -> std::same_as<bool>;
};
template <class T, class Scalar>
concept has_points = requires(T& team, iterates<Scalar>& x, std::size_t worker) {
  { team.point(x, worker) } -> std::same_as<std::span<Scalar const>>;
  { team.settle(x) } -> std::same_as<std::span<Scalar const>>;
  { team.resume(x, team.settle(x)) } -> std::same_as<void>;
  { team.finite() } -> std::same_as<bool>;
};
template <class T, class Scalar>
concept has_ordered_sums = requires(T& team, iterates<Scalar>& x, std::span<Scalar> out,
                                    std::span<std::vector<double> const> parts,
                                    std::span<double> total) {
  { team.average(x, out) } -> std::same_as<void>;
  { team.sum(parts, total) } -> std::same_as<void>;
};
template <class T>
concept can_agree = requires(T& team, int answer) {
  { team.agree(answer) } -> std::same_as<int>;
};
template <class T>
concept counts_its_traffic = requires(T const& team, std::size_t bytes) {
  { team.exchange_bytes(bytes) } -> std::same_as<std::uint64_t>;
  { team.delay() } -> std::same_as<std::uint64_t>;
};

}  // namespace detail

/// @brief One member of a team: a thread or process that carries one or more of the K workers.
///
/// Every member runs the same program from start to end; *collective* calls are made by all of them
/// in the same order, and nobody leaves such a call before what it needs from the others is there.
///
/// | expression                     | meaning                                                     |
/// |--------------------------------|-------------------------------------------------------------|
/// | `team.member()`, `.members()`  | my number, from 0, and how many we are; member 0 leads      |
/// | `team.workers()`               | the `index_range` of workers that I own: ascending with the |
/// |                                | member's number, every worker owned by exactly one          |
/// | `team.exchange(x, averager, t)`| after step t: the workers come together. Algorithm 1:       |
/// |                                | collective, the new consensus is apply(Σ_k w_k x_k).        |
/// |                                | Algorithm 2: for each of my workers, adds w_k times its own |
/// |                                | change to the aggregate and reads that; waits for nobody.   |
/// |                                | false = a number was not finite: then nothing has changed   |
/// | `team.point(x, k)`             | where my worker k goes on from                              |
/// | `team.settle(x)`               | collective: returns the consensus (the aggregate), equal    |
/// |                                | for all, and from now on the `point` of all workers         |
/// | `team.resume(x, from)`         | collective: `from`, equal for all and finite, becomes the   |
/// |                                | consensus and the `point` of all workers                    |
/// | `team.finite()`                | whether all exchanges since the last `resume` were; after   |
/// |                                | `settle` equal for all                                      |
/// | `team.average(x, out)`         | collective: out ← Σ_k w_k x.local[k]                        |
/// | `team.sum(parts, total)`       | collective: total ← Σ_p parts[p], in the order of p         |
/// | `team.agree(answer)`           | collective: everybody gets member 0's answer                |
/// | `team.exchange_bytes(bytes)`   | bytes that one exchange of all workers moves, for vectors   |
/// |                                | of so many bytes                                            |
/// | `team.delay()`                 | the largest delay seen, in local steps; 0 if synchronous    |
///
/// Optional, for teams whose members do not all share one memory, or the usual clock:
///
/// | expression                     | meaning                                                      |
/// |--------------------------------|--------------------------------------------------------------|
/// | `team.leads()`                 | whether I act for those that share my memory: one of them;   |
/// |                                | without it member 0 does                                     |
/// | `team.share(values, owned)`    | collective: everybody gets the values in the `index_range`   |
/// |                                | owned(m) from member m; the ranges ascend and cover all.     |
/// |                                | What they share by memory is there since the last call       |
/// | `team.seconds()`               | the time of the run, where the members' clock does not tell  |
/// | `team.arrive(t, c)`            | before each exchange: my workers have made their steps up    |
/// |                                | to t, c component gradients a sample                         |
/// | `team.advance(workers, x, t,   | in place of local steps t, …, sync − 1 of my workers and     |
/// |   sync, drifted)`              | their exchanges: makes them, in an order of its own, and     |
/// |                                | calls drifted(k) before x_k goes on from `point(x, k)`       |
/// | `team.spend(gradients, d)`     | member 0, while all wait: so many component gradients of     |
/// |                                | each worker, and the sum of a vector of d bytes, take time   |
///
/// What no compiler can check:
/// - the bits of the sums do not depend on the number of members: they are added in the order of
///   the worker's (the part's) number, and members split coordinates, never the order;
/// - what a member wrote before a collective call is visible to all after it;
/// - out, total and the parts are shared by all members of a process. Of n parts member m wrote its
///   share of an even split, as it owns its share of the K workers: detail::even_split.
template <class T, class Scalar = double>
concept Team = detail::knows_its_place<T> && detail::has_exchange<T, Scalar> &&
               detail::has_points<T, Scalar> && detail::has_ordered_sums<T, Scalar> &&
               detail::can_agree<T> && detail::counts_its_traffic<T>;

namespace detail {

/// @brief Whether this member acts for those that share its memory.
template <class T>
bool leads(T const& team) {
  if constexpr (requires { team.leads(); })
    return team.leads();
  else
    return team.member() == 0;
}

/// @brief Collective: everybody sees the values that member m wrote in owned(m), before the last
///        collective call.
template <class T, class Value, class Owned>
void share([[maybe_unused]] T& team, [[maybe_unused]] std::span<Value> values,
           [[maybe_unused]] Owned const& owned) {
  if constexpr (requires { team.share(values, owned); })
    team.share(values, owned);
}

/// @brief Member 0, while all wait: the workers have made so many component gradients each, and
///        added up a vector of so many bytes. Teams that keep time themselves take note.
template <class T>
void spend([[maybe_unused]] T& team, [[maybe_unused]] std::uint64_t gradients,
           [[maybe_unused]] std::size_t bytes) {
  if constexpr (requires { team.spend(gradients, bytes); })
    if (team.member() == 0) team.spend(gradients, bytes);
}

template <class S>
concept has_run = requires(S& s, std::size_t workers, any_program program) {
  { s.run(workers, program) } -> std::same_as<void>;
};
template <class S>
concept names_its_team = requires { typename S::team; };
}  // namespace detail

/// @brief Starts a team and waits for it: the communication backend.
///
/// | expression              | meaning                                                            |
/// |-------------------------|--------------------------------------------------------------------|
/// | `S::team`               | the type of its members, a \ref localsgd::Team "Team"              |
/// | `s.run(K, program)`     | calls `program(team)` once on every member, all at the same time,  |
/// |                         | and returns when the last one has ended                            |
///
/// Optional:
///
/// | expression              | meaning                                                             |
/// |-------------------------|---------------------------------------------------------------------|
/// | `s.begin(f, plan)`      | before each run: looks at what is to be run, and may refuse it      |
/// | `s.leave()`             | after it, and if it came to no run: never throws                    |
/// | `s.share(values, make)` | calls `make()`, and gives every process values[k] of the one that   |
/// |                         | carries worker k: K trivially copyable things                       |
/// | `s.carries(K)`          | the `index_range` of the workers that this process carries; all     |
/// |                         | unless it says so                                                   |
///
/// What no compiler can check:
/// - an exception that leaves the program on one member ends it on all of them; `run` then rethrows
///   the one of the lowest member, and the synchronizer can be used again;
/// - `run` may be called by several threads: later calls wait for their turn;
/// - the number of members has no influence on the result.
///
/// Threads need not care about any of this but where they come from: run_team does it.
template <class S>
concept Synchronizer = detail::names_its_team<S> && Team<typename S::team, double> &&
                       Team<typename S::team, float> && detail::has_run<S>;

}  // namespace localsgd
