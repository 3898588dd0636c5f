// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <concepts>
#include <cstddef>
#include <string_view>

/// @file
/// @brief The Loss component: φ(z, y) of a margin or prediction z and a target y.

namespace localsgd {

namespace detail {
template <class L>
concept has_const_value = requires(L const& loss, double z, double y) {
  { loss.value(z, y) } -> std::same_as<double>;
};
template <class L>
concept has_const_derivative = requires(L const& loss, double z, double y) {
  { loss.derivative(z, y) } -> std::same_as<double>;
};
template <class L>
concept has_const_curvature = requires(L const& loss) {
  { loss.curvature() } -> std::same_as<double>;
};
template <class L>
concept knows_lipschitz_constant = requires(L const& loss) {
  { loss.lipschitz_constant() } -> std::same_as<double>;
};
template <class L>
concept lipschitz_constant_is_const_and_returns_double =
    bool(knows_lipschitz_constant<L> || !requires(L& l) { l.lipschitz_constant(); });
template <class L>
concept knows_targets = requires(double y) {
  { L::accepts(y) } -> std::same_as<bool>;
  { L::targets } -> std::convertible_to<std::string_view>;
};
/// @brief The targets of two-class losses, as error messages state them.
inline constexpr std::string_view two_signs = "-1 or +1; encode_binary() converts any two labels";
template <class L>
concept has_conjugate = requires(L const& loss, double theta, double y) {
  { loss.conjugate(theta, y) } -> std::same_as<double>;
};
template <class L>
concept has_project_to_dual_domain = requires(L const& loss, double theta, double y) {
  { loss.project_to_dual_domain(theta, y) } -> std::same_as<double>;
};
template <class L>
concept conjugate_is_const_and_returns_double =
    bool(has_conjugate<L> ||
         !(requires(L& l, double v) { l.conjugate(v, v); } || requires { &L::conjugate; }));
template <class L>
concept project_to_dual_domain_is_const_and_returns_double =
    bool(has_project_to_dual_domain<L> ||
         !(requires(L& l, double v) { l.project_to_dual_domain(v, v); } ||
           requires { &L::project_to_dual_domain; }));
template <class L>
concept conjugate_and_project_to_dual_domain_come_together =
    has_conjugate<L> == has_project_to_dual_domain<L>;
template <class L>
concept knows_conjugate = has_conjugate<L> && has_project_to_dual_domain<L>;

template <class L>
concept has_suited_to = requires(L& loss, L const& constant, double largest) {
  loss = constant.suited_to(largest);
};

template <class L>
concept has_evaluate = requires(L const& loss, double const* in, std::size_t n, double* out) {
  { loss.evaluate(in, in, n, out, out) } -> std::same_as<void>;
};
template <class L>
concept evaluate_is_const_and_fills_two_arrays =
    bool(has_evaluate<L> || !(requires(L& l, double const* in, std::size_t n, double* out) {
           l.evaluate(in, in, n, out, out);
         } || requires { &L::evaluate; }));
/// @brief Whether a member pointer belongs to a base of L.
template <class L, class Pointer>
inline constexpr bool is_of_a_base = false;
template <class L, class Owner, class Member>
inline constexpr bool is_of_a_base<L, Member Owner::*> = !std::same_as<L, Owner>;
template <class L>
concept inherits_evaluate = requires { requires is_of_a_base<L, decltype(&L::evaluate)>; };
template <class L>
concept evaluates_blocks = has_evaluate<L> && !inherits_evaluate<L>;
}  // namespace detail

/// @brief φ(z, y), convex in z: the loss of a linear model whose prediction is z.
///
/// | expression                       | type     | meaning                                        |
/// |----------------------------------|----------|------------------------------------------------|
/// | `l.value(z, y)`                  | `double` | φ(z, y)                                        |
/// | `l.derivative(z, y)`             | `double` | ∂φ/∂z                                          |
/// | `l.curvature()`                  | `double` | sup ∂²φ/∂z² over all z and y, finite           |
///
/// Optional members:
///
/// | expression                       | type     | meaning                                        |
/// |----------------------------------|----------|------------------------------------------------|
/// | `l.lipschitz_constant()`         | `double` | sup \|∂φ/∂z\|; infinity if unbounded. If it is |
/// |                                  |          | finite, larger steps are allowed. If absent,   |
/// |                                  |          | slopes far from 0 determine whether it is      |
/// |                                  |          | finite                                         |
/// | `L::accepts(y)`,                 | `bool`,  | both or neither: whether a target is valid,    |
/// | `L::targets`                     | text     | and the rule as error messages state it        |
/// | `l.check_targets(y)`             | `void`   | throws invalid_settings if a parameter of l    |
/// |                                  |          | does not suit all targets y, a span            |
/// | `l.suited_to(m)`                 | `L`      | l adapted to data whose largest target, over   |
/// |                                  |          | all shards, is m: sets the parameters that the |
/// |                                  |          | user has not specified                         |
/// | `l.conjugate(θ, y)`,             | `double` | both or neither: φ*(θ, y) = sup_z θz − φ(z, y) |
/// | `l.project_to_dual_domain(θ, y)` | `double` | in its domain, and the point of the domain     |
/// |                                  |          | nearest to θ. They make certificates faster:   |
/// |                                  |          | without them, φ* is computed numerically       |
/// | `L::nonnegative`                 | `bool`   | `true` if φ ≥ 0, so that f(x) bounds the gap   |
/// | `L::name`                        | text     | the name of the loss in a linear_model         |
/// | `l.evaluate(z, y, n, v, s)`      | `void`   | evaluates a block of n samples, for SIMD:      |
/// |                                  |          | v[i] ← φ(z[i], y[i]), s[i] ← ∂φ/∂z there       |
///
/// The first two arguments of `evaluate` are `double const*`, n is a `std::size_t`, and the last
/// two are `double*`; the arrays do not overlap. `evaluate` is used only where f is evaluated over
/// many samples; local steps use `derivative`. A member inherited from another loss is not used,
/// since the derived loss may have a different `value`.
///
/// The domain of φ* is the closure of the set of values of ∂φ/∂z, an interval.
///
/// The compiler cannot check the following requirements. φ is convex and `derivative` is its
/// derivative, for all z up to 2⁶⁴ and all targets. All members are pure, and several threads may
/// call them concurrently. `conjugate` is accurate to a few units in the last place; otherwise the
/// rounding margin of the certificate is too small. The outputs of `evaluate` for a sample depend
/// only on z[i] and y[i], not on i or n, and equal `value` and `derivative` to within a few units
/// in the last place.
template <class L>
concept Loss = std::copy_constructible<L> && detail::has_const_value<L> &&
               detail::has_const_derivative<L> && detail::has_const_curvature<L> &&
               detail::lipschitz_constant_is_const_and_returns_double<L> &&
               detail::conjugate_is_const_and_returns_double<L> &&
               detail::project_to_dual_domain_is_const_and_returns_double<L> &&
               detail::conjugate_and_project_to_dual_domain_come_together<L> &&
               detail::evaluate_is_const_and_fills_two_arrays<L>;

}  // namespace localsgd
