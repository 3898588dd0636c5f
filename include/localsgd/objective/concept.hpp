// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <concepts>
#include <cstddef>
#include <span>

/// @file
/// @brief The Objective component: what is minimised.

namespace localsgd {

namespace detail {

// bool(a || b) is one atomic constraint. From a || b on its own, compilers that order two
// constrained templates make as many conjunctions as there are choices, 2^n of n disjunctions.

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

// Optional members. One that is there but cannot be used is an error, not a member to ignore.
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

/// @brief μ, or 0 where the objective does not know it.
template <class F>
double strong_convexity_of(F const& f) {
  if constexpr (knows_strong_convexity<F>)
    return f.strong_convexity();
  else
    return 0;
}

}  // namespace detail

/// @brief A finite sum of losses, f(x) = (1/n) Σ_{i<n} f_i(x), x of length d.
///
/// | expression                | type              | meaning                                    |
/// |---------------------------|-------------------|--------------------------------------------|
/// | `F::scalar`               | `float`, `double` | the type of x and of gradients             |
/// | `f.dimension()`           | `std::size_t`     | d ≥ 1, the length of x and of gradients    |
/// | `f.samples()`             | `std::size_t`     | n ≥ 1                                      |
/// | `f.gradient(x, batch, g)` | `double`          | overwrites g with the **mean** gradient    |
/// |                           |                   | over `batch`, returns the **mean** loss    |
///
/// x is a `std::span<scalar const>`, batch a `std::span<std::size_t const>`, g a
/// `std::span<scalar>`. Optional, and used where given:
///
/// | expression             | type     | meaning                                                 |
/// |------------------------|----------|---------------------------------------------------------|
/// | `f.smoothness()`       | `double` | L: ‖∇f(x) − ∇f(y)‖ ≤ L‖x − y‖; decides the step size    |
/// | `f.strong_convexity()` | `double` | μ ≥ 0: f − (μ/2)‖x‖² is convex; makes the certificate   |
/// | `f.flops_per_sample()` | `double` | multiply-adds of one ∇f_i, d without it; decides H      |
///
/// What no compiler can check:
/// - `gradient` depends on (x, batch) only, and one object may be used by several threads at once;
/// - mean, not sum: otherwise the right step size would depend on the batch size;
/// - x and g have length d and do not overlap; every index in `batch` is below n, some may be
///   equal; `batch` is not empty;
/// - a loss that overflows is returned as it is: divergence is the run's business;
/// - μ is a true bound. The certificate is worth as much as it.
template <class F>
concept Objective = detail::has_scalar<F> && detail::has_dimension<F> && detail::has_samples<F> &&
                    detail::has_const_gradient_returning_mean_loss<F> &&
                    detail::smoothness_is_const_and_returns_double<F> &&
                    detail::strong_convexity_is_const_and_returns_double<F> &&
                    detail::flops_per_sample_is_const_and_returns_double<F>;

/// @brief Says in a constructor which type x shall have: `iterate_type<float>{}`.
template <class Scalar>
  requires(std::same_as<Scalar, float> || std::same_as<Scalar, double>)
struct iterate_type {};

}  // namespace localsgd
