// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE model_liblinear
#include "localsgd/model/liblinear.hpp"

#include <bit>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "localsgd/core/tensor.hpp"
#include "test/support/temporary_path.hpp"

namespace {

using namespace localsgd;
using numbers = std::vector<double>;

linear_model two_classes() {
  return {.loss = "logistic",
          .features = 3,
          .coefficients = {0.5, -0.25, 2},
          .intercepts = {-1},
          .labels = {-1, 1},
          .names = {}};
}
linear_model three_classes() {
  return {.loss = "softmax",
          .features = 2,
          .coefficients = {1, 2, 3, 4, 5, 6},
          .intercepts = {0, 7, 8},
          .labels = {4, 5, 6},
          .names = {}};
}

/// Numbers that are prone to losing bits.
numbers const awkward{0.1,
                      1. / 3,
                      1e22,
                      5e-324,
                      -0.0,
                      -1e-310,
                      std::numeric_limits<double>::max(),
                      0x1.fffffffffffffp-1022,
                      123456789012345678.,
                      0x1p-1074,
                      std::nextafter(1.0, 2.0),
                      -std::nextafter(0.3, 0.0)};

bool same_bits(numbers const& a, numbers const& b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i != a.size(); ++i)
    if (std::bit_cast<std::uint64_t>(a[i]) != std::bit_cast<std::uint64_t>(b[i])) return false;
  return true;
}

std::string text_of(std::filesystem::path const& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

template <class Error, class Call>
std::string refused(Call const& call) {
  try {
    call();
  } catch (Error const& e) {
    return e.what();
  }
  return "nothing";
}

}  // namespace

BOOST_AUTO_TEST_CASE(two_classes_are_written_as_liblinear_does) {
  // The first label is that of z > 0; the intercept is the coefficient of a constant last feature 1.
  BOOST_TEST(to_liblinear(two_classes()) ==
             "solver_type L2R_LR\nnr_class 2\nlabel 1 -1\nnr_feature 3\nbias 1\nw\n"
             "0.5 \n-0.25 \n2 \n-1 \n");
  auto m = two_classes();
  m.intercepts = {0};
  m.loss = "squared_hinge";
  BOOST_TEST(to_liblinear(m) ==
             "solver_type L2R_L2LOSS_SVC\nnr_class 2\nlabel 1 -1\nnr_feature 3\nbias -1\nw\n"
             "0.5 \n-0.25 \n2 \n");
}

BOOST_AUTO_TEST_CASE(more_classes_have_a_column_each) {
  BOOST_TEST(to_liblinear(three_classes()) ==
             "solver_type MCSVM_CS\nnr_class 3\nlabel 4 5 6\nnr_feature 2\nbias 1\nw\n"
             "1 3 5 \n2 4 6 \n0 7 8 \n");
}

BOOST_AUTO_TEST_CASE(a_regression_has_no_labels) {
  auto m = two_classes();
  m.labels.clear();
  m.loss = "squared";
  BOOST_TEST(to_liblinear(m) ==
             "solver_type L2R_L2LOSS_SVR\nnr_class 2\nnr_feature 3\nbias 1\nw\n"
             "0.5 \n-0.25 \n2 \n-1 \n");
}

BOOST_AUTO_TEST_CASE(solvers_are_named_by_loss) {
  auto m = two_classes();
  for (auto const& [loss, solver] :
       {std::pair("hinge", "L2R_L1LOSS_SVC_DUAL"),
        std::pair("smoothed_hinge", "L2R_L1LOSS_SVC_DUAL"), std::pair("custom", "L2R_L2LOSS_SVC"),
        std::pair("crammer_singer", "L2R_L2LOSS_SVC")}) {
    m.loss = loss;
    BOOST_TEST(to_liblinear(m).starts_with(std::string("solver_type ") + solver + "\n"));
  }
  auto c = three_classes();
  c.loss = "logistic";
  BOOST_TEST(to_liblinear(c).starts_with("solver_type L2R_LR\n"));
}

BOOST_AUTO_TEST_CASE(every_bit_comes_back) {
  support::temporary_path const path;
  auto m = two_classes();
  m.features = awkward.size();
  m.coefficients = awkward;
  for (double const intercept : {0.1, 0.0, -0.0, 1e-320}) {
    m.intercepts = {intercept};
    save_liblinear(m, path());
    auto const read = load_liblinear(path());
    BOOST_TEST(same_bits(read.coefficients, m.coefficients));
    BOOST_TEST(same_bits(read.intercepts, m.intercepts));
    BOOST_TEST((read.labels == m.labels));
    BOOST_TEST(read.loss == "logistic");
  }
  auto c = three_classes();
  c.features = 4;
  c.coefficients = awkward;
  save_liblinear(c, path());
  auto const read = load_liblinear(path());
  BOOST_TEST(same_bits(read.coefficients, c.coefficients));
  BOOST_TEST(same_bits(read.intercepts, c.intercepts));
  BOOST_TEST((read.labels == c.labels));
  BOOST_TEST(to_liblinear(read) == to_liblinear(c));
}

BOOST_AUTO_TEST_CASE(a_regression_comes_back_as_one) {
  auto m = two_classes();
  m.labels.clear();
  m.loss = "huber";
  auto const read = parse_liblinear(to_liblinear(m), "m");
  BOOST_TEST((read.kind() == model_kind::regression));
  BOOST_TEST((read.coefficients == m.coefficients));
  BOOST_TEST((read.intercepts == m.intercepts));
}

BOOST_AUTO_TEST_CASE(a_single_class_is_always_predicted) {
  linear_model const m{.loss = "logistic",
                       .features = 1,
                       .coefficients = {2},
                       .intercepts = {0},
                       .labels = {7},
                       .names = {}};
  auto const read = parse_liblinear(to_liblinear(m), "m");
  BOOST_TEST((read == m));
  BOOST_TEST((predict(read, dense_matrix<double>{{1}, {-1}}) == numbers{7, 7}));
}

BOOST_AUTO_TEST_CASE(two_outputs_for_two_classes_become_their_difference) {
  linear_model const m{.loss = "softmax",
                       .features = 2,
                       .coefficients = {1, 2, 4, 1},
                       .intercepts = {1, 0},
                       .labels = {3, 9},
                       .names = {}};
  auto const read = parse_liblinear(to_liblinear(m), "m");
  BOOST_TEST((read.coefficients == numbers{3, -1}));
  BOOST_TEST((read.intercepts == numbers{-1}));
  dense_matrix<double> const rows{
      {1, 0}, {0, 3}, {1, 2}};  // z = 2, -4, 0: a tie gives the first class
  BOOST_TEST((predict(read, rows) == predict(m, rows)));
  auto const p = predict_probability(read, rows), q = predict_probability(m, rows);
  for (std::size_t i = 0; i != 3; ++i)
    BOOST_TEST(p[i] == q[2 * i + 1], boost::test_tools::tolerance(1e-15));
  auto other = m;
  other.loss = "logistic";  // one against all others: the difference would have other probabilities
  BOOST_TEST(parse_liblinear(to_liblinear(other), "m").loss == "squared_hinge");
}

BOOST_AUTO_TEST_CASE(the_first_label_of_two_is_that_of_positive_values) {
  auto const m = parse_liblinear(
      "solver_type L2R_LR\nnr_class 2\nlabel 2 5\nnr_feature 1\nbias -1\nw\n1 \n", "m");
  BOOST_TEST((m.labels == numbers{5, 2}));
  BOOST_TEST((predict(m, dense_matrix<double>{{1}, {-1}, {0}}) == numbers{2, 5, 5}));
}

BOOST_AUTO_TEST_CASE(of_two_classes_of_crammer_and_singer_the_first_output_decides) {
  // LIBLINEAR does the same, regardless of the second one.
  auto const m = parse_liblinear(
      "solver_type MCSVM_CS\nnr_class 2\nlabel 2 5\nnr_feature 1\nbias -1\nw\n1 3 \n", "m");
  BOOST_TEST(m.loss == "crammer_singer");
  BOOST_TEST((predict(m, dense_matrix<double>{{1}, {-1}}) == numbers{2, 5}));
}

BOOST_AUTO_TEST_CASE(the_bias_multiplies_its_coefficient) {
  auto const m = parse_liblinear(
      "solver_type L2R_LR\nnr_class 2\nlabel 1 -1\nnr_feature 1\nbias 0.5\nw\n1 \n3 \n", "m");
  BOOST_TEST((m.intercepts == numbers{1.5}));
}

BOOST_AUTO_TEST_CASE(names_are_lost_and_their_codes_are_written) {
  auto m = two_classes();
  m.names = {"ham", "spam"};
  BOOST_TEST((parse_liblinear(to_liblinear(m), "m").labels == numbers{-1, 1}));
}

BOOST_AUTO_TEST_CASE(what_liblinear_cannot_store_is_refused_by_name) {
  auto m = two_classes();
  m.labels = {0.5, 1};
  BOOST_TEST(refused<invalid_data>([&] { to_liblinear(m); }).find("model.labels[0]") !=
             std::string::npos);
  m.labels = {0, 1e10};
  BOOST_TEST(refused<invalid_data>([&] { to_liblinear(m); }).find("model.labels[1]") !=
             std::string::npos);
  m.labels.clear();
  m.loss = "poisson";
  BOOST_TEST(refused<invalid_settings>([&] { to_liblinear(m); }).find("model.loss = poisson") !=
             std::string::npos);
  m = two_classes();
  m.coding.columns.resize(m.features);
  for (std::size_t j = 0; j != m.features; ++j) m.coding.columns[j].name = "x" + std::to_string(j);
  m.coding.target = "y";
  BOOST_TEST(refused<invalid_settings>([&] { to_liblinear(m); }).find("model.coding") !=
             std::string::npos);
  m = two_classes();
  m.coefficients[0] = std::numeric_limits<double>::infinity();
  BOOST_TEST(refused<invalid_data>([&] { to_liblinear(m); }).find("model.coefficients[0]") !=
             std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_model_that_cannot_be_written_leaves_the_file_as_it_was) {
  support::temporary_path const path("a good file");
  auto m = two_classes();
  m.labels = {0.5, 1};
  BOOST_TEST(refused<invalid_data>([&] { save_liblinear(m, path()); }) != "nothing");
  BOOST_TEST(text_of(path()) == "a good file");
  BOOST_TEST(refused<std::filesystem::filesystem_error>([&] {
               save_liblinear(two_classes(), path() / "no_folder" / "m");
             }).find("no_folder") != std::string::npos);
  save_liblinear(two_classes(), path());
  BOOST_TEST(text_of(path()) == to_liblinear(two_classes()));
}

BOOST_AUTO_TEST_CASE(bad_files_are_refused_by_name) {
  BOOST_TEST(refused<invalid_data>([] {
               load_liblinear("/no/such/model");
             }).find("/no/such/model") != std::string::npos);
  BOOST_TEST(refused<invalid_data>([] { parse_liblinear("\x1f\x8b...", "m"); }).find("gzip") !=
             std::string::npos);
  // The same label twice, and an intercept that overflows.
  std::string const twice =
      "solver_type L2R_LR\nnr_class 2\nlabel 1 1\nnr_feature 1\nbias -1\nw\n1 \n";
  BOOST_TEST(
      refused<invalid_data>([&] { parse_liblinear(twice, "m"); }) ==
      "localsgd: m: found 1 twice (model.labels), expected distinct values, one for each class");
  std::string const huge =
      "solver_type L2R_LR\nnr_class 2\nlabel 1 2\nnr_feature 1\nbias 9e300\nw\n1 \n9e300 \n";
  BOOST_TEST(refused<invalid_data>([&] { parse_liblinear(huge, "m"); }) ==
             "localsgd: m: found inf (model.intercepts[0]), expected a finite number");
}
