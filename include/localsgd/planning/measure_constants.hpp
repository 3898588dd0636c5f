// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/error.hpp"
#include "localsgd/kernels/power_iteration.hpp"
#include "localsgd/kernels/spectral_bound.hpp"
#include "localsgd/loss/concept.hpp"
#include "localsgd/objective/component_moments.hpp"
#include "localsgd/objective/concept.hpp"
#include "localsgd/objective/linear_concept.hpp"
#include "localsgd/objective/softmax.hpp"
#include "localsgd/result.hpp"
#include "localsgd/theory/constants.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <limits>
#include <ranges>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

/// @file
/// @brief Measures the constants of a problem: L, μ, σ², G², ‖x_0 − x*‖².

namespace localsgd {

/// @brief Options for the measurement of the constants.
struct measure_options {
  /// m ≥ 2, the number of random component gradients from which σ² and G² are estimated if all n
  /// would take more than 1e9 multiply-adds over all points. If m ≥ n, all n are used.
  std::size_t samples = 4096;
  bool every_sample = false;      ///< Whether to compute σ² and G² over all n, at any cost.
  bool proven_smoothness = true;  ///< L of linear models: an upper bound, or by power iteration.
  std::uint64_t seed = 0;         ///< The seed of all random numbers.

  /// @throws invalid_settings
  void validate() const { detail::require(samples >= 2, "samples", samples, ">= 2"); }
};

namespace detail {

/// @brief A vector of x's type: any type with `data()` and `size()`.
template <class P, class F>
concept point_for = requires(P const& p) {
  { p.data() } -> std::convertible_to<typename F::scalar const*>;
  { p.size() } -> std::convertible_to<std::size_t>;
};
template <class R, class F>
concept points_for = !point_for<R, F> && std::ranges::forward_range<R const> &&
                     point_for<std::remove_cvref_t<std::ranges::range_reference_t<R const>>, F>;

template <class F>
concept knows_linear_curvature =
    LinearObjective<F> && differentiable<F> &&
    has_const_curvature<std::remove_cvref_t<decltype(std::declval<F const&>().loss())>>;

/// @brief Whether `smoothness()` is computed by power iteration, and so too small by about 1e-6.
template <class F>
inline constexpr bool smoothness_from_below = false;
template <feature_matrix Matrix, class Label, class Scalar, class R>
inline constexpr bool smoothness_from_below<softmax_objective<Matrix, Label, Scalar, R>> = true;
inline constexpr double power_iteration_error = 1e-6;

template <class F, class P>
std::span<typename F::scalar const> as_point(P const& p) {
  return {static_cast<typename F::scalar const*>(p.data()), static_cast<std::size_t>(p.size())};
}

template <class Scalar>
void check_point(std::span<Scalar const> x, std::size_t dimension, std::string const& name) {
  if (x.size() != dimension)
    throw invalid_data(name, std::to_string(x.size()) + " coordinates",
                       std::to_string(dimension) + ", the dimension of the objective");
  for (std::size_t j = 0; j != x.size(); ++j)
    if (!std::isfinite(x[j]))
      throw invalid_data(name + "[" + std::to_string(j) + "]", shown(x[j]), "a finite number");
}

/// @brief The larger value; NaN is propagated, so that it is detected.
inline void raise(constant& to, measured const& m, origin from) {
  if (!(m.value <= to.value) && !std::isnan(to.value)) to = constant(m.value, from, m.error);
}

template <Objective F, class Points>
constant smoothness_of(F const& f, Points const& points, measure_options const& options) {
  double const up = 1 + 1e-12;  // the rounding error of the last few operations
  constant smoothness(0, origin::estimate);
  if constexpr (knows_linear_curvature<F>) {
    auto const scale = [&f](std::size_t i) { return f.scale(i); };
    double const bend = f.loss().curvature(), own = f.regularizer().smoothness();
    if (options.proven_smoothness)
      return {(bend * spectral_bound(f.features(), f.intercept(), scale) + own) * up,
              origin::bound};
    std::size_t const n = f.samples();
    auto const m = moments_of(f.features(), f.intercept(), scale, n, n, 1e-8, 300);
    smoothness.value = bend * m.spectral + own;
    smoothness.standard_error = power_iteration_error * smoothness.value;
  } else if constexpr (knows_smoothness<F>) {
    if constexpr (!smoothness_from_below<F>) return f.smoothness();
    smoothness.value = f.smoothness();
    smoothness.standard_error = power_iteration_error * smoothness.value;
  } else {
    for (auto const& p : points)
      raise(smoothness, curvature_at(f, as_point<F>(p), options.seed), origin::estimate);
  }
  // The curvature of f is at least its strong convexity, even if an estimate from below is smaller.
  if (smoothness.value < strong_convexity_of(f)) smoothness.value = strong_convexity_of(f);
  return smoothness;
}

/// @brief ‖∇f(x)‖ over all samples.
template <Objective F>
double gradient_norm(F const& f, std::span<typename F::scalar const> x) {
  std::size_t const n = f.samples();
  auto const g = mean_gradient(f, x, chosen_samples(n, n, 0));
  return std::sqrt(squared_norm(std::span<double const>(g)));
}

/// @brief ‖0 − x*‖², from ∇f(0), from x and ∇f(x), and from a bound on f(x) − f*.
template <Objective F>
constant squared_distance_of(F const& f, std::span<typename F::scalar const> x, constants const& c,
                             double certificate) {
  std::vector<typename F::scalar> const zero(x.size());
  double const mu = c.strong_convexity.value, length = std::sqrt(squared_norm(x));
  double const at_zero = gradient_norm(f, std::span<typename F::scalar const>(zero));
  if (!(mu > 0))  // ‖∇f(0)‖ is at most L‖0 − x*‖
    return {std::pow(std::max(length, at_zero / c.smoothness.value), 2), origin::estimate,
            std::numeric_limits<double>::infinity()};
  double const distance = std::min(gradient_norm(f, x) / mu, std::sqrt(2 * certificate / mu));
  return {std::pow(std::min(at_zero / mu, length + distance), 2) * (1 + 1e-12), origin::bound};
}

template <Objective F, class Points>
constants constants_along(F const& f, Points const& points, measure_options const& options,
                          double certificate = std::numeric_limits<double>::infinity()) {
  options.validate();
  std::size_t const n = f.samples(), d = f.dimension();
  require(n >= 1, "objective.samples()", n, ">= 1");
  require(d >= 1, "objective.dimension()", d, ">= 1");
  double count = 0;
  std::vector<typename F::scalar> last;
  for (auto const& p : points) {
    auto const x = as_point<F>(p);
    check_point(x, d, "points[" + std::to_string(static_cast<std::size_t>(count)) + "]");
    last.assign(x.begin(), x.end());
    count += 1;
  }
  if (count == 0) throw invalid_data("points", "0 points", "at least one");

  double work = LinearObjective<F> ? 1 : static_cast<double>(d);
  if constexpr (knows_flops_per_sample<F>)
    work = std::max<double>(work, f.flops_per_sample());
  else
    work = static_cast<double>(d);
  bool const all = options.every_sample || work * static_cast<double>(n) * count <= 1e9;
  chosen_samples const samples(n, all ? n : options.samples, options.seed);
  origin const from = samples.all() ? origin::given : origin::estimate;

  constants c;
  c.strong_convexity = strong_convexity_of(f);
  c.smoothness = smoothness_of(f, points, options);
  c.variance = c.second_moment = constant(0, from);
  for (auto const& p : points) {
    auto const m = moments_at(f, as_point<F>(p), samples);
    raise(c.variance, m.variance, from);
    raise(c.second_moment, m.second_moment, from);
  }
  // G² = σ² + ‖∇f‖², to within the rounding of both and the sampling error of a mean.
  if (c.second_moment.value < c.variance.value) c.second_moment = c.variance;
  c.squared_distance =
      squared_distance_of(f, std::span<typename F::scalar const>(last), c, certificate);
  c.validate();
  return c;
}

}  // namespace detail

/// @brief The constants of f along the points of a run.
///
/// - **L** of linear models: a proven upper bound, sup φ''·λ_max((1/n) Σ s_i a_i a_iᵀ) + λ. It is
///   accurate to 1e-6 up to about 1000 dimensions and, above that, to 1e-3 if no feature is
///   negative; otherwise it can be far above L: see measure_options::proven_smoothness. For other
///   objectives: the value of `smoothness()`, which for softmax_objective is an estimate. Without
///   that function: the largest curvature at the points, estimated from differences of gradients;
///   the error is that of the mean over 6 random batches of up to 256, plus the effect of further
///   iterations. If n is larger than that, λ_max of a batch is slightly too large on average;
///   elsewhere, f may have a larger curvature.
/// - **μ**: `strong_convexity()`, or 0 without that function; both are treated as given.
/// - **σ², G²**: the largest values at the points. Over all n components, they are exact there and
///   are treated as given; otherwise they are estimates (measure_options::samples), with the error
///   at the point of the largest value. Between the points, they may be larger.
/// - **‖x_0 − x*‖²** for x_0 = 0. If μ > 0, a bound: the smaller of ‖∇f(0)‖²/μ² and (‖x‖ +
///   ‖∇f(x)‖/μ)², where x is the last point; both gradients are over all n. If μ = 0, there is no
///   bound: the larger of ‖x‖² and ‖∇f(0)‖²/L² is an estimate with infinite error.
///
/// @param points in the order of the run, the last one nearest to x*: any range of vectors of d
///               `scalar`s
/// @throws invalid_data     if there are no points, or one has the wrong length or is not finite:
///                          `points[1][7]`
/// @throws invalid_settings if an option is out of range, a constant is not finite, or L is 0
///
/// The same seed gives the same numbers. Thread safe. Runs on the calling thread.
template <Objective F, class Points>
  requires detail::points_for<Points, F>
constants measure_constants(F const& f, Points const& points, measure_options const& options = {}) {
  return detail::constants_along(f, points, options);
}

/// @brief The constants at one point. @throws as for several points, with an invalid point named
///        `x` or `x[7]`
template <Objective F, class Point>
  requires detail::point_for<Point, F>
constants measure_constants(F const& f, Point const& x, measure_options const& options = {}) {
  detail::check_point(detail::as_point<F>(x), f.dimension(), "x");
  return detail::constants_along(f, std::array{detail::as_point<F>(x)}, options);
}

/// @brief The constants along a completed run: at 0, x/4, x/2, 3x/4, x̂_T, the last consensus, and
///        x; uses ‖x − x*‖² ≤ 2·certificate/μ if that bound is better.
/// @throws as above, and invalid_settings if the run diverged
template <Objective F>
constants measure_constants(F const& f, result<typename F::scalar> const& r,
                            measure_options const& options = {}) {
  using scalar = typename F::scalar;
  detail::require(r.usable(), "result.reason", to_string(r.reason), "that of a usable run");
  std::span<scalar const> const x(r.x.data(), r.x.size());
  detail::check_point(x, f.dimension(), "result.x");
  std::vector<std::vector<scalar>> points;
  for (double const part : {0.0, 0.25, 0.5, 0.75}) {
    points.emplace_back(x.begin(), x.end());
    for (scalar& e : points.back()) e = static_cast<scalar>(part * static_cast<double>(e));
  }
  for (auto const* other : {&r.average, &r.last})
    if (!std::equal(x.begin(), x.end(), other->data(), other->data() + other->size()))
      points.emplace_back(other->data(), other->data() + other->size());
  points.emplace_back(x.begin(), x.end());
  return detail::constants_along(f, points, options, r.certificate);
}

}  // namespace localsgd
