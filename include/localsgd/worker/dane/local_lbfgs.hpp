// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/kernels/lbfgs_matrix.hpp"
#include "localsgd/kernels/simd.hpp"
#include "localsgd/worker/dane/local_newton.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <utility>
#include <vector>

/// @file
/// @brief L-BFGS for a function with values and gradients only.

namespace localsgd::detail {

/// @brief y ← an approximate minimiser of s, starting from y, by L-BFGS \cite nocedal2006numerical
///        with 10 pairs and backtracking. s never rises.
///
/// The first step has the length of exact minimisation along −∇s, from the curvature between two
/// gradients.
/// @param s `s(y, g)` gives s(y) and ∇s(y)
template <class Surrogate>
local_work minimise_by_lbfgs(Surrogate& s, local_accuracy const& wanted, std::span<double> y) {
  constexpr std::size_t most_pairs = 10;
  constexpr int most_trials = 30;
  std::size_t const d = y.size();
  lbfgs_matrix inverse(most_pairs);
  std::vector<double> g(d), p(d), trial(d), next(d);
  local_work work{1, 0};
  double value = s(std::span<double const>(y), std::span<double>(g));
  auto const product = [d](std::vector<double> const& a, std::vector<double> const& b) {
    return dot(a.data(), b.data(), d);
  };
  double const first = std::sqrt(product(g, g));
  if (!(first > 0) || !std::isfinite(first)) return work;
  double const at_y = std::sqrt(squared_norm(std::span<double const>(y)));
  double const probe = 1e-5 * (1 + at_y) / first;
  for (std::size_t j = 0; j != d; ++j) trial[j] = y[j] - probe * g[j];
  s(std::span<double const>(trial), std::span<double>(next));
  ++work.gradients;
  double bend = 0;
  for (std::size_t j = 0; j != d; ++j) bend += g[j] * (g[j] - next[j]) / probe;
  std::vector<double> const curvature(d, bend > 0 ? bend / (first * first) : 1 / probe);

  for (std::size_t i = 0; i != wanted.most_iterations; ++i) {
    if (!(std::sqrt(product(g, g)) > wanted.reduction * first)) break;
    for (std::size_t j = 0; j != d; ++j) p[j] = -g[j];
    inverse.apply(curvature, p);
    double const slope = product(g, p);
    if (!(slope < 0)) break;
    double length = 1, there = value;
    bool found = false;
    for (int tried = 0; tried != most_trials && !found; ++tried, length /= 2) {
      for (std::size_t j = 0; j != d; ++j) trial[j] = y[j] + length * p[j];
      there = s(std::span<double const>(trial), std::span<double>(next));
      ++work.gradients;
      found = there <= value + 1e-4 * length * slope;
    }
    if (!found) break;
    std::vector<double> step(d), change(d);
    for (std::size_t j = 0; j != d; ++j) {
      step[j] = trial[j] - y[j];
      change[j] = next[j] - g[j];
    }
    value = there;
    std::ranges::copy(trial, y.begin());
    g.swap(next);
    inverse.add(std::move(step), std::move(change));
  }
  return work;
}

}  // namespace localsgd::detail
