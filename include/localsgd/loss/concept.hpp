// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <concepts>
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
    knows_lipschitz_constant<L> || !requires(L& l) { l.lipschitz_constant(); };
template <class L>
concept knows_targets = requires(double y) {
  { L::accepts(y) } -> std::same_as<bool>;
  { L::targets } -> std::convertible_to<std::string_view>;
};
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
    has_conjugate<L> ||
    !(requires(L& l, double v) { l.conjugate(v, v); } || requires { &L::conjugate; });
template <class L>
concept project_to_dual_domain_is_const_and_returns_double =
    has_project_to_dual_domain<L> ||
    !(requires(L& l, double v) { l.project_to_dual_domain(v, v); } || requires { &L::project_to_dual_domain; });
template <class L>
concept conjugate_and_project_to_dual_domain_come_together = has_conjugate<L> == has_project_to_dual_domain<L>;
template <class L>
concept knows_conjugate = has_conjugate<L> && has_project_to_dual_domain<L>;
}  // namespace detail

/// @brief φ(z, y), convex in z: the loss of a linear model whose prediction is z.
///
/// | expression                         | type     | meaning                                         |
/// |------------------------------------|----------|-------------------------------------------------|
/// | `l.value(z, y)`                    | `double` | φ(z, y)                                         |
/// | `l.derivative(z, y)`               | `double` | ∂φ/∂z                                           |
/// | `l.curvature()`                    | `double` | sup ∂²φ/∂z² over all z and y, finite            |
///
/// Optional, and used where given:
///
/// | expression                         | type     | meaning                                         |
/// |------------------------------------|----------|-------------------------------------------------|
/// | `l.lipschitz_constant()`           | `double` | sup \|∂φ/∂z\|; infinity, or no member, if        |
/// |                                    |          | unbounded. A finite one allows larger steps     |
/// | `L::accepts(y)`,                   | `bool`,  | both or none: which targets are legal, and how  |
/// | `L::targets`                       | text     | an error message puts it                        |
/// | `l.conjugate(θ, y)`,               | `double` | both or none: φ*(θ, y) = sup_z θz − φ(z, y) in  |
/// | `l.project_to_dual_domain(θ, y)`   | `double` | its domain, and the point of the domain nearest |
/// |                                    |          | to θ. They can make the certificate tighter     |
///
/// The domain of φ* is the closure of the values that ∂φ/∂z takes, an interval.
/// What no compiler can check: φ is convex and `derivative` is its derivative; all are pure and
/// may be called by several threads at once. `conjugate` is right to a few units in its last place,
/// and φ ≥ 0 where there is one: else the certificate allows too little for rounding.
template <class L>
concept Loss = std::copy_constructible<L> && detail::has_const_value<L> &&
               detail::has_const_derivative<L> && detail::has_const_curvature<L> &&
               detail::lipschitz_constant_is_const_and_returns_double<L> &&
               detail::conjugate_is_const_and_returns_double<L> &&
               detail::project_to_dual_domain_is_const_and_returns_double<L> &&
               detail::conjugate_and_project_to_dual_domain_come_together<L>;

}  // namespace localsgd
