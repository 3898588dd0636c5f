// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE loss_logistic
#include "localsgd/loss/logistic.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numbers>
#include <vector>

#include "test/support/losses.hpp"

namespace {

using localsgd::logistic;
using support::all_of;
using support::infinity;
using support::margins;
using support::not_a_number;
using support::same_bits;

std::vector<double> const targets{-1, 1};

bool alike(double a, double b) { return a == b || (std::isnan(a) && std::isnan(b)); }

constexpr double ulp = std::numeric_limits<double>::epsilon();

// |a − b| in units of |b|·2^-52.
double ulps(double a, double b) { return a == b ? 0 : std::abs(a - b) / std::abs(b) / ulp; }

}  // namespace

BOOST_AUTO_TEST_CASE(the_derivative_and_the_curvature_are_those_of_the_value) {
  support::check_derivatives(logistic{}, targets);
}

BOOST_AUTO_TEST_CASE(the_lipschitz_constant_is_the_largest_derivative) {
  support::check_lipschitz_constant(logistic{}, targets);
}

BOOST_AUTO_TEST_CASE(the_loss_and_its_conjugate_satisfy_fenchel_and_young) {
  support::check_conjugate(logistic{}, targets);
}

BOOST_AUTO_TEST_CASE(the_projection_moves_to_the_nearest_point_of_the_dual_domain) {
  support::check_projection(logistic{}, targets);
}


BOOST_AUTO_TEST_CASE(the_conjugate_at_the_ends_and_in_the_middle_of_its_domain) {
  for (double const y : {-1.0, 1.0}) {
    BOOST_TEST(logistic::conjugate(0, y) == 0);
    BOOST_TEST(logistic::conjugate(-y, y) == 0);
    BOOST_TEST(logistic::conjugate(-y / 2, y) == -std::numbers::ln2);
  }
}

BOOST_AUTO_TEST_CASE(the_conjugate_is_exact_near_the_ends_of_its_domain) {
  // a log a + (1 − a) log(1 − a) = a (log a − 1) + a²/2 + …, the same for 1 − a.
  for (double const a : {0x1p-30, 0x1p-40, 0x1p-52}) {
    double const expected = a * (std::log(a) - 1) + a * a / 2;
    auto const near = boost::test_tools::tolerance(1e-14);
    BOOST_TEST(logistic::conjugate(-a, 1) == expected, near);
    BOOST_TEST(logistic::conjugate(-(1 - a), 1) == expected, near);
    BOOST_TEST(logistic::conjugate(1 - a, -1) == expected, near);
  }
  BOOST_TEST(logistic::conjugate(-1e-300, 1) == 1e-300 * (std::log(1e-300) - 1),
             boost::test_tools::tolerance(1e-14));
}

BOOST_AUTO_TEST_CASE(the_loss_is_log_2_at_a_prediction_of_0) {
  for (double const y : {-1.0, 1.0}) {
    BOOST_TEST(logistic::value(0, y) == std::numbers::ln2);
    BOOST_TEST(logistic::derivative(0, y) == -y / 2);
  }
}

BOOST_AUTO_TEST_CASE(the_losses_of_both_targets_differ_by_the_prediction) {
  for (double const z : support::predictions())  // log(1 + eᶻ) − log(1 + e⁻ᶻ) = z
    BOOST_TEST(std::abs(logistic::value(z, -1) - logistic::value(z, 1) - z) <= 1e-14);
}

BOOST_AUTO_TEST_CASE(nothing_overflows) {
  BOOST_TEST(logistic::value(1000, -1) == 1000);
  BOOST_TEST(logistic::value(1000, 1) == 0);
  BOOST_TEST(logistic::derivative(1000, -1) == 1);
  BOOST_TEST(logistic::derivative(1000, 1) == 0);
  BOOST_TEST(logistic::value(-1e308, 1) == 1e308);
  BOOST_TEST(logistic::value(40, 1) == std::exp(-40));  // log(1 + e) = e where e is tiny
}

BOOST_AUTO_TEST_CASE(targets_are_minus_1_and_1) {
  support::check_accepts_signs(&logistic::accepts);
}

BOOST_AUTO_TEST_CASE(a_block_is_right_to_a_few_units_in_the_last_place) {
  double of_values = 0, of_slopes = 0;
  for (double const reach : {40.0, 3.0, 0.1, 1e-5, 1e-300}) {
    margins const m(20'000, reach, 1);
    auto const [values, slopes] = all_of(logistic{}, m.z, m.y);
    for (std::size_t i = 0; i != m.z.size(); ++i) {
      of_values = std::max(of_values, ulps(values[i], logistic::value(m.z[i], m.y[i])));
      of_slopes = std::max(of_slopes, ulps(slopes[i], logistic::derivative(m.z[i], m.y[i])));
    }
  }
  BOOST_TEST(of_values <= 4);
  BOOST_TEST(of_slopes <= 4);
}

BOOST_AUTO_TEST_CASE(far_out_a_block_is_right_but_for_what_is_less_than_the_least_normal_number) {
  double const least = std::numeric_limits<double>::min();
  std::vector<double> z;
  for (double at = 40; at < 1e4; at *= 1.01) z.push_back(at), z.push_back(-at);
  for (double at = 700; at < 750; at += 0.25) z.push_back(at), z.push_back(-at);
  for (double const at : {1e10, 1e100, 1e300, std::numeric_limits<double>::max()})
    z.push_back(at), z.push_back(-at);
  for (double const label : {-1.0, 1.0}) {
    std::vector<double> const y(z.size(), label);
    auto const [values, slopes] = all_of(logistic{}, z, y);
    for (std::size_t i = 0; i != z.size(); ++i) {
      double const value = logistic::value(z[i], label), slope = logistic::derivative(z[i], label);
      BOOST_TEST_CONTEXT("z = " << z[i] << ", y = " << label) {
        BOOST_TEST(std::abs(values[i] - value) <= least + 4 * ulp * value);
        BOOST_TEST(std::abs(slopes[i] - slope) <= least + 4 * ulp * std::abs(slope));
        BOOST_TEST(values[i] >= 0);
        BOOST_TEST(slopes[i] * label <= 0);
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(a_margin_of_zero_is_log_2_and_one_half) {
  for (double const zero : {0.0, -0.0})
    for (double const label : {-1.0, 1.0}) {
      auto const [values, slopes] = all_of(logistic{}, {zero}, {label});
      BOOST_TEST(ulps(values[0], std::log(2)) <= 1);
      BOOST_TEST(slopes[0] == -label / 2);
    }
}

BOOST_AUTO_TEST_CASE(numbers_that_are_not_finite_give_what_single_ones_give) {
  // Alone, and among others that must not change.
  margins const others(20, 5, 2);
  auto const expected = all_of(logistic{}, others.z, others.y);
  for (double const z : {infinity, -infinity, not_a_number})
    for (double const y : {-1.0, 1.0}) {
      double const value = logistic::value(z, y), slope = logistic::derivative(z, y);
      auto const alone = all_of(logistic{}, {z}, {y});
      BOOST_TEST_CONTEXT("z = " << z << ", y = " << y) {
        BOOST_TEST(alike(alone.values[0], value));
        BOOST_TEST(alike(alone.slopes[0], slope));
        for (std::size_t place = 0; place != 20; ++place) {
          auto m = others;
          m.z[place] = z, m.y[place] = y;
          auto const got = all_of(logistic{}, m.z, m.y);
          BOOST_TEST(alike(got.values[place], value));
          BOOST_TEST(alike(got.slopes[place], slope));
          for (std::size_t i = 0; i != 20; ++i)
            BOOST_TEST((i == place || (same_bits(got.values[i], expected.values[i]) &&
                                       same_bits(got.slopes[i], expected.slopes[i]))));
        }
      }
    }
}

BOOST_AUTO_TEST_CASE(neither_place_nor_count_changes_a_bit) {
  for (double const reach : {1.0, 30.0, 800.0}) {
    margins const m(40, reach, 3);
    std::vector<double> values, slopes;  // each alone
    for (std::size_t i = 0; i != m.z.size(); ++i) {
      auto const one = all_of(logistic{}, {m.z[i]}, {m.y[i]});
      values.push_back(one.values[0]), slopes.push_back(one.slopes[0]);
    }
    for (std::size_t first = 0; first != 20; ++first)
      for (std::size_t count = 0; count <= 20; ++count) {
        auto const from = static_cast<std::ptrdiff_t>(first);
        auto const to = static_cast<std::ptrdiff_t>(first + count);
        auto const some = all_of(logistic{}, {m.z.begin() + from, m.z.begin() + to},
                                 {m.y.begin() + from, m.y.begin() + to});
        BOOST_TEST(
            std::equal(some.values.begin(), some.values.end(), values.begin() + from, same_bits));
        BOOST_TEST(
            std::equal(some.slopes.begin(), some.slopes.end(), slopes.begin() + from, same_bits));
      }
  }
}
