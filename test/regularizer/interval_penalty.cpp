// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE regularizer_interval_penalty
#include "localsgd/regularizer/interval_penalty.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <utility>
#include <vector>

namespace {

using localsgd::detail::interval_penalty;
constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

/// With these numbers, and others on a coarse binary grid, the arithmetic of the tests is exact.
std::vector<interval_penalty> penalties() {
  std::vector<std::pair<double, double>> const bounds{
      {-infinity, infinity}, {0, infinity},    {-infinity, 0}, {-0.5, 1.5}, {0.5, 2},
      {-infinity, -0.25},    {0.75, infinity}, {0, 0},         {1, 1}};
  std::vector<interval_penalty> all;
  for (double const a : {0.0, 0.25})
    for (double const b : {0.0, 0.5})
      for (auto const& [lower, upper] : bounds)
        all.push_back({a, b, lower, upper});
  return all;
}
std::vector<double> grid(double from, double to, double by) {
  std::vector<double> all;
  for (double v = from; v <= to; v += by) all.push_back(v);
  return all;
}
bool within(interval_penalty const& r, double u) { return r.lower <= u && u <= r.upper; }
/// r(x) + r*(u) = u·x if and only if u ∈ ∂r(x) (Fenchel and Young).
bool is_subgradient(interval_penalty const& r, double x, double u) {
  return r.value(x) + r.conjugate(u) == u * x;
}

/// The loop that steps() replaces, computed from the definition of the prox with higher precision.
struct slow {
  long double v, largest;

  slow(interval_penalty const& r, double start, double slope, double step, std::uint64_t count)
      : v(start), largest(std::abs(v)) {
    long double const eta = step;
    for (; count != 0; --count) {
      long double w = v - eta * slope;
      w = w > eta * r.l1 ? w - eta * r.l1 : w < -eta * r.l1 ? w + eta * r.l1 : 0;
      v = w / (1 + eta * r.l2);
      if (v < r.lower) v = r.lower;
      if (v > r.upper) v = r.upper;
      largest = std::max(largest, std::abs(v));
    }
  }
};

}  // namespace

BOOST_AUTO_TEST_CASE(the_value_is_infinite_outside_the_bounds) {
  interval_penalty const r{3, 2, -1, 2};
  BOOST_TEST(r.value(-1) == 4);  // 3·1 + 1
  BOOST_TEST(r.value(2) == 10);  // 3·2 + 4
  BOOST_TEST(r.value(0) == 0);
  BOOST_TEST(r.value(-1.5) == infinity);
  BOOST_TEST(r.value(2.5) == infinity);
  BOOST_TEST(std::isnan(r.value(not_a_number)));
}

BOOST_AUTO_TEST_CASE(the_prox_is_a_threshold_a_factor_and_a_clamp) {
  BOOST_TEST(interval_penalty{.l1 = 1}.prox(0.5)(2) == 1.5);
  BOOST_TEST(interval_penalty{.l1 = 1}.prox(0.5)(-2) == -1.5);
  BOOST_TEST(interval_penalty{.l1 = 1}.prox(0.5)(0.5) == 0);
  BOOST_TEST(!std::signbit(interval_penalty{.l1 = 1}.prox(0.5)(-0.25)));
  BOOST_TEST((interval_penalty{.l1 = 1, .l2 = 2}.prox(0.5)(2) == 0.75));  // 1.5/(1 + ½·2)
  BOOST_TEST((interval_penalty{1, 2, -1, 0.5}.prox(0.5)(2) == 0.5));
  BOOST_TEST((interval_penalty{1, 0, 1, 2}.prox(0.5)(0.25) == 1));  // 0 is not allowed
  BOOST_TEST((interval_penalty{1, 0, -2, -1}.prox(0.5)(5) == -1));
}

BOOST_AUTO_TEST_CASE(no_other_number_is_better_than_the_prox) {
  for (auto const& r : penalties())
    for (double const step : {0.25, 2.0})
      for (double const v : grid(-4, 4, 0.25)) {
        auto const model = [&](double u) { return r.value(u) + (u - v) * (u - v) / (2 * step); };
        double const best = r.prox(step)(v);
        BOOST_TEST(model(best) < infinity);
        bool least = true;
        for (double const u : grid(-4, 4, 0.03125)) least = least && model(u) >= model(best);
        for (double const by : {-0x1p-20, 0x1p-20})
          least = least && model(best + by) >= model(best);
        BOOST_TEST(least);
      }
}

BOOST_AUTO_TEST_CASE(what_is_not_a_number_stays_so) {
  interval_penalty const r{1, 1, -1, 1};
  BOOST_TEST(std::isnan(r.prox(0.5)(not_a_number)));
  for (std::uint64_t const count : {1U, 100U}) {
    BOOST_TEST(std::isnan(r.steps(not_a_number, 1, 0.5, count)));
    BOOST_TEST(std::isnan(r.steps(1, not_a_number, 0.5, count)));
  }
  BOOST_TEST(std::isnan(r.conjugate(not_a_number)));
  BOOST_TEST(std::isnan(interval_penalty{}.conjugate(not_a_number)));
  BOOST_TEST(std::isnan(r.least_subgradient(0, not_a_number)));
}

BOOST_AUTO_TEST_CASE(steps_pass_zero_and_go_on_with_the_other_slope) {
  // In sixteenths, with step ¼, slope 1 and λ = ¼: −5 per step while positive, +1 and −4 for a step
  // that changes the sign, then −3. From 16: 11, 6, 1, −2, −5, and so on.
  interval_penalty const r{.l1 = 0.25};
  for (std::uint64_t const count : {4U, 5U, 10U, 1000U})
    BOOST_TEST(r.steps(1, 1, 0.25, count) == (-2 - 3 * (static_cast<double>(count) - 4)) / 16);
  // From 10: 5, then 5 − 4 = 1 is within the threshold, so 0, −3, −6.
  for (std::uint64_t const count : {2U, 5U, 10U, 1000U})
    BOOST_TEST(r.steps(0.625, 1, 0.25, count) == -3 * (static_cast<double>(count) - 2) / 16);
  BOOST_TEST(r.steps(-1, -1, 0.25, 10) == 20.0 / 16);  // the mirror image
}

BOOST_AUTO_TEST_CASE(steps_end_at_zero_where_the_slope_is_below_lambda) {
  interval_penalty const r{.l1 = 0.25};
  for (double const slope : {-0.25, -0.125, 0.0, 0.125, 0.25})
    for (double const v : {-3.0, 0.0, 3.0}) {
      BOOST_TEST(r.steps(v, slope, 0.25, 1000) ==
                 (slope * v < 0 && std::abs(slope) == 0.25 ? v : 0));
      BOOST_TEST(!(std::signbit(r.steps(v, slope, 0.25, 1000)) && v >= 0));
    }
}

BOOST_AUTO_TEST_CASE(steps_shrink_geometrically_with_l2) {
  interval_penalty const r{.l2 = 1};
  for (std::uint64_t const count : {5U, 10U, 50U})  // a factor of ½ each
    BOOST_TEST(std::abs(r.steps(3, 0, 1, count) * std::ldexp(1.0, static_cast<int>(count)) - 3) <
               1e-13);
  // v ← (v − 1)/2 has the fixed point −1.
  BOOST_TEST(std::abs(r.steps(3, 1, 1, 10) - (-1 + 4 * 0x1p-10)) < 1e-15);
}

BOOST_AUTO_TEST_CASE(bounds_stop_the_steps) {
  BOOST_TEST((interval_penalty{0, 0, -2, 5}.steps(1, 1, 0.25, 11) == -1.75));  // 1 − 11/4
  BOOST_TEST((interval_penalty{0, 0, -2, 5}.steps(1, 1, 0.25, 13) == -2));
  BOOST_TEST((interval_penalty{0, 0, 0, infinity}.steps(1, 1, 0.25, 13) == 0));
  BOOST_TEST((interval_penalty{0, 0, -2, 5}.steps(100, -1, 0.25, 13) == 5));
  // From outside the bounds, the first step starts there: min(100 − ¼, 5), then 5 − 12/4.
  BOOST_TEST((interval_penalty{0, 0, -2, 5}.steps(100, 1, 0.25, 13) == 2));
}

BOOST_AUTO_TEST_CASE(one_step_has_the_bits_of_the_prox) {
  std::mt19937_64 random(1);
  std::normal_distribution<double> normal;
  for (int i = 0; i != 1000; ++i) {
    interval_penalty const r{std::abs(normal(random)), std::abs(normal(random)), -1.3, 1.7};
    double const v = normal(random), slope = normal(random), step = std::abs(normal(random));
    // v − step·slope may be rounded once or twice.
    double const by_hand = r.prox(step)(v - step * slope);
    BOOST_TEST(std::abs(r.steps(v, slope, step, 1) - by_hand) <= 0x1p-49);
    BOOST_TEST(r.steps(v, slope, step, 0) == v);
    BOOST_TEST(r.steps(v, 0, step, 1) == r.prox(step)(v));
  }
}

BOOST_AUTO_TEST_CASE(steps_without_l2_equal_a_loop_exactly_where_nothing_is_rounded) {
  for (auto const& r : penalties()) {
    if (r.l2 != 0) continue;
    bool equal = true;
    for (double const slope : grid(-1, 1, 0.125))
      for (double const start : {-3.0, -0.625, 0.0, 0.0625, 1.0, 4.5}) {
        double v = start;
        for (std::uint64_t count = 0; count != 100; ++count) {
          equal = equal && v == r.steps(start, slope, 0.25, count);
          v = r.prox(0.25)(v - 0.25 * slope);
        }
      }
    BOOST_TEST(equal);
  }
}

BOOST_AUTO_TEST_CASE(steps_equal_a_loop_to_a_few_units_in_the_last_place) {
  std::mt19937_64 random(2);
  std::normal_distribution<double> normal;
  std::vector<std::uint64_t> const counts{1, 2, 4, 5, 6, 17, 100, 1000};
  double worst = 0;
  for (auto r : penalties())
    for (int i = 0; i != 60; ++i) {
      if (r.l1 != 0) r.l1 = std::abs(normal(random)) / 4;
      if (r.l2 != 0) r.l2 = std::abs(normal(random)) * std::pow(10.0, -(i % 5));
      double const v = normal(random) * 2, slope = normal(random) / 2;
      double const step = std::exp(normal(random)) * std::pow(10.0, -(i % 4));
      for (std::uint64_t const count : counts) {
        slow const loop(r, v, slope, step, count);
        double const scale = static_cast<double>(loop.largest) + step * (std::abs(slope) + r.l1);
        double const error = std::abs(static_cast<double>(loop.v - r.steps(v, slope, step, count)));
        worst = std::max(worst, error / scale);
      }
    }
  BOOST_TEST(worst <= 8 * std::numeric_limits<double>::epsilon());
}

BOOST_AUTO_TEST_CASE(steps_cross_zero_at_any_of_a_thousand_steps) {
  // v = k·a or slightly more or less, a = step·(slope + λ): the sign changes at step k or k + 1.
  double worst = 0;
  for (double const l2 : {0.0, 1e-9, 1e-4, 0.03})
    for (double const slope : {0.07, 0.1, 0.3})
      for (std::uint64_t k = 1; k <= 400; k += 7)
        for (double const nudge : {-1e-3, -1e-15, 0.0, 1e-15, 1e-3, 0.5}) {
          interval_penalty const r{.l1 = 0.1, .l2 = l2};
          double const step = 0.3, a = step * (slope + r.l1);
          double const v = (static_cast<double>(k) + nudge) * a;
          for (std::uint64_t const count : {k, k + 1, k + 2, k + 9, 2 * k}) {
            slow const loop(r, v, slope, step, count);
            double const error =
                std::abs(static_cast<double>(loop.v - r.steps(v, slope, step, count)));
            worst = std::max(worst, error / (static_cast<double>(loop.largest) + a));
          }
        }
  BOOST_TEST(worst <= 8 * std::numeric_limits<double>::epsilon());
}

BOOST_AUTO_TEST_CASE(counts_up_to_2_to_the_60_take_no_time) {
  constexpr std::uint64_t many = std::uint64_t{1} << 60;
  double const step = 0x1p-60;
  BOOST_TEST((interval_penalty{}.steps(3, 0, 1, many) == 3));
  BOOST_TEST((interval_penalty{.l1 = 1}.steps(1e300, 0.5, 1, many) == 1e300));
  BOOST_TEST((interval_penalty{.l1 = 1}.steps(1e9, 0.5, 1, many) == 0));
  BOOST_TEST((interval_penalty{1, 0, -3, infinity}.steps(1e9, 2, 1, many) == -3));
  // Towards −(slope − λ)/l2, from above and below.
  for (double const v : {-1e9, 1e9})
    BOOST_TEST(std::abs(interval_penalty{.l1 = 1, .l2 = 0.5}.steps(v, 2, 1, many) + 2) < 1e-14);
  BOOST_TEST(std::abs(interval_penalty{}.steps(1, 1, step, many)) < 1e-15);
  // λ = slope = ½: −step per step.
  BOOST_TEST(std::abs(interval_penalty{.l1 = 0.5}.steps(2, 0.5, step, many) - 1) < 1e-15);
  BOOST_TEST((interval_penalty{.l1 = 0.5}.steps(2, 0.5, step, 2 * many + 1000) == 0));
  // λ = ½, slope = 3/2: half of the steps lead to 0, then −step per step.
  BOOST_TEST(std::abs(interval_penalty{.l1 = 0.5}.steps(1, 1.5, step, many) + 0.5) < 1e-15);
  // v ← (v − step)/(1 + step): v·e^{−1} − (1 − e^{−1}).
  BOOST_TEST(std::abs(interval_penalty{.l2 = 1}.steps(3, 1, step, many) - (4 * std::exp(-1) - 1)) <
             1e-14);
}

BOOST_AUTO_TEST_CASE(the_conjugate_is_the_supremum) {
  BOOST_TEST(interval_penalty{.l1 = 1}.conjugate(1) == 0);
  BOOST_TEST(interval_penalty{.l1 = 1}.conjugate(-1) == 0);
  BOOST_TEST(interval_penalty{.l1 = 1}.conjugate(std::nextafter(1.0, 2.0)) == infinity);
  BOOST_TEST((interval_penalty{.l1 = 1, .l2 = 2}.conjugate(3) == 1));  // (3 − 1)²/(2·2)
  BOOST_TEST((interval_penalty{0, 0, -1, 2}.conjugate(3) == 6));
  BOOST_TEST((interval_penalty{0, 0, -1, 2}.conjugate(-3) == 3));
  BOOST_TEST((interval_penalty{1, 0, 1, 2}.conjugate(0) == -1));    // −r(1)
  BOOST_TEST((interval_penalty{1, 0, 1, 2}.conjugate(3) == 4));     // 3·2 − 2
  BOOST_TEST((interval_penalty{1, 0, -2, -1}.conjugate(2) == -3));  // 2·(−1) − 1
  BOOST_TEST((interval_penalty{0, 0, 0, infinity}.conjugate(-5) == 0));
  BOOST_TEST((interval_penalty{0, 0, 0, infinity}.conjugate(5) == infinity));
  for (auto const& r : penalties())
    for (double const u : grid(-2, 2, 0.125)) {
      bool above = true, reached = r.conjugate(u) == infinity;
      for (double const x : grid(-8, 8, 0.125)) {
        above = above && r.value(x) + r.conjugate(u) >= u * x;
        reached = reached || is_subgradient(r, x, u);
      }
      BOOST_TEST(above);
      BOOST_TEST(reached);
    }
}

BOOST_AUTO_TEST_CASE(the_least_subgradient_is_the_least_of_all) {
  for (auto const& r : penalties())
    for (double const x : grid(-2, 2, 0.25)) {
      if (!within(r, x)) continue;
      for (double const g : grid(-2, 2, 0.125)) {
        double const least = r.least_subgradient(x, g);
        BOOST_TEST(is_subgradient(r, x, least - g));
        bool no_less = true;
        for (double const u : grid(-8, 8, 0.0625))
          if (is_subgradient(r, x, u)) no_less = no_less && std::abs(g + u) >= std::abs(least);
        BOOST_TEST(no_less);
      }
    }
}

BOOST_AUTO_TEST_CASE(the_dual_scale_reaches_the_edge_of_the_domain) {
  std::mt19937_64 random(3);
  std::normal_distribution<double> normal;
  for (int i = 0; i != 2000; ++i) {
    interval_penalty r{.l1 = std::abs(normal(random))};
    if (i % 3 == 1) r.lower = 0;
    if (i % 3 == 2) r.upper = 0.7;
    double const u = normal(random) * 3, c = r.dual_scale(u);
    BOOST_TEST((c >= 0 && c <= 1));
    BOOST_TEST(r.conjugate(c * u) < infinity);
    BOOST_TEST(r.conjugate(c * 0.99 * u) < infinity);
    if (c < 1) BOOST_TEST(r.conjugate(c * (1 + 0x1p-50) * u) == infinity);
  }
  BOOST_TEST(interval_penalty{}.dual_scale(3) == 0);
  BOOST_TEST(interval_penalty{}.dual_scale(0) == 1);
  BOOST_TEST(interval_penalty{.l2 = 1}.dual_scale(3) == 1);
  BOOST_TEST((interval_penalty{0, 0, -1, 1}.dual_scale(3) == 1));
  BOOST_TEST((interval_penalty{0, 0, 0, infinity}.dual_scale(-3) == 1));
}

BOOST_AUTO_TEST_CASE(the_zero_interval_is_where_the_prox_is_zero) {
  for (auto const& r : penalties()) {
    auto const [least, greatest] = r.zero_interval();
    for (double const step : {0.25, 2.0})
      for (double const z : grid(-2, 2, 0.125))
        BOOST_TEST((r.prox(step)(step * z) == 0) == (least <= z && z <= greatest));
  }
  auto const empty = interval_penalty{0, 0, 1, 2}.zero_interval();
  BOOST_TEST((empty.first == infinity && empty.second == -infinity));
}
