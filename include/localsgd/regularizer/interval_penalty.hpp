// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/compiler.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <utility>

/// @file
/// @brief The function of one coordinate on which all separable stock regularizers are based.

namespace localsgd::detail {

/// @brief v − clamp(v, low, high). NaN stays NaN; v within the interval becomes +0.
inline double distance_to_interval(double v, double low, double high) noexcept {
  return v - std::min(std::max(v, low), high);
}

/// @brief The proximal operator of an interval_penalty for one step size:
///        v ↦ clamp(S(v, threshold)·shrinkage, lower, upper) with the soft threshold S.
struct interval_prox {
  double threshold, shrinkage, lower, upper;

  double without_bounds(double v) const noexcept {
    return distance_to_interval(v, -threshold, threshold) * shrinkage;
  }
  double clamp(double u) const noexcept { return std::min(std::max(u, lower), upper); }
  double operator()(double v) const noexcept { return clamp(without_bounds(v)); }
};

/// @brief 1/(1 + step·l2). One compiled copy, so that steps of a single coordinate and steps of all
///        coordinates round in the same way.
LOCALSGD_ONE_COPY inline double shrinkage(double step, double l2) noexcept {
  return 1 / (1 + step * l2);
}

/// @brief r(u) = l1·|u| + (l2/2)·u² for lower ≤ u ≤ upper, else +∞.
///
/// l1 and l2 are finite and ≥ 0, lower ≤ upper, lower < ∞, upper > −∞. Immutable, so it can be used
/// from several threads.
struct interval_penalty {
  double l1 = 0;
  double l2 = 0;
  double lower = -std::numeric_limits<double>::infinity();
  double upper = std::numeric_limits<double>::infinity();

  double value(double u) const noexcept {
    if (u < lower || u > upper) return std::numeric_limits<double>::infinity();
    return l1 * std::abs(u) + l2 / 2 * u * u;
  }

  /// @brief r with its bounds rounded to Scalar: any number within the bounds of r, once rounded to
  ///        Scalar, is within the new bounds.
  template <class Scalar>
  interval_penalty of() const noexcept {
    return {l1, l2, static_cast<double>(static_cast<Scalar>(lower)),
            static_cast<double>(static_cast<Scalar>(upper))};
  }

  /// @brief v ↦ argmin_u r(u) + (u − v)²/(2 step).
  interval_prox prox(double step) const noexcept {
    return {step * l1, l2 == 0 ? 1 : shrinkage(step, l2), lower, upper};
  }

  /// @brief v after `count` steps v ← prox(v − step·slope), in O(1).
  ///
  /// A single step equals prox() exactly, and so do steps that start and stay at 0. Several steps
  /// agree with the loop up to rounding: the loop rounds `count` times, the closed form only a few.
  ///
  /// A step is an increasing function of v, so the sequence is monotone, and bounds can be applied
  /// at the end: an iterate that has left the interval does not return. Without bounds, as long as
  /// the iterate keeps its sign ±, a step is v ← (v − a)/(1 + step·l2) with a = step·(slope ± l1),
  /// which has a closed form. The sign changes at most once, and v may stay at 0.
  double steps(double v, double slope, double step, std::uint64_t count) const noexcept {
    constexpr double infinite = std::numeric_limits<double>::infinity();
    double const shift = step * slope, threshold = step * l1;
    if (v == 0 && std::abs(shift) <= threshold && lower <= 0 && upper >= 0) return 0;
    if (l2 == 0 && lower == -infinite && upper == infinite) {  // a compile-time constant for l1
      if (count == 1) return prox(step)(v - shift);
      double const a = shift + std::copysign(threshold, v),
                   end = v - static_cast<double>(count) * a;
      if (v * end > 0) return end;  // the sign does not change: the usual case
    }
    return steps_in_general(v, slope, step, count);
  }

  /// @brief r*(u) = sup_x u·x − r(x), which may be +∞.
  double conjugate(double u) const noexcept {
    double x;  // where the supremum is attained
    if (l2 > 0)
      x = std::min(std::max(distance_to_interval(u, -l1, l1) / l2, lower), upper);
    else
      x = u > l1 ? upper : u < -l1 ? lower : std::min(std::max(0.0, lower), upper);
    if (x == 0) return u - u;  // 0; NaN stays NaN
    double const slope = x < 0 ? u + l1 : u - l1;
    return l2 > 0 ? x * (slope - l2 / 2 * x) : x * slope;  // x may be infinite
  }

  /// @brief The largest c in [0, 1] for which conjugate(c·u) < ∞, reduced so that the computed
  ///        conjugate(c·u) is finite for this c and for all smaller values.
  double dual_scale(double u) const noexcept {
    constexpr double infinite = std::numeric_limits<double>::infinity();
    bool const outside =
        l2 == 0 && ((u > l1 && upper == infinite) || (u < -l1 && lower == -infinite));
    if (!outside) return 1;
    double const size = std::abs(u);
    double c = l1 / size;
    while (c * size > l1) c = std::nextafter(c, 0.0);
    return c;
  }

  /// @brief ∂r(0) as {min, max}; {+∞, −∞}, the empty interval, if 0 is outside the bounds.
  std::pair<double, double> zero_interval() const noexcept {
    constexpr double infinite = std::numeric_limits<double>::infinity();
    if (lower > 0 || upper < 0) return {infinite, -infinite};
    return {lower == 0 ? -infinite : -l1, upper == 0 ? infinite : l1};
  }

  /// @brief The element of g + ∂r(u) that is nearest to 0. @pre lower ≤ u ≤ upper
  double least_subgradient(double u, double g) const noexcept {
    constexpr double infinite = std::numeric_limits<double>::infinity();
    double const bend = l2 * u;
    double const least = u <= lower ? -infinite : (u > 0 ? l1 : -l1) + bend;
    double const greatest = u >= upper ? infinite : (u < 0 ? -l1 : l1) + bend;
    return distance_to_interval(g, -greatest, -least);
  }

 private:
  static constexpr std::uint64_t few = 4;

  LOCALSGD_ONE_COPY double steps_in_general(double v, double slope, double step,
                                            std::uint64_t count) const noexcept {
    interval_prox const one = prox(step);
    if (count <= few) {
      for (; count != 0; --count) v = one(v - step * slope);
      return v;
    }
    v = one(v - step * slope);
    if (!std::isfinite(v)) return v;
    return one.clamp(steps_without_bounds(one, v, slope, step, count - 1));
  }

  double steps_without_bounds(interval_prox const& one, double v, double slope, double step,
                              std::uint64_t count) const noexcept {
    double const shift = step * slope, bend = step * l2;
    while (count != 0) {
      double const w = v - shift;
      double const sign = w > one.threshold ? 1 : w < -one.threshold ? -1 : 0;
      if (sign == 0) {
        if (v == 0) return 0;
        v = 0;
        --count;
        continue;
      }
      double const a = step * (slope + sign * l1), all = static_cast<double>(count);
      double const end = affine_steps(v, a, bend, all);
      if (!(sign * a > 0) || sign * end > sign * a) return end;  // away from 0, or not there yet
      // Towards 0: the sign does not change until |v| ≤ |a|. If rounding of v makes the estimate
      // too small, the next pass starts from a smaller v, so three or four passes suffice.
      double const excess = (v - a) / a;
      double const stay =
          bend > 0 ? std::log1p(excess * bend / (1 + bend)) / std::log1p(bend) : excess;
      if (stay >= all) return end;
      if (stay >= 1) {
        double const n = std::floor(stay);
        v = affine_steps(v, a, bend, n);
        if (sign * v < 0) v = 0;
        count -= static_cast<std::uint64_t>(n);
      } else {
        v = one.without_bounds(w);
        --count;
      }
    }
    return v;
  }

  /// @brief n times v ← (v − a)/(1 + bend): v·ρⁿ − a·(ρ + … + ρⁿ) with ρ = 1/(1 + bend).
  static double affine_steps(double v, double a, double bend, double n) noexcept {
    if (bend == 0) return v - n * a;
    double const q = n * std::log1p(bend), less = std::expm1(-q);  // ρⁿ − 1
    return v * (q < 0.5 ? 1 + less : std::exp(-q)) + a * (less / bend);
  }
};

}  // namespace localsgd::detail
