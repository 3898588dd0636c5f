// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <concepts>
#include <cstddef>
#include <span>

/// @file
/// @brief The Objective component: the function to be minimised.

namespace localsgd {

namespace detail {

// bool(a || b) is one atomic constraint. With a plain a || b, compilers that order two constrained
// templates build one conjunction for each choice: 2^n for n disjunctions. If a or b names a type
// that may not exist, give it its own concept; otherwise the whole constraint is false.

template <class F>
concept has_scalar =
    bool(std::same_as<typename F::scalar, float> || std::same_as<typename F::scalar, double>);

template <class F>
concept has_dimension = requires(F const& f) {
  { f.dimension() } -> std::same_as<std::size_t>;
};

template <class F>
concept has_samples = requires(F const& f) {
  { f.samples() } -> std::same_as<std::size_t>;
};

template <class F>
concept has_const_gradient_returning_mean_loss =
    requires(F const& f, std::span<typename F::scalar const> x, std::span<std::size_t const> batch,
             std::span<typename F::scalar> g) {
      { f.gradient(x, batch, g) } -> std::same_as<double>;
    };

// Optional members. A member that is present but unusable is an error; it is not ignored.
template <class F>
concept knows_smoothness = requires(F const& f) {
  { f.smoothness() } -> std::convertible_to<double>;
};
template <class F>
concept smoothness_is_const_and_returns_double =
    bool(knows_smoothness<F> || !requires(F& f) { f.smoothness(); });

template <class F>
concept knows_strong_convexity = requires(F const& f) {
  { f.strong_convexity() } -> std::convertible_to<double>;
};
template <class F>
concept strong_convexity_is_const_and_returns_double =
    bool(knows_strong_convexity<F> || !requires(F& f) { f.strong_convexity(); });

template <class F>
concept knows_flops_per_sample = requires(F const& f) {
  { f.flops_per_sample() } -> std::convertible_to<double>;
};
template <class F>
concept flops_per_sample_is_const_and_returns_double =
    bool(knows_flops_per_sample<F> || !requires(F& f) { f.flops_per_sample(); });

/// @brief μ, or 0 if the objective does not provide it.
template <class F>
double strong_convexity_of(F const& f) {
  if constexpr (knows_strong_convexity<F>)
    return f.strong_convexity();
  else
    return 0;
}

}  // namespace detail

/// @brief A finite sum of losses, f(x) = (1/n) Σ_{i<n} f_i(x), where x has length d.
///
/// | expression                | type              | meaning                                    |
/// |---------------------------|-------------------|--------------------------------------------|
/// | `F::scalar`               | `float`, `double` | the type of x and of gradients             |
/// | `f.dimension()`           | `std::size_t`     | d ≥ 1, the length of x and of gradients    |
/// | `f.samples()`             | `std::size_t`     | n ≥ 1                                      |
/// | `f.gradient(x, batch, g)` | `double`          | overwrites g with the **mean** gradient    |
/// |                           |                   | over `batch`; returns the **mean** loss    |
///
/// x is a `std::span<scalar const>`, batch a `std::span<std::size_t const>`, and g a
/// `std::span<scalar>`. Optional members:
///
/// | expression             | type     | meaning                                                 |
/// |------------------------|----------|---------------------------------------------------------|
/// | `f.smoothness()`       | `double` | L: ‖∇f(x) − ∇f(y)‖ ≤ L‖x − y‖; determines the step size |
/// | `f.strong_convexity()` | `double` | μ ≥ 0: f − (μ/2)‖x‖² is convex; needed for certificates |
/// | `f.flops_per_sample()` | `double` | multiply-adds of one ∇f_i, default d; determines H      |
/// | `f.stable_step(b)`     | `double` | a step size for which SGD with batches of b is stable,  |
/// |                        |          | otherwise estimated from gradients: automatic_step      |
/// | `f.stable_step(b, K)`  | `double` | the same, as precise as K workers need it               |
///
/// The compiler cannot check the following requirements:
/// - `gradient` depends only on (x, batch), and several threads may use one object concurrently.
/// - The result is a mean, not a sum: otherwise the right step size would depend on the batch size.
/// - x and g have length d and do not overlap. Every index in `batch` is below n; indices may
///   repeat; `batch` is not empty.
/// - A loss that overflows is returned as it is: the run detects divergence.
/// - μ is a valid bound. The certificate is only as reliable as μ.
template <class F>
concept Objective = detail::has_scalar<F> && detail::has_dimension<F> && detail::has_samples<F> &&
                    detail::has_const_gradient_returning_mean_loss<F> &&
                    detail::smoothness_is_const_and_returns_double<F> &&
                    detail::strong_convexity_is_const_and_returns_double<F> &&
                    detail::flops_per_sample_is_const_and_returns_double<F>;

/// @brief Selects the type of x in a constructor: `iterate_type<float>{}`.
template <class Scalar>
  requires(std::same_as<Scalar, float> || std::same_as<Scalar, double>)
struct iterate_type {};

}  // namespace localsgd
