// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE planning_cross_validate
#include "localsgd/planning/cross_validate.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "localsgd/loss/logistic.hpp"
#include "localsgd/loss/squared.hpp"
#include "localsgd/objective/linear.hpp"
#include "localsgd/regularizer/l1.hpp"
#include "localsgd/synchronizer/serial.hpp"
#include "localsgd/synchronizer/thread_pool.hpp"
#include "test/support/problems.hpp"

namespace {

using namespace localsgd;

auto const lasso = [](auto const& part, double lambda) {
  return linear_objective(part.features, part.targets, squared{}, l1{lambda},
                          {.weights = part.weights});
};

/// One feature, seven samples, three folds.
struct tiny {
  dense_matrix<double> rows{{1.}, {2.}, {-1.}, {0.5}, {3.}, {-2.}, {1.5}};
  std::vector<double> y{1.2, 1.5, -0.7, 0.9, 3.5, -2.5, 0.3};
  std::vector<std::size_t> fold_of{0, 1, 2, 0, 1, 2, 0};
  std::vector<double> lambdas{2, 0.5, 0.1, 0.01};
};

/// The lasso of one feature: f(x) = (S_aa x^2 - 2 S_ay x)/2 + const + lambda |x|, S over the weights.
double lasso_of_one(tiny const& t, std::vector<double> const& s, std::size_t left_out, double lambda) {
  double total = 0, square = 0, product = 0;
  for (std::size_t i = 0; i != t.y.size(); ++i) {
    if (t.fold_of[i] == left_out) continue;
    total += s[i];
    square += s[i] * t.rows(i, 0) * t.rows(i, 0);
    product += s[i] * t.rows(i, 0) * t.y[i];
  }
  double const b = product / total;
  return std::copysign(std::max(std::abs(b) - lambda, 0.0), b) / (square / total);
}

settings const exact{.workers = 2, .tolerance = 1e-14};

void check_against_loops(tiny const& t, std::vector<double> const& s,
                         cross_validation_result<> const& cv) {
  double const total = s[0] + s[1] + s[2] + s[3] + s[4] + s[5] + s[6];
  BOOST_TEST_REQUIRE(cv.points.size() == t.lambdas.size());
  std::size_t best = 0;
  for (std::size_t l = 0; l != t.lambdas.size(); ++l) {
    double error[3], share[3], mean = 0, squares = 0;
    for (std::size_t fold = 0; fold != 3; ++fold) {
      double const x = lasso_of_one(t, s, fold, t.lambdas[l]);
      double loss = 0, weight = 0;
      for (std::size_t i = 0; i != t.y.size(); ++i) {
        if (t.fold_of[i] != fold) continue;
        double const off = t.rows(i, 0) * x - t.y[i];
        loss += s[i] * off * off / 2;
        weight += s[i];
      }
      error[fold] = loss / weight;
      share[fold] = weight / total;
      mean += share[fold] * error[fold];
    }
    for (std::size_t fold = 0; fold != 3; ++fold)
      squares += share[fold] * (error[fold] - mean) * (error[fold] - mean);
    auto const& at = cv.points[l];
    BOOST_TEST(at.lambda == t.lambdas[l]);
    BOOST_TEST(at.mean == mean, boost::test_tools::tolerance(1e-5));
    BOOST_TEST(at.standard_error == std::sqrt(squares / 2), boost::test_tools::tolerance(1e-5));
    for (std::size_t fold = 0; fold != 3; ++fold)
      BOOST_TEST(at.errors[fold] == error[fold], boost::test_tools::tolerance(1e-5));
    if (at.mean < cv.points[best].mean) best = l;
  }
  BOOST_TEST(cv.best == best);
}

/// n samples of two classes, of which the first feature tells most.
struct classes {
  dense_matrix<double> rows;
  std::vector<double> y;
  explicit classes(std::size_t n) : rows(support::random_features<double>(n, 5, 3)), y(n) {
    support::numbers random(4);
    for (std::size_t i = 0; i != n; ++i) y[i] = rows(i, 0) + random.between(-1, 1) > 0.8 ? 1 : -1;
  }
};
auto const classifier = [](auto const& part, double lambda) {
  return linear_objective(part.features, part.targets, logistic{}, l1{lambda});
};

}  // namespace

BOOST_AUTO_TEST_CASE(the_errors_are_those_of_an_exhaustive_loop) {
  tiny const t;
  auto const cv = cross_validate(t.rows, t.y, lasso, t.lambdas, mean_loss{},
                                 {.fold_of = t.fold_of}, exact);
  check_against_loops(t, std::vector<double>(7, 1.0), cv);
  BOOST_TEST(cv.fold_of == t.fold_of, boost::test_tools::per_element());
  auto const sparse = to_csr(t.rows);
  check_against_loops(t, std::vector<double>(7, 1.0),
                      cross_validate(sparse, t.y, lasso, t.lambdas, mean_loss{},
                                     {.fold_of = t.fold_of}, exact));
}

BOOST_AUTO_TEST_CASE(weights_count_in_training_in_the_metric_and_in_the_mean) {
  tiny const t;
  std::vector<double> const weights{1, 2, 0.5, 3, 1, 1, 0};
  check_against_loops(t, weights,
                      cross_validate(t.rows, t.y, lasso, t.lambdas, mean_loss{},
                                     {.fold_of = t.fold_of, .weights = weights}, exact));
}

BOOST_AUTO_TEST_CASE(the_refitted_path_is_that_of_all_samples) {
  tiny const t;
  auto const cv = cross_validate(t.rows, t.y, lasso, t.lambdas, mean_loss{},
                                 {.fold_of = t.fold_of}, exact);
  auto const path = regularization_path(
      [&](double lambda) { return linear_objective(t.rows, t.y, squared{}, l1{lambda}); },
      t.lambdas, exact);
  BOOST_TEST_REQUIRE(cv.path.points.size() == 4u);
  for (std::size_t i = 0; i != 4; ++i)
    BOOST_TEST((cv.path.points[i].fit.x == path.points[i].fit.x));
  auto const without = cross_validate(t.rows, t.y, lasso, t.lambdas, mean_loss{},
                                      {.fold_of = t.fold_of, .refit = false}, exact);
  BOOST_TEST(without.path.points.empty());
  BOOST_TEST(without.gradients + path.gradients == cv.gradients);
}

BOOST_AUTO_TEST_CASE(classes_are_stratified_unless_told_otherwise) {
  classes const all(90);
  std::vector<double> const lambdas{0.1};
  auto const folds = [&](cross_validation_options const& options) {
    return cross_validate(all.rows, all.y, classifier, lambdas, mean_loss{}, options).fold_of;
  };
  BOOST_TEST((folds({.folds = 4, .seed = 3}) == stratified_folds(all.y, 4, 3)));
  BOOST_TEST((folds({.folds = 4, .seed = 3, .stratified = false}) == random_folds(90, 4, 3)));
  tiny const t;
  auto const cv = cross_validate(t.rows, t.y, lasso, lambdas, mean_loss{}, {.folds = 2});
  BOOST_TEST((cv.fold_of == random_folds(7, 2, 0)));
}

BOOST_AUTO_TEST_CASE(the_same_call_has_the_same_bits_on_any_number_of_threads) {
  classes const all(120);
  std::vector<double> const lambdas{0.1, 0.03, 0.01};
  thread_pool pool(2);
  serial one;
  auto const a = cross_validate(all.rows, all.y, classifier, lambdas, error_rate{}, {.folds = 3},
                                {.workers = 4}, pool);
  auto const b = cross_validate(all.rows, all.y, classifier, lambdas, error_rate{}, {.folds = 3},
                                {.workers = 4}, one);
  for (std::size_t i = 0; i != lambdas.size(); ++i) {
    BOOST_TEST(a.points[i].errors == b.points[i].errors, boost::test_tools::per_element());
    BOOST_TEST(a.points[i].mean == b.points[i].mean);
    BOOST_TEST((a.path.points[i].fit.x == b.path.points[i].fit.x));
  }
  BOOST_TEST(a.gradients == b.gradients);
  // A share of the samples, and better than chance.
  BOOST_TEST(a.points[a.best].mean < 0.3);
  for (double const error : a.points[0].errors) BOOST_TEST(40 * error == std::round(40 * error));
}

BOOST_AUTO_TEST_CASE(a_metric_sees_the_samples_that_were_held_out) {
  tiny const t;
  std::vector<double> seen;
  auto const count = [&](auto const& f, std::span<double const> x) {
    for (std::size_t i = 0; i != f.samples(); ++i) seen.push_back(f.target(i));
    return x[0];
  };
  std::vector<double> const lambdas{0.1};
  auto const cv = cross_validate(t.rows, t.y, lasso, lambdas, count, {.fold_of = t.fold_of}, exact);
  BOOST_TEST(seen == (std::vector<double>{1.2, 0.9, 0.3, 1.5, 3.5, -0.7, -2.5}),
             boost::test_tools::per_element());
  for (std::size_t fold = 0; fold != 3; ++fold)
    BOOST_TEST(std::abs(cv.points[0].errors[fold] -
                        lasso_of_one(t, std::vector<double>(7, 1.0), fold, 0.1)) < 1e-6);
}

BOOST_AUTO_TEST_CASE(one_standard_error_is_the_largest_lambda_that_is_about_as_good) {
  cross_validation_result<> all;
  all.points.resize(5);
  double const means[] = {3, 1.2, 1.4, 1, 1}, standard_errors[] = {1, 1, 1, 0.25, 9};
  for (std::size_t i = 0; i != 5; ++i) {
    all.points[i].mean = means[i];
    all.points[i].standard_error = standard_errors[i];
  }
  detail::choose(all);
  BOOST_TEST(all.best == 3u);                // the first of equals
  BOOST_TEST(all.one_standard_error == 1u);  // 1.2 <= 1 + 0.25
  all.points[3].mean = support::not_a_number;
  all.points[4].mean = support::infinity;
  detail::choose(all);
  BOOST_TEST(all.best == 1u);
  BOOST_TEST(all.one_standard_error == 1u);
}

BOOST_AUTO_TEST_CASE(the_table_marks_both_choices) {
  cross_validation_result<> all;
  all.points.resize(2);
  all.points[0].mean = 0.5;
  all.best = 1;
  auto const text = to_string(all);
  BOOST_TEST(std::count(text.begin(), text.end(), '\n') == 3);
  BOOST_TEST(text.find("0.5") < text.find("one standard error"));
  BOOST_TEST(text.find("  one standard error\n") < text.find("  best\n"));
}

BOOST_AUTO_TEST_CASE(arguments_out_of_range_are_refused_by_name) {
  tiny const t;
  auto const refused = [&](cross_validation_options const& options, std::string const& field,
                           std::vector<double> const& lambdas = {1}) {
    auto const e = support::error_of<invalid_settings>([&] {
      (void)cross_validate(t.rows, t.y, lasso, lambdas, mean_loss{}, options);
    });
    BOOST_TEST(e.field == field);
  };
  refused({.folds = 1}, "folds");
  refused({.folds = 8}, "folds");
  refused({.fold_of = {0, 1}}, "fold_of.size()");
  refused({.fold_of = {0, 0, 0, 0, 0, 0, 0}}, "fold_of");
  refused({.fold_of = {0, 0, 0, 0, 0, 0, 2}}, "fold_of");
  refused({.fold_of = {0, 1, 0, 1, 0, 1, 7}}, "fold_of");
  std::vector<double> const zero{1, 1, 0, 1, 1, 0, 1}, negative{1, 1, -1, 1, 1, 1, 1};
  refused({.fold_of = t.fold_of, .weights = zero}, "weights");
  refused({.fold_of = t.fold_of, .weights = negative}, "weights[2]");
  refused({.folds = 2}, "lambdas[1]", {1, 2});
  std::vector<double> const short_of(t.y.begin(), t.y.end() - 1);
  BOOST_CHECK_THROW((void)cross_validate(t.rows, short_of, lasso, t.lambdas), invalid_data);
}
