// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE step_size_automatic_step
#include "localsgd/step_size/automatic_step.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "localsgd/loss/squared.hpp"
#include "localsgd/objective/linear.hpp"
#include "localsgd/objective/quadratic.hpp"
#include "test/support/problems.hpp"

namespace {

using localsgd::automatic_step;
using localsgd::l2;
using localsgd::linear_objective;
using localsgd::quadratic;
using support::make_plan;

constexpr std::uint64_t times[]{0, 1, 17, 1000, 1000000};
auto const to_rounding = boost::test_tools::tolerance(1e-15);  // of a product and a quotient

// Least squares of which the library is told nothing but values and gradients.
template <class Scalar>
struct secretive {
  using scalar = Scalar;
  std::vector<std::vector<double>> rows;
  std::size_t dimension() const { return rows[0].size(); }
  std::size_t samples() const { return rows.size(); }
  double gradient(std::span<Scalar const> x, std::span<std::size_t const> batch,
                  std::span<Scalar> g) const {
    double loss = 0;
    std::vector<double> sum(x.size());
    for (std::size_t const i : batch) {
      double error = -1;
      for (std::size_t j = 0; j != x.size(); ++j) error += rows[i][j] * static_cast<double>(x[j]);
      loss += error * error / 2;
      for (std::size_t j = 0; j != x.size(); ++j) sum[j] += error * rows[i][j];
    }
    double const size = static_cast<double>(batch.size());
    for (std::size_t j = 0; j != x.size(); ++j) g[j] = static_cast<Scalar>(sum[j] / size);
    return loss / size;
  }
};

struct with_constants : secretive<double> {
  double l, mu;
  double smoothness() const { return l; }
  double strong_convexity() const { return mu; }
};

}  // namespace

BOOST_AUTO_TEST_CASE(a_quadratic_starts_at_a_quarter_of_1_over_l) {
  quadratic const f({.spectrum = {0.5, 4}});
  auto p = make_plan(100, 2, 4, 1);
  p.local_steps = 8;
  auto const eta = automatic_step{}.choose(f, p);
  BOOST_TEST(eta(0) == 1.0 / 16);  // powers of two: exact
}

BOOST_AUTO_TEST_CASE(with_strong_convexity_the_step_is_2_over_mu_times_a_plus_t) {
  double const mu = 0.3, l = 7;
  quadratic const f({.spectrum = {mu, l}});
  auto const eta = automatic_step{}.choose(f, make_plan(100, 2, 4, 1));
  double const a = 2 / mu * 4 * l;  // so that η_0 = 1/(4L)
  for (auto const t : times)
    BOOST_TEST(eta(t) == 2 / (mu * (a + static_cast<double>(t))), to_rounding);
  BOOST_TEST(eta.shift() == 1);
}

BOOST_AUTO_TEST_CASE(a_free_intercept_leaves_the_step_to_the_regularizer) {
  auto const rows = support::random_features<double>(30, 3, 1);
  auto const y = support::random_point(30, 2);
  linear_objective const f(rows, y, localsgd::squared{}, l2{0.1}, {.intercept = 1});
  linear_objective const g(rows, y, localsgd::squared{}, l2{0.1},
                           {.intercept = 1, .regularize_intercept = true});
  auto const p = make_plan(30, 4, 2, 1);
  auto const one = automatic_step{}.choose(f, p), other = automatic_step{}.choose(g, p);
  for (auto const t : times) BOOST_TEST(one(t) == other(t));
}

BOOST_AUTO_TEST_CASE(a_is_at_least_the_gap_between_averages) {
  quadratic const f({.spectrum = {1, 1}});
  auto p = make_plan(100, 2, 4, 1);
  p.local_steps = 1000;  // 2/(μη₀) is only 8
  BOOST_TEST(automatic_step{}.choose(f, p)(0) == 2.0 / 1000, to_rounding);
  p.workers = 1;  // alone there are no averages
  BOOST_TEST(automatic_step{}.choose(f, p)(0) == 0.25, to_rounding);
}

BOOST_AUTO_TEST_CASE(without_strong_convexity_the_step_falls_with_the_root_of_the_epochs) {
  quadratic const f({.spectrum = {0, 4}, .samples = 600});
  auto const eta = automatic_step{}.choose(f, make_plan(600, 2, 3, 2));  // 100 steps an epoch
  BOOST_TEST(eta(0) == 1.0 / 16);
  BOOST_TEST(eta(300) == 1.0 / 32, to_rounding);
  for (auto const t : times)
    BOOST_TEST(eta(t) == 1 / (16 * std::sqrt(1 + static_cast<double>(t) / 100)), to_rounding);
  BOOST_TEST(eta.shift() == 1);
}

BOOST_AUTO_TEST_CASE(an_epoch_is_at_least_one_step) {
  quadratic const f({.spectrum = {0, 4}, .samples = 2});
  auto const eta = automatic_step{}.choose(f, make_plan(2, 2, 8, 4));
  BOOST_TEST(eta(3) == 1.0 / 32, to_rounding);
}

BOOST_AUTO_TEST_CASE(unknown_curvature_is_estimated_from_gradients) {
  secretive<double> const f{{{3, 4}}};  // one component: L = 25
  secretive<float> const g{{{3, 4}}};
  auto const p = make_plan(1, 2, 1, 1);
  for (double const first : {automatic_step{}.choose(f, p)(0), automatic_step{}.choose(g, p)(0)}) {
    BOOST_TEST(first >= 0.5 / 100);
    BOOST_TEST(first <= 2.0 / 100);
  }
}

BOOST_AUTO_TEST_CASE(estimated_steps_suit_the_worst_sample) {
  secretive<double> f;
  for (std::size_t i = 0; i != 100; ++i) f.rows.push_back({i == 77 ? 10.0 : 0.1, 0.1});
  // Up to 128 samples all are looked at. A single one has rank one: its estimate is exact, up to
  // the 1e-16/1e-5 of a difference of gradients.
  BOOST_TEST(automatic_step{}.choose(f, make_plan(100, 2, 1, 1))(0) <=
             1 / (2 * 100.01) * (1 + 1e-9));
}

BOOST_AUTO_TEST_CASE(constants_that_the_objective_knows_are_used) {
  with_constants f{{{{3, 4}}}, 50, 0};
  auto const p = make_plan(1, 2, 1, 1);
  BOOST_TEST(automatic_step{}.choose(f, p)(0) == 1.0 / 200, to_rounding);  // L = 50, not 25
  f.mu = 0.5;
  auto const eta = automatic_step{}.choose(f, p);
  BOOST_TEST(eta(0) == 1.0 / 200, to_rounding);
  BOOST_TEST(eta(800) == 1.0 / 400, to_rounding);  // a = 2·200/0.5 = 800
}

BOOST_AUTO_TEST_CASE(constants_out_of_range_are_refused) {
  auto const p = make_plan(1, 2, 1, 1);
  for (double const bad : {-1.0, support::not_a_number, support::infinity}) {
    with_constants const f{{{{3, 4}}}, 50, bad};
    auto const e =
        support::error_of<localsgd::invalid_settings>([&] { automatic_step{}.choose(f, p); });
    BOOST_TEST(e.field == "strong_convexity");
  }
}

BOOST_AUTO_TEST_CASE(least_squares_never_steps_beyond_half_of_1_over_l_max) {
  for (std::uint64_t seed = 0; seed != 10; ++seed) {
    auto const a = support::random_features<double>(40, 5, seed, 0.5);
    auto const y = support::random_point(40, seed + 100);
    double worst = 0;
    for (std::size_t i = 0; i != 40; ++i) {
      double square = 0;
      for (std::size_t j = 0; j != 5; ++j) square += a(i, j) * a(i, j);
      worst = std::max(worst, square);
    }
    for (double const lambda : {0.0, 0.1})
      for (std::size_t const workers : {1U, 8U}) {
        linear_objective const f(a, y, localsgd::squared{}, l2{lambda});
        auto const eta = automatic_step{}.choose(f, make_plan(40, 5, workers, 1));
        for (auto const t : times) {
          BOOST_TEST(eta(t) > 0);
          // The last digit may round.
          BOOST_TEST(eta(t) <= 1 / (2 * (worst + lambda)) * (1 + 1e-15));
        }
      }
  }
}
