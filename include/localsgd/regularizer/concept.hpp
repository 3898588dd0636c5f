// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>

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

/// @brief r(x) = Σ_j r_j(x_j), with the proximal operator of each r_j.
template <class R>
concept separable_regularizer = requires(R const& r, std::size_t j, double v, double step) {
  { r.prox_at(j, v, step) } -> std::same_as<double>;
};
template <class R>
concept regularizer_has_closed_form_steps =
    requires(R const& r, std::size_t j, double v, double slope, double step, std::uint64_t count) {
      { r.steps_at(j, v, slope, step, count) } -> std::same_as<double>;
    };
template <class R, class Scalar>
concept regularizer_has_subgradient =
    requires(R const& r, std::span<Scalar const> x, std::span<Scalar> g) {
      { r.subgradient(x, g) } -> std::same_as<void>;
    };
template <class R>
concept regularizer_has_dual_scale = requires(R const& r, std::span<double const> u) {
  { r.dual_scale(u) } -> std::same_as<double>;
};
template <class R>
concept regularizer_has_zero_interval = requires(R const& r, std::size_t j) {
  { r.zero_interval(j) } -> std::same_as<std::pair<double, double>>;
};
template <class R>
concept regularizer_checks_dimension = requires(R const& r, std::size_t d) {
  { r.check_dimension(d) } -> std::same_as<void>;
};

// bool(a || b): see objective/concept.hpp.
// Optional members. A member that is present but unusable is an error; it is not ignored.
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
template <class R>
concept prox_at_is_const_and_returns_double =
    bool(separable_regularizer<R> ||
         !(requires(R& r, double v) { r.prox_at(std::size_t{}, v, v); } ||
           requires { &R::prox_at; }));
template <class R>
concept steps_at_is_const_and_returns_double =
    bool(regularizer_has_closed_form_steps<R> ||
         !(requires(R& r, double v) { r.steps_at(std::size_t{}, v, v, v, std::uint64_t{}); } ||
           requires { &R::steps_at; }));
template <class R>
concept steps_at_comes_with_prox_at =
    bool(separable_regularizer<R> || !regularizer_has_closed_form_steps<R>);
template <class R, class Scalar>
concept subgradient_is_const_and_returns_void =
    bool(regularizer_has_subgradient<R, Scalar> ||
         !(requires(R& r, std::span<Scalar> x) { r.subgradient(x, x); } ||
           requires { &R::subgradient; }));
template <class R>
concept dual_scale_is_const_and_returns_double =
    bool(regularizer_has_dual_scale<R> ||
         !(requires(R& r, std::span<double const> u) { r.dual_scale(u); } ||
           requires { &R::dual_scale; }));
template <class R>
concept dual_scale_comes_with_a_conjugate =
    bool(regularizer_has_conjugate<R> || !regularizer_has_dual_scale<R>);
template <class R>
concept zero_interval_is_const_and_returns_two_doubles =
    bool(regularizer_has_zero_interval<R> ||
         !(requires(R& r) { r.zero_interval(std::size_t{}); } || requires { &R::zero_interval; }));
template <class R>
concept zero_interval_comes_with_prox_at =
    bool(separable_regularizer<R> || !regularizer_has_zero_interval<R>);
template <class R>
concept check_dimension_is_const_and_returns_void =
    bool(regularizer_checks_dimension<R> ||
         !(requires(R& r) { r.check_dimension(std::size_t{}); } ||
           requires { &R::check_dimension; }));
template <class R, class Scalar>
concept optional_members_of_a_regularizer_can_be_used =
    prox_at_is_const_and_returns_double<R> && steps_at_is_const_and_returns_double<R> &&
    steps_at_comes_with_prox_at<R> && subgradient_is_const_and_returns_void<R, Scalar> &&
    regularizer_conjugate_is_const_and_returns_double<R> &&
    dual_scale_is_const_and_returns_double<R> && dual_scale_comes_with_a_conjugate<R> &&
    zero_interval_is_const_and_returns_two_doubles<R> && zero_interval_comes_with_prox_at<R> &&
    check_dimension_is_const_and_returns_void<R>;

}  // namespace detail

/// @brief r(x), convex and closed: f(x) = (1/n) Σ_i φ_i(x) + r(x). r may take the value +∞, to
///        express constraints.
///
/// | expression             | type          | meaning                                             |
/// |------------------------|---------------|-----------------------------------------------------|
/// | `r.value(x)`           | `double`      | r(x)                                                |
/// | `r.strong_convexity()` | `double`      | μ ≥ 0: r − (μ/2)‖x‖² is convex                      |
/// | `r.identity()`         | `std::string` | the name and all parameters with all digits, as in  |
/// |                        |               | `l2(0.0001)`: equal for equal r, else different     |
///
/// and at least one of
///
/// | expression             | type          | meaning                                             |
/// |------------------------|---------------|-----------------------------------------------------|
/// | `r.gradient(x, g)`,    | `void`,       | both or neither, if r is smooth: overwrites g with  |
/// | `r.smoothness()`       | `double`      | ∇r(x); the finite Lipschitz constant of ∇r          |
/// | `r.prox(x, step)`      | `void`        | x ← argmin_u r(u) + ‖u − x‖²/(2 step), step > 0     |
///
/// x is a `std::span<Scalar const>`, the x of `prox` and g are `std::span<Scalar>`, and step is a
/// `double`; x and g have length d, or d − 1 if a linear model has a free intercept, and do not
/// overlap. Member templates support both `float` and `double`; with a single overload, r supports
/// only objectives of that scalar type. Optional members:
///
/// | expression             | type     | meaning                                             |
/// |------------------------|----------|-----------------------------------------------------|
/// | `r.ridge_strength()`   | `double` | λ, if r(x) = (λ/2)‖x‖² exactly, so that r is smooth |
/// | `r.subgradient(x, g)`  | `void`   | g ← the element of g + ∂r(x) of smallest norm; x is |
/// |                        |          | in the domain of r                                  |
/// | `r.conjugate(u)`       | `double` | r*(u) = sup_x ⟨u, x⟩ − r(x), or +∞                  |
/// | `r.dual_scale(u)`      | `double` | the largest c in [0, 1] with r*(c·u) < ∞, rounded   |
/// |                        |          | down so that the computed `conjugate` is finite for |
/// |                        |          | c and all smaller values. Requires `conjugate`      |
/// | `r.check_dimension(d)` | `void`   | throws invalid_settings if x cannot have length d;  |
/// |                        |          | called by the constructors of objectives            |
///
/// and, if r is separable, r(x) = Σ_j r_j(x_j):
///
/// | expression           | type        | meaning                                             |
/// |----------------------|-------------|-----------------------------------------------------|
/// | `r.prox_at(j, v, s)` | `double`    | argmin_u r_j(u) + (u − v)²/(2s), s > 0; as `prox`   |
/// | `r.steps_at(j, v,`   | `double`    | v after n steps v ← prox_at(j, v − s·g, s), in time |
/// | `         g, s, n)`  |             | independent of n. Requires `prox_at`                |
/// | `r.zero_interval(j)` | `std::pair` | {min, max} of ∂r_j(0), as in {−λ, λ}; may be        |
/// |                      | of `double` | infinite; {+∞, −∞} if 0 is not in the domain.       |
/// |                      |             | Requires `prox_at`                                  |
///
/// where u is a `std::span<double const>`, d and j are `std::size_t`, n is a `std::uint64_t`, and
/// the others are `double`.
///
/// How the members are used: `sgd` and `svrg` step along the gradient if there is one. Otherwise
/// they make proximal steps: a step along the gradient of the losses, then `prox`. With
/// `ridge_strength()`, a gradient step shrinks all coordinates by the same factor 1 − ηλ; only then
/// are `linear_sgd` and `factored_sgd` available (detail::has_ridge). The separable members enable
/// sparse steps, which combine all steps whose samples lack a coordinate into one call of
/// `steps_at`; Newton steps; and screening, which excludes coordinates that are 0 at the minimum.
/// `subgradient` measures how far x is from the minimum. Certificates from dual points need
/// `conjugate`, and also `dual_scale` if r* can be +∞.
///
/// A custom regularizer for `sgd`, smooth and without a ridge form:
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
/// The compiler cannot check the following requirements: r is convex; the members describe the same
/// r; μ is a valid bound (certificates are only as reliable as μ); all members are pure, and
/// several threads may call them concurrently.
template <class R, class Scalar = double>
concept Regularizer =
    std::copy_constructible<R> && detail::regularizer_has_value<R, Scalar> &&
    detail::regularizer_has_strong_convexity<R> && detail::regularizer_has_identity<R> &&
    detail::gradient_is_const_and_returns_void<R, Scalar> &&
    detail::gradient_and_smoothness_come_together<R, Scalar> &&
    detail::prox_is_const_and_returns_void<R, Scalar> &&
    detail::has_a_gradient_or_a_prox<R, Scalar> && detail::ridge_is_const_and_returns_double<R> &&
    detail::ridge_comes_with_a_gradient<R, Scalar> &&
    detail::optional_members_of_a_regularizer_can_be_used<R, Scalar>;

namespace detail {
/// @brief The Lipschitz constant of ∇r; 0 if r has no gradient, since gradient steps then ignore r.
template <class R>
double smoothness_of_regularizer(R const& r) {
  if constexpr (regularizer_has_smoothness<R>)
    return r.smoothness();
  else
    return 0;
}

/// @brief g ← ∇r(x); 0 if r has no gradient.
template <class R, class Scalar>
void regularizer_gradient(R const& r, std::span<Scalar const> x, std::span<Scalar> g) {
  if constexpr (regularizer_has_gradient<R, Scalar>)
    r.gradient(x, g);
  else
    std::fill(g.begin(), g.end(), Scalar{0});
}
/// @brief Throws invalid_settings if r reports that x cannot have length d.
template <class R>
void check_dimension_of([[maybe_unused]] R const& r, [[maybe_unused]] std::size_t d) {
  if constexpr (regularizer_checks_dimension<R>) r.check_dimension(d);
}
}  // namespace detail

}  // namespace localsgd
