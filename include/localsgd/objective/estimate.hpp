// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/random.hpp"
#include "localsgd/kernels/power_iteration.hpp"
#include "localsgd/objective/concept.hpp"
#include "localsgd/objective/stable_step.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <utility>
#include <vector>

/// @file
/// @brief The curvature of an objective that provides only gradients.

namespace localsgd::detail {

/// @brief λ_max of the Hessian of the mean loss of a batch at x = 0, from differences of gradients.
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

/// @brief Whether a sample precedes another: by decreasing square, then by increasing index.
inline bool comes_first(double square, std::size_t sample, double other_square,
                        std::size_t other) noexcept {
  return square > other_square || (!(square < other_square) && sample < other);
}

/// @brief The samples whose curvature is measured: the `count` samples with the largest gradients
///        at x = 0, and as many random ones.
///
/// A single sample that is far steeper than the others can make SGD diverge, so it must not be
/// missed. The search costs one gradient of each of the first 65,536 samples (in a random order).
template <Objective F>
std::vector<std::size_t> telling_samples(F const& f, std::size_t count) {
  using scalar = typename F::scalar;
  std::size_t const d = f.dimension(), n = f.samples();
  random_permutation const order(n, 0, 0, 0);
  std::vector<scalar> const zero(d);
  std::vector<scalar> g(d);
  std::size_t const seen = std::min<std::size_t>(n, 65536);
  std::vector<std::size_t> samples;
  // The samples with the largest gradients so far, in decreasing order; ties go to the lower index.
  std::vector<std::size_t> steepest;
  std::vector<double> squares;
  for (std::size_t i = 0; i != seen; ++i) {
    std::size_t const sample = order(i);
    f.gradient(std::span<scalar const>(zero), std::span(&sample, 1), std::span<scalar>(g));
    double const square = squared_norm(std::span<scalar const>(g));
    if (i < count) samples.push_back(sample);
    if (steepest.size() < count) {
      steepest.push_back(sample);
      squares.push_back(square);
    } else if (!comes_first(square, sample, squares.back(), steepest.back())) {
      continue;
    }
    std::size_t at = steepest.size() - 1;
    for (; at != 0 && comes_first(square, sample, squares[at - 1], steepest[at - 1]); --at) {
      steepest[at] = steepest[at - 1];
      squares[at] = squares[at - 1];
    }
    steepest[at] = sample;
    squares[at] = square;
  }
  for (std::size_t const sample : steepest) samples.push_back(sample);
  return samples;
}

/// @brief Curvatures from gradients only: that of f, from 256 samples, unless the objective
///        provides L, and those of up to 128 single samples. Deterministic.
template <Objective F>
curvature_bounds estimate_curvature(F const& f) {
  curvature_bounds c;
  double sum = 0, sum_of_squares = 0;
  for (std::size_t const i : telling_samples(f, 64)) {
    double const sample = curvature_near_zero(f, std::span(&i, 1), 4);
    c.largest = std::max(c.largest, sample);
    sum += sample;
    sum_of_squares += sample * sample;
  }
  c.typical = sum > 0 ? sum_of_squares / sum : 0;
  if constexpr (knows_smoothness<F>) {
    c.smoothness = f.smoothness();
  } else {
    std::vector<std::size_t> batch(std::min<std::size_t>(256, f.samples()));
    random_permutation const order(f.samples(), 0, 0, 1);
    for (std::size_t i = 0; i != batch.size(); ++i) batch[i] = order(i);
    c.smoothness = curvature_near_zero(f, batch, 20);
  }
  return c;
}

}  // namespace localsgd::detail
