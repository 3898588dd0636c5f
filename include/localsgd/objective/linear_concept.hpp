// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/kernels/rows.hpp"
#include "localsgd/objective/concept.hpp"
#include "localsgd/objective/regularized.hpp"

#include <concepts>
#include <cstddef>

/// @file
/// @brief What makes an objective a linear model.

namespace localsgd {

namespace detail {
template <class F>
concept has_linear_components = requires(F const& f, std::size_t i, double z) {
  { row_of(f.features(), i) };
  { f.loss().value(z, z) } -> std::same_as<double>;
  { f.loss().derivative(z, z) } -> std::same_as<double>;
  { f.scale(i) } -> std::same_as<double>;
  { f.target(i) } -> std::same_as<double>;
  { f.intercept() } -> std::same_as<double>;
};
}  // namespace detail

/// @brief An objective whose components are f_i(x) = scale_i·φ(⟨a_i, x⟩, y_i) + r(x).
///
/// | expression        | type          | meaning                                                  |
/// |-------------------|---------------|----------------------------------------------------------|
/// | `f.features()`    | a matrix      | the rows a_i, without the intercept                      |
/// | `f.loss()`        | a Loss        | φ                                                        |
/// | `f.scale(i)`      | `double`      | scale_i ≥ 0; their mean is 1                             |
/// | `f.target(i)`     | `double`      | y_i                                                      |
/// | `f.intercept()`   | `double`      | a last feature of all rows; 0 = there is none            |
/// | `f.regularizer()` | a Regularizer | r; with `ridge_strength()`, steps may be sparse          |
///
/// Optional, and used where given:
///
/// | expression                  | type   | meaning                                               |
/// |-----------------------------|--------|-------------------------------------------------------|
/// | `f.regularizes_intercept()` | `bool` | whether r acts on the intercept, the last coordinate  |
/// |                             |        | of x. Without the member it does                      |
///
/// If r does not act on the intercept, f_i(x) = scale_i·φ(⟨a_i, x⟩, y_i) + r(w), w the other
/// coordinates of x. Then f is not strongly convex, and `strong_convexity()` must be 0.
template <class F>
concept LinearObjective =
    Objective<F> && detail::has_linear_components<F> && detail::has_regularizer<F>;

namespace detail {
/// @brief A linear model with an L2 penalty, or none: what sparse steps and dual points need.
template <class F>
concept linear_with_ridge = LinearObjective<F> && has_ridge<F>;
}  // namespace detail

}  // namespace localsgd
