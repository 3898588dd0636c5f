// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/objective/concept.hpp"

#include <concepts>
#include <cstddef>
#include <type_traits>

/// @file
/// @brief Objectives in which each worker has its own samples.

namespace localsgd {

/// @brief f(x) = Σ_k (n_k/n) f_k(x), where worker k makes its steps on f_k only.
///
/// | expression        | type          | meaning                                   |
/// |-------------------|---------------|-------------------------------------------|
/// | `F::shard_type`   | an Objective  | the type of f_k                           |
/// | `f.shards()`      | `std::size_t` | K                                         |
/// | `f.shard_size(k)` | `std::size_t` | n_k, for all k                            |
/// | `f.shard(k)`      | `shard_type`  | f_k, on the process that carries worker k |
/// | `f.is_here(k)`    | `bool`        | whether this process carries worker k     |
template <class F>
concept ShardedObjective =
    Objective<F> && Objective<typename F::shard_type> && requires(F const& f, std::size_t k) {
      { f.shards() } -> std::same_as<std::size_t>;
      { f.shard_size(k) } -> std::same_as<std::size_t>;
      { f.shard(k) } -> std::same_as<typename F::shard_type const&>;
      { f.is_here(k) } -> std::same_as<bool>;
    };

namespace detail {

template <class F>
struct stepped {
  using type = F;
};
template <class F>
  requires requires { typename F::shard_type; }
struct stepped<F> {
  using type = typename F::shard_type;
};
/// @brief The objective on which local steps are made: f itself, or a shard of a ShardedObjective.
template <class F>
using stepped_objective = typename stepped<F>::type;

}  // namespace detail

}  // namespace localsgd
