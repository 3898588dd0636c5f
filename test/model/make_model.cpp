// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE model_make_model
#include "localsgd/model/make_model.hpp"

#include <boost/test/unit_test.hpp>
#include <cstddef>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "localsgd/core/tensor.hpp"
#include "localsgd/loss/gamma.hpp"
#include "localsgd/loss/huber.hpp"
#include "localsgd/loss/logistic.hpp"
#include "localsgd/loss/poisson.hpp"
#include "localsgd/loss/smoothed_hinge.hpp"
#include "localsgd/loss/smoothed_quantile.hpp"
#include "localsgd/loss/squared.hpp"
#include "localsgd/loss/squared_hinge.hpp"
#include "localsgd/model/predict.hpp"
#include "localsgd/objective/linear.hpp"
#include "localsgd/objective/sharded.hpp"
#include "localsgd/objective/softmax.hpp"
#include "localsgd/regularizer/l2.hpp"
#include "localsgd/synchronizer/serial.hpp"
#include "test/support/problems.hpp"

namespace {

using namespace localsgd;
using numbers = std::vector<double>;
using texts = std::vector<std::string>;

dense_matrix<double> const rows{{1, 0}, {0, 2}, {1, 1}, {3, 0}};
numbers const signs{1, -1, 1, -1};
std::vector<int> const classes{0, 1, 2, 1};

struct own_loss {
  static double value(double z, double y) { return (z - y) * (z - y); }
  static double derivative(double z, double y) { return 2 * (z - y); }
  static double curvature() { return 2; }
};
struct named_loss : own_loss {
  static constexpr std::string_view name = "mine";
};

template <class LossType>
linear_model model_with(LossType loss, numbers const& y) {
  linear_objective const f(rows, y, loss, l2{1});
  return make_model(f, numbers{2, -1});
}

template <class Call>
invalid_data refused(Call const& call) {
  return support::error_of<invalid_data>(call);
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_linear_objective_gives_coefficients_and_intercept) {
  linear_objective const f(rows, signs, logistic{}, l2{1}, {.intercept = 4});
  auto const m = make_model(f, numbers{2, -1, 0.75});
  BOOST_TEST((m.coefficients == numbers{2, -1}));
  BOOST_TEST((m.intercepts == numbers{3}));  // 4·0.75
  BOOST_TEST(m.features == 2U);
  BOOST_TEST(m.loss == "logistic");
  BOOST_TEST((m.labels == numbers{-1, 1}));
  BOOST_TEST(m.names.empty());

  linear_objective const g(rows, signs, logistic{}, l2{1});
  auto const without = make_model(g, numbers{2, -1});
  BOOST_TEST((without.intercepts == numbers{0}));
  BOOST_TEST(without.features == 2U);
}

BOOST_AUTO_TEST_CASE(decision_values_are_the_predictions_of_the_objective) {
  linear_objective const f(rows, signs, logistic{}, l2{1}, {.intercept = 0.5});
  vector<double> const x{0.3, -0.7, 1.1};
  auto const z = decision_function(make_model(f, x), rows);
  for (std::size_t i = 0; i != 4; ++i)
    BOOST_TEST(z[i] == detail::prediction_of(f, i, detail::span_of(x)),
               boost::test_tools::tolerance(1e-15));
}

BOOST_AUTO_TEST_CASE(iterates_of_float_keep_their_values) {
  linear_objective const f(rows, signs, logistic{}, l2{1}, {}, iterate_type<float>{});
  auto const m = make_model(f, std::vector<float>{0.1F, -0.2F});
  BOOST_TEST(m.coefficients[0] == double{0.1F});
}

BOOST_AUTO_TEST_CASE(the_loss_decides_between_classes_and_regression) {
  numbers const amounts{1, 2, 3, 4};
  for (auto const& m : {model_with(logistic{}, signs), model_with(squared_hinge{}, signs),
                        model_with(smoothed_hinge{}, signs)})
    BOOST_TEST((m.labels == numbers{-1, 1}));
  for (auto const& m : {model_with(squared{}, signs), model_with(huber{}, amounts),
                        model_with(smoothed_quantile{}, amounts), model_with(poisson{}, amounts),
                        model_with(gamma_loss{}, amounts), model_with(own_loss{}, signs)})
    BOOST_TEST((m.kind() == model_kind::regression));
}

BOOST_AUTO_TEST_CASE(every_loss_has_its_name) {
  numbers const amounts{1, 2, 3, 4};
  BOOST_TEST(model_with(squared_hinge{}, signs).loss == "squared_hinge");
  BOOST_TEST(model_with(smoothed_hinge{}, signs).loss == "smoothed_hinge");
  BOOST_TEST(model_with(squared{}, amounts).loss == "squared");
  BOOST_TEST(model_with(huber{}, amounts).loss == "huber");
  BOOST_TEST(model_with(smoothed_quantile{}, amounts).loss == "smoothed_quantile");
  BOOST_TEST(model_with(poisson{}, amounts).loss == "poisson");
  BOOST_TEST(model_with(gamma_loss{}, amounts).loss == "gamma_loss");
  BOOST_TEST(model_with(own_loss{}, amounts).loss == "custom");
  BOOST_TEST(model_with(named_loss{}, amounts).loss == "mine");
}

BOOST_AUTO_TEST_CASE(softmax_gives_a_row_of_coefficients_for_each_class) {
  softmax_objective const f(rows, classes, 3, l2{1});
  numbers const x{1, 2, 3, 4, 5, 6};
  auto const m = make_model(f, x);
  BOOST_TEST(m.loss == "softmax");
  BOOST_TEST(m.features == 2U);
  BOOST_TEST((m.coefficients == x));
  BOOST_TEST((m.intercepts == numbers{0, 0, 0}));
  BOOST_TEST((m.labels == numbers{0, 1, 2}));
  auto const y = predict(m, rows);
  for (std::size_t i = 0; i != 4; ++i)
    BOOST_TEST(y[i] == static_cast<double>(f.predict(std::span<double const>(x), i)));
}

BOOST_AUTO_TEST_CASE(intercepts_of_softmax_are_the_last_numbers_of_x_times_the_constant) {
  softmax_objective const f(rows, classes, 3, l2{1}, {.intercept = 2});
  numbers const x{1, 2, 3, 4, 5, 6, 7, 8, 9};
  auto const m = make_model(f, x);
  BOOST_TEST(m.features == 2U);
  BOOST_TEST((m.coefficients == numbers{1, 2, 3, 4, 5, 6}));
  BOOST_TEST((m.intercepts == numbers{14, 16, 18}));
  auto const y = predict(m, rows);
  for (std::size_t i = 0; i != 4; ++i)
    BOOST_TEST(y[i] == static_cast<double>(f.predict(std::span<double const>(x), i)));
}

BOOST_AUTO_TEST_CASE(two_classes_of_softmax_keep_two_outputs) {
  std::vector<int> const two{0, 1, 1, 0};
  softmax_objective const f(rows, two, 2, l2{1});
  auto const m = make_model(f, numbers{1, 2, 3, 4});
  BOOST_TEST((m.kind() == model_kind::multiclass));
  BOOST_TEST(m.outputs() == 2U);
}

BOOST_AUTO_TEST_CASE(labels_that_are_numbers_are_predicted) {
  auto const y = encode_binary(numbers{7, 3, 7, 3});
  linear_objective const f(rows, y.labels, logistic{}, l2{1});
  auto const m = make_model(f, numbers{2, -1}, y);
  BOOST_TEST((m.labels == numbers{3, 7}));
  BOOST_TEST(m.names.empty());
  BOOST_TEST((predict(m, rows) == numbers{7, 3, 7, 7}));

  auto const c = encode_classes(numbers{0.1, -5, 1e300, -5});
  softmax_objective const g(rows, c.labels, 3, l2{1});
  BOOST_TEST((make_model(g, numbers(6), c).labels == numbers{-5, 0.1, 1e300}));
}

BOOST_AUTO_TEST_CASE(labels_that_are_texts_are_names) {
  auto const y = encode_binary(texts{"spam", "ham", "spam", "ham"});
  linear_objective const f(rows, y.labels, logistic{}, l2{1});
  auto const m = make_model(f, numbers{2, -1}, y);
  BOOST_TEST((m.labels == numbers{-1, 1}));
  BOOST_TEST((m.names == texts{"ham", "spam"}));
  BOOST_TEST((predict_names(m, rows) == texts{"spam", "ham", "spam", "spam"}));
  // The library writes 1, not 1.0, so these are texts: 1 and 1.0 are different labels.
  auto const mixed = encode_binary(texts{"1.0", "1", "1", "1"});
  BOOST_TEST((make_model(f, numbers{2, -1}, mixed).names == texts{"1", "1.0"}));
  auto const odd = encode_binary(texts{"nan", "1", "1", "1"});
  BOOST_TEST((make_model(f, numbers{2, -1}, odd).labels == numbers{-1, 1}));
}

BOOST_AUTO_TEST_CASE(labels_may_be_given_as_numbers) {
  linear_objective const f(rows, signs, squared{}, l2{1});
  auto const m = make_model(f, numbers{2, -1}, numbers{0, 1});
  BOOST_TEST((m.kind() == model_kind::binary));
  BOOST_TEST((predict(m, rows) == numbers{1, 0, 1, 1}));
  softmax_objective const g(rows, classes, 3, l2{1});
  BOOST_TEST((make_model(g, numbers(6), numbers{5, 3, 4}).labels == numbers{5, 3, 4}));
}

BOOST_AUTO_TEST_CASE(shards_give_the_model_of_all) {
  serial s;
  sharded_objective const f(s, 2, [&](std::size_t) {
    return linear_objective(rows, signs, squared_hinge{}, l2{1}, {.intercept = 2});
  });
  auto const m = make_model(f, numbers{2, -1, 3});
  BOOST_TEST(m.loss == "squared_hinge");
  BOOST_TEST((m.intercepts == numbers{6}));
  BOOST_TEST((m.labels == numbers{-1, 1}));
  sharded_objective const g(
      s, 2, [&](std::size_t) { return softmax_objective(rows, classes, 3, l2{1}); });
  BOOST_TEST(make_model(g, numbers(6)).outputs() == 3U);
}

BOOST_AUTO_TEST_CASE(a_point_that_is_no_model_of_the_objective_is_refused) {
  linear_objective const f(rows, signs, logistic{}, l2{1}, {.intercept = 1});
  auto const e = refused([&] { make_model(f, numbers{1, 2}); });
  BOOST_TEST(e.file == "x");
  BOOST_TEST(e.found == "2 coordinates");
  numbers const broken{1, std::numeric_limits<double>::quiet_NaN(), 2};
  BOOST_TEST(refused([&] { make_model(f, broken); }).file == "x[1]");
}

BOOST_AUTO_TEST_CASE(labels_that_do_not_fit_the_objective_are_refused) {
  linear_objective const f(rows, signs, logistic{}, l2{1});
  numbers const x{1, 2};
  BOOST_TEST(refused([&] {
               make_model(f, x, encode_classes(numbers{1, 2, 3}));
             }).file == "encoding");
  BOOST_TEST(refused([&] {
               make_model(f, x, encode_classes(numbers{1, 2}));
             }).file == "encoding.codes[0]");
  BOOST_TEST(refused([&] { make_model(f, x, numbers{1, 2, 3}); }).file == "labels");
  BOOST_TEST(refused([&] { make_model(f, x, numbers{4, 4}); }).file == "model.labels");
  softmax_objective const g(rows, classes, 3, l2{1});
  BOOST_TEST(refused([&] {
               make_model(g, numbers(6), encode_binary(numbers{1, 2}));
             }).file == "encoding");
}
