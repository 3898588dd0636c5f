// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/index_range.hpp"
#include "localsgd/kernels/rows.hpp"
#include "localsgd/objective/concept.hpp"
#include "localsgd/objective/regularized.hpp"

#include <concepts>
#include <cstddef>
#include <span>

/// @file
/// @brief The requirements on a linear model.

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
/// | expression        | type          | meaning                                               |
/// |-------------------|---------------|-------------------------------------------------------|
/// | `f.features()`    | a matrix      | the rows a_i, without the intercept                   |
/// | `f.loss()`        | a Loss        | φ                                                     |
/// | `f.scale(i)`      | `double`      | scale_i ≥ 0; their mean is 1                          |
/// | `f.target(i)`     | `double`      | y_i                                                   |
/// | `f.intercept()`   | `double`      | a constant last feature of all rows; 0 = no intercept |
/// | `f.regularizer()` | a Regularizer | r; with `ridge_strength()`, steps may be sparse       |
///
/// Optional: `f.offsets()`, a `std::span<double const>` of n numbers o_i, or empty if all are 0.
/// The components are then f_i(x) = scale_i·φ(⟨a_i, x⟩ + o_i, y_i) + r(x). Also optional:
///
/// | expression                  | type   | meaning                                              |
/// |-----------------------------|--------|------------------------------------------------------|
/// | `f.regularizes_intercept()` | `bool` | whether r acts on the intercept, the last coordinate |
/// |                             |        | of x; by default it does                             |
///
/// If r does not act on the intercept, f_i(x) = scale_i·φ(⟨a_i, x⟩, y_i) + r(w), where w holds the
/// other coordinates of x. Then f is not strongly convex, and `strong_convexity()` must be 0.
template <class F>
concept LinearObjective =
    Objective<F> && detail::has_linear_components<F> && detail::has_regularizer<F>;

namespace detail {
/// @brief The o_i of all samples, or empty.
template <LinearObjective F>
std::span<double const> offsets_of(F const& f) noexcept {
  if constexpr (requires { { f.offsets() } -> std::convertible_to<std::span<double const>>; })
    return f.offsets();
  else
    return {};
}
/// @brief z + o_i.
template <LinearObjective F>
double with_offset(F const& f, std::size_t i, double z) noexcept {
  auto const offsets = offsets_of(f);
  return offsets.empty() ? z : z + offsets[i];
}
/// @brief ⟨a_i, x⟩, where a_i includes the intercept.
template <LinearObjective F>
double product_with_row(F const& f, std::size_t i, std::span<typename F::scalar const> x) noexcept {
  double const z = dot(row_of(f.features(), i), x.data()), intercept = f.intercept();
  return intercept != 0 ? z + intercept * static_cast<double>(x.back()) : z;
}
/// @brief z_i = ⟨a_i, x⟩ + o_i, where a_i includes the intercept: the prediction for a sample.
template <LinearObjective F>
double prediction_of(F const& f, std::size_t i, std::span<typename F::scalar const> x) noexcept {
  return with_offset(f, i, product_with_row(f, i, x));
}
/// @brief z ← prediction_of() for each of some samples. Quantities common to all are read only
///        once.
template <LinearObjective F>
void write_predictions(F const& f, std::span<typename F::scalar const> x, index_range samples,
                       double* z) noexcept {
  double const intercept = f.intercept();
  auto const offsets = offsets_of(f);
  for (std::size_t i = samples.first; i != samples.last; ++i, ++z) {
    double product = dot(row_of(f.features(), i), x.data());
    if (intercept != 0) product += intercept * static_cast<double>(x.back());
    *z = offsets.empty() ? product : product + offsets[i];
  }
}

/// @brief A linear model with an L2 penalty or none, as sparse steps and dual points require.
template <class F>
concept linear_with_ridge = LinearObjective<F> && has_ridge<F>;

/// @brief A linear model whose regularizer has no gradient but a proximal operator per coordinate.
template <class F>
concept linear_separable = LinearObjective<F> && separable_proximal<F>;

/// @brief A linear model whose variance-reduced steps touch only the nonzeros of its rows.
template <class F>
concept linear_with_sparse_steps =
    LinearObjective<F> && bool(has_ridge<F> || separable_proximal<F>);
}  // namespace detail

}  // namespace localsgd
