// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/compiler.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>

/// @file
/// @brief The eigenvectors of a small symmetric matrix.

namespace localsgd::detail {

/// @brief A = QΛQᵀ by cyclic Jacobi rotations: about eight sweeps of 3s³ multiply-adds, for s of up
///        to about a hundred.
/// @param a s × s, symmetric; overwritten: Λ on the diagonal, to rounding 0 elsewhere
/// @param q s × s: overwritten with Q, whose columns are the eigenvectors
template <class = void>  // compiled only where it is used
LOCALSGD_ONE_COPY inline void diagonalize(std::span<double> a, std::span<double> q, std::size_t s) {
  std::fill(q.begin(), q.end(), 0.0);
  for (std::size_t i = 0; i != s; ++i) q[i * s + i] = 1;
  for (int sweep = 0; sweep != 30; ++sweep) {
    double off = 0, on = 0;
    for (std::size_t i = 0; i != s; ++i) {
      on += a[i * s + i] * a[i * s + i];
      for (std::size_t j = 0; j != i; ++j) off += a[i * s + j] * a[i * s + j];
    }
    if (!(off > 1e-31 * on)) return;
    for (std::size_t i = 0; i != s; ++i)
      for (std::size_t j = i + 1; j != s; ++j) {
        double const e = a[i * s + j];
        if (e == 0) continue;
        double const theta = (a[j * s + j] - a[i * s + i]) / (2 * e);
        double const t = std::copysign(1 / (std::abs(theta) + std::hypot(theta, 1.0)), theta);
        double const c = 1 / std::hypot(t, 1.0), sine = t * c;
        for (std::size_t k = 0; k != s; ++k) {  // columns i and j
          double const left = a[k * s + i], right = a[k * s + j];
          a[k * s + i] = c * left - sine * right;
          a[k * s + j] = sine * left + c * right;
          double const first = q[k * s + i], second = q[k * s + j];
          q[k * s + i] = c * first - sine * second;
          q[k * s + j] = sine * first + c * second;
        }
        for (std::size_t k = 0; k != s; ++k) {  // rows
          double const left = a[i * s + k], right = a[j * s + k];
          a[i * s + k] = c * left - sine * right;
          a[j * s + k] = sine * left + c * right;
        }
      }
  }
}

}  // namespace localsgd::detail
