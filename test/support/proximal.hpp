// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "test/support/problems.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

/// @file
/// @brief The minimum with a regularizer that has no gradient, by another algorithm.

namespace support {

/// @brief The gradient of the mean loss.
template <class F>
std::vector<double> loss_gradient(F const& f, std::vector<double> const& x) {
  return at(f, x).gradient;
}

/// @brief The norm of the least subgradient of F: 0 at the minimum, and only there.
template <class F>
double least_slope(F const& f, std::vector<double> const& x) {
  auto g = loss_gradient(f, x);
  using localsgd::detail::penalized;
  f.regularizer().subgradient(penalized(f, std::span<double const>(x)),
                              penalized(f, std::span<double>(g)));
  return norm(g);
}

/// @brief argmin F by proximal gradient steps with momentum, which restarts where F rises.
/// @param f L-smooth but for its regularizer
template <class F>
std::vector<double> reference_minimiser(F const& f, int steps = 20000) {
  double const step = 1 / (1.01 * f.smoothness());
  std::vector<double> x(f.dimension()), y = x, before = x;
  auto const& r = f.regularizer();
  double t = 1, value = infinity;
  for (int i = 0; i != steps; ++i) {
    auto const g = loss_gradient(f, y);
    before = x;
    for (std::size_t j = 0; j != x.size(); ++j) x[j] = y[j] - step * g[j];
    r.prox(localsgd::detail::penalized(f, std::span<double>(x)), step);
    if (euclidean_distance(x, y) < 1e-14) break;
    double const now = at(f, x).value;
    if (now > value) {  // the next step is a plain one
      t = 1;
      y = x;
    } else {
      double const next = (1 + std::sqrt(1 + 4 * t * t)) / 2;
      for (std::size_t j = 0; j != x.size(); ++j) y[j] = x[j] + (t - 1) / next * (x[j] - before[j]);
      t = next;
    }
    value = now;
  }
  return x;
}

/// @brief Calls `check(x)` at points far from the minimiser and near to it, and along eight steps of proximal
///        gradient descent from 0. All are in the domain of the regularizer.
template <class F, class Check>
void for_each_probe(F const& f, std::vector<double> const& minimiser, std::uint64_t seed,
                    Check const& check) {
  using localsgd::detail::penalized;
  numbers random(seed);
  for (double const size : {2.0, 0.3, 0.01}) {
    auto x = random_point(f.dimension(), random.below(1000));
    for (double& e : x) e *= size;
    f.regularizer().prox(penalized(f, std::span<double>(x)), 1e-3);
    check(x);
    auto near = minimiser;
    for (std::size_t j = 0; j != near.size(); ++j) near[j] += 0.1 * x[j];
    f.regularizer().prox(penalized(f, std::span<double>(near)), 1e-6);
    check(near);
  }
  std::vector<double> x(f.dimension());
  double const step = 1 / f.smoothness();
  for (int i = 0; i != 8; ++i) {
    auto const g = loss_gradient(f, x);
    for (std::size_t j = 0; j != x.size(); ++j) x[j] -= step * g[j];
    f.regularizer().prox(penalized(f, std::span<double>(x)), step);
    check(x);
  }
}

/// @brief Whether a and b are 0 at the same places.
inline bool same_zeros(std::vector<double> const& a, std::vector<double> const& b) {
  for (std::size_t j = 0; j != a.size(); ++j)
    if ((a[j] == 0) != (b[j] == 0)) return false;
  return a.size() == b.size();
}
template <class A>
std::size_t zeros_of(A const& x) {
  std::size_t zeros = 0;
  for (auto const e : x) zeros += e == 0 ? 1 : 0;
  return zeros;
}

}  // namespace support
