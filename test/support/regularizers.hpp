// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/regularizer/concept.hpp"
#include "test/support/problems.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

/// @file
/// @brief What must hold for every regularizer, and some that a user might write.

namespace support {

/// @brief λ Σ_j (√(1 + x_j²) − 1): smooth, without a ridge and without a prox. Of any scalar.
struct smoothed_l1 {
  double lambda;

  template <class Scalar>
  double value(std::span<Scalar const> x) const {
    double sum = 0;
    for (Scalar const e : x) sum += std::sqrt(1 + std::pow(static_cast<double>(e), 2)) - 1;
    return lambda * sum;
  }
  template <class Scalar>
  void gradient(std::span<Scalar const> x, std::span<Scalar> g) const {
    for (std::size_t j = 0; j != x.size(); ++j) {
      double const e = static_cast<double>(x[j]);
      g[j] = static_cast<Scalar>(lambda * e / std::sqrt(1 + e * e));
    }
  }
  double smoothness() const { return lambda; }
  double strong_convexity() const { return 0; }
  std::string identity() const { return "smoothed_l1(" + std::to_string(lambda) + ")"; }
};
static_assert(localsgd::Regularizer<smoothed_l1> && localsgd::Regularizer<smoothed_l1, float>);

/// @brief (λ/2)‖x‖² of doubles, without saying that it is a ridge.
struct plain_ridge {
  double lambda;

  double value(std::span<double const> x) const {
    double sum = 0;
    for (double const e : x) sum += e * e;
    return lambda / 2 * sum;
  }
  void gradient(std::span<double const> x, std::span<double> g) const {
    for (std::size_t j = 0; j != x.size(); ++j) g[j] = lambda * x[j];
  }
  double smoothness() const { return lambda; }
  double strong_convexity() const { return lambda; }
  std::string identity() const { return "plain_ridge(" + std::to_string(lambda) + ")"; }
};
static_assert(localsgd::Regularizer<plain_ridge> && !localsgd::Regularizer<plain_ridge, float>);

/// @brief λ‖x‖₁: not smooth.
struct absolute {
  double lambda;

  double value(std::span<double const> x) const {
    double sum = 0;
    for (double const e : x) sum += std::abs(e);
    return lambda * sum;
  }
  void prox(std::span<double> x, double step) const {
    for (double& e : x) e = std::copysign(std::max(std::abs(e) - step * lambda, 0.0), e);
  }
  double strong_convexity() const { return 0; }
  std::string identity() const { return "absolute(" + std::to_string(lambda) + ")"; }
};
static_assert(localsgd::Regularizer<absolute>);

/// @brief `gradient` is that of `value`; ∇r grows no faster than `smoothness` says, and no slower
///        than `strong_convexity`.
template <class R>
void check_gradient(R const& r, std::size_t d) {
  static_assert(localsgd::detail::smooth_regularizer<R, double>);
  auto const gradient = [&](std::vector<double> const& x) {
    std::vector<double> g(d, not_a_number);  // what was in g must not matter
    r.gradient(std::span<double const>(x), std::span<double>(g));
    return g;
  };
  auto const value = [&](std::vector<double> const& x) {
    return r.value(std::span<double const>(x));
  };
  for (std::uint64_t seed = 1; seed != 6; ++seed) {
    auto const x = random_point(d, seed), y = random_point(d, seed + 10);
    auto const g = gradient(x), h = gradient(y);
    double const step = 0x1p-17;  // step² and the rounding of the value over step are below 1e-8
    for (std::size_t j = 0; j != d; ++j) {
      auto left = x, right = x;
      left[j] -= step;
      right[j] += step;
      double const difference = (value(right) - value(left)) / (2 * step);
      BOOST_TEST(std::abs(g[j] - difference) <= 1e-8 * (1 + value(x)));
    }
    double along = 0;
    for (std::size_t j = 0; j != d; ++j) along += (g[j] - h[j]) * (x[j] - y[j]);
    double const distance = euclidean_distance(x, y);
    BOOST_TEST(euclidean_distance(g, h) <= r.smoothness() * distance * (1 + 1e-12));
    BOOST_TEST(along >= r.strong_convexity() * distance * distance * (1 - 1e-12));
  }
}

/// @brief u = prox(x, s) solves u + s∇r(u) = x, and no other point has a smaller
///        r(u) + ‖u − x‖²/(2s).
template <class R>
void check_prox(R const& r, std::size_t d) {
  static_assert(localsgd::detail::regularizer_has_prox<R, double>);
  for (double const step : {0.01, 1.0, 30.0})
    for (std::uint64_t seed = 1; seed != 6; ++seed) {
      auto const x = random_point(d, seed);
      auto u = x;
      r.prox(std::span<double>(u), step);
      auto const model = [&](std::vector<double> const& at) {
        return r.value(std::span<double const>(at)) +
               std::pow(euclidean_distance(at, x), 2) / (2 * step);
      };
      double const least = model(u);
      for (std::size_t j = 0; j != d; ++j)
        for (double const change : {-1.0, -1e-3, 1e-3, 1.0}) {
          auto other = u;
          other[j] += change;
          BOOST_TEST(model(other) >= least * (1 - 1e-12));
        }
      if constexpr (localsgd::detail::smooth_regularizer<R, double>) {
        std::vector<double> g(d);
        r.gradient(std::span<double const>(u), std::span<double>(g));
        for (std::size_t j = 0; j != d; ++j)
          BOOST_TEST(std::abs(u[j] + step * g[j] - x[j]) <= 1e-14 * (1 + std::abs(x[j])));
      }
    }
}

/// @brief r(x) + r*(u) ≥ ⟨u, x⟩, with equality at u = ∇r(x) (Fenchel and Young).
template <class R>
void check_conjugate(R const& r, std::size_t d) {
  auto const excess = [&](std::vector<double> const& x, std::vector<double> const& u) {
    double product = 0;
    for (std::size_t j = 0; j != d; ++j) product += x[j] * u[j];
    return r.value(std::span<double const>(x)) + r.conjugate(std::span<double const>(u)) - product;
  };
  for (std::uint64_t seed = 1; seed != 6; ++seed) {
    auto const x = random_point(d, seed), u = random_point(d, seed + 10);
    BOOST_TEST(excess(x, u) >= 0);
    std::vector<double> g(d);
    r.gradient(std::span<double const>(x), std::span<double>(g));
    BOOST_TEST(std::abs(excess(x, g)) <= 1e-14 * (1 + r.value(std::span<double const>(x))));
  }
}

}  // namespace support
