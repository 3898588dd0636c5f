// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/component.hpp"
#include "localsgd/core/error.hpp"

#include <concepts>
#include <cstdint>
#include <string>

/// @file
/// @brief The IterateWeights component: w_t, the weights of the average of all iterates.

namespace localsgd {

namespace detail {
template <class W>
concept has_const_weight_at_t = requires(W const& w, std::uint64_t t) {
  { w.weight(t) } -> std::same_as<double>;
};
template <class W>
concept has_const_sum_of_weights = requires(W const& w, std::uint64_t steps) {
  { w.sum(steps) } -> std::same_as<double>;
};
}  // namespace detail

/// @brief w_t for t = 0, 1, …: after T local steps, result::average is
///        x̂_T = Σ_k w_k Σ_{t<T} w_t x_t^k / S_T with S_T = Σ_{t<T} w_t and the averager's w_k.
///
/// | expression     | type          | meaning                                                     |
/// |----------------|---------------|-------------------------------------------------------------|
/// | `w.weight(t)`  | `double`      | w_t, finite and ≥ 0                                         |
/// | `w.sum(T)`     | `double`      | S_T, finite; S_0 = 0                                        |
/// | `w.identity()` | `std::string` | the name and the parameters on one line: weights of equal   |
/// |                |               | identity are equal. Checkpoints compare it                  |
///
/// Requirements that the compiler cannot check:
/// - all three are pure, and `sum` agrees with `weight`. `sum` is a closed form if there is one: it
///   is called whenever a worker's average restarts, not at every step;
/// - `weight(t)` is called at every local step of every worker: it must be cheap and neither lock
///   nor allocate;
/// - each worker's sequence holds a copy, so copies must be cheap and equal.
///
/// Only ratios of weights matter. The first weights may be 0, to average a suffix of the iterates;
/// as long as S_t = 0, the average is the last iterate. S_T > 0 at the end of a run of T ≥ 2 steps.
template <class W>
concept IterateWeights = std::copy_constructible<W> && detail::has_const_weight_at_t<W> &&
                         detail::has_const_sum_of_weights<W> && detail::has_const_identity<W>;

namespace detail {

/// @brief Rejects weights that a run of `steps` steps cannot use, by checking w_0, w_{T−1} and S_T.
/// @throws invalid_settings
template <IterateWeights W>
void require_usable(W const& weights, std::uint64_t steps) {
  if (steps == 0) return;
  require_nonnegative("iterate_weights.weight(0)", weights.weight(0));
  require_nonnegative("iterate_weights.weight(steps - 1)", weights.weight(steps - 1));
  double const sum = weights.sum(steps);
  if (steps == 1)
    require_nonnegative("iterate_weights.sum(steps)", sum);
  else
    require_positive("iterate_weights.sum(steps)", sum);
}

}  // namespace detail

}  // namespace localsgd
