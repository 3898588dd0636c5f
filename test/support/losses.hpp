// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/error.hpp"
#include "localsgd/loss/concept.hpp"
#include "localsgd/loss/evaluate.hpp"
#include "test/support/problems.hpp"

#include <algorithm>
#include <bit>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

/// @file
/// @brief What must hold for every loss.

namespace support {

/// @brief A loss with the members that the concept requires, and none of the optional ones.
template <localsgd::Loss L>
struct required_members {
  L loss;
  double value(double z, double y) const { return loss.value(z, y); }
  double derivative(double z, double y) const { return loss.derivative(z, y); }
  double curvature() const { return loss.curvature(); }
};

/// @brief Predictions around all kinks and corners, but on none of them.
inline std::vector<double> predictions() {
  std::vector<double> z;
  for (double at = -6.0163; at < 6; at += 0.031) z.push_back(at);
  return z;
}

/// @brief `derivative` is the derivative of `value`, and `curvature` its largest derivative.
template <localsgd::Loss L>
void check_derivatives(L const& loss, std::vector<double> const& targets) {
  for (double const y : targets)
    for (double const z : predictions()) {
      double const h = 0x1p-17;  // h² and the rounding of the value over h are below 1e-8 of it
      double const difference = (loss.value(z + h, y) - loss.value(z - h, y)) / (2 * h);
      BOOST_TEST(std::abs(loss.derivative(z, y) - difference) <=
                 1e-8 * (1 + std::abs(loss.value(z, y))));
    }

  double largest = 0, h = 1e-4;
  for (double const y : targets)
    for (double const z : predictions()) {
      double const second = (loss.derivative(z + h, y) - loss.derivative(z - h, y)) / (2 * h);
      BOOST_TEST(second >= -1e-9);  // convex; 1e-9: rounding of the derivative over h
      largest = std::max(largest, second);
    }
  // The points are 0.03 apart: near its maximum φ'' of the logistic loss loses 1e-4 on the way.
  BOOST_TEST(largest <= loss.curvature() * (1 + 1e-9));
  BOOST_TEST(largest >= loss.curvature() * (1 - 1e-3));
}

/// @brief `lipschitz_constant` is the largest |derivative|, or infinite where there is none.
template <localsgd::Loss L>
void check_lipschitz_constant(L const& loss, std::vector<double> const& targets) {
  double largest = 0;
  for (double const y : targets)
    for (double const z : {-1e6, -50.0, 0.0, 50.0, 1e6})
      largest = std::max(largest, std::abs(loss.derivative(z, y)));
  BOOST_TEST(largest <= loss.lipschitz_constant());
  if (std::isfinite(loss.lipschitz_constant()))
    BOOST_TEST(largest == loss.lipschitz_constant());
  else
    BOOST_TEST(largest >= 1e6);
}

/// @brief φ(z) + φ*(θ) ≥ θz for all θ of the domain, with equality at θ = φ'(z) (Fenchel and Young).
/// @param cancelled how many terms of the size of y and yz cancel in φ and φ*
template <localsgd::Loss L>
void check_conjugate(L const& loss, std::vector<double> const& targets, double cancelled = 0) {
  static_assert(localsgd::detail::knows_conjugate<L>);
  auto const excess = [&](double theta, double z, double y) {
    double const value = loss.value(z, y), conjugate = loss.conjugate(theta, y);
    double const rounding =
        1e-15 * (std::abs(value) + std::abs(conjugate) + std::abs(theta * z) +
                 cancelled * y * (1 + std::abs(z)));
    double const gap = value + conjugate - theta * z;
    return std::abs(gap) <= rounding ? 0 : gap;
  };
  for (double const y : targets) {
    for (double at = -4; at <= 4; at += 0x1p-5)
      for (double const z : predictions())
        BOOST_TEST(excess(loss.project_to_dual_domain(at, y), z, y) >= 0);
    for (double const scale : {1.0, 8.0})  // far out the logistic loss is its asymptotes
      for (double const z : predictions())
        BOOST_TEST(excess(loss.derivative(scale * z, y), scale * z, y) == 0);
  }
}

/// @brief `project_to_dual_domain` leaves every derivative as it is, and moves everything else to
///        the nearest end of the interval of derivatives.
template <localsgd::Loss L>
void check_projection(L const& loss, std::vector<double> const& targets) {
  for (double const y : targets) {
    for (double const z : predictions()) {
      double const theta = loss.derivative(z, y);
      BOOST_TEST(loss.project_to_dual_domain(theta, y) == theta);
    }
    double lowest = infinity, highest = -infinity;
    for (double const z : {-1e6, 1e6}) {
      lowest = std::min(lowest, loss.derivative(z, y));
      highest = std::max(highest, loss.derivative(z, y));
    }
    for (double theta = -5; theta <= 5; theta += 0x1p-4) {
      double const nearest = loss.project_to_dual_domain(theta, y);
      BOOST_TEST(nearest == std::clamp(theta, lowest, highest));
      BOOST_TEST(loss.project_to_dual_domain(nearest, y) == nearest);
      BOOST_TEST(std::isfinite(loss.conjugate(nearest, y)));
    }
  }
}

/// @brief A classifier takes targets of −1 and +1 only.
inline void check_accepts_signs(bool (*accepts)(double)) {
  BOOST_TEST((accepts(1) && accepts(-1)));
  for (double const y : {0.0, 2.0, 0.5, not_a_number, infinity}) BOOST_TEST(!accepts(y));
}
/// @brief A regression takes finite targets only.
inline void check_accepts_finite(bool (*accepts)(double)) {
  BOOST_TEST((accepts(0) && accepts(2.5)));
  for (double const y : {not_a_number, infinity, -infinity}) BOOST_TEST(!accepts(y));
}

/// @brief `make(p)` refuses a parameter p that is not finite and positive, by this name.
template <class Make>
void check_positive_parameter(std::string const& field, Make const& make) {
  for (double const bad : {0.0, -1.0, infinity, not_a_number}) {
    auto const e = error_of<localsgd::invalid_settings>([&] { make(bad); });
    BOOST_TEST(e.field == field);
    BOOST_TEST(e.rule == "finite and > 0");
  }
}

inline bool same_bits(double a, double b) {
  return std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b);
}

/// @brief What `evaluate` gives for a block of samples.
struct losses {
  std::vector<double> values, slopes;
};

/// @brief The losses and derivatives of a block of samples.
template <localsgd::Loss L>
losses all_of(L const& loss, std::vector<double> const& z, std::vector<double> const& y) {
  losses out{std::vector<double>(z.size() + 1, 17), std::vector<double>(z.size() + 1, 17)};
  localsgd::detail::evaluate(loss, z.data(), y.data(), z.size(), out.values.data(), out.slopes.data());
  BOOST_TEST(out.values.back() == 17);  // nothing is written beyond
  BOOST_TEST(out.slopes.back() == 17);
  out.values.pop_back(), out.slopes.pop_back();
  return out;
}

/// @brief n margins in ±reach with both labels.
struct margins {
  std::vector<double> z, y;

  margins(std::size_t n, double reach, std::uint64_t seed) {
    numbers random(seed);
    for (std::size_t i = 0; i != n; ++i) {
      z.push_back(random.between(-reach, reach));
      y.push_back(random.sign());
    }
  }
};

/// @brief `evaluate` agrees with `value` and `derivative` for targets y, and a sample has the same bits
///        alone and anywhere in a block.
/// @param size `size(z, y)`: the largest number that φ and φ' add up
template <localsgd::Loss L, class Size>
void check_blocks(L const& loss, std::vector<double> const& targets, Size const& size) {
  std::vector<double> z, y;
  for (double const target : targets)
    for (double const scale : {1.0, 10.0, 1e3, 1e300})
      for (double const at : predictions()) z.push_back(scale * at), y.push_back(target);
  for (double const at : {infinity, -infinity, not_a_number}) z.push_back(at), y.push_back(targets[0]);
  auto const near = [](double a, double b, double scale) {
    double const least = std::numeric_limits<double>::min();
    return a == b || (std::isnan(a) && std::isnan(b)) || std::abs(a - b) <= least + 1e-15 * scale;
  };
  auto const [values, slopes] = all_of(loss, z, y);
  for (std::size_t i = 0; i != z.size(); ++i)
    BOOST_TEST_CONTEXT("z = " << z[i] << ", y = " << y[i]) {
      BOOST_TEST(near(values[i], loss.value(z[i], y[i]), size(z[i], y[i])));
      BOOST_TEST(near(slopes[i], loss.derivative(z[i], y[i]), size(z[i], y[i])));
      auto const alone = all_of(loss, {z[i]}, {y[i]});
      BOOST_TEST((same_bits(alone.values[0], values[i]) || std::isnan(z[i])));
      BOOST_TEST((same_bits(alone.slopes[0], slopes[i]) || std::isnan(z[i])));
    }
}

}  // namespace support
