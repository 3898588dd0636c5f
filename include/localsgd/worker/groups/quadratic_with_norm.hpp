// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/compiler.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>

/// @file
/// @brief Minimises a quadratic with a diagonal matrix plus a norm.

namespace localsgd::detail {

/// @brief The v that minimises ½⟨v, Λv⟩ − ⟨b, v⟩ + τ‖v‖ for a diagonal Λ > 0: v = 0 if ‖b‖ ≤ τ,
///        otherwise v_k = b_k t/(Λ_k t + τ), where t = ‖v‖ solves ‖(Λt + τ)⁻¹b‖ = 1.
///
/// 1/‖(Λt + τ)⁻¹b‖ is concave in t, so Newton's method ascends from any t below.
template <class = void>  // compiled only where it is used
LOCALSGD_ONE_COPY inline void minimize_with_norm(std::span<double const> curvature,
                                                 std::span<double const> b, double strength,
                                                 std::span<double> v) noexcept {
  double squares = 0, steepest = 0;
  for (std::size_t k = 0; k != b.size(); ++k) {
    squares += b[k] * b[k];
    steepest = std::max(steepest, curvature[k]);
  }
  double const norm = std::sqrt(squares);
  if (!(norm > strength)) return std::fill(v.begin(), v.end(), 0.0);
  double t = strength > 0 ? (norm - strength) / steepest : 1;
  for (int step = 0; strength > 0 && step != 60; ++step) {
    double square = 0, slope = 0;
    for (std::size_t k = 0; k != b.size(); ++k) {
      double const down = curvature[k] * t + strength, part = b[k] / down;
      square += part * part;
      slope += part * part * curvature[k] / down;
    }
    double const next = t + square * (std::sqrt(square) - 1) / slope;
    bool const ascends = next > t * (1 + 1e-15);
    if (ascends) t = next;
    if (!ascends) break;
  }
  for (std::size_t k = 0; k != b.size(); ++k) v[k] = b[k] * t / (curvature[k] * t + strength);
}

}  // namespace localsgd::detail
