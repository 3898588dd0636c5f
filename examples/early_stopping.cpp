// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0

// Ends the training when the model no longer gets better on samples that it does not see. There are as
// many features as samples and next to no penalty, so the minimum of f predicts badly.

#include <localsgd/localsgd.hpp>

#include <cstddef>
#include <cstdlib>
#include <iostream>
#include <random>
#include <vector>

namespace {

struct samples {
  localsgd::dense_matrix<double> features;
  std::vector<double> labels;
};

// The sign of the first feature, wrong for one in ten.
samples some_samples(std::size_t n, std::size_t d, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<> noise;
  samples all{localsgd::dense_matrix<double>::from_shape({n, d}), {}};
  for (std::size_t i = 0; i != n; ++i) {
    for (std::size_t j = 0; j != d; ++j) all.features(i, j) = noise(random);
    all.labels.push_back((all.features(i, 0) > 0) != (i % 10 == 0) ? 1 : -1);
  }
  return all;
}

}  // namespace

int main() {
  using namespace localsgd;
  samples const train = some_samples(200, 200, 1), held_out = some_samples(500, 200, 2);
  linear_objective const f(train.features, train.labels, logistic{}, l2{1e-6});
  linear_objective const validation(held_out.features, held_out.labels, logistic{}, no_penalty{});

  vector<double> x = vector<double>::from_shape({200}), best = x;
  x.fill(0), best.fill(0);
  double least = mean_loss{}(validation, x);
  for (int epoch = 1, since = 0; since != 3 && epoch != 100; ++epoch) {
    // A short step size keeps an epoch from going far.
    x = minimize(f, {.workers = 4, .local_steps = 5, .epochs = 1}, constant_step{0.01},
                 warm_start(x)).x;
    double const loss = mean_loss{}(validation, x);
    std::cout << "epoch " << epoch << ": validation loss " << loss << "\n";
    ++since;
    if (loss < least) least = loss, best = x, since = 0;
  }

  double const at_minimum = mean_loss{}(validation, minimize(f, {.tolerance = 1e-4}).x);
  std::cout << "the best is " << least << "; at the minimum of f it is " << at_minimum << "\n";
  return least < at_minimum ? EXIT_SUCCESS : EXIT_FAILURE;
}
