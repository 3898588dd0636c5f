// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/tensor.hpp"
#include "test/support/problems.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

/// @file
/// @brief Linear models with a free intercept, and their minima to all digits.

namespace support {

/// @brief Small problems: features with a mean that is not 0, labels of both signs, real targets.
struct intercept_problem {
  localsgd::dense_matrix<double> rows;
  std::vector<double> labels, reals, weights;

  intercept_problem(std::size_t n, std::size_t d, std::uint64_t seed)
      : rows(random_features<double>(n, d, seed, 0.7)), labels(n), reals(n), weights(n) {
    numbers random(seed + 1000);
    std::vector<double> slope(d), mean(d);
    for (double& e : slope) e = random.between(-1, 1);
    for (double& e : mean) e = random.between(-0.5, 0.5);
    double const shift = random.between(-1.5, 1.5);
    for (std::size_t i = 0; i != n; ++i) {
      double z = shift + random.between(-1, 1);
      for (std::size_t j = 0; j != d; ++j) {
        if (rows(i, j) != 0) rows(i, j) += mean[j];
        z += rows(i, j) * slope[j];
      }
      reals[i] = 2 * z;
      labels[i] = z > 0 ? 1 : -1;
      weights[i] = random.between(0, 2);
    }
    labels[0] = 1;  // both are there
    labels[1] = -1;
    weights[0] = weights[1] = 1;
  }
};

using real = long double;

/// @brief φ, φ' and φ'' at z.
struct loss_at {
  real value, slope, bend;
};

inline constexpr auto logistic_at = [](real z, real y) {
  real const m = y * z, e = std::exp(-std::abs(m)), s = m > 0 ? e / (1 + e) : 1 / (1 + e);
  return loss_at{std::max<real>(-m, 0) + std::log1p(e), -y * s, s * (1 - s)};
};
inline constexpr auto squared_at = [](real z, real y) {
  return loss_at{(z - y) * (z - y) / 2, z - y, 1};
};
inline constexpr auto squared_hinge_at = [](real z, real y) {
  real const gap = std::max<real>(0, 1 - y * z);
  return loss_at{gap * gap, -2 * y * gap, gap > 0 ? real{2} : real{0}};
};
/// δ = 1
inline constexpr auto huber_at = [](real z, real y) {
  real const r = z - y, size = std::abs(r);
  return size <= 1 ? loss_at{r * r / 2, r, 1} : loss_at{size - 0.5L, r > 0 ? 1 : real{-1}, 0};
};
/// γ = ½
inline constexpr auto smoothed_hinge_at = [](real z, real y) {
  real const gap = 1 - y * z, g = 0.5L;
  if (gap <= 0) return loss_at{0, 0, 0};
  return gap < g ? loss_at{gap * gap / (2 * g), -y * gap / g, 1 / g} : loss_at{gap - g / 2, -y, 0};
};

/// @brief f(w, b) = (1/S) Σ s_i φ(⟨a_i, w⟩ + cb, y_i) + (λ/2)‖w‖² in long double; plus (λ/2)b² if
///        `regularized`.
template <class Loss>
struct free_intercept_model {
  localsgd::dense_matrix<double> const* rows;
  std::span<double const> y, weights;  // no weights: all are 1
  Loss loss;
  real lambda, constant;
  bool regularized = false;

  std::size_t penalized() const { return dimension() - (regularized ? 0 : 1); }
  std::size_t dimension() const { return rows->shape()[1] + 1; }
  real entry(std::size_t i, std::size_t j) const {
    return j + 1 == dimension() ? constant : static_cast<real>((*rows)(i, j));
  }
  real weight(std::size_t i) const { return weights.empty() ? 1 : static_cast<real>(weights[i]); }

  template <class X>
  real value(X const& x) const {
    std::vector<real> g;
    return derivatives(std::vector<real>(x.begin(), x.end()), g, nullptr);
  }

  real derivatives(std::vector<real> const& x, std::vector<real>& g,
                   std::vector<std::vector<real>>* hessian) const {
    std::size_t const d = dimension();
    g.assign(d, 0);
    if (hessian != nullptr) hessian->assign(d, std::vector<real>(d, 0));
    real all = 0, value = 0;
    for (std::size_t i = 0; i != y.size(); ++i) all += weight(i);
    for (std::size_t i = 0; i != y.size(); ++i) {
      real z = 0;
      for (std::size_t j = 0; j != d; ++j) z += entry(i, j) * x[j];
      loss_at const at = loss(z, static_cast<real>(y[i]));
      real const share = weight(i) / all;
      value += share * at.value;
      for (std::size_t j = 0; j != d; ++j) {
        g[j] += share * at.slope * entry(i, j);
        for (std::size_t k = 0; hessian != nullptr && k != d; ++k)
          (*hessian)[j][k] += share * at.bend * entry(i, j) * entry(i, k);
      }
    }
    for (std::size_t j = 0; j != penalized(); ++j) {
      value += lambda / 2 * x[j] * x[j];
      g[j] += lambda * x[j];
      if (hessian != nullptr) (*hessian)[j][j] += lambda;
    }
    return value;
  }

  /// @brief The minimiser, by Newton's method with a line search.
  /// @param shift at most this is added to the Hessian, for places where a loss has no curvature
  std::vector<real> minimiser(real shift = 1e-3L) const {
    std::size_t const d = dimension();
    std::vector<real> x(d, 0), g, next(d);
    std::vector<std::vector<real>> h;
    for (int step = 0; step != 500; ++step) {
      real const f = derivatives(x, g, &h);
      real norm = 0;
      for (real const e : g) norm = std::max(norm, std::abs(e));
      for (std::size_t j = 0; j != d; ++j) h[j][j] += std::min(shift, norm);
      std::vector<real> p = g;  // Gauss, no pivots: h is positive definite
      for (std::size_t k = 0; k != d; ++k)
        for (std::size_t i = k + 1; i != d; ++i) {
          real const c = h[i][k] / h[k][k];
          for (std::size_t j = k; j != d; ++j) h[i][j] -= c * h[k][j];
          p[i] -= c * p[k];
        }
      for (std::size_t k = d; k-- != 0;) {
        for (std::size_t j = k + 1; j != d; ++j) p[k] -= h[k][j] * p[j];
        p[k] /= h[k][k];
      }
      real slope = 0, length = 1;
      for (std::size_t j = 0; j != d; ++j) slope += g[j] * p[j];
      for (; length > 1e-9L; length /= 2) {
        for (std::size_t j = 0; j != d; ++j) next[j] = x[j] - length * p[j];
        if (value(next) <= f - length * slope / 4) break;
      }
      if (!(length > 1e-9L)) break;
      x = next;
      if (slope < 1e-34L) break;
    }
    return x;
  }
};

}  // namespace support
