// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/regularizer/concept.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <random>
#include <span>
#include <vector>

/// @file
/// @brief What must hold for every regularizer that is not smooth. Quick to compile.

namespace support {

/// @brief d multiples of 1/16 in [-2, 2], many of them 0: sums and products of a few are exact.
template <class Scalar = double>
std::vector<Scalar> coarse_point(std::size_t d, std::mt19937_64& random) {
  std::vector<Scalar> x(d);
  for (Scalar& e : x)
    e = random() % 4 == 0 ? Scalar{0} : static_cast<Scalar>(random() % 65) / 16 - 2;
  return x;
}
inline double product(std::vector<double> const& a, std::vector<double> const& b) {
  double sum = 0;
  for (std::size_t j = 0; j != a.size(); ++j) sum += a[j] * b[j];
  return sum;
}
template <class R>
double value_of(R const& r, std::vector<double> const& x) {
  return r.value(std::span<double const>(x));
}
template <class R>
std::vector<double> prox_of(R const& r, std::vector<double> x, double step) {
  r.prox(std::span<double>(x), step);
  return x;
}
template <class R>
std::vector<double> least_subgradient(R const& r, std::vector<double> const& x,
                                      std::vector<double> g) {
  r.subgradient(std::span<double const>(x), std::span<double>(g));
  return g;
}

/// @brief prox minimises, the subgradient is one and the least, and the conjugate is that of the
///        value, all up to rounding.
template <class R>
void check_nonsmooth(R const& r, std::size_t d) {
  constexpr double slack = 1e-14;
  static_assert(localsgd::detail::regularizer_has_prox<R, double> &&
                localsgd::detail::regularizer_has_subgradient<R, double> &&
                localsgd::detail::regularizer_has_conjugate<R> &&
                localsgd::detail::regularizer_has_dual_scale<R>);
  std::mt19937_64 random(1);
  for (int i = 0; i != 40; ++i) {
    auto const v = coarse_point(d, random), g = coarse_point(d, random);
    for (double const step : {0.25, 2.0}) {
      auto const x = prox_of(r, v, step);
      auto const model = [&](std::vector<double> const& u) {
        double squares = 0;
        for (std::size_t j = 0; j != d; ++j) squares += (u[j] - v[j]) * (u[j] - v[j]);
        return value_of(r, u) + squares / (2 * step);
      };
      BOOST_TEST(value_of(r, x) < std::numeric_limits<double>::infinity());
      for (double const size : {1.0, 1e-3}) {
        auto u = x;
        auto const by = coarse_point(d, random);
        for (std::size_t j = 0; j != d; ++j) u[j] += size * by[j];
        BOOST_TEST(model(u) >= model(x) * (1 - 1e-14) - 1e-15);
      }
    }
    // u ∈ ∂r(x) exactly where r(x) + r*(u) = ⟨x, u⟩ (Fenchel and Young).
    auto x = prox_of(r, coarse_point(d, random), 0.25);
    auto const least = least_subgradient(r, x, g);
    auto u = least;
    for (std::size_t j = 0; j != d; ++j) u[j] -= g[j];
    double const c = r.dual_scale(u);  // rounding may have left the domain of r*
    for (double& e : u) e *= c;
    double const size = 1 + std::abs(value_of(r, x));
    BOOST_TEST(c >= 1 - slack);
    BOOST_TEST(std::abs(value_of(r, x) + r.conjugate(u) - product(x, u)) <= slack * size);
    // No element of g + ∂r(x) is nearer to 0: ⟨e, e' − e⟩ ≥ 0 for all elements e'. Some are
    // those of other g.
    for (int k = 0; k != 5; ++k) {
      auto const h = coarse_point(d, random);
      auto other = least_subgradient(r, x, h);
      for (std::size_t j = 0; j != d; ++j) other[j] += g[j] - h[j] - least[j];
      BOOST_TEST(product(least, other) >= -slack * size);
    }
    // Anywhere: r(x) + r*(u) ≥ ⟨x, u⟩, also at the edge of the domain of r*.
    auto w = coarse_point(d, random);
    double const scale = r.dual_scale(w);
    for (double& e : w) e *= scale * 0.9;
    BOOST_TEST(r.conjugate(w) < std::numeric_limits<double>::infinity());
    BOOST_TEST(value_of(r, x) + r.conjugate(w) - product(x, w) >= -slack * size);
  }
}

/// @brief dual_scale(u) is the largest: r* is finite there, and infinite a little further.
template <class R>
void check_dual_scale(R const& r, std::size_t d) {
  std::mt19937_64 random(2);
  std::normal_distribution<double> normal;
  for (int i = 0; i != 200; ++i) {
    std::vector<double> u(d);
    for (double& e : u) e = 2 * normal(random);
    auto const scaled = [&](double c) {
      auto v = u;
      for (double& e : v) e *= c;
      return r.conjugate(v);
    };
    double const c = r.dual_scale(u);
    BOOST_TEST((c >= 0 && c <= 1));
    BOOST_TEST(scaled(c) < std::numeric_limits<double>::infinity());
    if (c < 1) BOOST_TEST(scaled(c * (1 + 1e-14)) == std::numeric_limits<double>::infinity());
  }
}

/// @brief The members by coordinate agree with those of spans, and `steps_at` with a loop.
template <class R>
void check_separable(R const& r, std::size_t d) {
  static_assert(localsgd::detail::separable_regularizer<R> &&
                localsgd::detail::regularizer_has_closed_form_steps<R> &&
                localsgd::detail::regularizer_has_zero_interval<R>);
  std::mt19937_64 random(3);
  std::normal_distribution<double> normal;
  for (int i = 0; i != 20; ++i) {
    std::vector<double> v(d);
    std::vector<float> narrow(d);
    for (std::size_t j = 0; j != d; ++j) narrow[j] = static_cast<float>(v[j] = 2 * normal(random));
    double const step = std::exp(normal(random));
    auto const x = prox_of(r, v, step);
    auto narrow_x = narrow;
    r.prox(std::span<float>(narrow_x), step);
    for (std::size_t j = 0; j != d; ++j) {
      BOOST_TEST(x[j] == r.prox_at(j, v[j], step));
      BOOST_TEST(narrow_x[j] ==
                 static_cast<float>(r.prox_at(j, static_cast<double>(narrow[j]), step)));
      auto const [least, greatest] = r.zero_interval(j);
      double const z = v[j] / step;
      if (z > least * (1 + 1e-15) && z < greatest * (1 - 1e-15)) BOOST_TEST(x[j] == 0);
      if (z < least || z > greatest) BOOST_TEST(r.prox_at(j, v[j] * (1 + 1e-15), step) != 0);
      double const slope = normal(random) / 4;
      double loop = v[j];
      for (int n = 0; n != 100; ++n) loop = r.prox_at(j, loop - step * slope, step);
      BOOST_TEST(std::abs(loop - r.steps_at(j, v[j], slope, step, 100)) <=
                 1e-13 * (std::abs(v[j]) + std::abs(loop)));
    }
  }
}

}  // namespace support
