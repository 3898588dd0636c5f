// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <concepts>
#include <cstddef>
#include <span>

/// @file
/// @brief The Averager component: how K iterates become one point.

namespace localsgd {

namespace detail {
template <class A>
concept has_const_weight = requires(A const& a, std::size_t worker,
                                    std::span<std::size_t const> shard_sizes) {
  { a.weight(worker, shard_sizes) } -> std::same_as<double>;
};
template <class A>
concept has_start = requires(A& a, std::size_t dimension) {
  { a.start(dimension) } -> std::same_as<void>;
};
template <class A>
concept says_whether_it_keeps_the_mean = requires {
  { A::keeps_mean } -> std::convertible_to<bool>;
};
template <class A, class Scalar>
concept has_apply_to_a_range = requires(A& a, std::size_t first, std::span<Scalar const> previous,
                                        std::span<Scalar> mean) {
  { a.apply(first, previous, mean) } -> std::same_as<void>;
};
}  // namespace detail

/// @brief How K iterates become the consensus: x̄ = Σ_k w_k x_k, and what is made of it.
///
/// | expression                       | type     | meaning                                        |
/// |----------------------------------|----------|------------------------------------------------|
/// | `a.weight(worker, shard_sizes)`  | `double` | w_k ≥ 0; the K weights sum to one.             |
/// |                                  |          | `shard_sizes[k]`: the samples worker k can see |
/// | `a.start(d)`                     | `void`   | called once per run, before the first average  |
/// | `a.apply(first, previous, mean)` | `void`   | turns x̄ into the new consensus, in place, for  |
/// |                                  |          | the coordinates `first`, `first`+1, …          |
/// | `A::keeps_mean`                  | `bool`   | whether `apply` leaves the mean as it is       |
///
/// `previous` (`std::span<scalar const>`) is the last consensus, `mean` (`std::span<scalar>`) holds
/// x̄ and receives the new one: so x̄ − previous is the pseudo-gradient of an outer optimiser.
/// Asynchronous runs have no moment at which x̄ exists: they take averagers that keep the mean only.
///
/// What no compiler can check:
/// - `weight` is pure;
/// - `apply` is called for disjoint ranges by several threads at once, and works coordinate by
///   coordinate: how [0, d) is split must not change the result.
template <class A, class Scalar = double>
concept Averager = std::copy_constructible<A> && detail::has_const_weight<A> &&
                   detail::has_start<A> && detail::says_whether_it_keeps_the_mean<A> &&
                   detail::has_apply_to_a_range<A, Scalar>;

}  // namespace localsgd
