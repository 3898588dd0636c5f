// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE planning_regularization_path
#include "localsgd/planning/regularization_path.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "localsgd/loss/logistic.hpp"
#include "localsgd/loss/squared.hpp"
#include "localsgd/objective/linear.hpp"
#include "localsgd/regularizer/elastic_net.hpp"
#include "localsgd/regularizer/l1.hpp"
#include "localsgd/synchronizer/serial.hpp"
#include "localsgd/synchronizer/thread_pool.hpp"
#include "localsgd/worker/sgd.hpp"
#include "test/support/problems.hpp"

namespace {

using namespace localsgd;

double soft(double b, double lambda) { return std::copysign(std::max(std::abs(b) - lambda, 0.0), b); }

/// n rows of correlated features, and signs that depend on every third.
struct data {
  dense_matrix<double> rows;
  std::vector<double> signs;

  data(std::size_t n, std::size_t d) : rows(support::random_features<double>(n, d, 1)), signs(n) {
    support::numbers random(2);
    for (std::size_t i = 0; i != n; ++i) {
      double z = random.between(-3, 3);
      double const common = random.between(-3, 3);
      for (std::size_t j = 0; j != d; ++j) rows(i, j) += common;
      for (std::size_t j = 0; j < d; j += 3) z += (j % 2 == 0 ? 1 : -0.5) * rows(i, j);
      signs[i] = z > 0 ? 1 : -1;
    }
  }
  auto lasso() const {
    return [this](double lambda) { return linear_objective(rows, signs, logistic{}, l1{lambda}); };
  }
};

struct stopping {
  proceed after_evaluation(evaluation const&, plan const&) const { return proceed::no; }
};

template <class... C>
concept accepted = requires(data const& all, std::vector<double> const& l, C&... c) {
  regularization_path(all.lasso(), l, settings{}, c...);
};

}  // namespace

BOOST_AUTO_TEST_CASE(orthogonal_features_have_the_soft_thresholds_of_the_correlations) {
  // Columns of +-1 that are orthogonal, n = 4: f(x) = |x - b|^2/2 + const, b = A'y/4.
  dense_matrix<double> const a{{1, 1, 1}, {1, -1, -1}, {-1, 1, -1}, {-1, -1, 1}};
  std::vector<double> const y{4, 1, -2, 0};
  std::vector<double> const b{(4 + 1 + 2 + 0) / 4.0, (4 - 1 - 2 - 0) / 4.0, (4 - 1 + 2 + 0) / 4.0};
  auto const make = [&](double lambda) { return linear_objective(a, y, squared{}, l1{lambda}); };
  std::vector<double> const lambdas{2, 1.5, 1, 0.5, 0.1};
  serial one;
  auto const path = regularization_path(make, lambdas, {.tolerance = 1e-11}, one);
  BOOST_TEST_REQUIRE(path.points.size() == lambdas.size());
  BOOST_TEST(path.tolerance == 1e-11);
  std::vector<std::size_t> const support{0, 1, 2, 2, 3};
  for (std::size_t i = 0; i != lambdas.size(); ++i) {
    auto const& at = path.points[i];
    BOOST_TEST(at.lambda == lambdas[i]);
    BOOST_TEST(at.support == support[i]);
    BOOST_TEST(at.fit.certificate <= 1e-11);
    for (std::size_t j = 0; j != 3; ++j)  // |x - x*|^2/2 <= f(x) - f*
      BOOST_TEST(std::abs(at.fit.x[j] - soft(b[j], lambdas[i])) <= std::sqrt(2 * 1e-11));
  }
}

BOOST_AUTO_TEST_CASE(lambda_max_is_where_the_first_coefficient_appears) {
  data const all(400, 12);
  double const most = lambda_max(all.lasso()(1));
  std::vector<double> const lambdas{1.01 * most, most, 0.99 * most};
  auto const path = regularization_path(all.lasso(), lambdas, {.tolerance = 1e-12});
  BOOST_TEST(path.points[0].support == 0u);
  BOOST_TEST(path.points[1].support == 0u);
  BOOST_TEST(path.points[2].support >= 1u);
}

BOOST_AUTO_TEST_CASE(a_path_has_the_minima_of_separate_runs_for_far_fewer_gradients) {
  data const all(2000, 30);
  auto const lambdas = lambda_sequence(all.lasso()(1), 20);
  serial one;
  auto const path = regularization_path(all.lasso(), lambdas, {.tolerance = 1e-8}, one);
  std::uint64_t cold = 0, sum = 0;
  for (auto const& at : path.points) {
    auto const alone = minimize(all.lasso()(at.lambda), {.tolerance = 1e-8}, one);
    // Each is above the common minimum, by at most its certificate.
    BOOST_TEST(at.fit.objective - alone.objective <= at.fit.certificate);
    BOOST_TEST(alone.objective - at.fit.objective <= alone.certificate);
    BOOST_TEST((at.fit.reason == stop_reason::tolerance_reached));
    // What a step moves to 0 is 0, not nearly so.
    for (double const x : at.fit.x) BOOST_TEST((x == 0 || std::abs(x) > 1e-9));
    cold += alone.gradients;
    sum += at.fit.gradients;
  }
  BOOST_TEST(path.gradients == sum);
  // Both consist of Newton steps; a cold run needs about twice as many.
  BOOST_TEST(static_cast<double>(sum) < 0.6 * static_cast<double>(cold),
             sum << " gradients in place of " << cold);
}

BOOST_AUTO_TEST_CASE(newton_steps_take_the_place_of_all_local_steps) {
  data const all(500, 10);
  serial one;
  auto const path =
      regularization_path(all.lasso(), geometric_sequence(0.1, 0.5, 5), {.tolerance = 1e-7}, one);
  for (auto const& at : path.points) BOOST_TEST(at.fit.steps == 0u);
}

BOOST_AUTO_TEST_CASE(with_fewer_samples_than_coordinates_so_they_do_from_0) {
  data const all(60, 300);
  serial one;
  auto const r = minimize(all.lasso()(0.02), {.tolerance = 1e-6}, one);
  BOOST_TEST(r.certificate <= 1e-6);
  BOOST_TEST(r.steps == 0u);
  BOOST_TEST(r.gradients < 60u * 60);
}

BOOST_AUTO_TEST_CASE(each_run_starts_at_the_minimum_before_and_has_the_same_bits_on_all_threads) {
  data const all(300, 8);
  std::vector<double> const lambdas{0.1, 0.03};
  settings const s{.workers = 3, .tolerance = 1e-6, .seed = 4};
  thread_pool pool(2);
  serial one;
  auto const path = regularization_path(all.lasso(), lambdas, s, pool);
  auto const first = minimize(all.lasso()(0.1), s, one);
  auto const second = minimize(all.lasso()(0.03), s, one, warm_start(first.x));
  BOOST_TEST((path.points[0].fit.x == first.x));
  BOOST_TEST((path.points[1].fit.x == second.x));
  BOOST_TEST(path.points[1].fit.gradients == second.gradients);
}

BOOST_AUTO_TEST_CASE(any_family_of_objectives_has_a_path) {
  data const all(300, 8);
  std::vector<double> const lambdas{1, 0.1, 0.01};
  auto const check = [&](auto const& make) {
    auto const path = regularization_path(make, lambdas, {.tolerance = 1e-7});
    for (std::size_t i = 0; i != lambdas.size(); ++i) {
      auto const alone = minimize(make(lambdas[i]), {.tolerance = 1e-7});
      BOOST_TEST(path.points[i].fit.certificate <= 1e-7);
      BOOST_TEST(std::abs(path.points[i].fit.objective - alone.objective) <= 1e-7);
    }
    return path.points.back().support;
  };
  // Ridge regression has no zeros; the intercept is not counted.
  BOOST_TEST(check([&](double lambda) {
               return linear_objective(all.rows, all.signs, logistic{}, l2{lambda},
                                       {.intercept = 1});
             }) == 8u);
  check([&](double lambda) {
    return linear_objective(all.rows, all.signs, squared{}, elastic_net{lambda / 2, lambda / 2});
  });
}

BOOST_AUTO_TEST_CASE(without_a_tolerance_it_is_a_ten_thousandth_of_the_objective_at_0) {
  data const all(100, 4);
  std::vector<double> const lambdas{0.1, 0.01};
  auto const path = regularization_path(all.lasso(), lambdas);
  BOOST_TEST(path.tolerance == 1e-4 * std::log(2.0), boost::test_tools::tolerance(1e-12));
  for (auto const& at : path.points) BOOST_TEST(at.fit.certificate <= path.tolerance);
  // f(0) = 0 is the minimum already.
  std::vector<double> const zeros(100, 0.0);
  auto const nothing = regularization_path(
      [&](double lambda) { return linear_objective(all.rows, zeros, squared{}, l1{lambda}); },
      lambdas);
  BOOST_TEST(nothing.tolerance > 0);
  BOOST_TEST(nothing.points[1].support == 0u);
}

BOOST_AUTO_TEST_CASE(an_observer_that_stops_a_run_ends_the_path) {
  data const all(100, 4);
  std::vector<double> const lambdas{0.2, 0.1, 0.01};
  stopping stop;
  auto const path = regularization_path(all.lasso(), lambdas, {}, stop, sgd{});
  BOOST_TEST(path.points.size() == 1u);
}

BOOST_AUTO_TEST_CASE(the_table_has_a_line_for_each_lambda) {
  path_result<> path;
  path.points.resize(2);
  path.points[0].lambda = 0.25;
  path.points[1].lambda = 0.125;
  path.points[1].support = 1234;
  path.points[1].fit.certificate = 0.5;
  path.points[1].fit.reason = stop_reason::tolerance_reached;
  path.gradients = 5000;
  auto const text = to_string(path);
  BOOST_TEST(std::count(text.begin(), text.end(), '\n') == 4);
  for (char const* const part : {"0.25", "0.125", "1,234", "not known", "tolerance_reached", "5,000"})
    BOOST_TEST(text.find(part) != std::string::npos, text << " lacks " << part);
}

BOOST_AUTO_TEST_CASE(sequences_that_do_not_fall_are_refused_by_name) {
  data const all(10, 2);
  auto const refused = [&](std::vector<double> const& lambdas, char const* field) {
    auto const e = support::error_of<invalid_settings>(
        [&] { (void)regularization_path(all.lasso(), lambdas); });
    BOOST_TEST(e.field == field);
  };
  refused({}, "lambdas");
  refused({0}, "lambdas[0]");
  refused({1, -1}, "lambdas[1]");
  refused({1, 1}, "lambdas[1]");
  refused({1, 0.5, 0.7}, "lambdas[2]");
  refused({1, support::not_a_number}, "lambdas[1]");
  refused({support::infinity, 1}, "lambdas[0]");
  auto const e = support::error_of<invalid_settings>([&] {
    (void)regularization_path(all.lasso(), std::vector<double>{1}, {.workers = 0});
  });
  BOOST_TEST(e.field == "workers");
}

static_assert(accepted<> && accepted<serial, every>);
static_assert(!accepted<warm_start> && !accepted<warm_start const>,
              "a path decides where its runs start");
static_assert(!accepted<std::string>);
