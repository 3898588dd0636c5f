// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE kernels_enclosed_zero
#include "localsgd/kernels/enclosed_zero.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cmath>

using localsgd::detail::enclosed_zero;

namespace {

// The distance from a zero of f at which the search ends after some evaluations.
template <class F>
double off_after(int evaluations, F const& f, double slope, double zero) {
  enclosed_zero search;
  search.begin(f(0.0), slope);
  double at = 0;
  for (int i = 0; i != evaluations; ++i) {
    at = search.next();
    double const value = f(at);
    if (value == 0) break;
    search.add(at, value);
  }
  return std::abs(at - zero);
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_linear_function_takes_one_evaluation) {
  for (double const zero : {-3.0, 0.25, 100.0})
    BOOST_TEST(off_after(
                   1, [&](double x) { return 2 * (x - zero); }, 2, zero) <= 1e-13);
}

BOOST_AUTO_TEST_CASE(a_smooth_function_takes_a_few) {
  // e^x − a
  for (double const a : {0.1, 0.9, 2.0, 5.0})
    BOOST_TEST(off_after(
                   12, [&](double x) { return std::exp(x) - a; }, 1, std::log(a)) <= 1e-12);
}

BOOST_AUTO_TEST_CASE(a_wrong_slope_or_none_only_takes_longer) {
  auto const f = [](double x) { return std::atan(x - 7); };
  for (double const slope : {0.0, 1e-2, 1e9, -1.0}) BOOST_TEST(off_after(30, f, slope, 7) <= 1e-9);
}

BOOST_AUTO_TEST_CASE(flat_ends_and_kinks_are_passed) {
  // clamp(x − z, −1, 1): flat at 0, with a distant zero
  for (double const zero : {-40.0, 40.0})
    BOOST_TEST(off_after(
                   30, [&](double x) { return std::clamp(x - zero, -1.0, 1.0); }, 0, zero) <= 1e-9);
  auto const kink = [](double x) { return x < 1 ? 0.01 * (x - 1) : 100 * (x - 1); };
  BOOST_TEST(off_after(30, kink, 0.01, 1) <= 1e-9);
}

BOOST_AUTO_TEST_CASE(a_search_begins_anew) {
  enclosed_zero search;
  search.begin(-1, 1);
  search.add(5, 3);
  search.begin(2, 4);
  BOOST_TEST(search.next() == -0.5);
}

BOOST_AUTO_TEST_CASE(near_a_zero_it_stops_as_soon_as_it_is_told) {
  int evaluations = 0;
  auto const cube = [&](double x) { return ++evaluations, x * x * x - 8; };
  auto const close = [](double, double value) { return std::abs(value) <= 1e-9; };
  double const zero = localsgd::detail::near_zero(-8, 0, 60, cube, close);
  BOOST_TEST(std::abs(zero * zero * zero - 8) <= 1e-9);
  BOOST_TEST(evaluations > 1);
  evaluations = 0;
  BOOST_TEST(localsgd::detail::near_zero(1e-10, 1, 60, cube, close) == 0);
  BOOST_TEST(evaluations == 0);
  localsgd::detail::near_zero(-8, 0, 3, cube, close);
  BOOST_TEST(evaluations == 3);
}
