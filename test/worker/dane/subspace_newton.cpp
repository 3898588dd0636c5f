// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE worker_dane_subspace_newton
#include "localsgd/worker/dane/subspace_newton.hpp"

#include <boost/test/unit_test.hpp>

#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

using localsgd::detail::subspace_newton;

namespace {

/// Runs a search on h(alpha, derivatives); how many values it took.
template <class H>
int search(subspace_newton& s, std::size_t m, H const& h) {
  s.begin(m);
  int values = 0;
  while (s.goes_on()) {
    std::array<double, subspace_newton::sums> derivatives{};
    double const value = h(s.trial(), derivatives);
    s.take(value, derivatives);
    ++values;
  }
  return values;
}

/// ½ Σ (i+1)(α_i − 2)²
auto const bowl = [](auto alpha, auto& out) {
  std::size_t const m = alpha.size();
  double value = 0;
  for (std::size_t i = 0; i != m; ++i) {
    double const h = static_cast<double>(i + 1), off = alpha[i] - 2;
    value += h / 2 * off * off;
    out[i] = h * off;
    out[m + localsgd::detail::packed_size(i) + i] = h;
  }
  return value;
};

}  // namespace

BOOST_AUTO_TEST_CASE(a_quadratic_takes_three_values) {
  for (std::size_t m = 1; m <= subspace_newton::most; ++m) {
    subspace_newton s;
    BOOST_TEST(search(s, m, bowl) == 3);  // 0, e_0, the minimum: nothing is left to gain there
    for (double const each : s.best()) BOOST_TEST(std::abs(each - 2) < 1e-8);
  }
}

BOOST_AUTO_TEST_CASE(long_vectors_pay_for_more_directions) {
  BOOST_TEST(subspace_newton::dimensions_for(1) == 8u);
  BOOST_TEST(subspace_newton::dimensions_for(123) == 9u);   // 9·12/2 + 1 = 55 ≤ 61 < 66
  BOOST_TEST(subspace_newton::dimensions_for(300) == 15u);  // 15·18/2 + 1 = 136 ≤ 150 < 153
  BOOST_TEST(subspace_newton::dimensions_for(1000000) == 16u);
}

BOOST_AUTO_TEST_CASE(the_answer_is_never_above_the_start) {
  subspace_newton s;
  // √(1 + (10α + 5)²): the direction points the wrong way, and full Newton steps overshoot.
  search(s, 1, [](auto alpha, auto& out) {
    double const z = 10 * alpha[0] + 5, root = std::sqrt(1 + z * z);
    out[0] = 10 * z / root;
    out[1] = 100 / (root * root * root);
    return root;
  });
  BOOST_TEST(s.drop() > 0);
  BOOST_TEST(s.best()[0] < 0);
}

BOOST_AUTO_TEST_CASE(a_start_that_is_the_minimum_stays) {
  subspace_newton s;
  search(s, 2, [](auto alpha, auto& out) {
    for (std::size_t i = 0; i != 2; ++i) out[i] = alpha[i];
    out[2] = out[4] = 1;
    return (alpha[0] * alpha[0] + alpha[1] * alpha[1]) / 2;
  });
  BOOST_TEST(s.drop() == 0);
  BOOST_TEST(s.best()[0] == 0);
  BOOST_TEST(s.best()[1] == 0);
}

BOOST_AUTO_TEST_CASE(a_direction_of_length_zero_is_ignored) {
  subspace_newton s;
  search(s, 2, [](auto alpha, auto& out) {
    out[1] = alpha[1] - 3;
    out[4] = 1;
    return (alpha[1] - 3) * (alpha[1] - 3) / 2;
  });
  BOOST_TEST(std::abs(s.best()[1] - 3) < 1e-8);
}

BOOST_AUTO_TEST_CASE(values_that_are_no_numbers_are_not_taken) {
  subspace_newton s;
  search(s, 1, [](auto alpha, auto& out) {
    out[0] = -1;
    out[1] = 1e-9;
    return alpha[0] > 0.5 ? std::numeric_limits<double>::quiet_NaN() : -alpha[0];
  });
  BOOST_TEST(s.best()[0] <= 0.5);
  BOOST_TEST(std::isfinite(s.drop()));
}
