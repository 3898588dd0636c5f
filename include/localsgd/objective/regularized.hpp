// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/regularizer/concept.hpp"

#include <cmath>
#include <limits>
#include <span>
#include <type_traits>
#include <utility>

/// @file
/// @brief What is known of an objective from its regularizer.

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

/// @brief f is a mean of differentiable losses and a regularizer without a gradient: `gradient`
///        overwrites g with the gradient of the losses alone and returns f, and a step ends with the
///        proximal operator.
template <class F>
concept proximal =
    has_regularizer<F> && !smooth_regularizer<regularizer_type<F>, typename F::scalar>;

/// @brief f has a gradient: it has no regularizer() of its own, or a smooth one.
template <class F>
concept differentiable = !proximal<F>;

/// @brief The regularizer is a sum over the coordinates, with a proximal operator for each.
template <class F>
concept separable_proximal = proximal<F> && separable_regularizer<regularizer_type<F>>;

/// @brief x ← the nearest point of the domain of r, the limit of its proximal operator for small steps,
///        where r(x) is not finite: a start may lie outside, and averages leave it by rounding.
template <class F, class Scalar>
void move_into_domain([[maybe_unused]] F const& f, [[maybe_unused]] std::span<Scalar> x) {
  if constexpr (proximal<F>)
    if (!std::isfinite(f.regularizer().value(std::span<Scalar const>(x))))
      f.regularizer().prox(x, static_cast<double>(std::numeric_limits<Scalar>::min()));
}

/// @brief λ, of an objective with a ridge or of a sharded one whose shards have it in common; 0 where
///        there is none.
template <class F>
double ridge_of(F const& f) noexcept {
  if constexpr (has_ridge<F>)
    return f.regularizer().ridge_strength();
  else if constexpr (requires { f.ridge_strength(); })
    return f.ridge_strength();
  else
    return 0;
}

}  // namespace localsgd::detail
