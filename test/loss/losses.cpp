// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE loss_losses
#include "localsgd/loss/losses.hpp"
#include "localsgd/loss/huber.hpp"
#include "localsgd/loss/poisson.hpp"
#include "localsgd/loss/smoothed_hinge.hpp"
#include "localsgd/loss/squared.hpp"
#include "localsgd/loss/squared_hinge.hpp"

#include <algorithm>
#include <bit>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "test/support/problems.hpp"

namespace {

using localsgd::huber;
using localsgd::logistic;
using localsgd::poisson;
using localsgd::smoothed_hinge;
using localsgd::squared;
using localsgd::squared_hinge;
using localsgd::detail::losses_of;
using support::infinity;
using support::not_a_number;

struct losses {
  std::vector<double> values, slopes;
};

template <class L>
losses all_of(L const& loss, std::vector<double> const& z, std::vector<double> const& y) {
  losses out{std::vector<double>(z.size() + 1, 17), std::vector<double>(z.size() + 1, 17)};
  losses_of(loss, z.data(), y.data(), z.size(), out.values.data(), out.slopes.data());
  BOOST_TEST(out.values.back() == 17);  // nothing is written beyond
  BOOST_TEST(out.slopes.back() == 17);
  out.values.pop_back(), out.slopes.pop_back();
  return out;
}

bool same_bits(double a, double b) {
  return std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b);
}
bool alike(double a, double b) { return a == b || (std::isnan(a) && std::isnan(b)); }

// n margins in ±reach with both labels.
struct margins {
  std::vector<double> z, y;

  margins(std::size_t n, double reach, std::uint64_t seed) {
    support::numbers random(seed);
    for (std::size_t i = 0; i != n; ++i) {
      z.push_back(random.between(-reach, reach));
      y.push_back(random.sign());
    }
  }
};

constexpr double ulp = std::numeric_limits<double>::epsilon();

// |a − b| in units of |b|·2^-52.
double ulps(double a, double b) { return a == b ? 0 : std::abs(a - b) / std::abs(b) / ulp; }

}  // namespace

BOOST_AUTO_TEST_CASE(logistic_is_right_to_a_few_units_in_the_last_place) {
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

BOOST_AUTO_TEST_CASE(far_out_logistic_is_right_but_for_what_is_less_than_the_least_normal_number) {
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
  // Alone, and among others that they must leave alone.
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
    std::vector<double> values, slopes;  // each on its own
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

BOOST_AUTO_TEST_CASE(any_other_loss_is_asked_sample_by_sample) {
  auto const check = [](auto const& loss, std::vector<double> const& z,
                        std::vector<double> const& y) {
    auto const [values, slopes] = all_of(loss, z, y);
    for (std::size_t i = 0; i != z.size(); ++i) {
      BOOST_TEST(values[i] == loss.value(z[i], y[i]));
      BOOST_TEST(slopes[i] == loss.derivative(z[i], y[i]));
    }
  };
  margins const m(19, 3, 4);
  auto const counts = std::vector<double>(19, 2.0);
  check(squared{}, m.z, m.y);
  check(squared_hinge{}, m.z, m.y);
  check(smoothed_hinge{0.5}, m.z, m.y);
  check(huber{0.7}, m.z, m.y);
  check(poisson{5}, m.z, counts);
}

BOOST_AUTO_TEST_CASE(a_loss_made_of_logistic_is_another_loss) {
  struct twice : logistic {
    static double value(double z, double y) { return 2 * logistic::value(z, y); }
    static double derivative(double z, double y) { return 2 * logistic::derivative(z, y); }
    static double curvature() { return 0.5; }
  };
  margins const m(19, 3, 5);
  auto const [values, slopes] = all_of(twice{}, m.z, m.y);
  for (std::size_t i = 0; i != m.z.size(); ++i) {
    BOOST_TEST(values[i] == twice::value(m.z[i], m.y[i]));
    BOOST_TEST(slopes[i] == twice::derivative(m.z[i], m.y[i]));
  }
}
