// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/cache_aligned.hpp"
#include "localsgd/kernels/packed_cholesky.hpp"
#include "localsgd/kernels/simd.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <vector>

/// @file
/// @brief Newton's method for a function with a Hessian.

namespace localsgd::detail {

/// @brief The required accuracy of a local solve, and its cost.
struct local_accuracy {
  double reduction = 0.1;           ///< of ‖∇s‖
  std::size_t most_iterations = 0;  ///< maximum number of iterations
};
struct local_work {
  std::size_t gradients = 0, hessians = 0;  ///< passes over the samples
};

/// @brief y ← an approximate minimiser of s, starting from y: y ← y − (H + νD)⁻¹∇s(y), D the
///        diagonal of H = ∇²s(y). ν is 0 while s decreases, and otherwise grows until it does. s
///        never rises.
/// @param s `s(y, g)` gives s(y) and ∇s(y), `s.hessian(y, triangle)` the packed ∇²s(y)
template <class Surrogate>
local_work minimise_by_newton(Surrogate& s, local_accuracy const& wanted, std::span<double> y) {
  constexpr int most_trials = 20;
  std::size_t const d = y.size();
  aligned_vector<double> hessian(packed_size(d)), factor;
  std::vector<double> g(d), p(d), trial(d), next(d);
  local_work work{1, 0};
  double value = s(std::span<double const>(y), std::span<double>(g)), damping = 0;
  double const first = std::sqrt(squared_norm(std::span<double const>(g)));
  for (std::size_t i = 0; i != wanted.most_iterations; ++i) {
    double const norm = std::sqrt(squared_norm(std::span<double const>(g)));
    if (!(norm > wanted.reduction * first)) break;
    s.hessian(std::span<double const>(y), std::span<double>(hessian));
    ++work.hessians;
    double trace = 0;
    for (std::size_t j = 0; j != d; ++j) trace += hessian[packed_size(j) + j];
    double floor = 0;  // if H is singular
    bool found = false;
    for (int tried = 0; tried != most_trials && !found; ++tried) {
      factor = hessian;
      for (std::size_t j = 0; j != d; ++j) {
        double& diagonal = factor[packed_size(j) + j];
        diagonal += damping * diagonal + floor;
      }
      if (!factor_packed(factor, d)) {
        floor = std::max(1e-12 * trace / static_cast<double>(d), 100 * floor);
        continue;
      }
      for (std::size_t j = 0; j != d; ++j) p[j] = -g[j];
      solve_packed(factor, p);
      for (std::size_t j = 0; j != d; ++j) trial[j] = y[j] + p[j];
      double const there = s(std::span<double const>(trial), std::span<double>(next));
      ++work.gradients;
      found = there <= value;
      if (found) {
        value = there;
        std::ranges::copy(trial, y.begin());
        g.swap(next);
        damping = damping > 1e-6 ? damping / 16 : 0;
      } else {
        damping = std::max(1e-3, damping * 10);
      }
    }
    if (!found) break;
  }
  return work;
}

}  // namespace localsgd::detail
