// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE model_linear_model
#include "localsgd/model/linear_model.hpp"

#include <boost/test/unit_test.hpp>
#include <functional>
#include <limits>
#include <string>
#include <utility>

using localsgd::invalid_data;
using localsgd::linear_model;
using localsgd::model_kind;

namespace {

linear_model three_classes() {
  return {.loss = "softmax",
          .features = 2,
          .coefficients = {1, 2, 3, 4, 5, 6},
          .intercepts = {0, 0, 7},
          .labels = {0, 1, 2},
          .names = {"ant", "bee", "cat"}};
}
linear_model two_classes() {
  return {.loss = "logistic",
          .features = 2,
          .coefficients = {1, 2},
          .intercepts = {3},
          .labels = {-1, 1},
          .names = {}};
}

invalid_data refused(linear_model const& m) {
  try {
    m.validate();
  } catch (invalid_data const& e) {
    return e;
  }
  return {"nothing", "", ""};
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_kind_follows_from_labels_and_outputs) {
  BOOST_TEST((three_classes().kind() == model_kind::multiclass));
  BOOST_TEST((two_classes().kind() == model_kind::binary));
  linear_model m = two_classes();
  m.labels.clear();
  BOOST_TEST((m.kind() == model_kind::regression));
  // Two classes with one decision value each.
  m = three_classes();
  m.coefficients.resize(4);
  m.intercepts.resize(2);
  m.labels.resize(2);
  m.names.clear();
  BOOST_TEST((m.kind() == model_kind::multiclass));
  m.validate();
  BOOST_TEST(to_string(model_kind::regression) == "regression");
  BOOST_TEST(to_string(model_kind::binary) == "binary");
  BOOST_TEST(to_string(model_kind::multiclass) == "multiclass");
}

BOOST_AUTO_TEST_CASE(coefficients_of_an_output_are_a_row) {
  auto const m = three_classes();
  BOOST_TEST(m.outputs() == 3U);
  BOOST_TEST(m.coefficients_of(1).size() == 2U);
  BOOST_TEST(m.coefficients_of(1)[0] == 3);
  BOOST_TEST(m.coefficients_of(2)[1] == 6);
}

BOOST_AUTO_TEST_CASE(a_class_is_named_by_its_text_or_its_number) {
  BOOST_TEST(three_classes().name_of_class(2) == "cat");
  BOOST_TEST(two_classes().name_of_class(0) == "-1");
}

BOOST_AUTO_TEST_CASE(every_rule_is_checked_by_name) {
  double const nan = std::numeric_limits<double>::quiet_NaN();
  double const infinity = std::numeric_limits<double>::infinity();
  std::pair<char const*, std::function<void(linear_model&)>> const mistakes[] = {
      {"model.features", [](linear_model& m) { m.features = 0; }},
      {"model.intercepts", [](linear_model& m) { m.intercepts.clear(); }},
      {"model.intercepts", [](linear_model& m) { m.intercepts.resize(2); }},
      {"model.intercepts", [](linear_model& m) { m.labels.clear(); }},
      {"model.coefficients", [](linear_model& m) { m.coefficients.push_back(0); }},
      {"model.coefficients", [](linear_model& m) { m.coefficients.resize(4); }},
      {"model.coefficients", [](linear_model& m) { m.features = std::size_t{1} << 63U; }},
      {"model.names", [](linear_model& m) { m.names.pop_back(); }},
      {"model.coefficients[3]", [=](linear_model& m) { m.coefficients[3] = nan; }},
      {"model.intercepts[2]", [=](linear_model& m) { m.intercepts[2] = infinity; }},
      {"model.labels[1]", [=](linear_model& m) { m.labels[1] = nan; }},
      {"model.labels", [](linear_model& m) { m.labels[2] = 0; }},
      {"model.names", [](linear_model& m) { m.names[2] = "ant"; }},
  };
  for (auto const& [member, spoil] : mistakes) {
    linear_model m = three_classes();
    BOOST_TEST(refused(m).file == "nothing");
    spoil(m);
    BOOST_TEST(refused(m).file == member);
  }
}

BOOST_AUTO_TEST_CASE(the_columns_of_a_table_have_the_features_of_the_model) {
  linear_model m{.loss = "squared",
                 .features = 3,
                 .coefficients = {1, 2, 3},
                 .intercepts = {0},
                 .labels = {},
                 .names = {}};
  m.coding = {"y", {}, {{"a", {}}, {"b", {"u", "v"}}}};
  m.validate();
  m.coding.columns[1].categories.push_back("w");
  BOOST_TEST(refused(m).file == "model.coding.columns");
  BOOST_TEST(refused(m).found == "4 elements");
  m.coding.columns[1] = {"a", {"u", "v"}};
  BOOST_TEST(refused(m).found == "a twice");
}

BOOST_AUTO_TEST_CASE(an_empty_model_is_refused) {
  BOOST_TEST(refused(linear_model{}).file == "model.features");
}
