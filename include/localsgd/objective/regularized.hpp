// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/regularizer/concept.hpp"

#include <cmath>
#include <concepts>
#include <cstddef>
#include <limits>
#include <span>
#include <type_traits>
#include <utility>

/// @file
/// @brief The properties that an objective inherits from its regularizer.

namespace localsgd::detail {

template <class F>
using regularizer_type =
    std::remove_cvref_t<decltype(std::declval<F const&>().regularizer())>;

/// @brief `f.regularizer()` is a Regularizer.
template <class F>
concept has_regularizer = Regularizer<regularizer_type<F>, typename F::scalar>;

/// @brief The regularizer is (λ/2)‖x‖²: a gradient step shrinks x by a factor.
template <class F>
concept has_ridge = has_regularizer<F> && ridge_regularizer<regularizer_type<F>>;

/// @brief f is a mean of differentiable losses plus a nonsmooth regularizer: `gradient`
///        overwrites g with the gradient of the losses alone and returns f, and a step ends with
///        the proximal operator.
template <class F>
concept proximal =
    has_regularizer<F> && !smooth_regularizer<regularizer_type<F>, typename F::scalar>;

/// @brief f has a gradient: it has no regularizer(), or a smooth one.
template <class F>
concept differentiable = !proximal<F>;

/// @brief The regularizer is a sum over the coordinates, with a proximal operator for each.
template <class F>
concept separable_proximal = proximal<F> && separable_regularizer<regularizer_type<F>>;

/// @brief λ of an objective with a ridge, or of shards that have the same one; otherwise 0.
template <class F>
double ridge_of(F const& f) {
  if constexpr (has_ridge<F>)
    return f.regularizer().ridge_strength();
  else if constexpr (requires { f.ridge_strength(); })
    return f.ridge_strength();
  else
    return 0;
}

/// @brief Whether the last coordinates of x are free intercepts, on which r does not act: see
///        localsgd::LinearObjective. By default r acts on all coordinates of x.
template <class F>
bool has_free_intercept(F const& f) noexcept {
  if constexpr (requires(F& any) { any.regularizes_intercept(); }) {
    static_assert(
        requires {
          { f.regularizes_intercept() } -> std::same_as<bool>;
          { f.intercept() } -> std::same_as<double>;
        },
        "f.intercept() and f.regularizes_intercept() must be const and return double and bool");
    return f.intercept() != 0 && !f.regularizes_intercept();
  } else {
    return false;
  }
}

/// @brief The number of free intercepts at the end of x: one, or one for each class.
template <class F>
std::size_t free_coordinates(F const& f) noexcept {
  if (!has_free_intercept(f)) return 0;
  if constexpr (requires { { f.classes() } -> std::same_as<std::size_t>; })
    return f.classes();
  else
    return 1;
}

/// @brief The number of coordinates of x on which r acts: the first ones.
template <class F>
std::size_t penalized_coordinates(F const& f) noexcept {
  return f.dimension() - free_coordinates(f);
}

/// @brief The coordinates of a vector of length d on which r acts.
template <class F, class T>
std::span<T> penalized(F const& f, std::span<T> x) noexcept {
  return x.first(x.size() - free_coordinates(f));
}

/// @brief If r(x) is not finite, moves x to the nearest point of the domain of r, which is the
///        limit of the proximal operator for small steps. A starting point may lie outside the
///        domain, and averages may leave it by rounding.
template <class F, class Scalar>
void move_into_domain([[maybe_unused]] F const& f, [[maybe_unused]] std::span<Scalar> x) {
  if constexpr (proximal<F>)
    if (!std::isfinite(f.regularizer().value(std::span<Scalar const>(penalized(f, x)))))
      f.regularizer().prox(penalized(f, x),
                           static_cast<double>(std::numeric_limits<Scalar>::min()));
}

/// @brief The strong convexity of r in the coordinates on which it acts, for an objective with a
///        regularizer or a sharded objective whose shards share one; otherwise 0.
template <class F>
double penalty_convexity_of(F const& f) {
  if constexpr (has_regularizer<F>)
    return f.regularizer().strong_convexity();
  else if constexpr (requires { f.penalty_convexity(); })
    return f.penalty_convexity();
  else
    return 0;
}

}  // namespace localsgd::detail
