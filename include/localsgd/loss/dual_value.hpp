// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/loss/concept.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

/// @file
/// @brief The conjugate of any loss, computed numerically from its values and slopes.

namespace localsgd::detail {

/// @brief A point of the dual domain of a loss, and an upper bound on φ* there.
struct dual_value {
  double theta = 0;
  double conjugate = 0;
};

/// @brief Returns θ, or the nearest slope that was found, with an upper bound on
///        φ*(θ, y) = sup_z θz − φ(z, y). Used for a Loss without `conjugate`.
///
/// The supremum is attained where φ'(z) = θ. φ' is monotone, with slope at most sup φ'' = β.
/// Starting from z_0, steps of at least (θ − φ'(z_0))/β therefore lead to a bracket
/// φ'(l) ≤ θ ≤ φ'(r), which the secant rule and bisection shrink. In it θz − φ(z) has a slope
/// between θ − φ'(l) ≥ 0 and θ − φ'(r) ≤ 0, so at either end e
///
///     φ*(θ) ≤ θe − φ(e) + |θ − φ'(e)|·(r − l),
///
/// which follows from convexity alone. The iteration ends when the last term is of the order of
/// rounding errors, whose bound is added. If 24 doublings of a step leave the slope unchanged, it
/// is a limit: any θ beyond it is replaced by the limit, which is attained.
///
/// @param start z_0, preferably near the solution: the z of the point whose slopes are extrapolated
/// @pre φ is convex, and `derivative` is its derivative to within a few units in the last place
template <Loss L>
dual_value numeric_conjugate(L const& loss, double theta, double y, double start) {
  constexpr double u = std::numeric_limits<double>::epsilon() / 2;
  constexpr int most_steps = 200, most_repeats = 24;
  constexpr double farthest = 0x1p64;
  double from = start, slope = loss.derivative(from, y);
  if (!std::isfinite(theta) || !std::isfinite(slope))
    return {theta, std::numeric_limits<double>::infinity()};

  // `from` is on one side of the solution; `slope` is the slope nearest to θ so far.
  double const side = slope <= theta ? 1 : -1;
  double to = from, slope_to = slope;
  if (slope != theta) {
    double step = std::abs(theta - slope) / loss.curvature();
    step = std::max(step, 4 * u * std::abs(from));
    if (!(step > 0)) step = std::numeric_limits<double>::min();
    double at = from;
    bool crossed = false;
    for (int tried = 0, repeats = 0; !crossed && repeats != most_repeats && tried != most_steps;
         ++tried) {
      double const next = at + side * step;
      double const there = loss.derivative(next, y);
      if (std::abs(next) > farthest || !std::isfinite(there)) break;
      crossed = side * (there - theta) >= 0;
      if (crossed) {
        to = next;
        slope_to = there;
      } else if (side * (there - slope) > 0) {
        from = next;
        slope = there;
        repeats = 0;
      } else {
        ++repeats;
      }
      at = next;
      step *= 2;
    }
    if (!crossed) {  // θ is beyond the limit
      theta = slope;
      to = from;
      slope_to = slope;
    }
  }

  // The error bound of the better end; iterate until it is of the order of rounding.
  auto const gap_at = [&](double slope_there) {
    return std::abs(theta - slope_there) * std::abs(to - from);
  };
  bool slow = false;
  for (int i = 0; i != most_steps; ++i) {
    double const gap = std::min(gap_at(slope), gap_at(slope_to));
    if (!(gap > 2 * u * std::abs(theta) * std::max(std::abs(from), std::abs(to)))) break;
    double const width = to - from;
    double middle = from + width * ((theta - slope) / (slope_to - slope));
    double const inset = 0x1p-10 * width;  // the secant rule is slow if one end does not move
    middle = width > 0 ? std::clamp(middle, from + inset, to - inset)
                       : std::clamp(middle, to - inset, from + inset);
    if (slow || !std::isfinite(middle)) middle = from + width / 2;
    if (middle == from || middle == to) break;
    double const there = loss.derivative(middle, y);
    if (side * (there - theta) < 0) {
      from = middle;
      slope = there;
    } else {
      to = middle;
      slope_to = there;
    }
    slow = !slow && std::abs(to - from) > std::abs(width) / 2;
  }
  double const end = gap_at(slope) <= gap_at(slope_to) ? from : to;
  double const value = loss.value(end, y);
  double const rounding =
      16 * u * (std::abs(theta) * (std::abs(end) + std::abs(to - from)) + std::abs(value)) +
      std::numeric_limits<double>::min();  // for underflow
  return {theta, theta * end - value + std::min(gap_at(slope), gap_at(slope_to)) + rounding};
}

/// @brief The point of the dual domain nearest to θ, and φ* there: from the loss if it has the
///        members, or else from numeric_conjugate(), started at z.
template <Loss L>
dual_value dual_value_at(L const& loss, double theta, double y, [[maybe_unused]] double z) {
  if constexpr (knows_conjugate<L>) {
    double const inside = loss.project_to_dual_domain(theta, y);
    return {inside, loss.conjugate(inside, y)};
  } else {
    return numeric_conjugate(loss, theta, y, z);
  }
}

/// @brief The rounding margin, per term, for sums of `terms` values of φ and φ* of a loss without
///        `conjugate` whose φ(z, y) may be negative. For other losses see detail::dual_rows.
inline double sign_margin(double terms, double conjugate, double value) noexcept {
  constexpr double u = std::numeric_limits<double>::epsilon() / 2;
  return 8 * u * (terms + 64) * (std::abs(conjugate) + 2 * std::max(0.0, -value));
}

}  // namespace localsgd::detail
