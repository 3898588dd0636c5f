// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0

// Trains the same model in three ways, and writes an HTML page with charts that compare them.
//
// usage: report [file]

#include <localsgd/html_report/write_report.hpp>
#include <localsgd/loss/logistic.hpp>
#include <localsgd/minimize.hpp>
#include <localsgd/objective/linear.hpp>

#include <cmath>
#include <cstddef>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace {

/// n points of two overlapping classes.
struct points {
  localsgd::dense_matrix<float> features;
  std::vector<double> labels;

  points(std::size_t n, std::size_t d) : features({n, d}), labels(n) {
    std::mt19937 random(1);
    std::normal_distribution<> noise;
    for (std::size_t i = 0; i != n; ++i) {
      double score = noise(random);
      for (std::size_t j = 0; j != d; ++j) {
        double const value = noise(random) / std::sqrt(static_cast<double>(j + 1));
        features(i, j) = static_cast<float>(value);
        score += j % 3 == 0 ? value : -value / 2;
      }
      labels[i] = score > 0 ? 1 : -1;
    }
  }
};

}  // namespace

int main(int argc, char** argv) try {
  std::string const file = argc > 1 ? argv[1] : "report.html";
  points const data(20'000, 50);
  localsgd::linear_objective const f(data.features, data.labels, localsgd::logistic{},
                                     localsgd::l2{1e-3});

  //! [report]
  std::vector<localsgd::report_run> runs;
  auto const add = [&](std::string name, localsgd::settings const& s) {
    runs.emplace_back(std::move(name), localsgd::minimize(f, s), s);
    runs.back().samples = f.samples();  // charts can then show epochs
  };
  // `evaluations` is the number of points of a curve. `steps` asks for plain local steps.
  add("H = 1", {.workers = 8, .local_steps = 1, .steps = 25'000, .evaluations = 40});
  add("H = 32", {.workers = 8, .local_steps = 32, .steps = 25'000, .evaluations = 40});
  add("tolerance", {.workers = 8, .tolerance = 1e-8});
  localsgd::write_report(runs, file, {.title = "Three ways to train a classifier"});
  //! [report]

  std::cout << "Open " << file << " in a browser.\n";
  return runs.back().reason == localsgd::stop_reason::tolerance_reached ? EXIT_SUCCESS
                                                                        : EXIT_FAILURE;
} catch (std::exception const& error) {
  std::cerr << "report: " << error.what() << "\n";
  return EXIT_FAILURE;
}
