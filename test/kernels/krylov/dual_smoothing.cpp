// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE kernels_krylov_dual_smoothing
#include "localsgd/kernels/krylov/dual_smoothing.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

using localsgd::detail::dual_metric;
using localsgd::detail::dual_smoothing;

namespace {
constexpr double infinity = std::numeric_limits<double>::infinity();
auto const nearly = boost::test_tools::tolerance(1e-12);

// f(p) = ½ Σ h_j p_j² − Σ b_j p_j, in the norm with weights v.
struct quadratic {
  std::vector<double> h{1, 4, 9}, b{1, 2, 3};
  dual_metric metric{2, 1.0 / 0.5, 0.25};

  std::vector<double> residual(std::vector<double> const& p) const {
    std::vector<double> r(p.size());
    for (std::size_t j = 0; j != p.size(); ++j) r[j] = b[j] - h[j] * p[j];
    return r;
  }
  double value(std::vector<double> const& p) const {
    double out = 0;
    for (std::size_t j = 0; j != p.size(); ++j) out += (h[j] * p[j] / 2 - b[j]) * p[j];
    return out;
  }
  double dual(std::vector<double> const& p) const {
    double square = 0;
    auto const r = residual(p);
    for (std::size_t j = 0; j != p.size(); ++j) square += metric.weight(j) * r[j] * r[j];
    return value(p) - square / 2;
  }
};

// Steps of steepest descent; after each of them `check(p)`.
template <class Check>
void descend(quadratic const& f, dual_smoothing& dual, double known, int steps, Check const& check) {
  std::vector<double> p(3, 0.0);
  dual.begin(f.residual(p), f.metric, known);
  check(p);
  for (int k = 0; k != steps; ++k) {
    auto const q = f.residual(p);
    double along = 0, bend = 0;
    for (std::size_t j = 0; j != 3; ++j) along += q[j] * q[j], bend += f.h[j] * q[j] * q[j];
    double const before = f.value(p), length = along / bend;
    for (std::size_t j = 0; j != 3; ++j) p[j] += length * q[j];
    dual.add(length, q, before - f.value(p), f.residual(p));
    check(p);
  }
}
}  // namespace

BOOST_AUTO_TEST_CASE(a_free_intercept_has_a_weight_of_its_own) {
  dual_metric const metric{2, 3.0, 0.25};
  BOOST_TEST(metric.weight(0) == 3);
  BOOST_TEST(metric.weight(1) == 3);
  BOOST_TEST(metric.weight(2) == 0.25);
}

BOOST_AUTO_TEST_CASE(the_gap_is_that_of_the_value_and_the_better_dual_point) {
  quadratic const f;
  dual_smoothing dual;
  descend(f, dual, infinity, 20, [&](std::vector<double> const& p) {
    std::vector<double> const s(dual.point().begin(), dual.point().end());
    double const expected = f.value(p) - std::max(f.dual(s), f.dual(p));
    BOOST_TEST(std::abs(dual.gap() - expected) <= 1e-13);
    BOOST_TEST(dual.needs_point() == (f.dual(s) > f.dual(p)));
  });
}

BOOST_AUTO_TEST_CASE(the_dual_value_never_falls_and_is_never_below_that_of_an_iterate) {
  quadratic const f;
  dual_smoothing dual;
  double best = -infinity;
  descend(f, dual, infinity, 20, [&](std::vector<double> const& p) {
    double const now = f.dual({dual.point().begin(), dual.point().end()});
    BOOST_TEST(now >= best - 1e-14);
    BOOST_TEST(now >= f.dual(p) - 1e-14);  // p is at the end of the search for s
    best = now;
  });
  BOOST_TEST(best == -(1.0 / 2 + 4.0 / 8 + 9.0 / 18), boost::test_tools::tolerance(1e-3));  // f*
}

BOOST_AUTO_TEST_CASE(a_known_dual_point_needs_no_other) {
  // f* = −1.5: from p = 0 on, f(p) − D with D = −1.6.
  quadratic const f;
  dual_smoothing dual;
  descend(f, dual, 1.6, 3, [&](std::vector<double> const& p) {
    BOOST_TEST(dual.gap() == f.value(p) + 1.6, nearly);
    BOOST_TEST(!dual.needs_point());
  });
}
