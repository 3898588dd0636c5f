// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE reliability_bad_input_objectives
#include "test/support/bad_input.hpp"

#include "localsgd/data/csr_matrix.hpp"
#include "localsgd/loss/gamma.hpp"
#include "localsgd/loss/logistic.hpp"
#include "localsgd/loss/poisson.hpp"
#include "localsgd/loss/squared.hpp"
#include "localsgd/model/make_model.hpp"
#include "localsgd/objective/linear.hpp"
#include "localsgd/objective/quadratic.hpp"
#include "localsgd/objective/sharded.hpp"
#include "localsgd/objective/softmax.hpp"
#include "localsgd/regularizer/group_l1.hpp"
#include "localsgd/regularizer/l2.hpp"
#include "localsgd/regularizer/weighted.hpp"
#include "localsgd/synchronizer/serial.hpp"

#include <boost/test/unit_test.hpp>
#include <cstddef>
#include <string>
#include <vector>

using namespace localsgd;
using support::bad_input;
using support::infinity;
using support::make;
using support::not_a_number;

namespace {

using numbers = std::vector<double>;
using matrix = dense_matrix<double>;
using integers = std::vector<int>;

/// Options with borrowed numbers.
struct options {
  double intercept = 0;
  numbers weights = {}, offset = {}, class_weights = {};
};

/// Three samples with two features.
matrix const& features() {
  static matrix const rows{{1, 0}, {0, 1}, {1, 1}};
  return rows;
}
template <class Loss = logistic, class R = l2>
void linear(numbers const& y, options const& o = {}, Loss const& loss = {}, R const& r = R{0.1}) {
  linear_options of_f;
  of_f.intercept = o.intercept;
  of_f.weights = o.weights;
  of_f.offset = o.offset;
  linear_objective const f(features(), y, loss, r, of_f);
}
template <class R = l2>
void softmax(integers const& labels, options const& o = {}, std::size_t classes = 3,
             R const& r = R{0.1}) {
  softmax_options of_f;
  of_f.intercept = o.intercept;
  of_f.weights = o.weights;
  of_f.class_weights = o.class_weights;
  softmax_objective const f(features(), labels, classes, r, of_f);
}
template <class Model>
void model(Model const& build) {
  numbers const y{-1, 1, 1};
  linear_objective const f(features(), y, logistic{}, l2{0.1});
  static_cast<void>(build(f));
}
/// Two shards, the second with its own penalty and rows.
void shards(std::size_t workers, matrix const& second, double lambda) {
  numbers const y{-1, 1, 1};
  serial one;
  sharded_objective<linear_objective<matrix, logistic>> const f(one, workers, [&](std::size_t k) {
    return linear_objective(k == 1 ? second : features(), y, logistic{}, l2{k == 1 ? lambda : 0.1});
  });
}

numbers const good{-1, 1, 1};
integers const labels{0, 1, 2};

}  // namespace

BOOST_AUTO_TEST_CASE(data_that_an_objective_cannot_use_is_rejected) {
  constexpr bad_input rows[] = {
      {"too few targets",
       [] {
         linear({-1, 1});
       },
       "targets", "one for each of the 3 rows of features"},
      {"a class of 0",
       [] {
         linear({-1, 0, 1});
       },
       "targets[1]", "-1 or +1; encode_binary() converts any two labels"},
      {"a class not a number",
       [] {
         linear({-1, 1, not_a_number});
       },
       "targets[2]", "-1 or +1"},
      {"an infinite target",
       [] {
         linear({0, infinity, 0}, {}, squared{});
       },
       "targets[1]", "a finite number"},
      {"a negative count",
       [] {
         linear({0, 1, -1}, {}, poisson{});
       },
       "targets[2]", "a finite count >= 0"},
      {"an amount of 0",
       [] {
         linear({1, 0, 1}, {}, gamma_loss{});
       },
       "targets[1]", "a finite number > 0"},
      {"too few weights",
       [] {
         linear(good, {.weights = {1, 1}});
       },
       "weights", "one for each of the 3 samples"},
      {"too many offsets",
       [] {
         linear(good, {.offset = {1, 1, 1, 1}});
       },
       "offset", "one for each of the 3 samples"},
      {"an offset not a number",
       [] {
         linear(good, {.offset = {0, not_a_number, 0}});
       },
       "offset[1]", "a finite number"},
      {"no rows",
       [] {
         csr_matrix<double> const none;
         numbers const y;
         linear_objective const f(none, y, logistic{}, l2{0.1});
       },
       "features", "at least one sample"},
      {"no columns",
       [] {
         csr_matrix<double> const none(0, vector<std::size_t>{0, 0}, {}, {});
         numbers const y{1};
         linear_objective const f(none, y, logistic{}, l2{0.1});
       },
       "features", "at least one feature"},
      {"too many labels",
       [] {
         softmax({0, 1, 2, 0});
       },
       "targets", "one for each of the 3 rows of features"},
      {"a label above the classes",
       [] {
         softmax({0, 3, 1});
       },
       "labels[1]", "a class from 0 to 2; encode_classes() converts any labels"},
      {"a negative label",
       [] {
         softmax({0, 1, -1});
       },
       "labels[2]", "a class from 0 to 2"},
      {"too few weights of samples", [] { softmax(labels, {.weights = {1}}); }, "weights",
       "one for each of the 3 samples"},
      {"too few weights of classes",
       [] {
         softmax(labels, {.class_weights = {1, 1}});
       },
       "class_weights", "one for each of the 3 classes"},
      {"too long a point",
       [] { model([](auto const& f) {
              return make_model(f, numbers{1, 2, 3});
            }); }, "x",
       "2, the dimension of the objective"},
      {"a point not a number",
       [] { model([](auto const& f) {
              return make_model(f, numbers{1, not_a_number});
            }); }, "x[1]",
       "a finite number"},
      {"three labels for two classes",
       [] { model([](auto const& f) {
              return make_model(f, numbers{1, 2}, numbers{1, 2, 3});
            }); },
       "labels", "2, one for each class of the objective"},
      {"an encoding of three classes",
       [] {
         model([](auto const& f) {
           return make_model(f, numbers{1, 2}, encode_classes(numbers{1, 2, 3}));
         });
       },
       "encoding", "2, the number of classes of the objective"},
      {"an encoding with other codes",
       [] {
         model([](auto const& f) {
           return make_model(f, numbers{1, 2}, encode_classes(numbers{1, 2}));
         });
       },
       "encoding.codes[0]", "-1"},
  };
  support::check_data(rows);
}

BOOST_AUTO_TEST_CASE(options_of_an_objective_out_of_range_are_rejected) {
  constexpr bad_input rows[] = {
      {"an infinite intercept", [] { linear(good, {.intercept = infinity}); },
       "linear_options.intercept", "finite"},
      {"a negative weight",
       [] {
         linear(good, {.weights = {1, -1, 1}});
       },
       "weights[1]", "finite and >= 0"},
      {"a weight not a number",
       [] {
         linear(good, {.weights = {1, 1, not_a_number}});
       },
       "weights[2]", "finite and >= 0"},
      {"weights with the sum 0",
       [] {
         linear(good, {.weights = {0, 0, 0}});
       },
       "sum of weights", "finite and > 0"},
      {"a penalty of another dimension",
       [] {
         linear(good, {}, logistic{}, weighted<l2>(l2{1}, {1, 1, 1}));
       },
       "weighted.weights", "2, one for each coordinate of x"},
      {"groups of another dimension",
       [] {
         linear(good, {}, logistic{}, group_l1({{0}, {1}, {2}}, 1));
       },
       "group_l1.groups", "a partition of 0, ..., 1"},
      {"a rate below the targets",
       [] {
         linear({0, 0, 1000}, {}, poisson{10});
       },
       "poisson.max_rate", "the largest target is 1000"},
      {"an intercept not a number", [] { softmax(labels, {.intercept = not_a_number}); },
       "softmax_options.intercept", "finite"},
      {"one class",
       [] {
         softmax({0, 0, 0}, {}, 1);
       },
       "classes", "from 2 to 65536"},
      {"too many classes", [] { softmax(labels, {}, 65537); }, "classes", "from 2 to 65536"},
      {"a negative weight of a sample",
       [] {
         softmax(labels, {.weights = {1, -1, 1}});
       },
       "weights[1]", "finite and >= 0"},
      {"a negative weight of a class",
       [] {
         softmax(labels, {.class_weights = {1, -1, 1}});
       },
       "class_weights[1]", "finite and >= 0"},
      {"weights of classes with the sum 0",
       [] {
         softmax(labels, {.class_weights = {0, 0, 0}});
       },
       "sum of weights times class_weights", "finite and > 0"},
      {"no eigenvalues", [] { make<quadratic<>>(quadratic_options{}); },
       "quadratic_options.spectrum", "at least one eigenvalue"},
      {"a negative eigenvalue",
       [] {
         make<quadratic<>>(quadratic_options{.spectrum = {1, -1}});
       },
       "quadratic_options.spectrum", "finite and >= 0"},
      {"too long a minimiser",
       [] {
         make<quadratic<>>(quadratic_options{.spectrum = {1}, .minimiser = {1, 2}});
       },
       "quadratic_options.minimiser", "1, one for each eigenvalue"},
      {"a minimiser not a number",
       [] { make<quadratic<>>(quadratic_options{.spectrum = {1}, .minimiser = {not_a_number}}); },
       "quadratic_options.minimiser", "finite"},
      {"a negative variance",
       [] { make<quadratic<>>(quadratic_options{.spectrum = {1}, .variance = -1}); },
       "quadratic_options.variance", "finite and >= 0"},
      {"an infinite minimum",
       [] { make<quadratic<>>(quadratic_options{.spectrum = {1}, .minimum = infinity}); },
       "quadratic_options.minimum", "finite"},
      {"one sample with a variance",
       [] { make<quadratic<>>(quadratic_options{.spectrum = {1}, .samples = 1, .variance = 1}); },
       "quadratic_options.samples", ">= 2 if the variance is > 0"},
      {"no shards", [] { shards(0, features(), 0.1); }, "workers", ">= 1"},
      {"a shard of another dimension",
       [] {
         shards(2, matrix{{1}, {0}, {1}}, 0.1);
       },
       "dimension of the shard of worker 1", "2, as in the shard of worker 0"},
      {"a shard with another penalty", [] { shards(2, features(), 0.2); },
       "regularizer of the shard of worker 1", "as in the shard of worker 0"},
  };
  support::check_settings(rows);
}
