// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/loss/concept.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

/// @file
/// @brief The conjugate of any loss, computed from its values and slopes.

namespace localsgd::detail {

/// @brief A point of the dual domain of a loss, and φ* there, not below its true value.
struct dual_value {
  double theta = 0;
  double conjugate = 0;
};

/// @brief θ itself, or the slope nearest to it that was found, with an upper bound on
///        φ*(θ, y) = sup_z θz − φ(z, y): what a Loss without `conjugate` has in its place.
///
/// The sup is where φ'(z) = θ. φ' is monotone and grows by at most sup φ'' = β a unit, so from z_0 steps
/// of (θ − φ'(z_0))/β and more lead to a bracket φ'(l) ≤ θ ≤ φ'(r), which shrinks by the secant rule and
/// bisection. In it θz − φ(z) has a slope between θ − φ'(l) ≥ 0 and θ − φ'(r) ≤ 0, so at either end e
///
///     φ*(θ) ≤ θe − φ(e) + |θ − φ'(e)|·(r − l),
///
/// a bound by convexity alone. It ends where the last term is of the size of rounding, which is added.
/// A slope that 24 doublings of a step leave where it was is a limit: θ beyond it becomes the limit,
/// which is attained.
///
/// @param start z_0, best near the solution: the z of the point whose slopes are extrapolated
/// @pre φ is convex, `derivative` its derivative, right to a few units in the last place
template <Loss L>
dual_value numeric_conjugate(L const& loss, double theta, double y, double start) {
  constexpr double u = std::numeric_limits<double>::epsilon() / 2;
  constexpr int most_steps = 200, most_repeats = 24;
  constexpr double far = 0x1p64;
  double from = start, slope = loss.derivative(from, y);
  if (!std::isfinite(theta) || !std::isfinite(slope))
    return {theta, std::numeric_limits<double>::infinity()};

  // `from` is on one side of the solution, with the slope nearest to θ that was seen.
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
      if (std::abs(next) > far || !std::isfinite(there)) break;
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
    if (!crossed) {  // θ is out of reach
      theta = slope;
      to = from;
      slope_to = slope;
    }
  }

  // The gap that the better end leaves, until it is rounding.
  auto const gap_at = [&](double slope_there) {
    return std::abs(theta - slope_there) * std::abs(to - from);
  };
  bool slow = false;
  for (int i = 0; i != most_steps; ++i) {
    double const gap = std::min(gap_at(slope), gap_at(slope_to));
    if (!(gap > 2 * u * std::abs(theta) * std::max(std::abs(from), std::abs(to)))) break;
    double const width = to - from;
    double middle = from + width * ((theta - slope) / (slope_to - slope));
    double const inset = 0x1p-10 * width;  // an end that stays where it is makes the secant slow
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
      std::numeric_limits<double>::min();  // what underflows
  return {theta, theta * end - value + std::min(gap_at(slope), gap_at(slope_to)) + rounding};
}

/// @brief The point of the dual domain nearest to θ and φ* there, by the members of the loss, or else by
///        numeric_conjugate(), started at z.
template <Loss L>
dual_value dual_value_at(L const& loss, double theta, double y, [[maybe_unused]] double z) {
  if constexpr (knows_conjugate<L>) {
    double const inside = loss.project_to_dual_domain(theta, y);
    return {inside, loss.conjugate(inside, y)};
  } else {
    return numeric_conjugate(loss, theta, y, z);
  }
}

/// @brief What rounding can take from sums of φ and φ* of so many terms, a term, where φ(z, y) may be
///        negative, of losses that do not say their conjugate: of others detail::dual_rows knows.
inline double sign_margin(double terms, double conjugate, double value) noexcept {
  constexpr double u = std::numeric_limits<double>::epsilon() / 2;
  return 8 * u * (terms + 64) * (std::abs(conjugate) + 2 * std::max(0.0, -value));
}

}  // namespace localsgd::detail
