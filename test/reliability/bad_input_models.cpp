// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE reliability_bad_input_models
#include "test/support/bad_input.hpp"

#include "localsgd/data/csr_matrix.hpp"
#include "localsgd/model/liblinear.hpp"
#include "localsgd/model/linear_model.hpp"
#include "localsgd/model/metrics.hpp"
#include "localsgd/model/predict.hpp"
#include "localsgd/model/scaling.hpp"

#include <boost/test/unit_test.hpp>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace localsgd;
using support::bad_input;
using support::infinity;
using support::not_a_number;

namespace {

using numbers = std::vector<double>;
using matrix = dense_matrix<double>;

linear_model two_classes() {
  return {.loss = "logistic",
          .features = 2,
          .coefficients = {1, -1},
          .intercepts = {0.5},
          .labels = {-1, 1},
          .names = {}};
}
linear_model regression() {
  linear_model m = two_classes();
  m.loss = "squared";
  m.labels = {};
  return m;
}
template <class Change>
void validate(Change const& change) {
  linear_model m = two_classes();
  change(m);
  m.validate();
}
template <class Change>
void save_as_liblinear(Change const& change) {
  linear_model m = two_classes();
  change(m);
  static_cast<void>(to_liblinear(m));
}
/// The text of a LIBLINEAR model, with `from` replaced.
void parse(std::string_view from, std::string_view to) {
  std::string text =
      "solver_type L2R_LR\nnr_class 2\nlabel 1 -1\nnr_feature 2\nbias 1\nw\n1 \n-1 \n0.5 \n";
  text.replace(text.find(from), from.size(), to);
  static_cast<void>(parse_liblinear(text, "model"));
}
void scale(numbers factors, numbers shift = {}) {
  static_cast<void>(scaled(matrix{{1, 2}}, feature_scaling{std::move(shift), std::move(factors)}));
}
csr_matrix<double> sparse() { return to_csr(matrix{{1, 2}}); }

}  // namespace

BOOST_AUTO_TEST_CASE(models_that_contradict_themselves_are_rejected) {
  constexpr bad_input rows[] = {
      {"no features", [] { validate([](auto& m) { m.features = 0; }); }, "model.features",
       "at least 1"},
      {"two intercepts for one decision value",
       [] { validate([](auto& m) {
              m.intercepts = {0, 0, 0};
            }); }, "model.intercepts",
       "1, one for each decision value"},
      {"too few coefficients", [] { validate([](auto& m) { m.coefficients = {1}; }); },
       "model.coefficients", "features"},
      {"too few names", [] { validate([](auto& m) { m.names = {"ham"}; }); }, "model.names",
       "2, one for each class"},
      {"a name twice", [] { validate([](auto& m) {
                              m.names = {"ham", "ham"};
                            }); }, "model.names",
       "distinct values, one for each class"},
      {"a label twice", [] { validate([](auto& m) {
                               m.labels = {1, 1};
                             }); }, "model.labels",
       "distinct values, one for each class"},
      {"a label not a number", [] { validate([](auto& m) {
                                      m.labels = {1, not_a_number};
                                    }); },
       "model.labels[1]", "a finite number"},
      {"an infinite coefficient", [] { validate([](auto& m) {
                                         m.coefficients = {0, infinity};
                                       }); },
       "model.coefficients[1]", "a finite number"},
      {"an intercept not a number",
       [] { validate([](auto& m) { m.intercepts = {not_a_number}; }); }, "model.intercepts[0]",
       "a finite number"},
      {"a label that LIBLINEAR cannot store",
       [] { save_as_liblinear([](auto& m) {
              m.labels = {0, 0.5};
            }); }, "model.labels[1]",
       "use save_json()"},
  };
  support::check_data(rows);
  constexpr bad_input others[] = {
      {"a loss that LIBLINEAR cannot store",
       [] {
         save_as_liblinear([](auto& m) {
           m = regression();
           m.loss = "poisson";
         });
       },
       "model.loss", "use save_json()"},
      {"names of the classes of a regression",
       [] {
         static_cast<void>(predict_names(regression(), matrix{{1, 2}}));
       },
       "model.kind", "a regression model has no classes"},
      {"probabilities of a regression",
       [] {
         static_cast<void>(predict_probability(regression(), matrix{{1, 2}}));
       },
       "model.loss", "logistic or softmax"},
      {"probabilities of a support vector machine",
       [] {
         linear_model m = two_classes();
         m.loss = "squared_hinge";
         static_cast<void>(predict_probability(m, matrix{{1, 2}}));
       },
       "model.loss", "no other loss gives probabilities for two classes"},
  };
  support::check_settings(others);
}

BOOST_AUTO_TEST_CASE(files_that_are_not_liblinear_models_are_rejected_with_their_position) {
  constexpr bad_input rows[] = {
      {"an unknown solver", [] { parse("L2R_LR", "ONECLASS_SVM"); }, "model:1:13",
       "a solver_type of classification or regression"},
      {"an unknown field", [] { parse("nr_class", "classes"); }, "model:2:1",
       "a field of a LIBLINEAR model"},
      {"no classes", [] { parse("nr_class 2", "nr_class 0"); }, "model:2:10",
       "the number of classes"},
      {"a label that is a word", [] { parse("label 1", "label x"); }, "model:3:7", "a label"},
      {"a field twice", [] { parse("nr_feature 2", "nr_class 2"); }, "model:4:1",
       "each field once"},
      {"features that are no integer", [] { parse("nr_feature 2", "nr_feature 1.5"); },
       "model:4:12", "the number of features"},
      {"a coefficient that is a word", [] { parse("-1 \n0.5", "x \n0.5"); }, "model:8:1",
       "coefficients"},
      {"too many coefficients", [] { parse("0.5 \n", "0.5 \n2 \n"); }, "model:10:1",
       "nothing after the last row of w"},
      {"no such model", [] { static_cast<void>(load_liblinear("no_such_file")); }, "no_such_file",
       "a readable file"},
  };
  support::check_data(rows);
}

BOOST_AUTO_TEST_CASE(samples_that_do_not_fit_a_model_or_metric_are_rejected) {
  constexpr bad_input rows[] = {
      {"too many columns",
       [] {
         static_cast<void>(predict(two_classes(), matrix{{1, 2, 3}}));
       },
       "rows", "2, the number of features of the model"},
      {"no samples", [] { static_cast<void>(accuracy({}, {})); }, "y", "at least one"},
      {"too few predictions",
       [] {
         static_cast<void>(accuracy(numbers{1, 2}, numbers{1}));
       },
       "predicted", "2 for 2 samples"},
      {"too few weights",
       [] {
         static_cast<void>(accuracy(numbers{1, 2}, numbers{1, 2}, numbers{1}));
       },
       "weights", "one for each of the 2 samples"},
      {"too few probabilities",
       [] {
         static_cast<void>(log_loss(numbers{0, 1}, numbers{1, 0, 0}, numbers{0, 1}));
       },
       "probabilities", "4 for 2 samples"},
      {"a label that is not known",
       [] {
         static_cast<void>(log_loss(numbers{2}, numbers{0.5}, numbers{0, 1}));
       },
       "y[0]", "one of the labels"},
      {"a probability above 1",
       [] {
         static_cast<void>(log_loss(numbers{1}, numbers{1.5}, numbers{0, 1}));
       },
       "probabilities[0]", "from 0 to 1"},
      {"a score not a number",
       [] {
         static_cast<void>(auc(numbers{0, 1}, numbers{0, not_a_number}));
       },
       "scores[1]", "a number"},
      {"one class",
       [] {
         static_cast<void>(auc(numbers{1, 1}, numbers{0, 1}));
       },
       "y", "samples of class 1 and of another class"},
      {"no positive class",
       [] {
         static_cast<void>(auc(numbers{0, 0}, numbers{0, 1}));
       },
       "y", "samples of class 1 and of another class"},
      {"equal targets",
       [] {
         static_cast<void>(r_squared(numbers{2, 2}, numbers{0, 1}));
       },
       "y", "at least two different targets"},
      {"no rows", [] { static_cast<void>(max_abs_scaling(csr_matrix<double>())); }, "rows",
       "at least one sample"},
      {"squares that overflow",
       [] {
         static_cast<void>(standard_scaling(matrix{{1e200}, {-1e200}}));
       },
       "rows", "use max_abs_scaling()"},
      {"too few scales", [] { scale({1}); }, "scaling.scale",
       "2, the number of features of the rows"},
      {"too few shifts",
       [] {
         scale({1, 1}, {1});
       },
       "scaling.shift", "2, or none"},
      {"a scaled value that overflows",
       [] {
         scale({1, 1e-320});
       },
       "rows", "a finite number"},
      {"a shift of sparse rows",
       [] {
         static_cast<void>(scaled(sparse(), feature_scaling{{1, 1}, {1, 1}}));
       },
       "scaling.shift", "none, because a shift would make sparse rows dense"},
  };
  support::check_data(rows);
  constexpr bad_input others[] = {
      {"a negative weight",
       [] {
         static_cast<void>(rmse(numbers{1, 2}, numbers{1, 2}, numbers{1, -1}));
       },
       "weights[1]", "finite and >= 0"},
      {"weights with the sum 0",
       [] { static_cast<void>(rmse(numbers{1}, numbers{1}, numbers{0})); }, "sum of weights",
       "finite and > 0"},
      {"a scale of 0",
       [] {
         scale({1, 0});
       },
       "scaling.scale[1]", "finite and > 0"},
      {"a shift not a number",
       [] {
         scale({1, 1}, {not_a_number, 0});
       },
       "scaling.shift[0]", "finite"},
  };
  support::check_settings(others);
}
