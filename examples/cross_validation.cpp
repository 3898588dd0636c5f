// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0

// Chooses the strength of the lasso's penalty by cross-validation. Of 30 features five matter; the
// rule of one standard error finds them, and few others.

#include <localsgd/localsgd.hpp>

#include <cstddef>
#include <cstdlib>
#include <iostream>
#include <random>
#include <vector>

int main() {
  using namespace localsgd;
  constexpr std::size_t n = 300, d = 30;
  std::vector<double> const truth{3, -2, 1.5, -1, 1};  // of the first features; 0 for all others

  std::mt19937 random(1);
  std::normal_distribution<> noise;
  auto rows = dense_matrix<double>::from_shape({n, d});
  std::vector<double> y(n);
  for (std::size_t i = 0; i != n; ++i) {
    for (std::size_t j = 0; j != d; ++j) rows(i, j) = noise(random);
    for (std::size_t j = 0; j != truth.size(); ++j) y[i] += truth[j] * rows(i, j);
    y[i] += noise(random);
  }

  // The objective of a part of the samples: all but one fold, or the samples of that fold.
  auto const make = [](auto const& part, double lambda) {
    return linear_objective(part.features, part.targets, squared{}, l1{lambda}, {.intercept = 1});
  };
  linear_objective const all(rows, y, squared{}, l1{}, {.intercept = 1});
  auto const lambdas = lambda_sequence(all, 30);  // down from the least that leaves no feature
  auto const cv = cross_validate(rows, y, make, lambdas, mean_loss{}, {.folds = 10, .seed = 1});

  std::cout << to_string(cv);
  auto const& x = cv.path.points[cv.one_standard_error].fit.x;
  std::size_t found = 0, others = 0;
  for (std::size_t j = 0; j != d; ++j)
    if (x[j] != 0) ++(j < truth.size() ? found : others);
  std::cout << "lambda = " << lambdas[cv.one_standard_error] << " keeps " << found << " of the "
            << truth.size() << " features that matter, and " << others << " others\n";
  return found == truth.size() && others < 5 ? EXIT_SUCCESS : EXIT_FAILURE;
}
