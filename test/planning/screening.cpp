// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE planning_screening
#include "localsgd/planning/screening.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "localsgd/loss/logistic.hpp"
#include "localsgd/loss/squared.hpp"
#include "localsgd/objective/linear.hpp"
#include "localsgd/planning/regularization_path.hpp"
#include "localsgd/regularizer/elastic_net.hpp"
#include "localsgd/regularizer/l1.hpp"
#include "localsgd/regularizer/nonnegative.hpp"
#include "localsgd/regularizer/weighted.hpp"
#include "localsgd/synchronizer/serial.hpp"
#include "localsgd/synchronizer/thread_pool.hpp"
#include "test/support/problems.hpp"

namespace {

using namespace localsgd;

/// n sparse rows of d features, with targets that depend on ten of them; weights and offsets.
struct data {
  csr_matrix<double> rows;
  std::vector<double> targets, signs, weights, offset;

  data(std::size_t n, std::size_t d) {
    support::numbers random(3);
    dense_matrix<double> a(std::array<std::size_t, 2>{n, d}, 0.0);
    for (std::size_t i = 0; i != n; ++i) {
      double z = 0.3;
      for (std::size_t k = 0; k != d / 8; ++k)
        a(i, static_cast<std::size_t>(random.between(0, 0.999999) * static_cast<double>(d))) =
            random.between(-1, 1);
      for (std::size_t j = 0; j != 10; ++j) z += (j % 2 == 0 ? 2 : -3) * a(i, j * d / 10);
      targets.push_back(z + 0.1 * random.between(-1, 1));
      signs.push_back(z > 0.3 ? 1 : -1);
      weights.push_back(random.between(0.5, 2));
      offset.push_back(random.between(-0.2, 0.2));
    }
    rows = to_csr(a);
  }
};

// The path with screening and without: answers that the certificates say are close.
template <class Make>
void compare(Make const& make, double ratio, double tolerance) {
  auto const lambdas = geometric_sequence(lambda_max(make(1)), ratio, 12);
  serial one;
  settings const s{.tolerance = tolerance};
  auto const screened = regularization_path(make, lambdas, s, path_options{.screening = true}, one);
  auto const plain = regularization_path(make, lambdas, s, path_options{.screening = false}, one);
  for (std::size_t i = 0; i != lambdas.size(); ++i) {
    auto const &a = screened.points[i].fit, &b = plain.points[i].fit;
    BOOST_TEST((a.reason == stop_reason::tolerance_reached));
    BOOST_TEST(a.certificate <= tolerance);
    BOOST_TEST(a.x.size() == b.x.size());
    // f at the answer of the screened run, from all features.
    std::vector<double> const x(a.x.begin(), a.x.end());
    double const f = detail::evaluate_all(make(lambdas[i]), std::span<double const>(x)).objective;
    BOOST_TEST(std::abs(f - a.objective) <= 1e-13 * (1 + std::abs(f)));
    double const rounding = 1e-14 * (1 + std::abs(f));  // of two values of f
    BOOST_TEST(f - b.objective <= a.certificate + rounding);
    BOOST_TEST(b.objective - f <= b.certificate + rounding);
  }
}

}  // namespace

BOOST_AUTO_TEST_CASE(answers_with_screening_are_as_good_as_without) {
  data const all(80, 400);
  compare([&](double lambda) { return linear_objective(all.rows, all.targets, squared{}, l1{lambda}); },
          0.01, 1e-9);
  compare([&](double lambda) {
            return linear_objective(all.rows, all.signs, logistic{}, l1{lambda},
                                    {.intercept = 1, .weights = all.weights, .offset = all.offset});
          },
          0.05, 1e-8);
  compare([&](double lambda) {
            return linear_objective(all.rows, all.signs, logistic{}, elastic_net{lambda, lambda / 10},
                                    {.intercept = 2, .regularize_intercept = true});
          },
          0.05, 1e-8);
  compare([&](double lambda) {
            return linear_objective(all.rows, all.targets, squared{}, nonnegative{l1{lambda}},
                                    {.intercept = 1});
          },
          0.1, 1e-8);
}

BOOST_AUTO_TEST_CASE(features_that_the_rule_leaves_out_wrongly_come_back) {
  // lambda falls by a factor of 100 at once: at lambda_max only one feature has a gradient above half of it.
  data const all(80, 400);
  auto const make = [&](double lambda) {
    return linear_objective(all.rows, all.targets, squared{}, l1{lambda});
  };
  double const most = lambda_max(make(1));
  serial one;
  auto const path = regularization_path(make, std::vector<double>{most, most / 100},
                                        {.tolerance = 1e-8}, path_options{}, one);
  BOOST_TEST(path.points[0].support == 0u);
  BOOST_TEST(path.points[1].support >= 10u);
  auto const alone = minimize(make(most / 100), {.tolerance = 1e-8}, one);
  BOOST_TEST(std::abs(path.points[1].fit.objective - alone.objective) <= 1e-8);
}

BOOST_AUTO_TEST_CASE(the_bits_are_the_same_on_any_number_of_threads) {
  data const all(80, 400);
  auto const make = [&](double lambda) {
    return linear_objective(all.rows, all.signs, logistic{}, l1{lambda}, {.intercept = 1});
  };
  auto const lambdas = geometric_sequence(lambda_max(make(1)), 0.1, 6);
  thread_pool two(2);
  serial one;
  auto const a = regularization_path(make, lambdas, {.tolerance = 1e-8}, one);
  auto const b = regularization_path(make, lambdas, {.tolerance = 1e-8}, two);
  for (std::size_t i = 0; i != lambdas.size(); ++i) {
    BOOST_TEST((a.points[i].fit.x == b.points[i].fit.x));
    BOOST_TEST(a.points[i].fit.certificate == b.points[i].fit.certificate);
  }
}

BOOST_AUTO_TEST_CASE(what_cannot_be_screened_is_not) {
  data const all(80, 400);
  serial one;
  auto const screens = [&](auto const& f, settings const& s) {
    detail::path_screening<std::remove_cvref_t<decltype(f)>> screening;
    return screening(f, s, {}, one).has_value();
  };
  linear_objective const lasso(all.rows, all.targets, squared{}, l1{1});
  BOOST_TEST(screens(lasso, {.tolerance = 1e-6}));
  BOOST_TEST(!screens(lasso, {.tolerance = 1e-6, .evaluations = 3}));
  BOOST_TEST(!screens(lasso, {.epochs = 3}));
  BOOST_TEST(!screens(linear_objective(all.rows, all.targets, squared{}, l1{0}), {.tolerance = 1e-6}));
  BOOST_TEST(!screens(linear_objective(all.rows, all.targets, squared{},
                                       weighted{l1{1}, std::vector<double>(400, 1.0)}),
                      {.tolerance = 1e-6}));
  static_assert(detail::path_screening<std::remove_cv_t<decltype(lasso)>>::possible);
  using ridge = linear_objective<csr_matrix<double>, squared, double, l2>;
  static_assert(!detail::path_screening<ridge>::possible);
}
