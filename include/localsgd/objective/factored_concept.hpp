// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/objective/concept.hpp"
#include "localsgd/objective/regularized.hpp"

#include <concepts>
#include <cstddef>
#include <span>

/// @file
/// @brief Objectives whose gradients are outer products.

namespace localsgd {

namespace detail {
template <class F>
concept has_factored_components =
    requires(F const& f, std::size_t i, double c, std::span<std::size_t const> batch,
             std::span<double const> x, std::span<double> s) {
      { f.outputs() } -> std::same_as<std::size_t>;
      { f.slopes(x, c, batch, i, s) } -> std::same_as<void>;
      { f.add_rows(batch, x, s) } -> std::same_as<void>;
    };
}  // namespace detail

/// @brief An objective whose components are f_i(x) = φ_i(x a_i) + r(x), where x is a row-major
///        matrix of C rows: their gradients are s_i a_iᵀ + ∇r(x) with the C slopes s_i = ∇φ_i(x
///        a_i).
///
/// | expression                       | type          | meaning                                 |
/// |----------------------------------|---------------|-----------------------------------------|
/// | `f.outputs()`                    | `std::size_t` | C ≥ 1                                   |
/// | `f.regularizer()`                | a Regularizer | r; `factored_sgd` requires a ridge form |
/// | `f.slopes(v, c, batch, soon, s)` | `void`        | overwrites s with the s_i over `batch`, |
/// |                                  |               | in order, at x = c·v; `soon` is a hint: |
/// |                                  |               | the sample that will be needed next     |
/// | `f.add_rows(batch, s, y)`        | `void`        | y ← y + s_i a_iᵀ, sample by sample, in  |
/// |                                  |               | the order of `batch`                    |
///
/// v and y are spans of d doubles for any type of x; s is a span of C doubles for each sample of
/// the batch. The compiler cannot check that `add_rows` for a batch gives the same bits as
/// successive calls for its parts, and that several threads may call both members concurrently.
template <class F>
concept FactoredObjective =
    Objective<F> && detail::has_factored_components<F> && detail::has_regularizer<F>;

namespace detail {
/// @brief scale_i of f_i(x) = scale_i·φ_i + r(x): `f.scale(i)`, or 1 if there are no weights.
template <class F>
double scale_of(F const& f, std::size_t i) noexcept {
  if constexpr (requires { { f.scale(i) } -> std::same_as<double>; })
    return f.scale(i);
  else
    return 1;
}

/// @brief A FactoredObjective with an L2 penalty or none, as factored steps require.
template <class F>
concept factored_with_ridge = FactoredObjective<F> && has_ridge<F>;

/// @brief A FactoredObjective whose scores x a_i and slopes are available separately, as
///        variance-reduced steps require. `f.scores(v, batch, soon, s)` overwrites s with v a_i
///        over `batch`, where v holds doubles or the type of x; `f.slopes_of_scores(batch, s)`
///        converts scores to slopes.
template <class F>
concept factored_with_scores =
    factored_with_ridge<F> &&
    requires(F const& f, std::span<double const> v, std::span<typename F::scalar const> x,
             std::span<std::size_t const> batch, std::size_t soon, std::span<double> s) {
      { f.scores(v, batch, soon, s) } -> std::same_as<void>;
      { f.scores(x, batch, soon, s) } -> std::same_as<void>;
      { f.slopes_of_scores(batch, s) } -> std::same_as<void>;
    };
}  // namespace detail

}  // namespace localsgd
