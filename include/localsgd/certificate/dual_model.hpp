// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/compiler.hpp"
#include "localsgd/kernels/simd.hpp"

#include <array>
#include <cstddef>
#include <span>

/// @file
/// @brief The quadratic model of a dual gap, in the coefficients of an extrapolated dual point.

namespace localsgd::detail {

/// @brief q(c) = constant + bᵀc + ½ cᵀAc, A symmetric.
struct dual_model {
  static constexpr std::size_t most = 4;  // coefficients

  double constant = 0;
  std::array<double, most> b{};
  std::array<std::array<double, most>, most> a{};
};

/// @brief A point x_k and h(θ_k) of its slopes: d numbers each.
struct dual_direction {
  double const* x;
  double const* h;
};

/// @brief ‖g + Σ c_k Δ_k‖²/(2λ) + ½ Σ_jk c_j c_k ⟨x_j − x, Δ_k⟩ with Δ_k = h_k − h, h = g − λx, for
///        N points x_k: see dual_extrapolation. One pass over all vectors.
/// @param x, gradient d numbers each
template <std::size_t N>
LOCALSGD_ONE_COPY dual_model
dual_model_of(std::span<double const> x, std::span<double const> gradient, double lambda,
              std::array<dual_direction, dual_model::most> const& past) {
  static_assert(N <= dual_model::most);
  lanes squares(0.0), b[N], a[N * (N + 1) / 2];
  for (lanes& each : b) each = lanes(0.0);
  for (lanes& each : a) each = lanes(0.0);
  lanes const ridge(lambda), half(lambda / 2);
  auto const add = [&](auto const& at) {
    lanes const g = at(gradient.data()), own = at(x.data()), h = g - ridge * own;
    lanes dh[N], dx[N];
    squares = multiply_add(g, g, squares);
    for (std::size_t k = 0; k != N; ++k) {
      dh[k] = at(past[k].h) - h;
      dx[k] = half * (at(past[k].x) - own);
      b[k] = multiply_add(g, dh[k], b[k]);
      lanes const twice = dh[k] + dx[k];
      for (std::size_t i = 0; i <= k; ++i) {
        lanes& sum = a[k * (k + 1) / 2 + i];
        sum = multiply_add(twice, dh[i], multiply_add(dx[i], dh[k], sum));
      }
    }
  };
  std::size_t const d = x.size();
  std::size_t j = 0;
  for (; j + lanes::size <= d; j += lanes::size) add([j](double const* v) { return load(v + j); });
  if (std::size_t const rest = d - j; rest != 0)
    add([j, rest](double const* v) { return load_first(v + j, rest); });

  dual_model q;
  q.constant = sum_of(squares) / (2 * lambda);
  for (std::size_t k = 0; k != N; ++k) {
    q.b[k] = sum_of(b[k]) / lambda;
    for (std::size_t i = 0; i <= k; ++i)
      q.a[i][k] = q.a[k][i] = sum_of(a[k * (k + 1) / 2 + i]) / lambda;
  }
  return q;
}

}  // namespace localsgd::detail
