// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/error.hpp"

#include <algorithm>
#include <cmath>
#include <concepts>
#include <limits>
#include <string_view>

/// @file
/// @brief The Loss component, φ(z, y) of a margin or prediction z and a target y, and the stock.

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
concept knows_slope = requires(L const& loss) {
  { loss.slope() } -> std::same_as<double>;
};
template <class L>
concept slope_is_const_and_returns_double = knows_slope<L> || !requires(L& l) { l.slope(); };
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
concept has_nearest_slope = requires(L const& loss, double theta, double y) {
  { loss.nearest_slope(theta, y) } -> std::same_as<double>;
};
template <class L>
concept conjugate_is_const_and_returns_double =
    has_conjugate<L> ||
    !(requires(L& l, double v) { l.conjugate(v, v); } || requires { &L::conjugate; });
template <class L>
concept nearest_slope_is_const_and_returns_double =
    has_nearest_slope<L> ||
    !(requires(L& l, double v) { l.nearest_slope(v, v); } || requires { &L::nearest_slope; });
template <class L>
concept conjugate_and_nearest_slope_come_together = has_conjugate<L> == has_nearest_slope<L>;
template <class L>
concept knows_conjugate = has_conjugate<L> && has_nearest_slope<L>;
}  // namespace detail

/// @brief φ(z, y), convex in z: the loss of a linear model whose prediction is z.
///
/// | expression             | type     | meaning                                              |
/// |------------------------|----------|------------------------------------------------------|
/// | `l.value(z, y)`        | `double` | φ(z, y)                                              |
/// | `l.derivative(z, y)`   | `double` | ∂φ/∂z                                                |
/// | `l.curvature()`        | `double` | sup ∂²φ/∂z² over all z and y, finite                 |
/// | `l.slope()`            | `double` | optional: sup \|∂φ/∂z\|; infinity, or no member, if  |
/// |                        |          | unbounded. A bounded slope allows larger steps       |
/// | `L::accepts(y)`,       | `bool`,  | optional, both or none: which targets are legal, and |
/// | `L::targets`           | text     | how an error message puts it                         |
/// | `l.conjugate(θ, y)`,   | `double` | optional, both or none: φ*(θ, y) = sup_z θz − φ(z,y) |
/// | `l.nearest_slope(θ,y)` | `double` | in its domain, and the θ in it that is nearest. They |
/// |                        |          | can make the certificate tighter                     |
///
/// The domain of φ* is the closed interval of the slopes that ∂φ/∂z takes.
/// What no compiler can check: φ is convex and `derivative` is its derivative; all are pure and
/// may be called by several threads at once. `conjugate` is right to a few units in its last place,
/// and φ ≥ 0 where there is one: else the certificate allows too little for rounding.
template <class L>
concept Loss = std::copy_constructible<L> && detail::has_const_value<L> &&
               detail::has_const_derivative<L> && detail::has_const_curvature<L> &&
               detail::slope_is_const_and_returns_double<L> &&
               detail::conjugate_is_const_and_returns_double<L> &&
               detail::nearest_slope_is_const_and_returns_double<L> &&
               detail::conjugate_and_nearest_slope_come_together<L>;

/// @brief φ(z, y) = log(1 + exp(−yz)), y = ±1: logistic regression.
///
/// φ* = a log a + (1 − a) log(1 − a), a = −yθ ∈ [0, 1].
struct logistic {
  static double value(double z, double y) noexcept {
    double const m = y * z;  // the exponent is never positive, so nothing overflows
    return std::max(-m, 0.0) + std::log1p(std::exp(-std::abs(m)));
  }
  static double derivative(double z, double y) noexcept { return -y / (1 + std::exp(y * z)); }
  static double curvature() noexcept { return 0.25; }
  static double slope() noexcept { return 1; }
  static double conjugate(double theta, double y) noexcept {
    double const a = -y * theta;  // near 1 its difference from 1 is exact, and so is log1p(−a)
    return a > 0 && a < 1 ? a * std::log(a) + (1 - a) * std::log1p(-a) : 0;
  }
  static double nearest_slope(double theta, double y) noexcept {
    return -y * std::clamp(-y * theta, 0.0, 1.0);
  }
  static bool accepts(double y) noexcept { return y == 1 || y == -1; }
  static constexpr std::string_view targets = "-1 or +1";
};
static_assert(Loss<logistic>);

/// @brief φ(z, y) = ½(z − y)²: least squares. φ* = θ²/2 + θy.
struct squared {
  static double value(double z, double y) noexcept { return 0.5 * (z - y) * (z - y); }
  static double derivative(double z, double y) noexcept { return z - y; }
  static double curvature() noexcept { return 1; }
  static double slope() noexcept { return std::numeric_limits<double>::infinity(); }
  static double conjugate(double theta, double y) noexcept { return theta * (theta / 2 + y); }
  static double nearest_slope(double theta, double /*y*/) noexcept { return theta; }
  static bool accepts(double y) noexcept { return std::isfinite(y); }
  static constexpr std::string_view targets = "a finite number";
};
static_assert(Loss<squared>);

/// @brief φ(z, y) = max(0, 1 − yz)², y = ±1: the L2 support vector machine.
///
/// φ* = a²/4 − a, a = −yθ ≥ 0.
struct squared_hinge {
  static double value(double z, double y) noexcept {
    double const gap = std::max(0.0, 1 - y * z);
    return gap * gap;
  }
  static double derivative(double z, double y) noexcept {
    return -2 * y * std::max(0.0, 1 - y * z);
  }
  static double curvature() noexcept { return 2; }
  static double slope() noexcept { return std::numeric_limits<double>::infinity(); }
  static double conjugate(double theta, double y) noexcept {
    double const a = -y * theta;
    return a * (a / 4 - 1);
  }
  static double nearest_slope(double theta, double y) noexcept {
    return -y * std::max(-y * theta, 0.0);
  }
  static bool accepts(double y) noexcept { return logistic::accepts(y); }
  static constexpr std::string_view targets = logistic::targets;
};
static_assert(Loss<squared_hinge>);

/// @brief The hinge max(0, 1 − yz), y = ±1, with a parabola of width γ in its kink.
///
/// φ = 0 for yz ≥ 1, (1 − yz)²/(2γ) for 1 − γ < yz < 1, and 1 − yz − γ/2 below.
/// φ* = γa²/2 − a, a = −yθ ∈ [0, 1].
class smoothed_hinge {
 public:
  /// @param gamma γ, finite and > 0, in units of yz. @throws invalid_settings
  explicit smoothed_hinge(double gamma = 1) : gamma_(gamma) {
    detail::require_positive("smoothed_hinge.gamma", gamma);
  }
  double value(double z, double y) const noexcept {
    double const gap = 1 - y * z;
    if (gap <= 0) return 0;
    return gap < gamma_ ? gap * gap / (2 * gamma_) : gap - gamma_ / 2;
  }
  double derivative(double z, double y) const noexcept {
    return -y * std::clamp((1 - y * z) / gamma_, 0.0, 1.0);
  }
  double curvature() const noexcept { return 1 / gamma_; }
  static double slope() noexcept { return 1; }
  double conjugate(double theta, double y) const noexcept {
    double const a = -y * theta;
    return a * std::fma(gamma_ / 2, a, -1);  // rounded once: γa/2 may be near 1
  }
  static double nearest_slope(double theta, double y) noexcept {
    return logistic::nearest_slope(theta, y);
  }
  static bool accepts(double y) noexcept { return logistic::accepts(y); }
  static constexpr std::string_view targets = logistic::targets;

 private:
  double gamma_;
};
static_assert(Loss<smoothed_hinge>);

/// @brief φ(r) = ½r² for |r| ≤ δ, δ(|r| − δ/2) beyond, r = z − y: robust regression.
///
/// φ* = θ²/2 + θy, |θ| ≤ δ.
class huber {
 public:
  /// @param delta δ, finite and > 0, in the units of y. @throws invalid_settings
  explicit huber(double delta = 1) : delta_(delta) {
    detail::require_positive("huber.delta", delta);
  }
  double value(double z, double y) const noexcept {
    double const r = std::abs(z - y);
    return r <= delta_ ? 0.5 * r * r : delta_ * (r - delta_ / 2);
  }
  double derivative(double z, double y) const noexcept {
    return std::clamp(z - y, -delta_, delta_);
  }
  static double curvature() noexcept { return 1; }
  double slope() const noexcept { return delta_; }
  static double conjugate(double theta, double y) noexcept {
    return squared::conjugate(theta, y);
  }
  double nearest_slope(double theta, double /*y*/) const noexcept {
    return std::clamp(theta, -delta_, delta_);
  }
  static bool accepts(double y) noexcept { return std::isfinite(y); }
  static constexpr std::string_view targets = "a finite number";

 private:
  double delta_;
};
static_assert(Loss<huber>);

/// @brief φ(z, y) = eᶻ − yz, y ≥ 0: Poisson regression of counts, with the rate eᶻ.
///
/// eᶻ has no bounded curvature, so beyond a largest rate ρ it goes on as its second-order expansion
/// ρ(1 + u + u²/2), u = z − log ρ: nothing changes where predictions stay below ρ.
class poisson {
 public:
  /// @param max_rate ρ, finite and > 0: above the largest rate that is to be predicted. The
  ///                 automatic step size is inversely proportional to it. @throws invalid_settings
  explicit poisson(double max_rate = 100) : max_rate_(max_rate), corner_(std::log(max_rate)) {
    detail::require_positive("poisson.max_rate", max_rate);
  }
  double value(double z, double y) const noexcept {
    double const u = z - corner_;
    return (u <= 0 ? std::exp(z) : max_rate_ * (1 + u + 0.5 * u * u)) - y * z;
  }
  double derivative(double z, double y) const noexcept {
    double const u = z - corner_;
    return (u <= 0 ? std::exp(z) : max_rate_ * (1 + u)) - y;
  }
  double curvature() const noexcept { return max_rate_; }
  static double slope() noexcept { return std::numeric_limits<double>::infinity(); }
  static bool accepts(double y) noexcept { return std::isfinite(y) && y >= 0; }
  static constexpr std::string_view targets = "a finite count >= 0";

 private:
  double max_rate_, corner_;
};
static_assert(Loss<poisson>);

}  // namespace localsgd
