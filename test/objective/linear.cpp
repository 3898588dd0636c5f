// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE objective_linear
#include "localsgd/objective/linear.hpp"

#include "localsgd/loss/gamma.hpp"
#include "localsgd/loss/huber.hpp"
#include "localsgd/loss/logistic.hpp"
#include "localsgd/loss/poisson.hpp"
#include "localsgd/loss/smoothed_hinge.hpp"
#include "localsgd/loss/squared.hpp"
#include "localsgd/loss/squared_hinge.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstddef>
#include <stdexcept>
#include <string>
#include <tuple>
#include <type_traits>
#include <vector>

#include "test/support/problems.hpp"

namespace {

using localsgd::csr_matrix;
using localsgd::dense_matrix;
using localsgd::invalid_data;
using localsgd::invalid_settings;
using localsgd::iterate_type;
using localsgd::l2;
using localsgd::linear_objective;
using localsgd::linear_options;
using localsgd::logistic;
using localsgd::squared;
using support::at;
using support::infinity;
using support::layouts;
using support::not_a_number;

constexpr std::size_t n = 12, d = 5;

template <class Matrix>
Matrix features() {
  return support::features<Matrix>(n, d, 0.6);
}
std::vector<double> weights() {
  std::vector<double> w(n);
  for (std::size_t i = 0; i != n; ++i) w[i] = static_cast<double>(i % 4);  // some are zero
  return w;
}

// Calls check(loss, targets) with every stock loss.
template <class Check>
void with_every_loss(Check const& check) {
  auto const signs = support::random_signs(n, 2);
  auto const reals = support::random_point(n, 3);
  auto counts = reals;
  for (double& y : counts) y = std::floor(std::abs(4 * y));
  check(logistic{}, signs);
  check(squared{}, reals);
  check(localsgd::squared_hinge{}, signs);
  check(localsgd::smoothed_hinge{0.5}, signs);
  check(localsgd::huber{0.7}, reals);
  check(localsgd::poisson{3}, counts);
  for (double& y : counts) y += 0.5;
  check(localsgd::gamma_loss{}, counts);
}

template <class Make>
std::string refused_argument(Make const& make) {
  return support::error_of<invalid_data>(make).file;
}
template <class Make>
std::string refused_field(Make const& make) {
  return support::error_of<invalid_settings>(make).field;
}

}  // namespace

BOOST_AUTO_TEST_CASE_TEMPLATE(the_gradient_is_that_of_the_value, Matrix, layouts) {
  auto const a = features<Matrix>();
  auto const w = weights();
  with_every_loss([&](auto const& loss, auto const& y) {
    for (std::span<double const> const s : {std::span<double const>{}, std::span(w)})
      for (linear_options const& o :
           {linear_options{0, s}, linear_options{1.5, s, {}, true}, linear_options{1.5, s}}) {
        linear_objective const f(a, y, loss, l2{0.1}, o);
        BOOST_TEST(support::worst_central_difference(f) <=
                   support::central_difference_tolerance<double>);
        linear_objective const in_float(a, y, loss, l2{0.1}, o, iterate_type<float>{});
        BOOST_TEST(support::worst_central_difference(in_float) <=
                   support::central_difference_tolerance<float>);
        // x is exact in float, so only the sum of 12 slopes is rounded to float.
        auto const x = support::random_point<float>(f.dimension(), 5);
        BOOST_TEST(support::relative_distance(
                       at(in_float, x).gradient,
                       at(f, std::vector<double>(x.begin(), x.end())).gradient) <= 1e-6);
      }
  });
}

BOOST_AUTO_TEST_CASE(the_value_is_the_mean_loss_plus_the_penalty) {
  dense_matrix<double> const a{{1, 2}, {3, -1}};
  std::vector<double> const y{1, 4};
  linear_objective const f(a, y, squared{}, l2{0.5},
                           {.intercept = 2, .regularize_intercept = true});
  std::vector<double> const x{1, 2, -1};
  // z = (1 + 4 − 2, 3 − 2 − 2) = (3, −1), errors (2, −5); ‖x‖² = 6
  auto const all = at(f, x);
  BOOST_TEST(all.value == (2.0 + 12.5) / 2 + 0.25 * 6);
  // (2·(1, 2, 2) − 5·(3, −1, 2))/2 + x/2
  std::vector<double> const expected{-6.5 + 0.5, 4.5 + 1, -3 - 0.5};
  BOOST_TEST(all.gradient == expected, boost::test_tools::per_element());
  BOOST_TEST(at(f, x, {1}).value == 12.5 + 1.5);
}

BOOST_AUTO_TEST_CASE(the_penalty_leaves_out_a_free_intercept) {
  dense_matrix<double> const a{{1, 2}, {3, -1}};
  std::vector<double> const y{1, 4};
  linear_objective const f(a, y, squared{}, l2{0.5}, {.intercept = 2});
  // As above, with ‖w‖² = 5, and nothing for the last coordinate.
  auto const all = at(f, {1, 2, -1});
  BOOST_TEST(all.value == (2.0 + 12.5) / 2 + 0.25 * 5);
  std::vector<double> const expected{-6.5 + 0.5, 4.5 + 1, -3};
  BOOST_TEST(all.gradient == expected, boost::test_tools::per_element());
  BOOST_TEST(f.strong_convexity() == 0);
  BOOST_TEST(!f.regularizes_intercept());
}

BOOST_AUTO_TEST_CASE_TEMPLATE(all_layouts_give_the_same_numbers, Matrix, layouts) {
  auto const reference = features<dense_matrix<double>>();
  auto const a = features<Matrix>();
  with_every_loss([&](auto const& loss, auto const& y) {
    linear_objective const f(a, y, loss, l2{0.1}, {.intercept = 1, .regularize_intercept = true});
    linear_objective const g(reference, y, loss, l2{0.1},
                             {.intercept = 1, .regularize_intercept = true});
    auto const x = support::random_point(d + 1, 9);
    // The features are exact in float, so only the order of sums of 5 and 12 numbers differs.
    BOOST_TEST(support::relative_distance(at(f, x).gradient, at(g, x).gradient) <= 1e-14);
    BOOST_TEST(support::relative_distance(at(f, x).value, at(g, x).value) <= 1e-14);
    BOOST_TEST(f.smoothness() == g.smoothness(), boost::test_tools::tolerance(1e-12));
  });
}

BOOST_AUTO_TEST_CASE_TEMPLATE(the_mean_over_all_samples_is_the_full_gradient, Matrix, layouts) {
  auto const a = features<Matrix>();
  auto const w = weights();
  with_every_loss([&](auto const& loss, auto const& y) {
    linear_objective const f(a, y, loss, l2{0.1},
                             {.intercept = 1, .weights = w, .regularize_intercept = true});
    // 12 numbers are summed in another order.
    BOOST_TEST(support::worst_mean_of_singles(f, support::random_point(d + 1, 7)) <= 1e-14);
  });
}

BOOST_AUTO_TEST_CASE_TEMPLATE(weight_2_is_the_sample_twice_and_weight_0_is_none, Matrix, layouts) {
  using value = typename Matrix::value_type;
  auto const once = support::random_features<value>(n, d, 1, 0.6);
  auto const w = weights();
  with_every_loss([&](auto const& loss, std::vector<double> const& y) {
    std::vector<std::size_t> rows;
    for (std::size_t i = 0; i != n; ++i) rows.insert(rows.end(), static_cast<std::size_t>(w[i]), i);
    dense_matrix<value> repeated(std::array<std::size_t, 2>{rows.size(), d});
    std::vector<double> targets(rows.size());
    for (std::size_t r = 0; r != rows.size(); ++r) {
      targets[r] = y[rows[r]];
      for (std::size_t j = 0; j != d; ++j) repeated(r, j) = once(rows[r], j);
    }
    auto const a = support::in_layout<Matrix>(once);
    auto const b = support::in_layout<Matrix>(repeated);
    linear_objective const weighted(a, y, loss, l2{0.1},
                                    {.intercept = 1, .weights = w, .regularize_intercept = true});
    linear_objective const listed(b, targets, loss, l2{0.1},
                                  {.intercept = 1, .regularize_intercept = true});
    auto const x = support::random_point(d + 1, 7);
    // Sums of about 20 numbers in another order, and products by weights instead of sums.
    BOOST_TEST(support::relative_distance(at(weighted, x).value, at(listed, x).value) <= 1e-12);
    BOOST_TEST(support::relative_distance(at(weighted, x).gradient, at(listed, x).gradient) <=
               1e-12);
    // Power iteration ends when an iteration changes the estimate by less than 1e-8.
    BOOST_TEST(weighted.smoothness() == listed.smoothness(), boost::test_tools::tolerance(1e-6));
  });
}

BOOST_AUTO_TEST_CASE(a_sample_of_weight_0_has_the_gradient_of_the_penalty) {
  auto const a = features<dense_matrix<double>>();
  auto const y = support::random_signs(n, 2);
  auto const w = weights();
  linear_objective const f(a, y, logistic{}, l2{0.5}, {.weights = w});
  auto const x = support::random_point(d, 7);
  auto const g = at(f, x, {0}).gradient;
  for (std::size_t j = 0; j != d; ++j) BOOST_TEST(g[j] == 0.5 * x[j]);
}

BOOST_AUTO_TEST_CASE(only_the_ratios_of_weights_count) {
  auto const a = features<csr_matrix<float>>();
  auto const y = support::random_signs(n, 2);
  std::vector<double> const halves(n, 0.5);
  linear_objective const f(a, y, logistic{}, l2{0.1}), g(a, y, logistic{}, l2{0.1}, {0, halves});
  auto const x = support::random_point(d, 7);
  BOOST_TEST(at(f, x).value == at(g, x).value);  // 0.5 and its sums are exact
  BOOST_TEST(at(f, x).gradient == at(g, x).gradient, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(an_intercept_is_a_constant_feature) {
  auto const a = support::random_features<double>(n, d, 1);
  dense_matrix<double> longer(std::array<std::size_t, 2>{n, d + 1}, 1.5);
  for (std::size_t i = 0; i != n; ++i)
    for (std::size_t j = 0; j != d; ++j) longer(i, j) = a(i, j);
  auto const y = support::random_signs(n, 2);
  linear_objective const f(a, y, logistic{}, l2{0.1},
                           {.intercept = 1.5, .regularize_intercept = true});
  linear_objective const g(longer, y, logistic{}, l2{0.1});
  BOOST_TEST(f.dimension() == d + 1);
  auto const x = support::random_point(d + 1, 7);
  BOOST_TEST(support::relative_distance(at(f, x).gradient, at(g, x).gradient) <= 1e-14);
  BOOST_TEST(f.smoothness() == g.smoothness(), boost::test_tools::tolerance(1e-12));
}

// A feature o_i whose coefficient is 1 adds o_i to every prediction.
BOOST_AUTO_TEST_CASE_TEMPLATE(an_offset_is_a_feature_whose_coefficient_is_1, Matrix, layouts) {
  using value = typename Matrix::value_type;
  auto const dense = support::random_features<value>(n, d, 1, 0.6);
  auto const offset = support::random_point(n, 8);  // exact in float
  dense_matrix<value> longer(std::array<std::size_t, 2>{n, d + 1}, value{0});
  for (std::size_t i = 0; i != n; ++i) {
    for (std::size_t j = 0; j != d; ++j) longer(i, j) = dense(i, j);
    longer(i, d) = static_cast<value>(offset[i]);
  }
  auto const a = support::in_layout<Matrix>(dense), b = support::in_layout<Matrix>(longer);
  auto const w = weights();
  with_every_loss([&](auto const& loss, std::vector<double> const& y) {
    linear_objective const f(a, y, loss, l2{0}, {.intercept = 2, .weights = w, .offset = offset});
    linear_objective const g(b, y, loss, l2{0}, {.intercept = 2, .weights = w});
    BOOST_TEST(f.dimension() == d + 1);
    auto x = support::random_point(d + 1, 7);
    auto const here = at(f, x);
    x.insert(x.begin() + d, 1.0);  // before the intercept
    auto const there = at(g, x);
    std::vector<double> expected = there.gradient;
    expected.erase(expected.begin() + d);
    // Predictions of up to 7 terms in another order.
    BOOST_TEST(support::relative_distance(here.value, there.value) <= 1e-13);
    BOOST_TEST(support::relative_distance(here.gradient, expected) <= 1e-13);
  });
}

BOOST_AUTO_TEST_CASE(offsets_of_zero_change_no_bit) {
  auto const a = features<csr_matrix<float>>();
  auto const y = support::random_signs(n, 2);
  std::vector<double> const zeros(n);
  linear_objective const f(a, y, logistic{}, l2{0.1}), g(a, y, logistic{}, l2{0.1}, {.offset = zeros});
  auto const x = support::random_point(d, 7);
  BOOST_TEST(at(f, x).value == at(g, x).value);
  BOOST_TEST(at(f, x).gradient == at(g, x).gradient, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(an_objective_reports_its_size) {
  auto const a = features<csr_matrix<float>>();
  auto const y = support::random_signs(n, 2);
  linear_objective const f(a, y, logistic{}, l2{0.25});
  BOOST_TEST(f.samples() == n);
  BOOST_TEST(f.dimension() == d);
  BOOST_TEST(f.flops_per_sample() == static_cast<double>(a.nonzeros()) / n);
  BOOST_TEST(f.strong_convexity() == 0.25);
}

BOOST_AUTO_TEST_CASE(smoothness_is_the_curvature_times_the_largest_eigenvalue) {
  // (1/n) Σ a aᵀ = diag(r_j²)/3
  dense_matrix<double> const a{{1, 0, 0}, {0, -6, 0}, {0, 0, 3}};
  std::vector<double> const y{1, -1, 1}, w{0, 1, 8};
  auto const tolerance = boost::test_tools::tolerance(1e-6);  // as documented
  BOOST_TEST(linear_objective(a, y, squared{}, l2{0.5}).smoothness() == 12.5, tolerance);
  BOOST_TEST(linear_objective(a, y, logistic{}, l2{0.5}).smoothness() == 3.5, tolerance);
  // (1/S) Σ s a aᵀ = diag(0, 36, 72)/9
  BOOST_TEST(linear_objective(a, y, squared{}, l2{0.5}, {0, w}).smoothness() == 8.5, tolerance);
  // A single row with an intercept: λ_max = ‖(3, 4, 12)‖².
  dense_matrix<double> const one{{3, 4}};
  std::vector<double> const target{1};
  BOOST_TEST(linear_objective(one, target, squared{}, l2{0}, {.intercept = 12}).smoothness() == 169,
             tolerance);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(no_pair_of_points_is_steeper_than_smoothness, Matrix, layouts) {
  auto const a = features<Matrix>();
  auto const w = weights();
  with_every_loss([&](auto const& loss, auto const& y) {
    linear_objective const f(a, y, loss, l2{0.1}, {.intercept = 1, .weights = w});
    BOOST_TEST(support::steepest_pair(f) <= f.smoothness() * (1 + 1e-6));  // L is approached from below
  });
}

BOOST_AUTO_TEST_CASE(the_stable_step_suits_the_smoothness_and_single_samples) {
  // The eigenvalues of the Gram matrix are at least a factor 4 apart, so an iteration that changes
  // the estimate by 1 % leaves it 0.4 % below L at most.
  double const estimate = 1.004;
  dense_matrix<double> const a{{1, 0, 0}, {0, 4, 0}, {0, 0, 2}};
  std::vector<double> const y{1, -1, 1};
  with_every_loss([&](auto const& loss, auto const& targets) {
    std::vector<double> const t(targets.begin(), targets.begin() + 3);
    linear_objective const f(a, t, loss, l2{0.5});
    for (std::size_t const b : {1U, 2U, 100U}) {
      BOOST_TEST(f.stable_step(b) > 0);
      BOOST_TEST(f.stable_step(b) <= estimate / (4 * f.smoothness()));
    }
    // With large batches only 1/(4L) is left.
    BOOST_TEST(f.stable_step(1U << 30) * 4 * f.smoothness() >= 1 - 1e-6);
    BOOST_TEST(f.stable_step(1) <= f.stable_step(2));
  });
  // Unbounded slopes: a step on the worst sample alone must be a contraction, η ≤ 1/(2 L_max).
  linear_objective const f(a, y, squared{}, l2{0.5});
  BOOST_TEST(f.stable_step(1) <= 1 / (2 * (16 + 0.5)));
}

BOOST_AUTO_TEST_CASE(features_that_are_all_zero_have_a_step_too) {
  dense_matrix<double> const a{{0, 0}, {0, 0}};
  std::vector<double> const y{1, -1};
  linear_objective const f(a, y, logistic{}, l2{0});
  BOOST_TEST(f.smoothness() == 0);
  BOOST_TEST(f.stable_step(1) == 1);
}

BOOST_AUTO_TEST_CASE(targets_that_the_loss_does_not_take_are_refused_by_number) {
  auto const a = features<csr_matrix<float>>();
  auto y = support::random_signs(n, 2);
  for (double const bad : {0.0, 2.0, -0.5, not_a_number, infinity}) {
    y[3] = bad;
    BOOST_TEST(refused_argument([&] { linear_objective(a, y, logistic{}, l2{}); }) == "targets[3]");
  }
  y[3] = 0;
  auto const e = support::error_of<invalid_data>([&] { linear_objective(a, y, logistic{}, l2{}); });
  BOOST_TEST(e.found == "0");
  BOOST_TEST(e.expected == "-1 or +1; encode_binary() converts any two labels");
  for (double const bad : {not_a_number, infinity}) {
    y[3] = bad;
    BOOST_TEST(refused_argument([&] { linear_objective(a, y, squared{}, l2{}); }) == "targets[3]");
  }
}

BOOST_AUTO_TEST_CASE(a_loss_without_rules_for_targets_takes_them_all) {
  struct anything {
    static double value(double z, double y) { return z * y; }
    static double derivative(double, double y) { return y; }
    static double curvature() { return 0; }
  };
  dense_matrix<double> const a{{1}};
  std::vector<double> const y{17};
  BOOST_TEST(at(linear_objective(a, y, anything{}, l2{}), {2.0}).value == 34);
}

BOOST_AUTO_TEST_CASE(what_a_loss_throws_reaches_the_caller) {
  struct failing : squared {
    static double derivative(double, double) { throw std::runtime_error("no derivative"); }
  };
  dense_matrix<double> const a{{1}};
  std::vector<double> const y{17};
  linear_objective const f(a, y, failing{}, l2{});
  BOOST_CHECK_THROW(at(f, {2.0}), std::runtime_error);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(shapes_that_do_not_fit_are_refused_by_argument, Matrix, layouts) {
  using value = typename Matrix::value_type;
  auto const of_shape = [](std::size_t rows, std::size_t columns) {
    return support::in_layout<Matrix>(
        dense_matrix<value>(std::array<std::size_t, 2>{rows, columns}, value{1}));
  };
  std::vector<double> const y(3, 1.0), none;
  auto const a = of_shape(4, 2), no_rows = of_shape(0, 2), no_columns = of_shape(3, 0);
  BOOST_TEST(refused_argument([&] { linear_objective(a, y, squared{}, l2{}); }) == "targets");
  BOOST_TEST(refused_argument([&] { linear_objective(no_rows, none, squared{}, l2{}); }) ==
             "features");
  BOOST_TEST(refused_argument([&] { linear_objective(no_columns, y, squared{}, l2{}); }) ==
             "features");
}

BOOST_AUTO_TEST_CASE(weights_are_as_many_as_samples_finite_not_negative_and_not_all_zero) {
  dense_matrix<double> const a{{1}, {2}, {3}};
  std::vector<double> const y{1, 2, 3};
  auto const with = [&](std::vector<double> const& w) {
    linear_objective(a, y, squared{}, l2{}, {.weights = w});
  };
  BOOST_TEST(refused_argument([&] { with({1, 1}); }) == "weights");
  BOOST_TEST(refused_argument([&] { with({1, 1, 1, 1}); }) == "weights");
  for (double const bad : {-1.0, not_a_number, infinity})
    BOOST_TEST(refused_field([&] { with({1, bad, 1}); }) == "weights[1]");
  BOOST_TEST(refused_field([&] { with({0, 0, 0}); }) == "sum of weights");
  BOOST_TEST(refused_field([&] { with({1e308, 1e308, 1e308}); }) == "sum of weights");
}

BOOST_AUTO_TEST_CASE(offsets_are_as_many_as_samples_and_finite) {
  auto const a = features<csr_matrix<float>>();
  auto const y = support::random_signs(n, 2);
  auto const refused = [&](std::vector<double> const& offset) {
    return refused_argument([&] { linear_objective(a, y, logistic{}, l2{}, {.offset = offset}); });
  };
  BOOST_TEST(refused(std::vector<double>(n + 1)) == "offset");
  std::vector<double> offset(n);
  for (double const bad : {not_a_number, infinity, -infinity}) {
    offset[3] = bad;
    BOOST_TEST(refused(offset) == "offset[3]");
  }
}

BOOST_AUTO_TEST_CASE(a_loss_that_depends_on_the_largest_target_gets_it) {
  auto const a = features<csr_matrix<float>>();
  std::vector<double> counts(n, 3.0);
  counts[5] = 70;
  linear_objective f(a, counts, localsgd::poisson{}, l2{}), g(a, counts, localsgd::poisson{40}, l2{});
  BOOST_TEST(f.largest_target() == 70);
  BOOST_TEST(f.loss().max_rate() == 150);
  f.set_largest_target(200);  // of another shard
  BOOST_TEST(f.loss().max_rate() == 410);
  BOOST_TEST(g.loss().max_rate() == 40);
}

BOOST_AUTO_TEST_CASE(penalty_and_intercept_are_finite_and_the_penalty_is_not_negative) {
  for (double const bad : {-1.0, not_a_number, infinity})
    BOOST_TEST(refused_field([&] { l2{bad}; }) == "l2.lambda");
  BOOST_TEST(l2{}.lambda == 0);
  dense_matrix<double> const a{{1}};
  std::vector<double> const y{1};
  for (double const bad : {not_a_number, infinity, -infinity})
    BOOST_TEST(refused_field([&] {
                 linear_objective(a, y, squared{}, l2{}, {.intercept = bad});
               }) == "linear_options.intercept");
  BOOST_TEST(linear_objective(a, y, squared{}, l2{}, {.intercept = -1}).dimension() == 2U);
}

BOOST_AUTO_TEST_CASE(temporary_data_does_not_compile) {
  using matrix = dense_matrix<double>;
  using targets = std::vector<double>;
  using objective = linear_objective<matrix, squared>;
  constexpr bool lasting = std::is_constructible_v<objective, matrix&, targets&, squared, l2>;
  constexpr bool of_const =
      std::is_constructible_v<objective, matrix const&, targets const&, squared, l2>;
  constexpr bool of_span =
      std::is_constructible_v<objective, matrix&, std::span<double const>, squared, l2>;
  static_assert(lasting && of_const && of_span);
  static_assert(!std::is_constructible_v<objective, matrix, targets&, squared, l2>);
  static_assert(!std::is_constructible_v<objective, matrix const, targets&, squared, l2>);
  static_assert(!std::is_constructible_v<objective, matrix&, targets, squared, l2>);
  static_assert(!std::is_constructible_v<objective, matrix&, targets const, squared, l2>);
  static_assert(
      !std::is_constructible_v<objective, matrix&, localsgd::vector<double>, squared, l2>);
  static_assert(!std::is_constructible_v<objective, matrix, targets, squared, l2>);
  BOOST_TEST((lasting && of_const && of_span));
}
