// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE runs_liblinear_models
#include <boost/test/unit_test.hpp>

#include <cmath>
#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "localsgd/data/libsvm.hpp"
#include "localsgd/loss/logistic.hpp"
#include "localsgd/minimize.hpp"
#include "localsgd/model/liblinear.hpp"
#include "localsgd/model/make_model.hpp"
#include "localsgd/model/predict.hpp"
#include "localsgd/objective/linear.hpp"
#include "test/support/data.hpp"
#include "test/support/problems.hpp"
#include "test/support/temporary_path.hpp"
#include "test/support/tools.hpp"

// Models that go to LIBLINEAR's programs, and models that come from them.

namespace {

using namespace localsgd;
namespace fs = std::filesystem;
using numbers = std::vector<double>;

struct folder {
  support::temporary_path place;
  folder() { fs::create_directory(place()); }
  fs::path operator/(std::string const& name) const { return place() / name; }
};

/// @brief Runs a program without output; whether it succeeded.
bool run(std::string const& command) {
  return std::system((command + " > /dev/null 2>&1").c_str()) == 0;
}

/// @brief A line of numbers for each sample, of liblinear-predict.
std::vector<numbers> lines_of(fs::path const& path, bool skip_header = false) {
  std::ifstream in(path);
  std::vector<numbers> lines;
  for (std::string line; std::getline(in, line);) {
    std::istringstream words(line);
    numbers each;
    if (!skip_header)
      for (double x = 0; words >> x;) each.push_back(x);
    if (!skip_header) lines.push_back(each);
    skip_header = false;
  }
  return lines;
}

void write(fs::path const& path, std::string const& text) {
  std::ofstream(path, std::ios::binary) << text;
}

/// @brief What liblinear-predict says of each line of a LIBSVM file is what predict() says.
void check_same_predictions(folder const& in, linear_model const& m,
                            csr_matrix<double> const& rows) {
  BOOST_REQUIRE(run("liblinear-predict " + (in / "data").string() + " " + (in / "model").string() +
                    " " + (in / "out").string()));
  auto const theirs = lines_of(in / "out");
  auto const ours = predict(m, rows);
  BOOST_REQUIRE(theirs.size() == ours.size());
  std::size_t different = 0;
  for (std::size_t i = 0; i != ours.size(); ++i) {
    bool const same = m.kind() == model_kind::regression
                          ? std::abs(theirs[i][0] - ours[i]) <= 1e-14 * (1 + std::abs(ours[i]))
                          : theirs[i][0] == ours[i];
    different += same ? 0 : 1;
  }
  BOOST_TEST(different == 0U);
}

/// @brief The same of the probabilities, which it prints with six digits.
void check_same_probabilities(folder const& in, linear_model const& m,
                              csr_matrix<double> const& rows) {
  BOOST_REQUIRE(run("liblinear-predict -b 1 " + (in / "data").string() + " " +
                    (in / "model").string() + " " + (in / "out").string()));
  auto const theirs = lines_of(in / "out", true);
  auto const ours = predict_probability(m, rows);
  BOOST_REQUIRE(theirs.size() * m.outputs() == ours.size());
  double largest = 0;
  for (std::size_t i = 0; i != theirs.size(); ++i)
    for (std::size_t k = 0; k != m.outputs(); ++k) {
      // A column for each label, that of z > 0 first.
      double const expected = theirs[i][1 + k];
      largest = std::max(largest, std::abs(ours[i * m.outputs() + k] - expected));
    }
  BOOST_TEST(largest < 1e-5);
}

void check_training_data(std::string const& name, std::size_t columns) {
  auto const& train = support::libsvm<double>(name, columns);
  linear_objective const f(train.features, train.targets, logistic{}, l2{1e-4}, {.intercept = 1});
  auto const m = make_model(f, minimize(f, {.workers = 4, .epochs = 3}).x);
  folder const in;
  save_liblinear(m, in / "model");
  BOOST_TEST((load_liblinear(in / "model") == m));
  for (std::string const& part : {name, name + ".t"}) {
    write(in / "data", support::gunzip(*support::find_data(part)));
    auto const& rows = support::libsvm<double>(part).features;  // a9a.t lacks the last column
    check_same_predictions(in, m, rows);
    check_same_probabilities(in, m, rows);
  }
}

/// @brief The first lines of a text.
std::string first_lines(std::string const& text, std::size_t count) {
  std::size_t end = 0;
  for (; count != 0; --count) end = text.find('\n', end) + 1;
  return text.substr(0, end);
}

/// @brief Three classes, by the largest of three noisy features of five, some of them missing.
std::string three_classes(std::size_t samples) {
  support::numbers random(11);
  std::ostringstream text;
  for (std::size_t i = 0; i != samples; ++i) {
    double x[5];
    std::size_t best = 0;
    for (std::size_t j = 0; j != 5; ++j) {
      x[j] = random.on_grid();
      if (j < 3 && x[j] + random.on_grid() / 4 > x[best]) best = j;
    }
    text << (best == 0 ? -3 : best == 1 ? 10 : 4);
    for (std::size_t j = 0; j != 5; ++j)
      if (random.below(4) != 0) text << ' ' << j + 1 << ':' << x[j];
    text << '\n';
  }
  return text.str();
}

}  // namespace

BOOST_AUTO_TEST_CASE(liblinear_predicts_the_same_labels_of_w8a_with_our_model,
                     *support::needs("w8a", "w8a.t") *
                         support::needs_programs("liblinear-predict")) {
  check_training_data("w8a", 300);
}

BOOST_AUTO_TEST_CASE(liblinear_predicts_the_same_labels_of_a9a_with_our_model,
                     *support::needs("a9a", "a9a.t") *
                         support::needs_programs("liblinear-predict")) {
  check_training_data("a9a", 123);
}

BOOST_AUTO_TEST_CASE(models_of_all_solvers_predict_what_liblinear_predicts,
                     *support::needs("a9a") *
                         support::needs_programs("liblinear-train", "liblinear-predict")) {
  folder const in;
  std::string const text = first_lines(support::gunzip(*support::find_data("a9a")), 1500);
  write(in / "data", text);
  auto const rows = parse_libsvm<double>(text, "a9a").features;
  for (int const solver : {0, 1, 2, 3, 4, 5, 6, 7, 11, 12, 13})
    for (char const* const bias : {"-1", "1", "0.5", "0"})
      BOOST_TEST_CONTEXT("solver " << solver << " bias " << bias) {
        BOOST_REQUIRE(run("liblinear-train -s " + std::to_string(solver) + " -B " + bias + " " +
                          (in / "data").string() + " " + (in / "model").string()));
        auto const m = load_liblinear(in / "model");
        BOOST_TEST((m.kind() == (solver > 10 ? model_kind::regression : model_kind::binary)));
        check_same_predictions(in, m, rows);
        if (m.loss == "logistic") check_same_probabilities(in, m, rows);
        // Again through our writer.
        save_liblinear(m, in / "model");
        auto const again = load_liblinear(in / "model");
        BOOST_TEST((again.coefficients == m.coefficients));
        BOOST_TEST((again.intercepts == m.intercepts));
        check_same_predictions(in, m, rows);
      }
}

BOOST_AUTO_TEST_CASE(models_of_three_classes_predict_what_liblinear_predicts,
                     *support::needs_programs("liblinear-train", "liblinear-predict")) {
  folder const in;
  std::string const text = three_classes(400);
  write(in / "data", text);
  auto const rows = parse_libsvm<double>(text, "three classes").features;
  for (int const solver : {0, 1, 2, 3, 4, 5, 6, 7}) BOOST_TEST_CONTEXT("solver " << solver) {
      BOOST_REQUIRE(run("liblinear-train -B 1 -s " + std::to_string(solver) + " " +
                        (in / "data").string() + " " + (in / "model").string()));
      auto const m = load_liblinear(in / "model");
      BOOST_TEST(m.outputs() == 3U);
      check_same_predictions(in, m, rows);
      if (m.loss == "logistic") check_same_probabilities(in, m, rows);
      save_liblinear(m, in / "model");
      BOOST_TEST((load_liblinear(in / "model") == m));
      check_same_predictions(in, m, rows);
    }
}
