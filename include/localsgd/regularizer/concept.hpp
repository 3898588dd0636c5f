// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <concepts>
#include <span>
#include <string>

/// @file
/// @brief The Regularizer component: r(x), which an objective adds to its mean loss.

namespace localsgd {

namespace detail {

template <class R, class Scalar>
concept regularizer_has_value = requires(R const& r, std::span<Scalar const> x) {
  { r.value(x) } -> std::same_as<double>;
};
template <class R>
concept regularizer_has_strong_convexity = requires(R const& r) {
  { r.strong_convexity() } -> std::same_as<double>;
};
template <class R>
concept regularizer_has_identity = requires(R const& r) {
  { r.identity() } -> std::same_as<std::string>;
};

template <class R, class Scalar>
concept regularizer_has_gradient =
    requires(R const& r, std::span<Scalar const> x, std::span<Scalar> g) {
      { r.gradient(x, g) } -> std::same_as<void>;
    };
template <class R>
concept regularizer_has_smoothness = requires(R const& r) {
  { r.smoothness() } -> std::same_as<double>;
};
template <class R, class Scalar>
concept gradient_and_smoothness_come_together =
    regularizer_has_gradient<R, Scalar> == regularizer_has_smoothness<R>;
/// @brief Differentiable, with a Lipschitz continuous gradient.
template <class R, class Scalar>
concept smooth_regularizer = regularizer_has_gradient<R, Scalar> && regularizer_has_smoothness<R>;

template <class R, class Scalar>
concept regularizer_has_prox = requires(R const& r, std::span<Scalar> x, double step) {
  { r.prox(x, step) } -> std::same_as<void>;
};
template <class R, class Scalar>
concept has_a_gradient_or_a_prox =
    bool(smooth_regularizer<R, Scalar> || regularizer_has_prox<R, Scalar>);

template <class R>
concept ridge_regularizer = requires(R const& r) {
  { r.ridge_strength() } -> std::same_as<double>;
};
template <class R>
concept regularizer_has_conjugate = requires(R const& r, std::span<double const> u) {
  { r.conjugate(u) } -> std::same_as<double>;
};

// bool(a || b): see objective/concept.hpp.
// Optional members. One that is there but cannot be used is an error, not a member to ignore.
template <class R, class Scalar>
concept gradient_is_const_and_returns_void =
    bool(regularizer_has_gradient<R, Scalar> ||
         !(requires(R& r, std::span<Scalar> x) { r.gradient(x, x); } || requires { &R::gradient; }));
template <class R, class Scalar>
concept prox_is_const_and_returns_void =
    bool(regularizer_has_prox<R, Scalar> ||
         !(requires(R& r, std::span<Scalar> x, double step) { r.prox(x, step); } ||
           requires { &R::prox; }));
template <class R>
concept ridge_is_const_and_returns_double =
    bool(ridge_regularizer<R> ||
         !(requires(R& r) { r.ridge_strength(); } || requires { &R::ridge_strength; }));
template <class R, class Scalar>
concept ridge_comes_with_a_gradient =
    bool(smooth_regularizer<R, Scalar> || !ridge_regularizer<R>);
template <class R>
concept regularizer_conjugate_is_const_and_returns_double =
    bool(regularizer_has_conjugate<R> ||
         !(requires(R& r, std::span<double const> u) { r.conjugate(u); } ||
           requires { &R::conjugate; }));

}  // namespace detail

/// @brief r(x), convex and closed: f(x) = (1/n) Σ_i φ_i(x) + r(x). Its values may be +∞: then r is
///        a constraint.
///
/// | expression             | type          | meaning                                             |
/// |------------------------|---------------|-----------------------------------------------------|
/// | `r.value(x)`           | `double`      | r(x)                                                |
/// | `r.strong_convexity()` | `double`      | μ ≥ 0: r − (μ/2)‖x‖² is convex                      |
/// | `r.identity()`         | `std::string` | the name and all parameters with all digits, as in  |
/// |                        |               | `l2(0.0001)`: equal for equal r, else different      |
///
/// and at least one of
///
/// | expression             | type          | meaning                                             |
/// |------------------------|---------------|-----------------------------------------------------|
/// | `r.gradient(x, g)`,    | `void`,       | both or none, if r is smooth: overwrites g with     |
/// | `r.smoothness()`       | `double`      | ∇r(x); the finite Lipschitz constant of ∇r          |
/// | `r.prox(x, step)`      | `void`        | x ← argmin_u r(u) + ‖u − x‖²/(2 step), step > 0     |
///
/// x is a `std::span<Scalar const>`, the x of `prox` and g are `std::span<Scalar>`, step is a
/// `double`; x and g have length d, or d − 1 if a linear model has a free intercept, and do not
/// overlap. A member template serves `float` and
/// `double`; with one overload, r serves objectives of that scalar. Optional, and used where given:
///
/// | expression             | type          | meaning                                             |
/// |------------------------|---------------|-----------------------------------------------------|
/// | `r.ridge_strength()`   | `double`      | λ, if r(x) = (λ/2)‖x‖² exactly; r is smooth then    |
/// | `r.conjugate(u)`       | `double`      | r*(u) = sup_x ⟨u, x⟩ − r(x), or +∞; u is a          |
/// |                        |               | `std::span<double const>`                           |
///
/// What uses which: `sgd` and `svrg` step along the gradient. They refuse a regularizer without
/// one when they are compiled (detail::differentiable). With `ridge_strength()` a gradient step
/// shrinks all coordinates by the same factor 1 − ηλ. Only then are `linear_sgd` and `factored_sgd`
/// available (detail::has_ridge), `svrg` has sparse steps, and linear models have the certificate
/// from dual points. The stock workers do not call `prox` yet: a regularizer without a gradient
/// can be evaluated and compared, but not minimised.
///
/// A regularizer of your own for `sgd`, smooth and with no ridge form:
/// ~~~{.cpp}
/// struct smoothed_l1 {  // λ Σ_j (√(1 + x_j²) − 1)
///   double lambda;
///   double value(std::span<double const> x) const;
///   void gradient(std::span<double const> x, std::span<double> g) const;
///   double smoothness() const { return lambda; }
///   double strong_convexity() const { return 0; }
///   std::string identity() const;  // "smoothed_l1(", λ with 17 digits, ")"
/// };
/// linear_objective f(rows, y, logistic{}, smoothed_l1{1e-3});
/// ~~~
///
/// What no compiler can check: r is convex, the members describe the same r, μ is a true bound
/// (certificates are worth as much as it), all are pure and may be called by several threads at
/// once.
template <class R, class Scalar = double>
concept Regularizer =
    std::copy_constructible<R> && detail::regularizer_has_value<R, Scalar> &&
    detail::regularizer_has_strong_convexity<R> && detail::regularizer_has_identity<R> &&
    detail::gradient_is_const_and_returns_void<R, Scalar> &&
    detail::gradient_and_smoothness_come_together<R, Scalar> &&
    detail::prox_is_const_and_returns_void<R, Scalar> &&
    detail::has_a_gradient_or_a_prox<R, Scalar> && detail::ridge_is_const_and_returns_double<R> &&
    detail::ridge_comes_with_a_gradient<R, Scalar> &&
    detail::regularizer_conjugate_is_const_and_returns_double<R>;

namespace detail {
/// @brief The Lipschitz constant of ∇r; 0 where r has no gradient, and no gradient step sees it.
template <class R>
double smoothness_of_regularizer(R const& r) {
  if constexpr (regularizer_has_smoothness<R>)
    return r.smoothness();
  else
    return 0;
}
}  // namespace detail

}  // namespace localsgd
