// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE model_predict
#include "localsgd/model/predict.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <span>
#include <string>
#include <vector>

#include "localsgd/core/tensor.hpp"
#include "localsgd/data/csr_matrix.hpp"
#include "localsgd/data/dataset.hpp"
#include "test/support/problems.hpp"

namespace {

using namespace localsgd;
using numbers = std::vector<double>;

linear_model model_of(std::string loss, numbers labels, std::size_t outputs = 1) {
  linear_model m{.loss = std::move(loss),
                 .features = 2,
                 .coefficients = {},
                 .intercepts = {},
                 .labels = std::move(labels),
                 .names = {}};
  for (std::size_t k = 0; k != outputs; ++k) {
    double const sign = k % 2 == 0 ? 1 : -1;
    m.coefficients.insert(m.coefficients.end(), {sign * 2, sign * -1});
    m.intercepts.push_back(static_cast<double>(k) + 0.5);
  }
  return m;
}

dense_matrix<double> const rows{{1, 0}, {0, 2}, {0, 0.5}};  // z = 2.5, -1.5, 0 with one output

template <class Call>
std::string refused_data(Call const& call) {
  try {
    call();
  } catch (invalid_data const& e) {
    return e.file + ": " + e.found + ", " + e.expected;
  }
  return "nothing";
}
template <class Call>
invalid_settings refused(Call const& call) {
  return support::error_of<invalid_settings>(call);
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_decision_value_is_the_product_plus_the_intercept) {
  BOOST_TEST((decision_function(model_of("squared", {}), rows) == numbers{2.5, -1.5, 0}));
  // The second output has the opposite coefficients, and an intercept of 1.5.
  BOOST_TEST((decision_function(model_of("softmax", {0, 1}, 2), rows) ==
              numbers{2.5, -0.5, -1.5, 3.5, 0, 2}));
}

BOOST_AUTO_TEST_CASE(rows_of_all_types_give_the_same_values) {
  auto const m = model_of("logistic", {-1, 1});
  numbers const expected{2.5, -1.5, 0};
  dense_matrix<float> const narrow{{1, 0}, {0, 2}, {0, 0.5F}};
  BOOST_TEST((decision_function(m, narrow) == expected));
  BOOST_TEST((decision_function(m, to_csr(narrow)) == expected));
  BOOST_TEST((decision_function(m, to_csr(rows)) == expected));
  dataset<csr_matrix<float>> const data{to_csr(narrow), {1, -1, 1}};
  BOOST_TEST((decision_function(m, data) == expected));
  BOOST_TEST((predict(m, data) == numbers{1, -1, -1}));
  BOOST_TEST(predict_probability(m, data).size() == 3U);
}

BOOST_AUTO_TEST_CASE(sparse_rows_may_lack_features_or_have_more) {
  auto const m = model_of("squared", {});
  dense_matrix<double> const wide{{1, 0, 9, 0}, {0, 2, 0, 9}, {0, 0.5, 0, 0}, {0, 0, 1, 1}};
  BOOST_TEST((decision_function(m, to_csr(wide)) == numbers{2.5, -1.5, 0, 0.5}));
  dense_matrix<double> const narrow{{1}, {0}};
  BOOST_TEST((decision_function(m, to_csr(narrow)) == numbers{2.5, 0.5}));
}

BOOST_AUTO_TEST_CASE(dense_rows_of_another_width_are_refused) {
  auto const m = model_of("logistic", {-1, 1});
  dense_matrix<double> const wide{{1, 0, 9}}, narrow{{1}};
  BOOST_TEST(refused_data([&] { decision_function(m, wide); }) ==
             "rows: 3 columns, 2, the number of features of the model");
  BOOST_TEST(refused_data([&] { predict(m, narrow); }) ==
             "rows: 1 columns, 2, the number of features of the model");
  BOOST_TEST(refused_data([&] { predict_probability(m, narrow); }) ==
             "rows: 1 columns, 2, the number of features of the model");
}

BOOST_AUTO_TEST_CASE(a_model_whose_sizes_disagree_is_refused) {
  auto m = model_of("logistic", {-1, 1});
  m.coefficients.pop_back();
  BOOST_TEST(refused_data([&] { predict(m, rows); }).starts_with("model.coefficients"));
  BOOST_TEST(refused_data([&] { predict(linear_model{}, rows); }).starts_with("model.features"));
}

BOOST_AUTO_TEST_CASE(two_classes_are_told_apart_by_the_sign_and_0_is_the_first) {
  BOOST_TEST((predict(model_of("logistic", {-1, 1}), rows) == numbers{1, -1, -1}));
  BOOST_TEST((predict(model_of("squared", {7, 3}), rows) == numbers{3, 7, 7}));
}

BOOST_AUTO_TEST_CASE(of_more_outputs_the_largest_decides_and_the_first_of_equals) {
  auto m = model_of("softmax", {10, 20}, 2);
  BOOST_TEST((predict(m, rows) == numbers{10, 20, 20}));
  m.intercepts = {2, 1};  // z = 4, -1 and 0, 3 and 1.5, 1.5
  BOOST_TEST((predict(m, rows) == numbers{10, 20, 10}));
}

BOOST_AUTO_TEST_CASE(names_are_those_of_the_predicted_classes) {
  auto m = model_of("logistic", {-1, 1});
  BOOST_TEST((predict_names(m, rows) == std::vector<std::string>{"1", "-1", "-1"}));
  m.names = {"ham", "spam"};
  BOOST_TEST((predict_names(m, rows) == std::vector<std::string>{"spam", "ham", "ham"}));
  BOOST_TEST(refused([] { predict_names(model_of("squared", {}), rows); }).field == "model.kind");
}

BOOST_AUTO_TEST_CASE(a_regression_predicts_the_mean) {
  BOOST_TEST((predict(model_of("squared", {}), rows) == numbers{2.5, -1.5, 0}));
  numbers const exponentials{std::exp(2.5), std::exp(-1.5), 1};
  BOOST_TEST((predict(model_of("poisson", {}), rows) == exponentials));
  BOOST_TEST((predict(model_of("gamma_loss", {}), rows) == exponentials));
}

BOOST_AUTO_TEST_CASE(probabilities_of_two_classes_are_the_logistic_function) {
  auto m = model_of("logistic", {-1, 1});
  auto const p = predict_probability(m, rows);
  BOOST_TEST(p[0] == 1 / (1 + std::exp(-2.5)), boost::test_tools::tolerance(1e-15));
  BOOST_TEST(p[1] == 1 / (1 + std::exp(1.5)), boost::test_tools::tolerance(1e-15));
  BOOST_TEST(p[2] == 0.5);
}

BOOST_AUTO_TEST_CASE(probabilities_are_exact_in_the_tails) {
  auto m = model_of("logistic", {-1, 1});
  m.coefficients = {1, 0};
  m.intercepts = {0};
  dense_matrix<double> const far{{-30, 0}, {-740, 0}, {-1e300, 0}, {1e300, 0}, {40, 0}};
  auto const p = predict_probability(m, far);
  // e^z/(1 + e^z) = e^z − e^2z + …; at −740 e^z is below the smallest normal number.
  BOOST_TEST(p[0] == std::exp(-30.0) - std::exp(-60.0), boost::test_tools::tolerance(1e-15));
  BOOST_TEST(p[1] == std::exp(-740.0));
  BOOST_TEST(p[1] > 0);
  BOOST_TEST(p[2] == 0);
  BOOST_TEST(p[3] == 1);
  BOOST_TEST(p[4] == 1);
}

BOOST_AUTO_TEST_CASE(probabilities_of_softmax_sum_to_1_and_never_overflow) {
  auto m = model_of("softmax", {0, 1, 2}, 3);
  m.coefficients = {1, 0, 0, 0, -1, 0};
  m.intercepts = {0, 0, 0};
  dense_matrix<double> const some{{std::log(2), 0}, {1000, 0}, {-700, 0}};
  auto const p = predict_probability(m, some);
  BOOST_TEST(p.size() == 9U);
  // e^z = 2, 1, 1/2.
  BOOST_TEST(p[0] == 4 / 7., boost::test_tools::tolerance(1e-15));
  BOOST_TEST(p[1] == 2 / 7., boost::test_tools::tolerance(1e-15));
  BOOST_TEST(p[2] == 1 / 7., boost::test_tools::tolerance(1e-15));
  BOOST_TEST(p[3] == 1);
  BOOST_TEST(p[4] == 0);
  BOOST_TEST(p[7] == std::exp(-700.0), boost::test_tools::tolerance(1e-12));
  BOOST_TEST(p[8] == 1);
}

BOOST_AUTO_TEST_CASE(one_against_all_others_is_normalised_as_liblinear_does) {
  auto m = model_of("logistic", {0, 1, 2}, 3);
  m.coefficients = {1, 0, 1, 0, 1, 0};
  m.intercepts = {std::log(3), 0, 0};
  dense_matrix<double> const some{{0, 0}, {-2000, 0}};
  auto const p = predict_probability(m, some);
  // 3/4, 1/2, 1/2, whose sum is 7/4. Far below 0 the ratios are those of the exponentials.
  BOOST_TEST(p[0] == 3 / 7., boost::test_tools::tolerance(1e-15));
  BOOST_TEST(p[2] == 2 / 7., boost::test_tools::tolerance(1e-15));
  BOOST_TEST(p[3] == 3 / 5., boost::test_tools::tolerance(1e-12));
  BOOST_TEST(p[5] == 1 / 5., boost::test_tools::tolerance(1e-12));
}

BOOST_AUTO_TEST_CASE(other_models_have_no_probabilities) {
  auto const hinge = refused([] { predict_probability(model_of("squared_hinge", {-1, 1}), rows); });
  BOOST_TEST(hinge.field == "model.loss");
  BOOST_TEST(hinge.value == "squared_hinge");
  BOOST_TEST(refused([] { predict_probability(model_of("poisson", {}), rows); }).value ==
             "poisson");
  BOOST_TEST(refused([] { predict_probability(model_of("logistic", {}), rows); }).value ==
             "logistic");
  BOOST_TEST(refused([] { predict_probability(model_of("", {1, 2}), rows); }).value == "unknown");
}
