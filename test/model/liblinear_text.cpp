// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE model_liblinear_text
#include "localsgd/model/liblinear_text.hpp"

#include <boost/test/unit_test.hpp>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

using localsgd::invalid_data;
using localsgd::detail::liblinear_solvers;
using localsgd::detail::read_liblinear_text;
using numbers = std::vector<double>;

namespace {

std::string const good =
    "solver_type L2R_LR\nnr_class 2\nlabel 1 -1\nnr_feature 3\nbias 1\nw\n0.5 \n-2e-3 \n0 \n7 \n";

std::string replaced(std::string_view old, std::string_view by) {
  std::string text = good;
  return text.replace(text.find(old), old.size(), by);
}
invalid_data refused(std::string_view text) {
  try {
    read_liblinear_text(text, "m");
  } catch (invalid_data const& e) {
    return e;
  }
  return {"nothing", "", ""};
}

}  // namespace

BOOST_AUTO_TEST_CASE(all_fields_are_read) {
  auto const file = read_liblinear_text(good, "m");
  BOOST_TEST(file.solver.loss == "logistic");
  BOOST_TEST((file.labels == numbers{1, -1}));
  BOOST_TEST(file.features == 3U);
  BOOST_TEST(file.outputs == 1U);
  BOOST_TEST(file.bias == 1);
  BOOST_TEST((file.weights == numbers{0.5, -2e-3, 0, 7}));
}

BOOST_AUTO_TEST_CASE(a_negative_bias_means_that_there_is_none) {
  auto const file = read_liblinear_text(
      "solver_type MCSVM_CS nr_class 2 label 3 4 nr_feature 1 bias -1 w 5 6 ", "m");
  BOOST_TEST(file.outputs == 2U);
  BOOST_TEST((file.weights == numbers{5, 6}));
}

BOOST_AUTO_TEST_CASE(fields_come_in_any_order_and_lines_end_in_any_way) {
  auto const file = read_liblinear_text(
      "bias -1\r\nnr_feature 1\r\nnr_class 3\r\nlabel +5 6 7\r\nsolver_type L2R_L2LOSS_SVC\r\nw\r\n"
      "1 2 +3\r\n\r\n",
      "m");
  BOOST_TEST((file.labels == numbers{5, 6, 7}));
  BOOST_TEST((file.weights == numbers{1, 2, 3}));
}

BOOST_AUTO_TEST_CASE(every_solver_but_that_of_one_class_is_known) {
  BOOST_TEST(std::size(liblinear_solvers) == 11U);
  for (auto const& solver : liblinear_solvers) {
    auto const file = read_liblinear_text(
        replaced("L2R_LR", solver.name == "MCSVM_CS" ? "L1R_LR" : solver.name), "m");
    BOOST_TEST(file.labels.empty() == solver.regression);
  }
  auto const e = refused(replaced("L2R_LR", "ONECLASS_SVM"));
  BOOST_TEST(e.found == "ONECLASS_SVM");
  BOOST_TEST(e.line == 1U);
  BOOST_TEST(e.column == 13U);
}

BOOST_AUTO_TEST_CASE(the_smallest_and_the_largest_numbers_are_read) {
  auto const file = read_liblinear_text(replaced("0.5", "5e-324"), "m");
  BOOST_TEST(file.weights[0] == std::numeric_limits<double>::denorm_min());
  BOOST_TEST(read_liblinear_text(replaced("0.5", "-1.7976931348623157e+308"), "m").weights[0] ==
             std::numeric_limits<double>::lowest());
}

BOOST_AUTO_TEST_CASE(what_is_wrong_is_named_with_its_place) {
  struct mistake {
    std::string text;
    std::size_t line, column;
    std::string_view found, expected;
  };
  mistake const all[] = {
      {"", 1, 1, "the end of the file", "a field of a LIBLINEAR model"},
      {"+1 3:4\n", 1, 1, "+1", "a field of a LIBLINEAR model"},
      {replaced("L2R_LR", "LR"), 1, 13, "LR", "a solver_type"},
      {replaced("nr_class 2", "nr_class 0"), 2, 10, "0", "the number of classes"},
      {replaced("nr_class 2", "nr_class two"), 2, 10, "two", "the number of classes"},
      {replaced("nr_class 2", "nr_class 1e99"), 2, 10, "1e99", "the number of classes"},
      {replaced("nr_class 2", "nr_class 3"), 4, 1, "nr_feature", "a label"},
      {replaced("nr_class 2\n", ""), 2, 1, "label", "nr_class before label"},
      {replaced("label 1 -1", "label 1 1.5"), 3, 9, "1.5", "a label"},
      {replaced("label 1 -1\n", ""), 5, 1, "w", "label before w"},
      {replaced("solver_type L2R_LR\n", ""), 5, 1, "w", "solver_type before w"},
      {replaced("nr_feature 3\n", ""), 5, 1, "w", "nr_feature before w"},
      {replaced("nr_feature 3", "nr_feature -3"), 4, 12, "-3", "the number of features"},
      {replaced("nr_feature 3", "nr_feature 2147483647"), 6, 1, "w", "too short"},
      {replaced("bias 1\n", ""), 5, 1, "w", "bias before w"},
      {replaced("bias 1", "bias nan"), 5, 6, "nan", "the bias that is finite"},
      {replaced("bias 1", "bias 1\nbias 1"), 6, 1, "bias", "each field once"},
      {replaced("0.5", "inf"), 7, 1, "inf", "one of the 4 x 1 coefficients that is finite"},
      {replaced("0.5", "1e400"), 7, 1, "1e400", "finite"},
      {replaced("0.5", "0,5"), 7, 1, "0,5", "decimal"},
      {replaced("0.5", "0.5x"), 7, 1, "0.5x", "decimal"},
      {replaced("0.5", "+-1"), 7, 1, "+-1", "decimal"},
      {replaced("0.5", "\xc3\xa4"), 7, 1, "\\xc3\\xa4", "decimal"},
      {replaced("7 \n", ""), 10, 1, "the end of the file", "one of the 4 x 1 coefficients"},
      {replaced("7 \n", "7"), 10, 1, "7", "truncated"},
      {good + "8\n", 11, 1, "8", "nothing after the last row"},
  };
  for (auto const& each : all) {
    auto const e = refused(each.text);
    BOOST_TEST_CONTEXT(each.text) {
      BOOST_TEST(e.file == "m");
      BOOST_TEST(e.line == each.line);
      BOOST_TEST(e.column == each.column);
      BOOST_TEST(e.found == each.found);
      BOOST_TEST(e.expected.find(each.expected) != std::string::npos, e.expected);
    }
  }
}

BOOST_AUTO_TEST_CASE(every_beginning_of_a_file_is_refused) {
  for (std::size_t size = 0; size != good.size() - 1; ++size)
    BOOST_TEST(refused(good.substr(0, size)).file == "m");
  BOOST_TEST(refused(good.substr(0, good.size() - 1)).file ==
             "nothing");  // only the line end is missing
}
