// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE runs_poisson
#include "localsgd/minimize.hpp"

#include <algorithm>
#include <array>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstddef>
#include <span>
#include <vector>

#include "localsgd/kernels/cholesky.hpp"
#include "localsgd/loss/poisson.hpp"
#include "localsgd/objective/linear.hpp"
#include "localsgd/objective/sharded.hpp"
#include "localsgd/synchronizer/serial.hpp"
#include "test/support/problems.hpp"

// Poisson regression without a bound on the rates, against Newton's method on the formula itself.

using namespace localsgd;

namespace {

constexpr std::size_t n = 600, d = 4;
constexpr double lambda = 1e-3;

/// Counts with the rates exp⟨a, x⟩·exposure, the last feature being 1.
struct counts {
  dense_matrix<double> a{std::array<std::size_t, 2>{n, d}};
  std::vector<double> y, offset;

  /// @param x of the rates @param exposures from 1 to this
  counts(std::array<double, d> const& x, double exposures) {
    support::numbers random(3);
    for (std::size_t i = 0; i != n; ++i) {
      double z = x[d - 1];
      a(i, d - 1) = 1;
      for (std::size_t j = 0; j + 1 != d; ++j) {
        a(i, j) = random.between(-1, 1);
        z += x[j] * a(i, j);
      }
      offset.push_back(random.between(0, std::log(exposures)));
      double const rate = std::exp(z + offset.back());
      y.push_back(std::floor(rate * random.between(0.8, 1.2) + random.between(0, 1)));
    }
  }
  double largest() const { return *std::ranges::max_element(y); }

  double value(std::vector<double> const& x) const {
    double sum = 0;
    for (std::size_t i = 0; i != n; ++i) sum += std::exp(z(i, x)) - y[i] * z(i, x);
    return sum / n + lambda / 2 * std::pow(support::norm(x), 2);
  }
  /// Newton's method, halving its steps until f falls: the minimiser to the last digits.
  std::vector<double> minimiser() const {
    std::vector<double> x(d);
    for (int step = 0; step != 100; ++step) {
      detail::small_system<d> system;
      system.size = d;
      for (std::size_t j = 0; j != d; ++j) {
        system.b[j] = -lambda * x[j];
        for (std::size_t k = 0; k <= j; ++k) system.a[j][k] = j == k ? lambda : 0;
      }
      for (std::size_t i = 0; i != n; ++i) {
        double const rate = std::exp(z(i, x));
        for (std::size_t j = 0; j != d; ++j) {
          system.b[j] -= (rate - y[i]) * a(i, j) / n;
          for (std::size_t k = 0; k <= j; ++k) system.a[j][k] += rate * a(i, j) * a(i, k) / n;
        }
      }
      BOOST_TEST_REQUIRE(system.solve(0));
      double const before = value(x);
      for (double length = 1; length > 1e-9; length /= 2) {
        auto trial = x;
        for (std::size_t j = 0; j != d; ++j) trial[j] += length * system.b[j];
        if (!(value(trial) <= before)) continue;
        x = trial;
        break;
      }
    }
    return x;
  }
  double largest_rate(std::vector<double> const& x) const {
    double largest = 0;
    for (std::size_t i = 0; i != n; ++i) largest = std::max(largest, std::exp(z(i, x)));
    return largest;
  }

 private:
  double z(std::size_t i, std::vector<double> const& x) const {
    double sum = offset[i];
    for (std::size_t j = 0; j != d; ++j) sum += a(i, j) * x[j];
    return sum;
  }
};

template <class F, class... Components>
void agrees(F const& f, counts const& data, double tolerance, settings s, Components&&... more) {
  auto const expected = data.minimiser();
  BOOST_TEST(data.largest_rate(expected) < 2 * data.largest() + 10);  // so the losses are equal
  s.tolerance = tolerance;
  auto const r = minimize(f, s, more...);
  BOOST_TEST((r.reason == stop_reason::tolerance_reached));
  BOOST_TEST(r.certificate <= tolerance);
  double const gap = r.objective - data.value(expected);
  double const rounding = 1e-12 * std::abs(r.objective);
  BOOST_TEST(gap >= -rounding);
  BOOST_TEST(gap <= r.certificate + rounding);
  BOOST_TEST(support::euclidean_distance(r.x, expected) <=
             std::sqrt(2 * (r.certificate + rounding) / lambda));
  BOOST_TEST_MESSAGE(r.gradients / n << " epochs, gap " << gap << ", certificate " << r.certificate);
}

}  // namespace

// exp(±7 − ½) times exposures up to 1 or 20.
BOOST_AUTO_TEST_CASE(rates_of_all_sizes_are_fitted_to_a_certified_tolerance) {
  for (double const exposures : {1.0, 20.0}) {
    counts const data({4, -2, 1, -0.5}, exposures);
    linear_objective const f(data.a, data.y, poisson{}, l2{lambda}, {.offset = data.offset});
    BOOST_TEST(data.largest() > 100);
    BOOST_TEST(std::ranges::count(data.y, 0.0) > 10);
    BOOST_TEST(f.loss().max_rate() == 2 * data.largest() + 10);
    for (std::size_t const workers : {1U, 4U}) agrees(f, data, 1e-6, {.workers = workers});
  }
}

BOOST_AUTO_TEST_CASE(rates_from_a_thousandth_to_ten_thousand_are_fitted) {
  counts const data({6, -1.5, 0.5, 1.2}, 2.5);
  linear_objective const f(data.a, data.y, poisson{}, l2{lambda}, {.offset = data.offset});
  BOOST_TEST(data.largest() > 5000);
  agrees(f, data, 1e-5, {.workers = 4});
}

BOOST_AUTO_TEST_CASE(rare_events_are_fitted) {
  counts const data({1, -1, 0.5, -4}, 10);
  linear_objective const f(data.a, data.y, poisson{}, l2{lambda}, {.offset = data.offset});
  agrees(f, data, 1e-8, {.workers = 4});
}

// Without a tolerance there are plain steps alone.
BOOST_AUTO_TEST_CASE(plain_steps_with_the_automatic_step_size_lower_the_loss) {
  for (double const largest : {1.0, 4.0, 6.0}) {
    counts const data({largest, -2, 1, -0.5}, 5);
    linear_objective const f(data.a, data.y, poisson{}, l2{lambda}, {.offset = data.offset});
    auto const r = minimize(f, {.workers = 4, .epochs = 50});
    double const least = data.value(data.minimiser());
    BOOST_TEST(r.usable());
    BOOST_TEST(r.objective - least <= 0.3 * (r.history.front().objective - least));
  }
}

// The largest counts are in one shard, and all of them take its rate.
BOOST_AUTO_TEST_CASE(shards_agree_on_the_largest_rate) {
  counts const data({4, -2, 1, -0.5}, 20);
  std::vector<std::size_t> order(n);
  for (std::size_t i = 0; i != n; ++i) order[i] = i;
  std::ranges::sort(order, {}, [&](std::size_t i) { return data.y[i]; });
  std::size_t const parts = 3, each = n / parts;
  std::vector<dense_matrix<double>> rows;
  std::vector<std::vector<double>> y(parts), offset(parts);
  for (std::size_t k = 0; k != parts; ++k) {
    rows.emplace_back(std::array<std::size_t, 2>{each, d});
    for (std::size_t i = 0; i != each; ++i) {
      std::size_t const from = order[k * each + i];
      for (std::size_t j = 0; j != d; ++j) rows[k](i, j) = data.a(from, j);
      y[k].push_back(data.y[from]);
      offset[k].push_back(data.offset[from]);
    }
  }
  serial s;
  sharded_objective const f(s, parts, [&](std::size_t k) {
    return linear_objective(rows[k], y[k], poisson{}, l2{lambda}, {.offset = offset[k]});
  });
  for (std::size_t k = 0; k != parts; ++k)
    BOOST_TEST(f.shard(k).loss().max_rate() == 2 * data.largest() + 10);
  agrees(f, data, 1e-6, {.workers = parts}, s);
}
