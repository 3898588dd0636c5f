// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/detail/power_iteration.hpp"
#include "localsgd/detail/stable_step.hpp"
#include "localsgd/objective/concept.hpp"
#include "localsgd/random.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <vector>

/// @file
/// @brief Curvature of an objective about which nothing is known but its gradients.

namespace localsgd::detail {

/// @brief λ_max of the Hessian of the mean loss over a batch at x = 0, from differences of gradients.
template <Objective F>
double curvature_near_zero(F const& f, std::span<std::size_t const> batch, int iterations) {
  using scalar = typename F::scalar;
  std::size_t const d = f.dimension();
  double const length = sizeof(scalar) == sizeof(float) ? 1e-2 : 1e-5;
  std::vector<scalar> x(d), here(d), there(d);
  f.gradient(std::span<scalar const>(x), batch, std::span<scalar>(here));
  auto const hessian_times = [&](std::span<double const> v, std::span<double> out) {
    for (std::size_t j = 0; j != d; ++j) x[j] = static_cast<scalar>(length * v[j]);
    f.gradient(std::span<scalar const>(x), batch, std::span<scalar>(there));
    for (std::size_t j = 0; j != d; ++j)
      out[j] = (static_cast<double>(there[j]) - static_cast<double>(here[j])) / length;
  };
  return largest_eigenvalue(d, hessian_times, 1e-2, iterations);
}

/// @brief Curvatures from gradients alone: L from 256 samples unless the objective knows it, that of
///        single samples from up to 128. Deterministic.
template <Objective F>
curvature_bounds estimate_curvature(F const& f) {
  std::size_t const n = f.samples();
  auto const random_samples = [n](std::size_t count) {
    std::vector<std::size_t> samples(std::min(count, n));
    random_permutation const order(n, 0, 0, 0);
    for (std::size_t i = 0; i != samples.size(); ++i) samples[i] = order(i);
    return samples;
  };
  curvature_bounds c;
  double sum = 0, sum_of_squares = 0;
  for (std::size_t const i : random_samples(128)) {
    double const sample = curvature_near_zero(f, std::span(&i, 1), 4);
    c.largest = std::max(c.largest, sample);
    sum += sample;
    sum_of_squares += sample * sample;
  }
  c.typical = sum > 0 ? sum_of_squares / sum : 0;
  if constexpr (knows_smoothness<F>)
    c.smoothness = f.smoothness();
  else
    c.smoothness = curvature_near_zero(f, random_samples(256), 20);
  return c;
}

}  // namespace localsgd::detail
