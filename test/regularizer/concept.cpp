// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE regularizer_concept
#include "localsgd/regularizer/concept.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "localsgd/loss/logistic.hpp"
#include "localsgd/loss/squared.hpp"
#include "localsgd/minimize.hpp"
#include "localsgd/objective/linear.hpp"
#include "localsgd/objective/sharded.hpp"
#include "localsgd/objective/softmax.hpp"
#include "localsgd/synchronizer/serial.hpp"
#include "localsgd/worker/svrg/svrg.hpp"
#include "test/support/regularizers.hpp"

namespace {

using localsgd::dense_matrix;
using localsgd::iterate_type;
using localsgd::linear_objective;
using localsgd::logistic;
using localsgd::minimize;
using localsgd::Regularizer;
using localsgd::serial;
using localsgd::settings;
using localsgd::softmax_objective;
using localsgd::squared;
using support::absolute;
using support::plain_ridge;
using support::smoothed_l1;
using namespace localsgd::detail;

struct not_one {
  double value(std::span<double const>) const;
};

/// The indicator of x ≤ 0 with all members that a separable regularizer may have.
struct nonpositive {
  double value(std::span<double const>) const;
  double strong_convexity() const;
  std::string identity() const;
  void prox(std::span<double>, double) const;
  void subgradient(std::span<double const>, std::span<double>) const;
  double conjugate(std::span<double const>) const;
  double dual_scale(std::span<double const>) const;
  double prox_at(std::size_t, double, double) const;
  double steps_at(std::size_t, double, double, double, std::uint64_t) const;
  std::pair<double, double> zero_interval(std::size_t) const;
  void check_dimension(std::size_t d) const {
    require(d == 2, "nonpositive", d, "2");
  }
};

}  // namespace

BOOST_AUTO_TEST_CASE(a_gradient_or_a_prox_makes_a_regularizer) {
  BOOST_TEST((Regularizer<smoothed_l1> && smooth_regularizer<smoothed_l1, double>));
  BOOST_TEST((Regularizer<absolute> && !smooth_regularizer<absolute, double>));
  BOOST_TEST((regularizer_has_prox<absolute, double> && !ridge_regularizer<absolute>));
  BOOST_TEST(!Regularizer<not_one>);
}

BOOST_AUTO_TEST_CASE(optional_members_are_found) {
  using r = nonpositive;
  BOOST_TEST((Regularizer<r> && !smooth_regularizer<r, double>));
  BOOST_TEST((separable_regularizer<r> && regularizer_has_closed_form_steps<r>));
  BOOST_TEST((regularizer_has_subgradient<r, double> && !regularizer_has_subgradient<r, float>));
  BOOST_TEST((regularizer_has_conjugate<r> && regularizer_has_dual_scale<r>));
  BOOST_TEST((regularizer_has_zero_interval<r> && regularizer_checks_dimension<r>));
  BOOST_TEST((!separable_regularizer<absolute> && !regularizer_has_closed_form_steps<absolute>));
  BOOST_TEST((!regularizer_has_subgradient<absolute, double>));
  BOOST_TEST((!regularizer_has_dual_scale<absolute> && !regularizer_has_zero_interval<absolute>));
  BOOST_TEST(!regularizer_checks_dimension<absolute>);
}

BOOST_AUTO_TEST_CASE(objectives_check_the_dimension_of_their_regularizer) {
  dense_matrix<double> const a{{1, 2}, {3, 4}};
  std::vector<double> const y{1, -1};
  std::vector<int> const classes{0, 1};
  linear_objective const right(a, y, logistic{}, nonpositive{});
  linear_objective const shifted(a, y, logistic{}, nonpositive{}, {.intercept = 1});  // free intercept
  auto const refused = [](localsgd::invalid_settings const& e) { return e.field == "nonpositive"; };
  BOOST_CHECK_EXCEPTION(linear_objective(a, y, logistic{}, nonpositive{},
                                         {.intercept = 1, .regularize_intercept = true}),
                        localsgd::invalid_settings, refused);
  BOOST_CHECK_EXCEPTION(softmax_objective(a, classes, 2, nonpositive{}),
                        localsgd::invalid_settings, refused);
  check_dimension_of(absolute{1}, 7);  // any dimension
}

BOOST_AUTO_TEST_CASE(one_overload_serves_one_scalar) {
  BOOST_TEST((Regularizer<plain_ridge, double> && !Regularizer<plain_ridge, float>));
  BOOST_TEST((Regularizer<smoothed_l1, float>));
}

BOOST_AUTO_TEST_CASE(the_test_regularizers_are_what_they_say) {
  support::check_gradient(smoothed_l1{0.7}, 4);
  support::check_gradient(plain_ridge{0.7}, 4);
  support::check_prox(absolute{0.7}, 4);
}

BOOST_AUTO_TEST_CASE(a_users_regularizer_reaches_the_minimum_of_a_linear_model) {
  // f(x) = ½(x − 2)² + λ(√(1 + x²) − 1): at x = ¾, x/√(1 + x²) is 3/5, so λ = 5/4·5/3 = 25/12.
  dense_matrix<double> const a{{1}, {1}};
  std::vector<double> const y{2, 2};
  linear_objective const f(a, y, squared{}, smoothed_l1{25.0 / 12});
  auto const r = minimize(f, settings{.workers = 2, .epochs = 400}, serial{});
  BOOST_TEST(std::abs(r.x[0] - 0.75) < 1e-3);
  BOOST_TEST(r.certificate == support::infinity);  // not strongly convex
}

BOOST_AUTO_TEST_CASE(a_users_ridge_gives_the_runs_of_sgd_with_l2) {
  // Up to rounding: the value and the gradient are summed in another order.
  auto const rows = support::random_features<double>(40, 6, 1);
  auto const y = support::random_signs(40, 2);
  std::vector<int> const classes(40, 1);
  settings const s{.workers = 3, .epochs = 5, .evaluations = 3};
  auto const same = [&](auto const& mine, auto const& stock) {
    auto const a = minimize(mine, s, serial{}), b = minimize(stock, s, serial{}, localsgd::sgd{});
    BOOST_TEST(support::euclidean_distance(a.x, b.x) < 1e-12);
    BOOST_TEST(std::abs(a.objective - b.objective) < 1e-12);
    BOOST_TEST(a.certificate >= b.certificate * (1 - 1e-6));  // l2 also has dual points, besides ‖∇f‖
  };
  same(linear_objective(rows, y, logistic{}, plain_ridge{0.1},
                        {.intercept = 1, .regularize_intercept = true}),
       linear_objective(rows, y, logistic{}, localsgd::l2{0.1},
                        {.intercept = 1, .regularize_intercept = true}));
  same(softmax_objective(rows, classes, 3, plain_ridge{0.1}),
       softmax_objective(rows, classes, 3, localsgd::l2{0.1}));
}

BOOST_AUTO_TEST_CASE(variance_reduction_and_tolerances_work_with_a_users_ridge) {
  auto const rows = support::random_features<double>(40, 6, 1);
  auto const y = support::random_signs(40, 2);
  linear_objective const f(rows, y, logistic{}, plain_ridge{0.1});
  serial one;
  auto const r = minimize(f, settings{.workers = 3, .tolerance = 1e-8}, one);
  BOOST_TEST(r.certificate <= 1e-8);
  auto const sparse = localsgd::to_csr(rows);
  localsgd::sharded_objective const shards(one, 2, [&](std::size_t) {
    return linear_objective(sparse, y, logistic{}, plain_ridge{0.1});
  });
  BOOST_TEST(minimize(shards, settings{.workers = 2, .tolerance = 1e-8}, one).certificate <= 1e-8);
}

BOOST_AUTO_TEST_CASE(float_iterates_need_a_regularizer_of_floats) {
  auto const rows = support::random_features<float>(40, 6, 1);
  auto const y = support::random_signs(40, 2);
  linear_objective const f(rows, y, logistic{}, smoothed_l1{0.1}, {}, iterate_type<float>{});
  auto const r = minimize(f, settings{.workers = 2}, serial{});
  BOOST_TEST(r.objective < std::log(2.0));
}
