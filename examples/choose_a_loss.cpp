// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0

// Losses and objectives of the library: one data set, six questions.

#include <localsgd/localsgd.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <random>
#include <vector>

int main() {
  using namespace localsgd;
  // A value is ⟨(1, −2, 0, 0, 0), a⟩ + 0.5 plus noise; it has two labels and three classes.
  std::size_t const n = 400, d = 5;
  std::mt19937 random(1);
  std::normal_distribution<> normal;
  dense_matrix<double> features({n, d});
  std::vector<double> labels(n), values(n);
  std::vector<int> classes(n);
  for (std::size_t i = 0; i != n; ++i) {
    for (std::size_t j = 0; j != d; ++j) features(i, j) = normal(random);
    values[i] = features(i, 0) - 2 * features(i, 1) + 0.5 + normal(random) / 2;
    labels[i] = values[i] > 0 ? 1 : -1;
    classes[i] = values[i] > 1 ? 2 : (values[i] > 0 ? 1 : 0);
  }

  //! [objective]
  linear_objective const f(features, labels, logistic{}, l2{0.01});
  linear_objective const ridge(features, values, squared{}, l2{0.01}, {.intercept = 1});
  softmax_objective const three_classes(features, classes, 3, l2{0.01});
  quadratic const known({.spectrum = {1, 10, 100}, .samples = 50, .variance = 0.1});
  //! [objective]
  //! [loss]
  linear_objective const machine(features, labels, smoothed_hinge{0.5}, l2{0.01});
  linear_objective const robust(features, values, huber{1.35}, l2{0.01}, {.intercept = 1});
  //! [loss]

  int failures = 0;
  auto const solve = [&](char const* what, auto const& objective) {
    //! [tolerance]
    result const r = minimize(objective, {.tolerance = 1e-6});
    //! [tolerance]
    std::printf("%-24s f = %.6f, f - f* <= %.0e, x_0 = %.2f, x_1 = %.2f\n", what, r.objective,
                r.certificate, r.x[0], r.x[1]);
    failures += r.reason != stop_reason::tolerance_reached || r.certificate > 1e-6;
  };
  solve("logistic regression", f);
  solve("ridge regression", ridge);
  solve("three classes", three_classes);
  solve("a quadratic", known);
  solve("support vector machine", machine);
  solve("robust regression", robust);
  return failures;
}
